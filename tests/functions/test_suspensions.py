"""Who was suspended and deleted the account does not come back by signing up again."""

from datetime import UTC, datetime, timedelta

import pytest
from app import admission, clients, suspensions
from app.refusals import Refusal
from app.user_events import UserProvider, UserRecord
from calls import Caller, id_token
from firebase_functions.https_fn import HttpsError
from test_admission import blocking_event

DAY = timedelta(days=1)


@pytest.fixture
def email(uid):
    return f"{uid}@example.com"


@pytest.fixture
def leave(drop, email):
    """Deletes the account of this test, as Authentication lets everybody do, its profile in that state."""

    def leave(state="suspended", **user):
        drop.make_profile(state=state, suspendedReason="Spam by Ann Lee", email=email)
        drop.user_deleted(**{"email": email} | user)

    return leave


def bars(drop):
    return [each.to_dict() for each in drop.firestore.collection("ledger").stream() if "barred" in each.id]


@pytest.mark.parametrize(
    "spelling", ["{}@example.com", "{}@EXAMPLE.com", "{}+again@example.com", "{}@example.com."]
)
def test_suspended_user_who_left_cannot_sign_up_again(drop, uid, leave, spelling):
    event = blocking_event(uid="another", email=spelling.format(uid))
    assert admission.before_user_created(event)
    leave()
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_created(event)
    assert refusal.value.details["reason"] == "suspended"
    assert admission.before_user_created(blocking_event(uid="another", email=f"{uid}0@example.com"))


def test_user_who_left_of_their_own_accord_can_sign_up_again(leave, email):
    leave(state="active")
    assert admission.before_user_created(blocking_event(uid="another", email=email))


def test_account_of_a_provider_is_known_by_the_id_there(leave, uid):
    google = {"providerId": "google.com", "uid": f"google-{uid}", "email": "x@example.com"}
    leave(providerData=[google])
    with pytest.raises(Refusal, match="suspended"):
        suspensions.check(UserRecord("u", providers=(UserProvider("google.com", f"google-{uid}"),)))
    suspensions.check(UserRecord("u", providers=(UserProvider("github.com", f"google-{uid}"),)))


def test_phone_number_is_known_again(leave, uid):
    number = f"+82{int(uid[-6:], 16)}"
    leave(phoneNumber=number)
    with pytest.raises(Refusal, match="suspended"):
        suspensions.check(UserRecord("u", phone_number=number))


def test_guest_who_was_suspended_leaves_nothing_to_be_known_by(drop):
    before = bars(drop)
    drop.make_profile(state="suspended")
    drop.user_deleted()
    assert bars(drop) == before


def test_what_is_kept_says_nothing_of_the_user(drop, uid, leave):
    leave()
    known = {each.id for each in drop.firestore.collection("ledger").stream() if "barred" in each.id}
    (path,) = suspensions.bar_paths(UserRecord(uid, f"{uid}@example.com"))
    assert path.removeprefix("ledger/") in known
    fields = drop.firestore.document(path).get().to_dict()
    assert set(fields) == {"state", "createdAt", "expiresAt"}
    assert fields["expiresAt"] - fields["createdAt"] == timedelta(days=365)
    assert uid not in path


def test_suspension_is_over_after_a_year(drop, leave, email):
    leave()
    (path,) = suspensions.bar_paths(UserRecord("u", email))
    drop.firestore.document(path).update({"expiresAt": datetime.now(UTC) - DAY})
    suspensions.check(UserRecord("u", email))


def test_guest_cannot_take_the_address_of_who_left_suspended(drop, leave, email):
    leave()
    drop.uid += "-guest"
    drop.make_profile(email=None, name="Guest")
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_signed_in(blocking_event(uid=drop.uid, email=email))
    assert refusal.value.details["reason"] == "suspended"
    assert drop.profile()["email"] is None


def test_address_that_was_linked_past_the_doors_shares_nothing(drop, leave, email):
    from main import create_share

    leave()
    drop.uid += "-guest"
    drop.make_profile(email=None, name="Guest")
    call = Caller(create_share, id_token(drop.uid, drop.project, email=email))
    assert call({"fileId": "f"}).refusal == ("PERMISSION_DENIED", "suspended")
    call = Caller(create_share, id_token(drop.uid, drop.project))
    assert call({"fileId": "f"}).refusal == ("NOT_FOUND", "file-not-found")


def test_who_signed_up_before_the_event_of_the_deletion_came_is_suspended_too(drop, uid, leave, email):
    successor = clients.auth().create_user(uid=f"{uid}-again", email=email)
    profile = drop.firestore.document(f"users/{successor.uid}")
    profile.set({"state": "active"})
    leave()
    assert profile.get().get("state") == "suspended"


def test_profile_that_is_made_after_that_event_is_suspended(drop, leave, email):
    leave()
    drop.uid += "-again"
    drop.user_created(email=email)
    assert drop.profile()["state"] == "suspended"


def test_sign_up_waits_for_a_database_that_can_be_read(monkeypatch, email):
    def fail(user):
        raise RuntimeError("secret address of the database")

    monkeypatch.setattr(suspensions, "check", fail)
    with pytest.raises(HttpsError) as refusal:
        admission.before_user_created(blocking_event(email=email))
    assert refusal.value.details["reason"] == "unavailable"
    assert "secret" not in refusal.value.message
