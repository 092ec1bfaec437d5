"""What an explanation tells of a decision."""

import json

import pytest

from emulator.rules import (
    RulesCompileError,
    Step,
    explain,
    print_expression,
    shortened,
    step_json,
    value_text,
)
from emulator.rules.requests import RulesQuery
from emulator.rules.types import Duration, LatLng, MapDiff, Path, RulesSet, Timestamp
from emulator.rules.types.unknown import Unknown
from tests.emulator.rules.asking import Documents, conjunction, request

SOURCE = """rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    function isOwner(uid) {
      let me = request.auth.uid;
      return request.auth != null && me == uid;
    }
    match /{all=**} {
      allow get: if false;
    }
    match /users/{uid} {
      allow get: if isOwner(uid);
      allow read, write: if uid == 'x' || exists(/databases/$(database)/documents/users/$(uid));
      allow list;
      match /notes/{note} { allow get; allow update: if isOwner(uid) ? resource.data.n > 1 : false; }
    }
  }
}
"""


def told(method: str = "get", path: str = "users/alice", **about):
    [explanation] = explain(SOURCE, request(method, path, **about))
    return explanation


def values(step: Step) -> dict[str, str]:
    """Every expression below the step with its value, as text."""
    found, pending = {}, [step]
    while pending:
        each = pending.pop()
        found[print_expression(each.expression)] = each.result
        pending.extend(each.inner)
    return found


def test_statements_for_the_path_are_told_with_their_wildcards_and_lines():
    explanation = told(uid="alice")
    assert [(match.path, match.line) for match in explanation.matches] == [
        ("/databases/{database}/documents/{all=**}", 8),
        ("/databases/{database}/documents/users/{uid}", 11),
    ]
    assert explanation.matches[1].wildcards == {"database": "(default)", "uid": "alice"}
    assert explanation.matches[0].wildcards["all"] == Path(("users", "alice"))


def test_allows_after_the_one_that_allowed_were_not_evaluated():
    explanation = told(uid="alice")
    assert explanation.decision.allowed
    states = [(allow.line, allow.state) for match in explanation.matches for allow in match.allows]
    assert states == [(9, "deny"), (12, "allow"), (13, "not evaluated")]


def test_every_sub_expression_has_its_value_functions_and_lets_included():
    step = told(uid="bob", documents=Documents()).matches[1].allows[0].step
    found = values(step)
    assert found["isOwner(uid)"] == "false"
    assert found["request.auth != null && me == uid"] == "false"
    assert found["me == uid"] == "false"
    assert found["me"] == "'bob'"
    assert found["request.auth.uid"] == "'bob'"
    assert found["uid"] == "'alice'"


def test_error_is_told_where_it_happened():
    explanation = told("update", "users/alice/notes/n1", uid="alice", resource={}, written={})
    [allow] = explanation.matches[1].allows
    assert allow.state == "error"
    assert values(allow.step)["resource.data.n"] == "error: Property n is undefined on object."
    assert explanation.decision.message.startswith("\nevaluation error at L15:")


def test_operands_that_did_not_have_to_be_evaluated_are_told():
    step = told(path="users/x").matches[1].allows[1].step
    assert step.result == "true"
    assert [print_expression(each) for each in step.skipped()] == [
        "exists(/databases/$(database)/documents/users/$(uid))"
    ]
    [first, second] = step.parts()
    assert (isinstance(first, Step), isinstance(second, Step)) == (True, False)
    assert step_json(step, told().source)["notEvaluated"][0].startswith("exists(")


def test_allow_without_a_condition_has_no_step():
    explanation = told(path="users/alice/notes/n1")
    assert [(allow.state, allow.step) for allow in explanation.matches[1].allows] == [("allow", None)]


def test_list_is_told_disjunct_by_disjunct():
    source = SOURCE.replace("allow list;", "allow list: if resource.data.open;").replace(
        "allow read, write", "allow write"
    )
    query = RulesQuery(disjuncts=(conjunction(("open", "==", True)), conjunction(("open", "==", False))))
    first, second = explain(source, request("list", "users", query=query))
    assert (first.decision.allowed, second.decision.allowed) == (True, False)
    assert isinstance(first.matches[1].wildcards["uid"], Unknown)


def test_path_without_a_statement_has_no_matches():
    source = "service cloud.firestore { match /databases/{d}/documents/a/{b} { allow read; } }"
    [explanation] = explain(source, request())
    assert explanation.matches == ()
    assert explanation.decision.message == "\nNo matching allow statements"


def test_text_with_an_error_is_not_explained():
    with pytest.raises(RulesCompileError):
        explain(
            "service cloud.firestore { match /a/b { allow read: if f(); } } function f() { return f(); }",
            request(),
        )


def test_short_form_leaves_out_the_way_to_a_plain_name_but_not_a_let():
    step = shortened(told(uid="bob").matches[1].allows[0].step)
    found = values(step)
    assert "request" not in found
    assert "request.auth" in found
    assert found["request.auth.uid"] == "'bob'"


def test_deepest_calls_of_deepest_expressions_are_explained():
    nested = "(" * 15 + "{}" + " == true)" * 15
    functions = "function f0() { return true; }" + "".join(
        f"function f{n}() {{ let v = {nested.format(f'f{n - 1}()')}; return v; }}" for n in range(1, 20)
    )
    source = f"{functions} service cloud.firestore {{ match /{{all=**}} {{ allow get: if f19(); }} }}"
    [explanation] = explain(source, request())
    assert explanation.decision.allowed
    step = explanation.matches[0].allows[0].step
    assert step.result == "true"
    json.dumps(step_json(shortened(step), explanation.source))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"), (True, "true"), (1, "1"), (1.0, "1.0"), ("it's", "'it\\'s'"),
        (b"\x00\xff", "bytes(00ff)"), ([1, "a"], "[1, 'a']"), ({"a": {"b": 1}}, "{'a': {'b': 1}}"),
        (Path(("a", "b")), "/a/b"), (Timestamp(0), "timestamp(1970-01-01T00:00:00Z)"),
        (Duration(1_500_000_000), "duration(1.5 s)"), (LatLng(1.0, 2.0), "latlng(1.0, 2.0)"),
        (RulesSet([1, 2]), "set(1, 2)"), (MapDiff({"a": 1}, {}), "{'a': 1}.diff({})"),
        (Unknown("the document"), "unknown (the document)"),
    ],
)  # fmt: skip
def test_value_is_written_as_a_rule_would(value, text):
    assert value_text(value) == text
