"""What assert_allowed and assert_denied accept, and what they say when they do not."""

import pytest

from testing.rules import (
    NO_RULE,
    RulesFiles,
    assert_allowed,
    assert_denied,
    evaluation_error,
    false_at,
)

RULES = """\
rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    function isOwner(note) {
      return request.auth.uid == note.owner;
    }
    match /notes/{id} {
      allow get: if isOwner(resource.data)
        && (resource.data.state == 'open'
            || resource.data.state == 'shared'); // both are readable
      allow update: if isOwner(resource.data)
        && request.resource.data.text.size() <= 10;
      allow update: if request.auth.token.get('role', '') == 'editor';
    }
  }
}
"""


@pytest.fixture
def rules_files():
    return RulesFiles(firestore=RULES)


@pytest.fixture
def alice(rules):
    rules.seed({"notes/n1": {"owner": "alice", "state": "open", "text": "hi"}})
    return rules.as_user("alice").firestore


@pytest.fixture
def bob(rules, alice):
    return rules.as_user("bob").firestore


def message_of(assertion, *arguments, **keywords):
    with pytest.raises(pytest.fail.Exception) as failed:
        assertion(*arguments, **keywords)
    return str(failed.value)


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param("isOwner(resource.data)", id="the call"),
        pytest.param("request.auth.uid == note.owner", id="the comparison in the function"),
        pytest.param("request.auth.uid  ==\n note.owner", id="other blanks"),
        pytest.param(false_at("/notes/{id}", "get"), id="the allow statement"),
    ],
)
def test_denial_is_accepted_for_what_was_false(bob, reason):
    assert_denied(bob.get("notes/n1"), reason=reason)


def test_denial_for_another_condition_of_the_same_allow_fails(rules, bob):
    assert_denied(bob.get("notes/n1"), reason="isOwner(resource.data)")
    message = message_of(assert_denied, bob.get("notes/n1"), reason="resource.data.state == 'open'")
    assert "denied for another reason: bob: get notes/n1" in message
    assert "`resource.data.state == 'open'` was not what made the condition false" in message
    assert "L5 is false: request.auth.uid == note.owner" in message


def test_each_side_of_an_or_and_the_whole_of_it_are_reasons(rules, alice):
    rules.seed({"notes/n1": {"owner": "alice", "state": "gone"}})
    sides = "resource.data.state == 'open'", "resource.data.state == 'shared'"
    for reason in (" || ".join(sides), *sides):
        assert_denied(alice.get("notes/n1"), reason=reason)


def test_denial_because_the_document_is_missing_fails(alice):
    message = message_of(assert_denied, alice.get("notes/absent"), reason="isOwner(resource.data)")
    assert "the condition at L8 failed to evaluate" in message
    assert "Null value error" in message


def test_denial_because_the_document_is_missing_fails_without_a_reason_too(alice):
    assert "failed to evaluate" in message_of(assert_denied, alice.get("notes/absent"))


def test_evaluation_error_is_accepted_where_it_is_expected(alice, bob):
    assert_denied(alice.get("notes/absent"), reason=evaluation_error("Null value"))
    assert "no error says 'budget'" in message_of(
        assert_denied, alice.get("notes/absent"), reason=evaluation_error("budget")
    )
    assert "no condition failed" in message_of(assert_denied, bob.get("notes/n1"), reason=evaluation_error())


def test_path_without_a_rule_is_a_reason_of_its_own(alice, bob):
    assert_denied(alice.get("secrets/s1"), reason=NO_RULE)
    assert "no match statement allows this method" in message_of(assert_denied, alice.get("secrets/s1"))
    assert "an allow statement does match" in message_of(assert_denied, bob.get("notes/n1"), reason=NO_RULE)


def test_every_allow_of_the_method_counts(bob):
    denied = bob.update("notes/n1", {"text": "mine"})
    for reason in ("isOwner(resource.data)", "request.auth.token.get('role', '') == 'editor'"):
        assert_denied(denied, reason=reason)
    assert_denied(denied, reason=false_at("notes/{id}", "update"))


def test_allow_of_another_method_is_not_the_reason(bob):
    message = message_of(assert_denied, bob.get("notes/n1"), reason=false_at("/notes/{id}", "update"))
    assert "the allow for 'update' in /notes/{id} (L11) was not asked" in message


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("isOwner(resource)", "no condition of the rules reads 'isOwner(resource)'; did you mean"),
        (false_at("/note/{id}", "get"), "no match statement '/note/{id}'; there are /databases"),
        (false_at("/notes/{id}", "delete"), "no allow for 'delete' in match '/notes/{id}'"),
    ],
)
def test_reason_that_the_rules_do_not_have_is_said_to_be_wrong(bob, reason, says):
    assert says in message_of(assert_denied, bob.get("notes/n1"), reason=reason)


def test_allowed_request_fails_assert_denied(alice):
    assert message_of(assert_denied, alice.get("notes/n1"), reason=NO_RULE) == (
        "expected to be denied: alice: get notes/n1, but it was allowed"
    )


def test_denied_request_fails_assert_allowed_and_says_why(bob):
    message = message_of(assert_allowed, bob.get("notes/n1"))
    assert "expected to be allowed: bob: get notes/n1" in message
    assert "L5 is false: request.auth.uid == note.owner" in message


def test_request_that_rules_allow_and_that_fails_otherwise_is_neither(rules):
    server = rules.bypassing_rules().firestore
    absent = server.update("notes/absent", {"text": "a"})
    assert "the rules allowed server: update notes/absent {text}" in message_of(assert_allowed, absent)
    assert "failed with NOT_FOUND" in message_of(assert_denied, absent)
