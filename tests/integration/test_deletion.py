"""The end of an account, asked for by its user or done in the console: nothing of it is left."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud.firestore import FieldFilter

from tests.integration.people import eventually
from tests.rest import unsigned_token

MINUTE = 60
JOBS = 4000


@pytest.fixture
def leave(callables):
    """Asks for the end of a person's account."""

    def leave(person, confirm=None):
        data = {"confirm": confirm or person.email or "DELETE"}
        return callables.call("delete_account", data, person)

    return leave


@pytest.fixture
def trace_of(admin):
    def trace_of(person):
        return admin.firestore.document(f"ledger/deleted-user:{person.uid}").get().to_dict() or {}

    return trace_of


@pytest.fixture
def until_gone(admin, trace_of):
    """Waits for the proof of a deletion, and looks whether it is true."""

    def until_gone(person):
        eventually(
            lambda: trace_of(person).get("state") == "verified", within=MINUTE, what="the deletion is proved"
        )
        assert admin.documents_of(person) == []
        assert admin.objects_of(person) == []
        assert admin.user(person.uid) is None
        theirs = FieldFilter("uid", "==", person.uid)
        for collection in ("shares", "limits", "ledger"):
            left = admin.firestore.collection(collection).where(filter=theirs).get()
            trace = [f"deleted-user:{person.uid}"] if collection == "ledger" else []
            assert [each.id for each in left] == trace

    return until_gone


def fill(admin, person, picture):
    """A file, a picture, a link, an export: something of every kind."""
    person.until_ready(person.upload("photo.png", picture("PNG"), "image/png"))
    path = f"{person.profile_path}/picture/p1.webp"
    assert person.storage.upload(path, picture("WEBP", 64, 64), "image/webp").ok
    share = {"uid": person.uid, "state": "active", "expiresAt": datetime.now(UTC) + timedelta(days=1)}
    admin.firestore.document(f"shares/{secrets.token_urlsafe(16)}").set(share)
    admin.bucket.blob(f"exports/{person.uid}/job/drop-export.zip").upload_from_string(b"zip")


def test_account_that_is_deleted_by_its_user_leaves_nothing(
    admin, leave, people, person, picture, until_gone
):
    other = people.sign_up()
    kept = other.upload("kept.txt", b"kept", "text/plain")
    other.until_ready(kept)
    fill(admin, person, picture)

    assert leave(person).result == {}
    until_gone(person)
    assert people.auth.sign_in(person.email).json()["error"]["message"] == "EMAIL_NOT_FOUND"
    assert other.usage() == (4, 1)
    assert people.sign_up(person.email).uid != person.uid


def test_account_that_is_deleted_in_the_console_leaves_nothing(admin, person, picture, until_gone):
    fill(admin, person, picture)
    admin.delete_account(person.uid)
    until_gone(person)


def test_guest_leaves_with_a_word(leave, people, until_gone):
    guest = people.guest()
    guest.until_ready(guest.upload("a.txt", b"hello", "text/plain"))
    assert leave(guest, "DELETE").result == {}
    until_gone(guest)


def test_wrong_address_and_old_sign_in_are_refused_and_delete_nothing(leave, person):
    answer = leave(person, "someone@example.com")
    assert answer.refusal == ("INVALID_ARGUMENT", "invalid-input")
    assert answer.details["field"] == "confirm"
    six_minutes_ago = int((datetime.now(UTC) - timedelta(minutes=6)).timestamp())
    token = unsigned_token(person.uid, {"email": person.email, "auth_time": six_minutes_ago})
    answer = leave(replace(person, id_token=token))
    assert answer.refusal == ("FAILED_PRECONDITION", "recent-sign-in-required")
    assert person.profile()["state"] == "active"


def test_session_ends_with_the_account(leave, people, person, until_gone):
    refresh_token = people.auth.sign_in(person.email).json()["refreshToken"]
    assert people.auth.refresh(refresh_token).ok
    assert leave(person).result == {}
    until_gone(person)
    assert people.auth.refresh(refresh_token).status_code == 400
    assert not person.firestore.get(person.profile_path).ok
    response = person.firestore.create(person.file_path("late"), {"name": "late.txt"})
    assert response.status_code == 403


def test_upload_that_ends_after_the_account_leaves_nothing(admin, leave, person, until_gone):
    file_id = person.announce("late.txt", 10, "text/plain")
    session = person.start_resumable(person.original(file_id, "late.txt"), "text/plain")
    assert person.send_chunk(session, 0, b"hello", "upload").ok
    assert leave(person).result == {}
    until_gone(person)
    person.send_chunk(session, 5, b"world", "upload, finalize")
    eventually(lambda: admin.objects_of(person) == [], what="the late object is gone")
    assert admin.documents_of(person) == []


class TestKilled:
    @pytest.fixture
    def kill_in_the_middle(self, admin, trace_of, workers):
        """Ends the worker when the profile is gone and the documents below it are going."""

        def kill(person, function):
            profile = admin.firestore.document(person.profile_path)
            eventually(lambda: not profile.get().exists, within=MINUTE, what="the profile is gone")
            assert workers.kill(function) > 0
            assert trace_of(person)["state"] == "removing", "the worker was faster than its end"
            assert admin.documents_of(person) != []

        return kill

    @pytest.fixture
    def person(self, admin, person):
        """With many documents that no trigger watches, so that nothing but the removal is kept busy."""
        for start in range(0, JOBS, 500):
            batch = admin.firestore.batch()
            for number in range(start, start + 500):
                job = admin.firestore.document(f"{person.profile_path}/jobs/{number}")
                batch.set(job, {"kind": "export", "state": "done"})
            batch.commit()
        return person

    def test_deletion_is_finished_by_the_queue(
        self, admin, kill_in_the_middle, leave, person, trace_of, until_gone
    ):
        assert leave(person).result == {}
        kill_in_the_middle(person, "removeaccount")
        assert admin.user(person.uid) is not None, "the account goes last"
        until_gone(person)
        # The profile, the job of the deletion, the rate limit of the call, and the others.
        assert trace_of(person)["removed"] == {"documents": 3 + JOBS, "objects": 0}

    def test_deletion_from_the_console_is_finished_by_the_sweep(
        self, admin, kill_in_the_middle, person, run_schedule, until_gone
    ):
        """The emulators deliver an event once, so nobody else would."""
        admin.delete_account(person.uid)
        kill_in_the_middle(person, "on_user_deleted")
        long_ago = datetime.now(UTC) - timedelta(hours=3)
        admin.firestore.document(f"ledger/deleted-user:{person.uid}").update({"updatedAt": long_ago})
        run_schedule("sweep")
        until_gone(person)
