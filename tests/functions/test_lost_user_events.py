"""Created and deleted events that reached nobody: the sweep makes it good, everybody in turn."""

from datetime import UTC, datetime, timedelta

import pytest
from app import clients, lost_user_events
from app.lost_user_events import TooManyGone
from app.sweep_steps import Cursors, Step

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=1)


def mend_profiles(now, documents):
    """One run of the sweep's step; gives its count."""
    return lost_user_events.mend_profiles(
        Step("profiles", now, cursors=Cursors.load(), documents=documents)
    ).count


def remove_gone(now, documents):
    return lost_user_events.remove_gone(Step("gone", now, cursors=Cursors.load(), documents=documents)).count


@pytest.fixture
def ann(everybody):
    """In a project without any other user."""
    return everybody("ann")


def create(uid, **user):
    return clients.auth().create_user(uid=uid, **user)


def profile_of(drop, uid):
    return drop.firestore.document(f"users/{uid}").get().to_dict()


def test_account_whose_created_event_was_lost_gets_its_profile(ann):
    create(ann.uid, email=f"{ann.uid}@example.com", display_name="Ann")
    assert mend_profiles(NOW, 100) == 1
    profile = ann.profile()
    assert (profile["name"], profile["email"], profile["state"]) == (
        "Ann",
        f"{ann.uid}@example.com",
        "active",
    )
    assert mend_profiles(NOW, 100) == 0
    assert ann.profile() == profile


def test_profile_that_is_there_keeps_what_its_owner_chose(ann):
    create(ann.uid, email=f"{ann.uid}@example.com")
    ann.make_profile(name="Queen Ann", email=f"{ann.uid}@example.com", emailVerified=False, role="user")
    before = ann.profile()
    assert mend_profiles(NOW, 100) == 0
    assert ann.profile() == before


def test_profile_follows_an_account_that_changed_without_a_word(ann):
    create(ann.uid, email=f"{ann.uid}@example.com", email_verified=True)
    ann.make_profile(name="Ann", email="old@example.com", emailVerified=False, role="user")
    assert mend_profiles(NOW, 100) == 1
    assert (ann.profile()["email"], ann.profile()["emailVerified"]) == (f"{ann.uid}@example.com", True)


def test_profile_does_not_follow_to_an_address_that_sign_up_refuses(ann):
    create(ann.uid, email=f"{ann.uid}@mailinator.com")
    ann.make_profile(name="Ann", email="old@example.com", emailVerified=False, role="user")
    assert mend_profiles(NOW, 100) == 0
    assert ann.profile()["email"] == "old@example.com"


def test_account_that_is_being_deleted_gets_no_profile(ann):
    create(ann.uid)
    trace = ann.firestore.document(f"ledger/deleted-user:{ann.uid}")
    trace.set({"uid": ann.uid, "state": "removing", "createdUntil": NOW + timedelta(minutes=1)})
    assert mend_profiles(NOW, 100) == 0
    assert ann.profile() is None
    trace.update({"state": "verified", "createdUntil": LONG_AGO})
    assert mend_profiles(NOW, 100) == 1, "the account is another one"


def test_accounts_take_turns_and_begin_anew_at_the_end(ann):
    uids = sorted(f"{ann.uid}-{number}" for number in range(5))
    for uid in uids:
        create(uid)
    assert [mend_profiles(NOW, 2) for _ in range(3)] == [2, 2, 1]
    assert all(profile_of(ann, uid) for uid in uids)
    ann.firestore.document(f"users/{uids[0]}").delete()
    assert mend_profiles(NOW, 2) == 1


def test_profile_whose_deleted_event_was_lost_goes_with_everything(ann, task_queue):
    ann.make_profile(createdAt=LONG_AGO)
    ann.ready_file(b"Dear Ann", "letter.txt", "text/plain")
    assert remove_gone(NOW, 100) == 1
    task_queue.run()
    assert ann.profile() is None
    assert ann.objects() == []
    assert remove_gone(NOW, 100) == 0


@pytest.mark.parametrize("kept", ["has an account", "is new", "has no time"])
def test_profile_stays_when_it(ann, task_queue, kept):
    ann.make_profile(**{} if kept == "has no time" else {"createdAt": NOW if kept == "is new" else LONG_AGO})
    if kept == "has an account":
        create(ann.uid)
    assert remove_gone(NOW, 100) == 0
    assert task_queue.tasks == []


def test_nobody_is_removed_when_authentication_seems_to_know_nobody(everybody, task_queue):
    drops = [everybody(name) for name in "abcd"]
    for drop in drops:
        drop.make_profile(createdAt=LONG_AGO)
    with pytest.raises(TooManyGone, match="4 of 4"):
        remove_gone(NOW, 100)
    assert task_queue.tasks == []
    create(drops[0].uid)
    assert remove_gone(NOW, 100) == 3


def test_deletion_of_the_user_where_the_walk_stands_leaves_no_id_there(ann):
    for number in range(2):
        create(f"{ann.uid}-{number}")
    mend_profiles(NOW, 1)
    ann.uid = Cursors.load().get("profiles")
    clients.auth().delete_user(ann.uid)
    ann.user_deleted()
    assert Cursors.load().get("profiles") is None
    assert mend_profiles(NOW, 100) == 1


def test_walk_begins_anew_when_its_place_is_no_longer_taken(ann, monkeypatch):
    from firebase_admin.exceptions import InvalidArgumentError

    create(ann.uid)
    Cursors.load().keep("profiles", "a token of last year")
    list_users = clients.auth().list_users

    def refusing(page_token=None, **options):
        if page_token:
            raise InvalidArgumentError("INVALID_PAGE_TOKEN")
        return list_users(**options)

    monkeypatch.setattr(clients.auth(), "list_users", refusing)
    assert mend_profiles(NOW, 100) == 1
