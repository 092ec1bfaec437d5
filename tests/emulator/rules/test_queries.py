"""A list is judged by its query, never by data."""

import pytest

from emulator.rules import RulesQuery
from emulator.rules.types import Path
from tests.emulator.rules.asking import ROOT, Documents, conjunction, listing, request, rules, told

ABSENT = "Property {} is undefined on object."
UNKNOWN = "Unknown value error. The query does not determine resource.data.{}."
NO = UNKNOWN.format("f")
DATA = "Unknown value error. The query does not determine resource.data."


def judged(condition: str, query: RulesQuery, **about: object) -> str:
    ruleset = rules(f"match /notes/{{id}} {{ allow list: if {condition}; }}")
    return told(ruleset.evaluate(request("list", "notes", query=query, **about)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("filters", "condition", "expected"),
    [
        # what == fixes is known
        ([("f", "==", 1)], "resource.data.f == 1", "true"),
        ([("f", "==", 1)], "resource.data.f == 2", "false"),
        ([("f", "==", 1)], "resource.data.f is int && resource.data.f + 1 == 2", "true"),
        ([("f", "==", 1)], "resource.data['f'] == 1 && resource.data.get('f', 0) == 1", "true"),
        ([("f", "==", 1)], "'f' in resource.data", "true"),
        ([("f", "==", None)], "resource.data.f == null", "true"),
        ([("f", "==", {"a": 1})], "resource.data.f.a == 1", "true"),
        ([("f", "==", 1), ("g", "==", "x")], "resource.data.f == 1 && resource.data.g == 'x'", "true"),
        ([("f.g", "==", 1)], "resource.data.f.g == 1 && resource.data.f is map", "true"),
        ([("f.g", "==", 1)], "resource.data.f.h == 1", ABSENT.format("h")),
        ([("f.g", "==", 1)], "resource.data.get(['f', 'g'], 0) == 1", "true"),
        ([("f", "==", 1), ("f", ">", 0)], "resource.data.f == 1", "true"),
        ([("f", "==", {"g": 1}), ("f.g", ">", 0)], "resource.data.f.g == 1", "true"),
        # everything else is not
        ([], "resource.data.f == 1", ABSENT.format("f")),
        ([], "resource.data.f != 1", ABSENT.format("f")),
        ([("g", "==", 1)], "resource.data.f == 1", ABSENT.format("f")),
        ([], "'f' in resource.data", NO),
        ([], "!('f' in resource.data)", NO),
        ([], "resource.data.get('f', true)", NO),
        ([], "resource.data.get(['f', 'g'], true)", NO),
        ([], "resource.data.size() == 0", DATA),
        ([], "resource.data.keys().hasOnly([])", DATA),
        ([], "resource.data == {}", DATA),
        ([], "resource.id == 'n1'", "Unknown value error. The query does not determine resource.id."),
        ([], "id == 'n1'", "Unknown value error. The query does not determine the document."),
        ([], "resource == null", "false"),
        # ranges
        ([("f", ">", 5)], "resource.data.f > 4", "true"),
        ([("f", ">", 5)], "resource.data.f > 5", "true"),
        ([("f", ">", 5)], "resource.data.f >= 5", "true"),
        ([("f", ">", 5)], "resource.data.f > 6", NO),
        ([("f", ">=", 5)], "resource.data.f > 4", "true"),
        ([("f", ">=", 5)], "resource.data.f > 4.5", "true"),
        ([("f", ">=", 5)], "resource.data.f > 5", NO),
        ([("f", ">=", 5)], "resource.data.f >= 5", "true"),
        ([("f", ">=", 4)], "resource.data.f > 4", NO),
        ([("f", "<", 5)], "resource.data.f < 5", "true"),
        ([("f", "<", 5)], "resource.data.f <= 5", "true"),
        ([("f", "<=", 5)], "resource.data.f < 5", NO),
        ([("f", "<=", 5)], "resource.data.f < 6", "true"),
        ([("f", "<", 5)], "resource.data.f > 4", NO),
        ([("f", ">", 5)], "4 < resource.data.f", "true"),
        ([("f", ">", 5)], "6 < resource.data.f", NO),
        ([("f", ">", "a")], "resource.data.f > 1", NO),
        ([("f", ">", 5)], "!(resource.data.f <= 5)", NO),
        ([("f", ">=", 1), ("f", "<", 9)], "resource.data.f > 0 && resource.data.f < 10", "true"),
        ([("f", ">=", 1), ("f", "<=", 1)], "resource.data.f == 1", NO),
        ([("f", ">", 5)], "resource.data.f is int", NO),
        ([("f", ">", 5)], "resource.data.f + 1 > 5", NO),
        ([("f", ">", 5)], "'f' in resource.data", "true"),
        ([("f", ">", 5)], "resource.data.f in [6]", NO),
        # exclusions
        ([("f", "!=", None)], "resource.data.f != null", "true"),
        ([("f", "!=", 1)], "resource.data.f != 1", "true"),
        ([("f", "!=", 1)], "resource.data.f != 1.0", "true"),
        ([("f", "!=", 1)], "resource.data.f != null", "true"),
        ([("f", "!=", 1)], "resource.data.f != 2", NO),
        ([("f", "!=", 1)], "!(resource.data.f == 1)", NO),
        ([("f", "!=", 1)], "2 != resource.data.f", NO),
        ([("f", "not-in", ["blocked", "x"])], "resource.data.f != 'blocked'", "true"),
        ([("f", "not-in", ["blocked", "x"])], "resource.data.f != 'y'", NO),
        ([("f", ">", 5)], "resource.data.f != 5", "true"),
        ([("f", ">=", 5)], "resource.data.f != 5", NO),
        ([("f", ">", 5)], "resource.data.f != 'text'", "true"),
        ([("f", ">", 5)], "resource.data.f != 9", NO),
        ([("f", ">", [1])], "resource.data.f != [2]", NO),
        # lists
        ([("f", "array-contains", "u")], "'u' in resource.data.f", "true"),
        ([("f", "array-contains", "u")], "'v' in resource.data.f", NO),
        ([("f", "array-contains", "u")], "!('v' in resource.data.f)", NO),
        ([("f", "array-contains", "u")], "resource.data.f.hasAny(['v', 'u'])", "true"),
        ([("f", "array-contains", "u")], "resource.data.f.hasAll(['u'])", "true"),
        ([("f", "array-contains", "u")], "resource.data.f.hasAll(['v', 'u'])", NO),
        ([("f", "array-contains", "u")], "resource.data.f.hasAll([])", NO),
        ([("f", "array-contains", "u")], "resource.data.f.size() > 0", NO),
        # the third truth value
        ([], "resource.data.f == 1 || true", "true"),
        ([], "!(resource.data.f == 1 && false)", "true"),
        ([("f", ">", 5)], "resource.data.f == 1 || resource.data.f > 1", "true"),
        ([("f", ">", 5)], "[resource.data.f].hasAny([6])", NO),
    ],
)  # fmt: skip
def test_list_is_judged_by_the_filters_of_its_query(filters, condition, expected):
    assert judged(condition, listing(*filters)) == expected


def test_list_of_one_owner_is_allowed_and_of_another_denied():
    condition = "resource.data.owner == request.auth.uid"
    assert judged(condition, listing(("owner", "==", "alice")), uid="alice") == "true"
    assert judged(condition, listing(("owner", "==", "alice")), uid="bob") == "false"


def test_every_disjunct_must_be_allowed():
    def either(*values: int) -> RulesQuery:
        return RulesQuery(disjuncts=tuple(conjunction(("f", "==", value)) for value in values))

    assert judged("resource.data.f < 3", either(1, 2)) == "true"
    assert judged("resource.data.f < 3", either(1, 3)) == "false"
    assert judged("resource.data.f < 3", either(3, 1)) == "false"


def test_query_without_any_disjunct_is_one_without_filters():
    assert judged("resource.data.f == 1", RulesQuery(disjuncts=())) == ABSENT.format("f")
    assert judged("true", RulesQuery(disjuncts=())) == "true"


@pytest.mark.parametrize(
    ("query", "condition", "expected"),
    [
        (RulesQuery(limit=10), "request.query.limit <= 10", "true"),
        (RulesQuery(limit=11), "request.query.limit <= 10", "false"),
        (RulesQuery(), "request.query.limit <= 10", "Null value error."),
        (RulesQuery(), "request.query.limit == null", "true"),
        (RulesQuery(), "request.query.offset == 0", "true"),
        (RulesQuery(offset=3), "request.query.offset == 3", "true"),
        (RulesQuery(order_by=((("a", "b"), "DESC"),)), "request.query.orderBy['a.b'] == 'DESC'", "true"),
        (RulesQuery(), "request.query.orderBy.a == 'ASC'", ABSENT.format("a")),
        (RulesQuery(), "request.method == 'list'", "true"),
    ],
)
def test_rules_see_the_shape_of_the_query(query, condition, expected):
    assert judged(condition, query) == expected


def test_parents_are_known_in_a_list_and_the_document_is_not():
    ruleset = rules("match /users/{uid}/notes/{note} { allow list: if uid == request.auth.uid; }")
    assert ruleset.evaluate(request("list", "users/a/notes", query=RulesQuery(), uid="a")).allowed
    assert not ruleset.evaluate(request("list", "users/a/notes", query=RulesQuery(), uid="b")).allowed
    literal = rules("match /notes/public { allow list; }")
    assert not literal.evaluate(request("list", "notes", query=RulesQuery())).allowed


def test_document_is_known_when_a_filter_on_its_name_fixes_it():
    query = listing(("__name__", "==", Path((*ROOT, "notes", "n1"))))
    assert judged("id == 'n1' && resource.id == 'n1' && resource.__name__[4] == 'n1'", query) == "true"
    assert judged("id == 'n2'", query) == "false"


def test_get_may_use_what_the_query_fixes():
    documents = Documents({"licenses/l1": {"open": True}})
    condition = "get(/databases/$(database)/documents/licenses/$(resource.data.license)).data.open"
    assert judged(condition, listing(("license", "==", "l1")), documents=documents) == "true"
    assert judged(condition, listing(("license", "==", "l2")), documents=documents) == "Null value error."
    assert judged(condition, listing(("license", ">", "l")), documents=documents) == UNKNOWN.format("license")


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        ("/{path=**}/posts/{id}", True),
        ("/{all=**}", True),
        ("/posts/{id}", False),
        ("/users/{uid}/posts/{id}", False),
        ("/{path=**}/notes/{id}", False),
        ("/users/{path=**}/posts/{id}", False),
        ("/{path=**}/posts/p1", False),
    ],
)
def test_collection_group_needs_a_rule_for_any_parent(pattern, allowed):
    ruleset = rules(f"match {pattern} {{ allow list; }}")
    asked = request("list", query=RulesQuery(all_descendants=True, collection_id="posts"))
    asked.path = ROOT
    assert ruleset.evaluate(asked).allowed is allowed


def test_collection_group_below_a_document_knows_that_document():
    ruleset = rules("match /users/{uid}/{path=**}/posts/{id} { allow list: if uid == 'a'; }")
    for uid, allowed in (("a", True), ("b", False)):
        asked = request("list", f"users/{uid}", query=RulesQuery(all_descendants=True, collection_id="posts"))
        assert ruleset.evaluate(asked).allowed is allowed


def test_glob_over_unknown_parents_is_an_error_when_used():
    ruleset = rules("match /{path=**}/posts/{id} { allow list: if path[0] == 'users'; }")
    asked = request("list", query=RulesQuery(all_descendants=True, collection_id="posts"))
    asked.path = ROOT
    assert told(ruleset.evaluate(asked)).startswith("Unknown value error.")


def test_collection_group_is_not_covered_by_version_1():
    ruleset = rules("match /{all=**} { allow list; }", "rules_version = '1';")
    asked = request("list", query=RulesQuery(all_descendants=True, collection_id="posts"))
    asked.path = ROOT
    assert not ruleset.evaluate(asked).allowed


def test_query_over_all_collections_needs_a_rule_for_all():
    asked = request("list", query=RulesQuery(all_descendants=True))
    asked.path = ROOT
    assert rules("match /{all=**} { allow list; }").evaluate(asked).allowed
    assert not rules("match /{path=**}/posts/{id} { allow list; }").evaluate(asked).allowed
