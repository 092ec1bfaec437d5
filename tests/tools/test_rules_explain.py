"""./kit rules explain: from the words of the command line to a verdict and its reasons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.__main__ import main

RULES = """rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents/{all=**} {
    allow get: if %s;
    allow list: if %s;
    allow create, update, delete: if %s;
  }
}
service firebase.storage {
  match /b/{bucket}/o/{name=**} {
    allow create, update, delete, get: if %s;
  }
}
"""


@pytest.fixture
def explained(tmp_path, capsys):
    """Explain a request under a file whose every condition is the one given."""

    def explain(condition: str, *arguments: str) -> dict:
        file = tmp_path / "my.rules"
        file.write_text(RULES % ((condition,) * 4))
        code = main(["rules", "explain", "--json", "--rules", str(file), *arguments])
        assert code == 0
        return json.loads(capsys.readouterr().out)

    return explain


def failed(capsys, *arguments: str) -> str:
    assert main(["rules", "explain", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


ALICE = ("users/alice",)
GET = ("--op", "get", "users/alice")


@pytest.mark.parametrize(
    ("condition", "arguments"),
    [
        ("request.auth == null", GET),
        ("request.auth.uid == 'alice' && request.auth.token.sub == 'alice'", ("--as", "alice", *GET)),
        ("request.auth.token.role == 'admin'", ("--as", "alice", "--admin", *GET)),
        ("request.auth.token.level == 3 && request.auth.token.team == 'red'",
         ("--as", "a", "--claim", "level=3", "--claim", "team=red", *GET)),
        ("resource == null && request.path[4] == 'alice'", GET),
        ("resource.data.n == 1 && resource.id == 'alice'", ("--before", '{"n": 1}', *GET)),
        ("request.time == timestamp.date(2026, 1, 5)", ("--time", "2026-01-05T00:00:00Z", *GET)),
        (("resource.data.at == request.time && resource.data.to == /databases/$(database)/documents/a/b"
         " && resource.data.point == latlng.value(1, 2) && resource.data.raw.size() == 3"),
         ("--before", ('{"at": {"$time": "now"}, "to": {"$path": "/databases/(default)/documents/a/b"},'
          ' "point": {"$latlng": [1, 2]}, "raw": {"$bytes": "YWJj"}}'), *GET)),
        ("request.resource.data == {'n': 1} && resource == null",
         ("--op", "create", "--data", '{"n": 1}', "users/alice")),
        ("request.resource.data == {'n': 2, 'm': {'a': 1, 'b': 3}} && resource.data.n == 1",
         ("--op", "update", "--before", '{"n": 1, "m": {"a": 1}}', "--data", '{"n": 2, "m.b": 3}', "u/a")),
        ("resource.data == {} && request.resource.data == {'n': 2}",
         ("--op", "update", "--data", '{"n": 2}', "/databases/(default)/documents/users/alice")),
        ("resource.data.n == 1 && !('resource' in request)",
         ("--op", "delete", "--before", '{"n": 1}', "users/alice")),
        ("resource.data.state == 'ready' && request.query.limit == 5",
         ("--op", "list", "--where", "state == ready", "--limit", "5", "users")),
        ("resource.data.n > 4 && 'u' in resource.data.tags",
         ("--op", "list", "--where", "n > 4", "--where", 'tags array-contains "u"', "users")),
        ("resource.data.n < 3", ("--op", "list", "--where", "n in [1, 2]", "users")),
        (("request.resource.size == 5 && request.resource.contentType == 'image/png'"
         " && request.resource.name == 'a/b.png' && resource == null && request.resource.size() == 14"),
         ("--storage", "--op", "create", "--data", '{"size": 5, "contentType": "image/png"}', "a/b.png")),
        ("name == /a/b.png && resource.size == 7 && request.resource == null",
         ("--storage", "--op", "delete", "--before", '{"size": 7}', "a/b.png")),
    ],
)  # fmt: skip
def test_words_become_the_request_they_describe(explained, condition, arguments):
    answer = explained(condition, *arguments)
    assert answer["allowed"], answer["reason"]


def test_documents_of_a_file_are_read_by_the_rules_before_and_after_the_write(explained, tmp_path):
    file = tmp_path / "documents.json"
    file.write_text('{"users/alice": {"n": 1}, "users/bob": {"n": 5}}')
    path = "/databases/$(database)/documents/users"
    condition = (
        f"get({path}/bob).data.n == 5 && resource.data.n == 1"
        f" && get({path}/alice).data.n == 1 && getAfter({path}/alice).data.n == 2"
    )
    answer = explained(
        condition, "--op", "update", "--data", '{"n": 2}', "--documents", str(file), "users/alice"
    )
    assert answer["allowed"], answer["reason"]


def test_storage_rules_read_firestore_documents(explained, tmp_path):
    file = tmp_path / "documents.json"
    file.write_text('{"users/alice": {"open": true}}')
    condition = "firestore.get(/databases/(default)/documents/users/$(request.auth.uid)).data.open"
    answer = explained(
        condition, "--storage", "--as", "alice", "--op", "get", "--documents", str(file), "a.png"
    )
    assert answer["allowed"], answer["reason"]


def test_denial_tells_the_reason_and_every_value(explained):
    answer = explained("request.auth.uid == 'bob' && resource.data.n == 1", "--as", "alice", *GET)
    assert not answer["allowed"]
    assert answer["reason"] == "false for 'get' @ L4"
    [match] = answer["matches"]
    assert match["wildcards"]["database"] == {"stringValue": "(default)"}
    [allow] = match["allows"]
    assert (allow["line"], allow["methods"], allow["state"]) == (4, ["get"], "deny")
    condition = allow["condition"]
    assert condition["notEvaluated"] == ["resource.data.n == 1"]
    assert condition["inner"][0]["source"] == "request.auth.uid == 'bob'"
    assert condition["inner"][0]["value"] == {"boolValue": False}
    assert condition["inner"][0]["inner"][0]["value"] == {"stringValue": "alice"}


def test_list_with_several_disjuncts_tells_of_the_one_that_is_denied(explained):
    answer = explained("resource.data.n < 2", "--op", "list", "--where", "n in [1, 2]", "users")
    assert not answer["allowed"]
    assert len(answer["disjuncts"]) == 2
    assert answer["matches"] == answer["disjuncts"][1]


def test_text_shows_the_tree_over_the_rules_of_this_project(capsys):
    assert main(["rules", "explain", "--as", "alice", "--op", "get", "users/bob"]) == 0
    out = capsys.readouterr().out
    assert "match /databases/{database}/documents/users/{uid}" in out
    assert "isOwner(uid)  → false" in out
    assert "request.auth.uid == uid  → false" in out
    assert "request.auth.uid  → 'alice'" in out
    assert "DENIED: false for 'get' @ L" in out


def test_text_names_the_allow_that_allowed(capsys):
    assert main(["rules", "explain", "--as", "bob", "--admin", "--op", "get", "users/alice"]) == 0
    assert "ALLOWED by the allow on L" in capsys.readouterr().out


def test_text_says_when_no_statement_is_for_the_path(capsys):
    assert main(["rules", "explain", "--op", "get", "nowhere/n1"]) == 0
    out = capsys.readouterr().out
    assert "No match statement is for this path." in out
    assert "DENIED: No matching allow statements" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--op", "fly", "users/a"), "unknown operation fly"),
        (("--op", "get", "users"), "asks about a document"),
        (("--op", "list", "users/a"), "asks about a collection"),
        (("--op", "get", "/"), "the path is empty"),
        (("--op", "create", "users/a", "--data", "{"), "--data is not JSON"),
        (("--op", "create", "users/a", "--data", '{"a":' * 5000 + "1" + "}" * 5000), "nested too deeply"),
        (("--op", "create", "users/a", "--data", '{"a": 9223372036854775808}'), "integers have 64 bits"),
        (("--op", "create", "users/a", "--data", "[]"), "--data is not a JSON object"),
        (("--op", "create", "users/a", "--data", '{"a": {"$time": "soon"}}'), "not a value of $time"),
        (("--op", "get", "users/a", "--time", "soon"), "not an RFC 3339 time"),
        (("--op", "get", "users/a", "--documents", "/dev/null"), "cannot understand the request"),
        (("--op", "get", "users/a", "--admin"), "claims belong to somebody"),
        (("--op", "get", "users/a", "--as", "a", "--claim", "x"), "NAME=VALUE"),
        (("--op", "list", "users", "--where", "nonsense"), "not a filter: nonsense"),
        (("--op", "list", "users", "--limit", "0"), "the limit of a list is 1 or more"),
        (("--op", "get", "users/a", "--documents", "/nowhere.json"), "cannot read /nowhere.json"),
        (("--op", "get", "users/a", "--rules", "/nowhere.rules"), "cannot read /nowhere.rules"),
        (("--storage", "--op", "create", "a", "--data", '{"colour": 1}'), "an object has no colour"),
    ],
)
def test_words_that_make_no_request_are_refused_in_a_sentence(capsys, arguments, sentence):
    assert sentence in failed(capsys, *arguments)


def test_rules_with_an_error_are_told_instead_of_explained(capsys, tmp_path):
    file = Path(tmp_path / "broken.rules")
    file.write_text("service cloud.firestore {")
    assert "L1:26 Unexpected '<EOF>'." in failed(capsys, "--rules", str(file), *GET)
