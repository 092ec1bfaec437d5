"""Processing that fails and is tried again, against the emulators, Storage failing where the test says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from app import clients, optimistic, retries, uploads
from app.attempts import MAX_ATTEMPTS, MAX_WAIT, wait_after
from app.drift import mend_usage
from app.usage import Amount
from calls import Caller, id_token
from google.api_core.exceptions import ServiceUnavailable
from pictures import HTML, jpeg

# Of downloads that were refused, in google-cloud-storage.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

PHOTO = jpeg()
SOON = timedelta(seconds=15)


@pytest.fixture
def uploaded(drop, storage, task_queue):
    """A photo that was announced and uploaded, its event not delivered yet."""
    drop.make_profile()
    key = drop.announce(size=len(PHOTO))
    return key, drop.upload(key, PHOTO)


@pytest.fixture
def ask_again(drop):
    """Calls `retry_processing` as the user of this test."""
    from main import retry_processing

    caller = Caller(retry_processing, id_token(drop.uid, drop.project))
    return lambda file_id: caller({"fileId": file_id})


def everything_fails(request):
    return True


def nothing_fails(request):
    return False


def assert_waits(drop, key, attempts, seconds, usage=(0, 0)):
    """That so many attempts failed and the next is announced for about so many seconds from now."""
    document = drop.document(key)
    assert (document["state"], document["attempts"]) == ("processing", attempts)
    wait = document["retryAt"] - datetime.now(UTC)
    assert timedelta(seconds=seconds) - SOON < wait <= timedelta(seconds=seconds)
    assert drop.usage() == usage


@pytest.mark.parametrize(
    ("retries", "seconds"), [(0, 20), (1, 40), (2, 80), (4, 320), (5, 600), (6, 600), (50, 600)]
)
def test_wait_doubles_up_to_a_limit(retries, seconds):
    assert wait_after(retries).total_seconds() == seconds
    assert wait_after(retries) <= MAX_WAIT


def test_storage_that_is_down_for_a_while_only_delays_a_file(drop, storage, task_queue, uploaded):
    key, blob = uploaded
    storage.failing = everything_fails
    drop.finalized(blob)
    assert_waits(drop, key, attempts=1, seconds=20)
    (task,) = task_queue.tasks
    assert (task.function, task.delay_seconds) == ("processfile", 20)
    for tries, seconds in ((0, 20), (1, 40), (2, 80)):
        assert task_queue.dispatch(task, tries) == 500
        assert_waits(drop, key, attempts=tries + 2, seconds=seconds)
    storage.failing = nothing_fails
    assert task_queue.dispatch(task, 3) == 200
    drop.assert_ready(key, blob)
    assert task_queue.tasks == [task]


STEPS = {
    "looking at the object": lambda request, key: "alt=media" not in request.path and request.method == "GET",
    "fetching it": lambda request, key: "alt=media" in request.path,
    "storing the small thumbnail": lambda request, key: request.names(key.small),
    "storing the large thumbnail": lambda request, key: request.names(key.large),
}


@pytest.mark.parametrize("step", STEPS)
def test_failure_at_any_step_is_made_good_by_the_task(drop, storage, task_queue, uploaded, step):
    key, blob = uploaded
    storage.failing = lambda request: STEPS[step](request, key)
    drop.finalized(blob)
    assert storage.failures
    assert_waits(drop, key, attempts=1, seconds=20)
    storage.failing = nothing_fails
    task_queue.run()
    drop.assert_ready(key, blob)


def test_refusal_whose_object_cannot_be_removed_is_finished_by_the_task(drop, storage, task_queue):
    drop.make_profile()
    key = drop.announce("file", "image/png")
    blob = drop.upload(key, HTML, "file", "image/png")
    storage.failing = lambda request: request.method == "DELETE"
    drop.finalized(blob)
    assert (drop.document(key)["state"], drop.objects()) == ("rejected", [blob.name])
    storage.failing = nothing_fails
    task_queue.run()
    assert (drop.document(key)["reason"], drop.objects()) == ("blocked-type", [])
    assert "attempts" not in drop.document(key)


def fail_until_given_up(drop, storage, task_queue, blob):
    storage.failing = everything_fails
    drop.finalized(blob)
    task = task_queue.tasks.pop()
    statuses = [task_queue.dispatch(task, tries) for tries in range(MAX_ATTEMPTS - 1)]
    storage.failing = nothing_fails
    return task, statuses


def test_file_that_fails_too_often_is_given_up_and_keeps_its_bytes(drop, storage, task_queue, uploaded):
    key, blob = uploaded
    _, statuses = fail_until_given_up(drop, storage, task_queue, blob)
    assert statuses == [500] * (MAX_ATTEMPTS - 2) + [200]
    document = drop.document(key)
    assert (document["state"], document["reason"]) == ("rejected", "processing-failed")
    assert {"attempts", "retryAt"}.isdisjoint(document)
    assert drop.objects() == [blob.name]


def test_file_given_up_counts_while_its_bytes_are_kept(drop, storage, task_queue, uploaded, ask_again):
    """Also in the next round, and once however many there are."""
    key, blob = uploaded
    for _ in range(2):
        task, _ = fail_until_given_up(drop, storage, task_queue, blob)
        assert drop.usage() == (len(PHOTO), 1)
        assert [entry["state"] for entry in drop.ledger()] == ["counted"]
        drop.finalized(blob)
        assert task_queue.dispatch(task, MAX_ATTEMPTS) == 200
        assert drop.usage() == (len(PHOTO), 1)
        assert ask_again(key.file_id).result == {}
        assert drop.usage() == (len(PHOTO), 1)
        task_queue.tasks.clear()
    assert mend_usage(drop.uid) is None
    drop.finalized(blob)
    drop.assert_ready(key, blob)
    assert "counted" not in drop.document(key)


@pytest.mark.parametrize("room", ["bytes", "files"])
def test_file_given_up_without_room_for_it_goes(drop, storage, task_queue, uploaded, ask_again, room):
    key, blob = uploaded
    drop.make_profile(**({"max_bytes": len(PHOTO) - 1} if room == "bytes" else {"max_files": 0}))
    storage.failing = lambda request: request.method == "GET"
    drop.finalized(blob)
    task = task_queue.tasks.pop()
    for tries in range(MAX_ATTEMPTS - 1):
        status = task_queue.dispatch(task, tries)
    assert status == 200
    storage.failing = nothing_fails
    assert drop.document(key)["reason"] == "quota"
    assert drop.usage() == (0, 0)
    assert ask_again(key.file_id).refusal == ("FAILED_PRECONDITION", "nothing-to-retry")
    drop.finalized(blob)
    assert drop.objects() == []


def test_file_given_up_counts_with_its_real_size_when_it_is_ready(drop, storage, task_queue, ask_again):
    """The document says what the page announced, until somebody could look at the object."""
    drop.make_profile(max_bytes=len(PHOTO))
    key = drop.announce(size=7)
    blob = drop.upload(key, PHOTO)
    fail_until_given_up(drop, storage, task_queue, blob)
    assert drop.usage() == (7, 1)
    assert ask_again(key.file_id).result == {}
    task_queue.run()
    drop.assert_ready(key, blob)
    assert [entry["size"] for entry in drop.ledger()] == [len(PHOTO)]


def test_file_given_up_that_turns_out_too_large_for_the_quota_goes(drop, storage, task_queue, ask_again):
    drop.make_profile(max_bytes=len(PHOTO) - 1)
    key = drop.announce(size=7)
    blob = drop.upload(key, PHOTO)
    fail_until_given_up(drop, storage, task_queue, blob)
    assert ask_again(key.file_id).result == {}
    task_queue.run()
    assert (drop.document(key)["reason"], drop.usage(), drop.objects()) == ("quota", (0, 0), [])


def test_file_given_up_that_is_refused_in_the_next_round_counts_no_more(drop, storage, task_queue, ask_again):
    drop.make_profile()
    key = drop.announce("file", "image/png", len(HTML))
    blob = drop.upload(key, HTML, "file", "image/png")
    fail_until_given_up(drop, storage, task_queue, blob)
    assert drop.usage() == (len(HTML), 1)
    assert ask_again(key.file_id).result == {}
    task_queue.run()
    assert (drop.document(key)["reason"], drop.usage(), drop.objects()) == ("blocked-type", (0, 0), [])
    assert "counted" not in drop.document(key)


def test_usage_of_a_file_given_up_is_mended(drop, storage, task_queue, uploaded):
    key, blob = uploaded
    drop.firestore.document(f"users/{drop.uid}").delete()
    fail_until_given_up(drop, storage, task_queue, blob)
    assert drop.document(key)["reason"] == "processing-failed"
    drop.make_profile()
    assert mend_usage(drop.uid).now == Amount(len(PHOTO), 1)
    assert mend_usage(drop.uid) is None


def test_owner_who_asks_again_gets_another_round(drop, storage, task_queue, uploaded, ask_again):
    key, blob = uploaded
    fail_until_given_up(drop, storage, task_queue, blob)
    assert ask_again(key.file_id).result == {}
    document = drop.document(key)
    assert document["state"] == "processing"
    assert {"reason", "attempts"}.isdisjoint(document)
    storage.failing = everything_fails
    (task,) = task_queue.tasks
    assert task_queue.dispatch(task) == 500
    assert_waits(drop, key, attempts=1, seconds=20, usage=(len(PHOTO), 1))
    # "Now" while it waits:
    storage.failing = nothing_fails
    assert ask_again(key.file_id).result == {}
    task_queue.run()
    drop.assert_ready(key, blob)
    assert ask_again(key.file_id).result == {}
    assert task_queue.tasks == []


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        pytest.param({"state": "uploading"}, ("FAILED_PRECONDITION", "nothing-to-retry"), id="uploading"),
        pytest.param(
            {"state": "rejected", "reason": "blocked-type"},
            ("FAILED_PRECONDITION", "nothing-to-retry"),
            id="refused for what it is",
        ),
        pytest.param(None, ("NOT_FOUND", "file-not-found"), id="no such file, or somebody else's"),
    ],
)
def test_only_what_failed_can_be_asked_for_again(drop, task_queue, ask_again, fields, refusal):
    drop.make_profile()
    key = drop.announce()
    if fields is None:
        drop.firestore.document(key.document).delete()
    else:
        drop.firestore.document(key.document).update(fields)
    answer = ask_again(key.file_id)
    assert answer.refusal == refusal
    assert task_queue.tasks == []


def test_file_id_that_is_none_is_refused(drop, task_queue, ask_again):
    drop.make_profile()
    answer = ask_again("../../other/files/f")
    assert answer.refusal == ("INVALID_ARGUMENT", "invalid-input")
    assert answer.details["field"] == "fileId"


def test_late_task_and_late_event_leave_a_file_given_up_as_it_is(drop, storage, task_queue, uploaded):
    key, blob = uploaded
    task, _ = fail_until_given_up(drop, storage, task_queue, blob)
    before = drop.document(key)
    assert task_queue.dispatch(task, MAX_ATTEMPTS) == 200
    drop.finalized(blob)
    assert drop.document(key) == before
    assert drop.objects() == [blob.name]


def test_file_given_up_goes_with_its_object_and_with_its_document(drop, storage, task_queue, uploaded):
    key, blob = uploaded
    fail_until_given_up(drop, storage, task_queue, blob)
    blob.delete()
    drop.object_deleted(blob)
    assert drop.document(key) is None
    assert drop.usage() == (0, 0)


def test_object_deleted_while_its_file_waits_takes_the_document_along(drop, storage, task_queue, uploaded):
    key, blob = uploaded
    storage.failing = everything_fails
    drop.finalized(blob)
    storage.failing = nothing_fails
    blob.delete()
    task_queue.run()
    assert drop.document(key) is None
    drop.object_deleted(blob)
    assert (drop.usage(), drop.objects()) == ((0, 0), [])


def test_document_deleted_while_its_file_waits_leaves_nothing(drop, storage, task_queue, uploaded):
    key, blob = uploaded
    storage.failing = everything_fails
    drop.finalized(blob)
    storage.failing = nothing_fails
    drop.document_deleted(key, drop.delete_document(key))
    task_queue.run()
    assert drop.document(key) is None
    assert (drop.usage(), drop.objects()) == ((0, 0), [])


def test_event_is_for_the_platform_to_repeat_when_the_queue_is_down_too(
    drop, deliver, storage, task_queue, uploaded
):
    key, blob = uploaded
    storage.failing = everything_fails
    task_queue.broken = ServiceUnavailable("no queue")
    assert deliver("on_file_finalized", *drop.object_event("finalized", blob)) == 500
    assert_waits(drop, key, attempts=1, seconds=20)
    storage.failing = nothing_fails
    drop.finalized(blob)
    drop.assert_ready(key, blob)


@pytest.fixture
def firestore_down(drop, monkeypatch):
    """Nothing listens where the functions look for Firestore, until the context ends. `drop` sees it."""

    @contextmanager
    def down():
        with monkeypatch.context() as patched:
            patched.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:9")
            patched.setattr(optimistic, "PATIENCE_SECONDS", 0.5)
            for cached in (clients.firestore, optimistic.patience):
                cached.cache_clear()
            yield
        for cached in (clients.firestore, optimistic.patience):
            cached.cache_clear()

    return down


def test_firestore_that_is_down_leaves_the_file_to_the_queue(drop, task_queue, uploaded, firestore_down):
    key, blob = uploaded
    with firestore_down():
        drop.finalized(blob)
        (task,) = task_queue.tasks
        assert task_queue.dispatch(task) == 500
    assert drop.document(key)["state"] == "uploading"
    assert task_queue.dispatch(task, 1) == 200
    drop.assert_ready(key, blob)


def test_defect_is_given_up_as_well(drop, task_queue, uploaded, monkeypatch):
    key, blob = uploaded
    monkeypatch.setattr(uploads, "examine", lambda path, declared: 1 / 0)
    drop.finalized(blob)
    task = task_queue.tasks.pop()
    while task_queue.dispatch(task) != 200:
        pass
    assert drop.document(key)["reason"] == "processing-failed"


# Two at once


def test_tasks_and_repeated_events_at_the_same_time_end_as_one(drop, storage, task_queue, uploaded):
    key, blob = uploaded
    storage.failing = everything_fails
    drop.finalized(blob)
    storage.failing = nothing_fails
    (task,) = task_queue.tasks
    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(task_queue.dispatch, task) for _ in range(2)]
        events = [pool.submit(drop.finalized, blob) for _ in range(2)]
        assert [each.result() for each in tasks] == [200, 200]
        for event in events:
            event.result()
    drop.assert_ready(key, blob)


def while_processing(monkeypatch, action):
    """Has `action` done once, in the middle of the next attempt."""
    examine = uploads.examine

    def interrupted(path, declared):
        monkeypatch.setattr(uploads, "examine", examine)
        action()
        return examine(path, declared)

    monkeypatch.setattr(uploads, "examine", interrupted)


def fail_after(monkeypatch, action):
    def interrupted():
        action()
        raise ServiceUnavailable("the slow one fails")

    while_processing(monkeypatch, interrupted)


def test_attempt_that_fails_after_another_succeeded_changes_nothing(drop, task_queue, uploaded, monkeypatch):
    key, blob = uploaded
    fail_after(monkeypatch, lambda: drop.finalized(blob))
    drop.finalized(blob)
    task_queue.run()
    drop.assert_ready(key, blob)


def test_two_attempts_that_fail_at_the_same_time_count_as_one(drop, task_queue, uploaded, monkeypatch):
    key, blob = uploaded

    def fail_as_well():
        fail_after(monkeypatch, lambda: None)
        drop.finalized(blob)

    fail_after(monkeypatch, fail_as_well)
    drop.finalized(blob)
    assert drop.document(key)["attempts"] <= 2
    task_queue.run()
    drop.assert_ready(key, blob)


def test_attempt_that_succeeds_after_the_file_was_given_up_is_welcome(drop, uploaded, monkeypatch):
    key, blob = uploaded

    def give_up():
        drop.firestore.document(key.document).update({"state": "rejected", "reason": "processing-failed"})

    while_processing(monkeypatch, give_up)
    drop.finalized(blob)
    drop.assert_ready(key, blob)


# Workers that die without a word


def died(drop, key, blob, **fields):
    """Leaves the document as a worker does that died in the middle."""
    claimed = {"state": "processing", "generation": str(blob.generation), "path": blob.name}
    drop.firestore.document(key.document).update(claimed | fields)


def test_attempt_that_died_counts(drop, storage, uploaded):
    key, blob = uploaded
    died(drop, key, blob)
    storage.failing = lambda request: request.names(key.small)
    drop.finalized(blob)
    assert_waits(drop, key, attempts=2, seconds=20)


def test_file_that_kills_every_worker_is_given_up_before_it_kills_another(
    drop, task_queue, uploaded, monkeypatch
):
    key, blob = uploaded
    died(drop, key, blob, attempts=MAX_ATTEMPTS - 1)
    monkeypatch.setattr(uploads, "examine", lambda *args: pytest.fail("looked at"))
    retries.request_processing(
        uploads.objects.StoredObject(drop.bucket.name, blob.name, str(blob.generation))
    )
    task_queue.run()
    assert drop.document(key)["reason"] == "processing-failed"
    assert drop.objects() == [blob.name]


# Tasks that are none


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(None, id="nothing"),
        pytest.param({"bucket": "b"}, id="half"),
        pytest.param({"bucket": "b", "name": "derived/u/f/small.webp", "generation": "1"}, id="no original"),
        pytest.param({"bucket": "b", "name": "users/u/files/f/a", "generation": "x"}, id="no generation"),
        pytest.param({"bucket": 1, "name": 2, "generation": 3}, id="wrong types"),
    ],
)
def test_task_without_a_file_is_not_tried_again(task_queue, data):
    assert retries.parse_task(data) is None
    assert task_queue.dispatch(retries_task(data)) == 200


def retries_task(data):
    from task_queue import Task

    return Task(retries.QUEUE, data or {}, 0)
