"""One user with many uploads at once, against the emulators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from app.fair_processing import MAX_OF_USER, has_turn
from pictures import jpeg

PHOTO = jpeg()


@pytest.fixture
def at_work(drop):
    """Makes files that are being processed since `age`."""
    drop.make_profile()

    def make(count, age=timedelta(seconds=1), **fields):
        keys = [drop.announce() for _ in range(count)]
        for key in keys:
            claimed = {"state": "processing", "updatedAt": datetime.now(UTC) - age}
            drop.firestore.document(key.document).update(claimed | fields)
        return keys

    return make


def uploaded(drop):
    key = drop.announce(size=len(PHOTO))
    return key, drop.upload(key, PHOTO)


def test_file_of_a_user_with_many_at_work_waits_in_the_queue_until_one_has_ended(drop, at_work, task_queue):
    others = at_work(MAX_OF_USER)
    key, blob = uploaded(drop)
    drop.finalized(blob)
    assert drop.document(key)["state"] == "uploading"
    (task,) = task_queue.tasks
    assert (task.function, task.delay_seconds) == ("processfile", 20)
    assert task_queue.dispatch(task) == 429
    assert drop.document(key)["state"] == "uploading"
    drop.firestore.document(others[0].document).update({"state": "ready"})
    assert task_queue.dispatch(task, retries=1) == 200
    drop.assert_ready(key, blob)


def test_file_of_a_user_with_one_fewer_at_work_is_processed(drop, at_work, task_queue):
    at_work(MAX_OF_USER - 1)
    key, blob = uploaded(drop)
    drop.finalized(blob)
    drop.assert_ready(key, blob)
    assert task_queue.tasks == []


def test_files_of_another_user_are_not_held_up(everybody, task_queue):
    flood, ann = everybody("flood"), everybody("ann")
    for drop in (flood, ann):
        drop.make_profile()
    for _ in range(MAX_OF_USER):
        claimed = {"state": "processing", "updatedAt": datetime.now(UTC)}
        flood.firestore.document(flood.announce().document).update(claimed)
    key, blob = uploaded(ann)
    ann.finalized(blob)
    ann.assert_ready(key, blob)


@pytest.mark.parametrize(
    ("age", "fields"),
    [
        pytest.param(timedelta(minutes=3), {}, id="whose worker died"),
        pytest.param(timedelta(seconds=1), {"retryAt": datetime(2100, 1, 1, tzinfo=UTC)}, id="that wait"),
    ],
)
def test_files_nobody_works_on_hold_up_nothing(drop, at_work, age, fields):
    keys = at_work(MAX_OF_USER, age, **fields)
    assert has_turn(drop.announce(), datetime.now(UTC))
    at_work(1)
    assert has_turn(keys[0], datetime.now(UTC))


def test_file_does_not_wait_for_itself(drop, at_work):
    keys = at_work(MAX_OF_USER)
    assert has_turn(keys[0], datetime.now(UTC))
    assert not has_turn(drop.announce(), datetime.now(UTC))
