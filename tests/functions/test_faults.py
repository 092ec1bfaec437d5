"""Functions in processes of their own that die in the middle, and that race each other: the end is right."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from app import fair_processing, sweeping
from fault_proxy import FaultProxy
from pictures import HTML, jpeg
from worker import worker

PHOTO = jpeg()
LATER = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def proxy(drop):
    """Between the workers of this test and the Storage emulator."""
    with FaultProxy(os.environ["STORAGE_EMULATOR_HOST"]).serving() as proxy:
        yield proxy


@pytest.fixture
def start(drop, proxy):
    """Starts a worker that sees Storage through the proxy."""
    config = {"projectId": drop.project, "storageBucket": drop.bucket.name}
    environment = {
        "STORAGE_EMULATOR_HOST": f"http://{proxy.address}",
        "GCLOUD_PROJECT": drop.project,
        "GOOGLE_CLOUD_PROJECT": drop.project,
        "FIREBASE_CONFIG": json.dumps(config),
    }
    return lambda target, signature="cloudevent": worker(target, signature, environment)


def event_of(drop, blob):
    attributes, data = drop.object_event("finalized", blob)
    return {f"ce-{name}": value for name, value in attributes.items()}, data


def process_and_kill(drop, proxy, start, blob, held):
    """Has a worker process the upload and kills it when the request that `held` matches has come."""
    proxy.held = held
    with start("on_file_finalized") as running, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(running.post, *event_of(drop, blob))
        proxy.wait_until_holding()
        running.kill()
        assert answer.result() is None
    proxy.held = lambda request: False


def deliver_again(drop, blob, task_queue):
    drop.finalized(blob)


def sweep_later(drop, blob, task_queue):
    sweeping.sweep_user(drop.uid, LATER)
    task_queue.run()


RESCUES = {"its event delivered again": deliver_again, "the sweep": sweep_later}
MOMENTS = {
    "before the document was claimed": lambda request, key: "alt=media" not in request.path,
    "while the bytes are fetched": lambda request, key: "alt=media" in request.path,
    "between the two thumbnails": lambda request, key: request.names(key.large),
}


@pytest.mark.parametrize(
    ("moment", "rescue"),
    [
        ("before the document was claimed", "the sweep"),
        ("while the bytes are fetched", "its event delivered again"),
        ("between the two thumbnails", "its event delivered again"),
        ("between the two thumbnails", "the sweep"),
    ],
)
def test_worker_killed_in_the_middle_of_processing_costs_nothing(
    drop, proxy, start, task_queue, moment, rescue
):
    drop.make_profile()
    key = drop.announce(size=len(PHOTO))
    blob = drop.upload(key, PHOTO)
    process_and_kill(drop, proxy, start, blob, lambda request: MOMENTS[moment](request, key))
    assert drop.document(key)["state"] in ("uploading", "processing")
    assert drop.usage() == (0, 0)
    RESCUES[rescue](drop, blob, task_queue)
    drop.assert_ready(key, blob)
    # And once more, late:
    drop.finalized(blob)
    drop.assert_ready(key, blob)


def refused(drop):
    """A page that says it is a picture."""
    drop.make_profile()
    return drop.upload(drop.announce("file", "image/png"), HTML, "file", "image/png"), "blocked-type"


def over_quota(drop):
    drop.make_profile(max_bytes=len(PHOTO) - 1)
    return drop.upload(drop.announce(size=len(PHOTO)), PHOTO), "quota"


@pytest.mark.parametrize(
    ("make", "rescue"),
    [
        (refused, "its event delivered again"),
        (over_quota, "its event delivered again"),
        (over_quota, "the sweep"),
    ],
)
def test_worker_killed_before_a_refused_object_is_removed_costs_nothing(
    drop, proxy, start, task_queue, make, rescue
):
    blob, reason = make(drop)
    process_and_kill(drop, proxy, start, blob, lambda request: request.method == "DELETE")
    assert blob.name in drop.objects()
    RESCUES[rescue](drop, blob, task_queue)
    (document,) = drop.firestore.collection(f"users/{drop.uid}/files").stream()
    assert (document.get("state"), document.get("reason")) == ("rejected", reason)
    assert (drop.objects(), drop.usage(), drop.ledger()) == ([], (0, 0), [])


def test_worker_killed_over_a_task_is_followed_by_the_queues_next_try(drop, proxy, start, task_queue):
    drop.make_profile()
    key = drop.announce(size=len(PHOTO))
    blob = drop.upload(key, PHOTO)
    task = {"bucket": blob.bucket.name, "name": blob.name, "generation": str(blob.generation)}
    proxy.held = lambda request: request.names(key.small)
    with start("processfile", "http") as running, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(running.post, {}, {"data": task})
        proxy.wait_until_holding()
        running.kill()
        assert answer.result() is None
    proxy.held = lambda request: False
    assert drop.document(key)["state"] == "processing"
    with start("processfile", "http") as running:
        assert running.post({"X-CloudTasks-TaskRetryCount": "1"}, {"data": task}) == 200
    drop.assert_ready(key, blob)


def test_two_processes_that_race_for_the_last_bytes_do_not_both_win(drop, proxy, start):
    size = 1000
    drop.make_profile(max_bytes=size + size // 2)
    keys = [drop.announce("a.txt", "text/plain", size) for _ in range(2)]
    blobs = [drop.upload(key, b"x" * size, "a.txt", "text/plain") for key in keys]
    proxy.held = lambda request: "alt=media" in request.path
    with (
        start("on_file_finalized") as one,
        start("on_file_finalized") as other,
        ThreadPoolExecutor(2) as pool,
    ):
        answers = [
            pool.submit(process.post, *event_of(drop, blob))
            for process, blob in zip((one, other), blobs, strict=True)
        ]
        # Both have seen room and hold the bytes; now they are let go at once.
        proxy.wait_until_holding(2)
        proxy.release.set()
        assert [answer.result() for answer in answers] == [200, 200]
    ends = sorted((drop.document(key)["state"], drop.document(key).get("reason")) for key in keys)
    assert ends == [("ready", None), ("rejected", "quota")]
    (winner,) = [key for key in keys if drop.document(key)["state"] == "ready"]
    assert drop.objects() == [f"{winner.originals}a.txt"]
    assert drop.usage() == (size, 1)
    assert [(entry["fileId"], entry["state"]) for entry in drop.ledger()] == [(winner.file_id, "counted")]


def test_many_uploads_that_race_for_room_fill_it_and_no_more(drop, monkeypatch):
    monkeypatch.setattr(fair_processing, "MAX_OF_USER", 8)
    drop.make_profile(max_bytes=3000, max_files=100)
    keys = [drop.announce("a.txt", "text/plain", 1000) for _ in range(8)]
    blobs = [drop.upload(key, b"x" * 1000, "a.txt", "text/plain") for key in keys]
    with ThreadPoolExecutor(8) as pool:
        # Each event twice, in no order.
        list(pool.map(drop.finalized, blobs + blobs[::-1]))
    states = sorted(drop.document(key)["state"] for key in keys)
    assert states == ["ready"] * 3 + ["rejected"] * 5
    assert drop.usage() == (3000, 3)
    assert len(drop.objects()) == 3
    assert sorted(entry["state"] for entry in drop.ledger()) == ["counted"] * 3
