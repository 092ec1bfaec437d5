from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from app import admission
from app.sentences import SENTENCES
from firebase_functions.https_fn import FunctionsErrorCode, HttpsError
from firebase_functions.identity_fn import (
    AdditionalUserInfo,
    AuthBlockingEvent,
    AuthUserMetadata,
    AuthUserRecord,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def blocking_event(uid="u1", email=None, email_verified=False, display_name=None, **user):
    record = AuthUserRecord(
        uid=uid,
        email=email,
        email_verified=email_verified,
        display_name=display_name,
        photo_url=None,
        phone_number=user.get("phone_number"),
        disabled=False,
        metadata=AuthUserMetadata(NOW, None),
        provider_data=[],
        password_hash=None,
        password_salt=None,
        custom_claims=user.get("custom_claims"),
        tenant_id=None,
        tokens_valid_after_time=None,
        multi_factor=None,
    )
    return AuthBlockingEvent(
        locale="en",
        event_id="event-1",
        event_type="providers/cloud.auth/eventTypes/user.beforeCreate",
        ip_address="127.0.0.1",
        user_agent="a browser",
        additional_user_info=AdditionalUserInfo("password", None, None, True, None),
        credential=None,
        email_type=None,
        sms_type=None,
        timestamp=NOW,
        data=record,
    )


@pytest.fixture(autouse=True)
def parameters(monkeypatch):
    monkeypatch.setenv("BLOCKED_EMAIL_DOMAINS", "mailinator.com,Trash.example")
    monkeypatch.setenv("ADMIN_EMAILS", "Boss@example.com")


@pytest.mark.parametrize(
    ("email", "verified", "role"),
    [
        ("ann@example.com", False, "user"),
        ("boss@example.com", False, "user"),
        ("BOSS@example.com", True, "admin"),
        ("boss@ｅxample.com", True, "user"),
        ("boss@example.com.", True, "user"),
    ],
)
def test_new_user_gets_the_role_claim(email, verified, role):
    response = admission.before_user_created(blocking_event(email=email, email_verified=verified))
    assert response["custom_claims"] == {"role": role}


def test_claims_from_elsewhere_are_replaced():
    event = blocking_event(email="ann@example.com", custom_claims={"role": "admin", "x": 1})
    assert admission.before_user_created(event)["custom_claims"] == {"role": "user"}


def test_new_user_gets_a_name_from_the_address():
    assert admission.before_user_created(blocking_event(email="ann@example.com"))["display_name"] == "ann"


def test_given_name_is_kept():
    event = blocking_event(email="ann@example.com", display_name=" Ann  Lee ")
    assert admission.before_user_created(event)["display_name"] == "Ann Lee"


def test_nothing_but_name_and_claims_is_decided():
    response = admission.before_user_created(blocking_event(email="ann@example.com"))
    assert set(response) == {"display_name", "custom_claims"}


@pytest.mark.parametrize("email", ["a@mailinator.com", "a@eu.MAILINATOR.com", "a@trash.example."])
def test_blocked_domain_is_refused_in_words_a_person_understands(email):
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_created(blocking_event(email=email))
    assert refusal.value.code == FunctionsErrorCode.PERMISSION_DENIED
    assert "another e-mail address" in refusal.value.message
    assert refusal.value.details["reason"] == "blocked-domain"
    assert refusal.value.details["domain"] in ("mailinator.com", "trash.example")
    assert refusal.value.details["requestId"] == "event-1"


def test_domain_that_only_ends_alike_is_admitted():
    assert admission.before_user_created(blocking_event(email="a@notmailinator.com"))


def test_invalid_address_is_refused():
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_created(blocking_event(email="ann@localhost"))
    assert refusal.value.code == FunctionsErrorCode.INVALID_ARGUMENT
    assert refusal.value.details["reason"] == "invalid-email"


def test_refused_sign_up_is_told_in_the_language_of_the_page():
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_created(replace(blocking_event(email="a@mailinator.com"), locale="ko-KR"))
    assert refusal.value.message == SENTENCES["blocked-domain"]["ko"].format(domain="mailinator.com")


def test_user_without_an_address_is_admitted():
    assert admission.before_user_created(blocking_event(phone_number="+8210"))["display_name"] == "User"


@pytest.mark.parametrize(("state", "word"), [("suspended", "suspended"), ("deleting", "deleted")])
def test_user_who_is_not_active_is_refused_with_the_reason(drop, state, word):
    drop.make_profile(state=state)
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_signed_in(blocking_event(uid=drop.uid, email="ann@example.com"))
    assert refusal.value.code == FunctionsErrorCode.PERMISSION_DENIED
    assert word in refusal.value.message
    assert refusal.value.details == {"reason": state, "requestId": "event-1"}


def test_suspended_user_is_told_why_in_the_language_of_the_profile(drop):
    drop.make_profile(state="suspended", suspendedReason="Spam", locale="ko")
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_signed_in(blocking_event(uid=drop.uid))
    assert refusal.value.message == SENTENCES["suspended"]["ko"]
    assert refusal.value.details["suspendedReason"] == "Spam"


def test_profile_follows_an_address_that_changed_since(drop):
    drop.make_profile(email="old@example.com", name="Ann")
    event = blocking_event(uid=drop.uid, email="new@example.com", email_verified=True)
    assert admission.before_user_signed_in(event) is None
    profile = drop.profile()
    assert (profile["email"], profile["emailVerified"], profile["name"]) == ("new@example.com", True, "Ann")


def test_guest_cannot_take_an_address_that_sign_up_refuses(drop):
    drop.make_profile(email=None, name="Guest")
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_signed_in(blocking_event(uid=drop.uid, email="a@mailinator.com"))
    assert refusal.value.details["reason"] == "blocked-domain"
    assert drop.profile()["email"] is None


def test_account_without_a_profile_is_judged_too(drop):
    """Its created event may be lost, and a guest link an address meanwhile."""
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_signed_in(blocking_event(uid=drop.uid, email="a@mailinator.com"))
    assert refusal.value.details["reason"] == "blocked-domain"


def test_address_that_was_admitted_once_is_not_judged_again(drop):
    drop.make_profile(email="a@mailinator.com")
    assert admission.before_user_signed_in(blocking_event(uid=drop.uid, email="A@mailinator.com")) is None


def test_profile_that_cannot_follow_keeps_nobody_out(drop, monkeypatch):
    def fail(user):
        raise RuntimeError("busy")

    monkeypatch.setattr(admission, "follow_account", fail)
    drop.make_profile(email="old@example.com")
    assert admission.before_user_signed_in(blocking_event(uid=drop.uid, email="new@example.com")) is None


def test_active_user_is_let_in(drop):
    drop.make_profile(state="active")
    assert admission.before_user_signed_in(blocking_event(uid=drop.uid)) is None


def test_user_without_a_profile_yet_is_let_in(drop):
    assert admission.before_user_signed_in(blocking_event(uid=drop.uid)) is None


def test_user_whose_profile_is_removed_already_is_refused(drop):
    drop.firestore.document(f"ledger/deleted-user:{drop.uid}").set({"uid": drop.uid})
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_signed_in(blocking_event(uid=drop.uid))
    assert "deleted" in refusal.value.message


def test_account_that_got_the_id_of_a_deleted_one_is_let_in(drop):
    trace = {"uid": drop.uid, "state": "verified", "createdUntil": NOW - timedelta(milliseconds=1)}
    reference = drop.firestore.document(f"ledger/deleted-user:{drop.uid}")
    reference.set(trace)
    assert admission.before_user_signed_in(blocking_event(uid=drop.uid)) is None
    for kept_out in ({"createdUntil": NOW}, {"state": "removing"}):
        reference.set(trace | kept_out)
        with pytest.raises(HttpsError) as refusal:
            admission.before_user_signed_in(blocking_event(uid=drop.uid))
        assert refusal.value.details["reason"] == "deleting"


def test_profile_that_cannot_be_read_lets_nobody_in_and_tells_no_cause(monkeypatch, capfd):
    def fail(uid):
        raise RuntimeError("secret address of the database")

    monkeypatch.setattr(admission, "read_profile", fail)
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_signed_in(blocking_event())
    assert refusal.value.code == FunctionsErrorCode.UNAVAILABLE
    assert "secret" not in refusal.value.message
    assert "secret" in capfd.readouterr().err
