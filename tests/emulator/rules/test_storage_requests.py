"""What is different in the rules of Storage: the variables, the functions, the paths of lists."""

import pytest

from emulator.rules import STORAGE, AccessBudget, Auth, RulesRequest, compile_ruleset
from tests.emulator.rules.asking import NOON, Documents, told

OBJECT = {
    "name": "a/b.png", "bucket": "bucket", "generation": 1, "metageneration": 1, "size": 5,
    "timeCreated": NOON, "updated": NOON,
    "md5Hash": "x", "crc32c": "x", "etag": "x", "contentDisposition": None,
    "contentEncoding": None, "contentType": "image/png",
    "metadata": {"owner": "alice"},
}  # fmt: skip


def asked(method: str = "get", name: str = "a/b.png", **about) -> RulesRequest:
    defaults = {"auth": Auth("alice", {}), "documents": Documents(), "access_budget": AccessBudget.storage()}
    path = ("b", "bucket", "o", *name.split("/"))
    return RulesRequest(service=STORAGE, method=method, path=path, time=NOON, **{**defaults, **about})


def verdict(condition: str, match: str = "/{name=**}", **about) -> str:
    source = f"rules_version = '2'; service firebase.storage {{ match /b/{{bucket}}/o {{ match {match} {{ "
    source += f"allow read, write: if {condition}; }} }} }}"
    return told(compile_ruleset(source).evaluate(asked(**about)))


@pytest.mark.parametrize(
    ("condition", "about", "expected"),
    [
        ("resource.size == 5 && resource.contentType.matches('image/.*')", {"resource": OBJECT}, "true"),
        ("resource.metadata.owner == request.auth.uid", {"resource": OBJECT}, "true"),
        ("resource.contentEncoding == null && resource.size() == 14", {"resource": OBJECT}, "true"),
        ("resource.timeCreated == request.time && resource.updated is timestamp",
         {"resource": OBJECT}, "true"),
        ("resource.cacheControl == null", {"resource": OBJECT},
         "Property cacheControl is undefined on object."),
        ("resource.data.size == 5", {"resource": OBJECT}, "Property data is undefined on object."),
        ("resource == null && request.resource.size == 5",
         {"method": "create", "request_resource": OBJECT}, "true"),
        ("request.resource == null", {"method": "delete"}, "true"),
        ("request.resource.size == 5", {"method": "delete"}, "Null value error."),
        ("resource == null && request.method == 'list'", {"method": "list"}, "true"),
        ("request.query.limit == 1", {"method": "list"}, "Property query is undefined on object."),
        ("request.path == /b/bucket/o/a/b.png && request.path[1] == 'bucket'", {}, "true"),
        ("request.path[3:5] == /a/b.png && name == /a/b.png", {}, "true"),
        ("request.path.size() == 5", {}, "Function not found error: Name: [size]."),
    ],
)  # fmt: skip
def test_variables_describe_the_object(condition, about, expected):
    assert verdict(condition, **about) == expected


USER = "/databases/(default)/documents/users"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (f"firestore.get({USER}/a).data.n == 1 && firestore.get({USER}/a).id == 'a'", "true"),
        (f"firestore.exists({USER}/a) && !firestore.exists({USER}/c)", "true"),
        (f"firestore.get({USER}/c).data.n == 1", "Null value error."),
        (f"get({USER}/a).data.n == 1", "Function not found error: Name: [get]."),
        (f"exists({USER}/a)", "Function not found error: Name: [exists]."),
        (
            f"firestore.getAfter({USER}/a).data.n == 1",
            "Function not found error: Name: [firestore.getAfter].",
        ),
    ],
)
def test_firestore_is_read_through_its_namespace_alone(condition, expected):
    assert verdict(condition, documents=Documents({"users/a": {"n": 1}})) == expected


def test_third_distinct_document_of_a_request_is_an_error_as_in_production():
    two = f"!firestore.exists({USER}/a) && !firestore.exists({USER}/b) && !firestore.exists({USER}/a)"
    assert verdict(two) == "true"
    assert verdict(f"{two} && !firestore.exists({USER}/c)").startswith("Service call error.")


@pytest.mark.parametrize(
    ("match", "name", "allowed"),
    [
        ("/la/{x}", "la/q", True),
        ("/la/{x}", "la", False),
        ("/la/{x}", "la/q/r", False),
        ("/la/{x=**}", "la", True),
    ],
)
def test_list_is_matched_by_its_folder_as_any_path(match, name, allowed):
    source = f"rules_version = '2'; service firebase.storage {{ match /b/{{b}}/o{match} {{ allow list; }} }}"
    assert compile_ruleset(source).evaluate(asked("list", name)).allowed is allowed
