"""The sweep, of one user and of everybody, against the Firestore and Storage emulators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from app import overdue_files, sweeping
from pictures import HTML, jpeg

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PHOTO = jpeg()


@pytest.fixture
def sweep(drop, task_queue):
    """Sweeps the user of this test and does the tasks that come of it; gives the counts above zero."""

    def run() -> dict[str, int]:
        report = sweeping.sweep_user(drop.uid, NOW)
        assert report.failed == []
        task_queue.run()
        return {name: count for name, count in report.counts.items() if count}

    return run


def set_fields(drop, key, **fields):
    drop.firestore.document(key.document).update(fields)


@pytest.mark.parametrize(
    ("age", "purged"),
    [
        pytest.param(30 * DAY, True, id="thirty days"),
        pytest.param(30 * DAY - MINUTE, False, id="a minute less"),
    ],
)
def test_trash_is_purged_after_its_time_with_everything_that_belongs_to_it(drop, sweep, age, purged):
    drop.make_profile()
    key, blob = drop.ready_file(PHOTO)
    kept, other = drop.ready_file(b"kept", "kept.txt", "text/plain")
    set_fields(drop, key, state="trashed", trashedAt=NOW - age)
    assert sweep() == ({"purged": 1} if purged else {})
    assert (drop.document(key) is None) is purged
    assert drop.objects() == sorted([other.name, *([] if purged else [blob.name, key.small, key.large])])
    assert drop.usage() == ((4, 1) if purged else (4 + len(PHOTO), 2))
    assert drop.document(kept)["state"] == "ready"


def test_file_restored_in_the_same_moment_stays(drop, sweep, monkeypatch):
    drop.make_profile()
    key, blob = drop.ready_file(PHOTO)
    set_fields(drop, key, state="trashed", trashedAt=NOW - 31 * DAY)
    delete = overdue_files._delete_unchanged

    def restore_meanwhile(snapshot):
        set_fields(drop, key, state="ready")
        return delete(snapshot)

    monkeypatch.setattr(overdue_files, "_delete_unchanged", restore_meanwhile)
    assert sweep() == {}
    assert drop.document(key)["state"] == "ready"
    assert blob.name in drop.objects()
    assert drop.usage() == (len(PHOTO), 1)


def test_purge_that_died_in_the_middle_is_finished_by_the_documents_event(drop, sweep, monkeypatch):
    drop.make_profile()
    key, _ = drop.ready_file(PHOTO)
    set_fields(drop, key, state="trashed", trashedAt=NOW - 31 * DAY)
    fields = drop.document(key)
    monkeypatch.setattr(overdue_files, "forget_document", lambda *args: None)
    sweep()
    drop.document_deleted(key, fields)
    assert drop.objects() == []
    assert drop.usage() == (0, 0)


@pytest.mark.parametrize(("age", "removed"), [(7 * DAY, True), (7 * DAY - MINUTE, False)], ids=str)
def test_upload_that_was_never_made_is_removed_after_a_week(drop, sweep, age, removed):
    drop.make_profile()
    key = drop.announce()
    set_fields(drop, key, createdAt=NOW - age)
    assert sweep() == ({"abandoned": 1} if removed else {})
    assert (drop.document(key) is None) is removed


@pytest.mark.parametrize(("age", "found"), [(15 * MINUTE, True), (14 * MINUTE, False)], ids=str)
def test_file_whose_worker_died_is_processed(drop, sweep, age, found):
    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, PHOTO)
    claimed = {"state": "processing", "generation": str(blob.generation), "path": blob.name}
    set_fields(drop, key, **claimed, updatedAt=NOW - age)
    assert sweep() == ({"requeued": 1} if found else {})
    assert drop.document(key)["state"] == ("ready" if found else "processing")
    assert drop.usage() == ((len(PHOTO), 1) if found else (0, 0))


def test_file_that_waits_for_its_next_attempt_is_left_alone(drop, sweep):
    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, PHOTO)
    claimed = {"state": "processing", "generation": str(blob.generation), "path": blob.name}
    set_fields(drop, key, **claimed, attempts=3, updatedAt=NOW - 20 * MINUTE, retryAt=NOW + MINUTE)
    assert sweep() == {}
    set_fields(drop, key, retryAt=NOW - 16 * MINUTE)
    assert sweep() == {"requeued": 1}
    assert drop.document(key)["state"] == "ready"


def test_file_whose_worker_died_and_whose_object_is_gone_goes(drop, sweep):
    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, PHOTO)
    claimed = {"state": "processing", "generation": str(blob.generation), "path": blob.name}
    set_fields(drop, key, **claimed, updatedAt=NOW - DAY)
    blob.delete()
    assert sweep() == {"requeued": 1}
    assert drop.document(key) is None


@pytest.mark.parametrize(("age", "found"), [(15 * MINUTE, True), (14 * MINUTE, False)], ids=str)
def test_upload_whose_event_reached_nobody_is_processed(drop, sweep, age, found):
    drop.make_profile()
    key = drop.announce()
    drop.upload(key, PHOTO)
    set_fields(drop, key, createdAt=NOW - age)
    assert sweep() == ({"unseen": 1} if found else {})
    assert drop.document(key)["state"] == ("ready" if found else "uploading")


def test_upload_that_has_not_ended_is_left_alone(drop, sweep):
    drop.make_profile()
    key = drop.announce()
    set_fields(drop, key, createdAt=NOW - 6 * DAY)
    assert sweep() == {}
    assert drop.document(key)["state"] == "uploading"


def test_refusal_that_died_before_the_object_was_removed_is_finished(drop, sweep):
    drop.make_profile()
    key = drop.announce("file", "image/png")
    drop.upload(key, HTML, "file", "image/png")
    set_fields(drop, key, state="rejected", reason="blocked-type", updatedAt=NOW - 20 * MINUTE)
    assert sweep() == {"cleared": 1}
    assert sweep() == {}
    assert drop.objects() == []
    assert drop.document(key)["reason"] == "blocked-type"


@pytest.mark.parametrize(("age", "removed"), [(7 * DAY, True), (7 * DAY - MINUTE, False)], ids=str)
def test_file_that_was_given_up_keeps_its_bytes_for_a_week(drop, sweep, age, removed):
    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, PHOTO)
    given_up = {"state": "rejected", "reason": "processing-failed", "path": blob.name}
    set_fields(drop, key, **given_up, generation=str(blob.generation), updatedAt=NOW - age)
    assert sweep() == ({"givenUp": 1} if removed else {})
    assert (drop.document(key) is None) is removed
    assert drop.objects() == ([] if removed else [blob.name])


# Usage


def mend(drop):
    (drift,) = sweeping.sweep_user(drop.uid, NOW).drift
    return drift.to_fields()


def assert_no_drift(drop):
    report = sweeping.sweep_user(drop.uid, NOW)
    assert (report.drift, report.failed) == ([], [])


@pytest.fixture
def three_files(drop):
    """Sizes 4, 8 and 16, the last in the trash."""
    drop.make_profile()
    keys = [drop.ready_file(b"x" * size, "a.txt", "text/plain")[0] for size in (4, 8, 16)]
    set_fields(drop, keys[2], state="trashed", trashedAt=NOW)
    assert drop.usage() == (28, 3)
    return keys


def test_usage_that_is_right_is_no_drift(drop, three_files):
    before = drop.profile()
    assert_no_drift(drop)
    assert drop.profile() == before


@pytest.mark.parametrize("wrong", [{"bytes": 5, "files": 1}, {"bytes": 10**9, "files": 3}], ids=str)
def test_usage_that_somebody_changed_is_mended_and_reported(drop, three_files, wrong):
    drop.firestore.document(f"users/{drop.uid}").update({"usage": wrong})
    assert mend(drop) == {"uid": drop.uid, "was": wrong, "is": {"bytes": 28, "files": 3}}
    assert drop.usage() == (28, 3)
    assert_no_drift(drop)


def test_deletion_whose_event_was_lost_is_followed(drop, three_files):
    drop.delete_document(three_files[1])
    assert mend(drop)["is"] == {"bytes": 20, "files": 2}
    assert drop.usage() == (20, 2)
    assert len(drop.objects()) == 2
    assert_no_drift(drop)


def test_lost_deletion_of_an_object_is_followed(drop, three_files):
    """The ledger was told, the document was not deleted: the process died between two commits of old."""
    key = three_files[0]
    fields = drop.document(key)
    drop.bucket.blob(fields["path"]).delete()
    drop.firestore.document(f"ledger/usage:{drop.uid}:{key.file_id}:{fields['generation']}").update(
        {"state": "released"}
    )
    assert mend(drop)["is"] == {"bytes": 24, "files": 2}
    assert drop.document(key) is None
    assert_no_drift(drop)


def test_file_that_the_ledger_does_not_know_is_counted(drop, three_files):
    key = three_files[2]
    generation = drop.document(key)["generation"]
    drop.firestore.document(f"ledger/usage:{drop.uid}:{key.file_id}:{generation}").delete()
    drop.firestore.document(f"users/{drop.uid}").update({"usage": {"bytes": 12, "files": 2}})
    assert mend(drop)["is"] == {"bytes": 28, "files": 3}
    assert drop.usage() == (28, 3)
    drop.document_deleted(key, drop.delete_document(key))
    assert drop.usage() == (12, 2)


def test_library_that_the_ledger_does_not_know_at_all_is_counted_in_batches(drop, monkeypatch):
    from app import drift

    monkeypatch.setattr(drift, "_BATCH", 2)
    drop.make_profile()
    for number in range(5):
        path = f"users/{drop.uid}/files/f{number}/a.txt"
        file = {"state": "ready", "size": 10**number, "generation": "1", "path": path}
        drop.firestore.document(f"users/{drop.uid}/files/f{number}").set(file)
    assert mend(drop)["is"] == {"bytes": 11111, "files": 5}
    assert drop.usage() == (11111, 5)
    assert len(drop.ledger()) == 5
    assert_no_drift(drop)


def test_file_that_becomes_ready_while_usage_is_mended_is_counted_once(drop, three_files, monkeypatch):
    from app import drift

    drop.firestore.document(f"users/{drop.uid}").update({"usage": {"bytes": 1, "files": 1}})
    files_of = drift._files_of

    def upload_meanwhile(uid):
        found = files_of(uid)
        drop.ready_file(b"x" * 32, "new.txt", "text/plain")
        return found

    monkeypatch.setattr(drift, "_files_of", upload_meanwhile)
    sweeping.sweep_user(drop.uid, NOW)
    assert drop.usage() == (60, 4)


def test_user_without_a_profile_has_no_drift(drop):
    assert_no_drift(drop)
    assert drop.profile() is None


# Of everybody


def hourly(application) -> int:
    client = application("sweep", "http").test_client()
    schedule = {"X-CloudScheduler-ScheduleTime": "2026-07-01T12:00:00Z"}
    return client.post("/", headers=schedule).status_code


def reports(drop):
    found = [each.to_dict() for each in drop.firestore.collection("reports").stream()]
    return [fields for fields in found if "kind" in fields]


def test_hourly_run_sweeps_everybody_and_reports(everybody, application):
    ann, ben = everybody("ann"), everybody("ben")
    now = datetime.now(UTC)
    for drop in (ann, ben):
        drop.make_profile()
        key, _ = drop.ready_file(PHOTO)
        set_fields(drop, key, state="trashed", trashedAt=now - 31 * DAY)
    ben.firestore.document(f"users/{ben.uid}").update({"usage": {"bytes": 7, "files": 7}})
    expired = {"uid": ann.uid, "expiresAt": now - MINUTE}
    lasting = {"uid": ann.uid, "expiresAt": now + DAY}
    for collection in ("shares", "limits", "ledger", "reports"):
        ann.firestore.document(f"{collection}/expired").set(expired)
        ann.firestore.document(f"{collection}/lasting").set(lasting)
    ann.firestore.document(f"users/{ann.uid}/jobs/old").set({"kind": "export", "state": "done", **expired})
    ann.bucket.blob(f"exports/{ann.uid}/old/all.zip").upload_from_string(b"PK")

    assert hourly(application) == 200
    (report,) = reports(ann)
    assert (report["kind"], report["purged"], report["failed"], report["more"]) == ("sweep", 2, [], False)
    assert (report["expiredShares"], report["expiredExports"], report["expiredLedger"]) == (1, 1, 1)
    # The purge had to stop at zero for who had too little on the account.
    assert [drift["uid"] for drift in report["drift"]] == [ben.uid]
    for drop in (ann, ben):
        assert (drop.usage(), drop.objects()) == ((0, 0), [])
    for collection in ("shares", "limits", "ledger", "reports"):
        left = {each.id for each in ann.firestore.collection(collection).stream()}
        assert "lasting" in left
        assert "expired" not in left
    assert not ann.firestore.document(f"users/{ann.uid}/jobs/old").get().exists
    assert not ann.exists(f"exports/{ann.uid}/old/all.zip")


def test_second_run_finds_nothing_to_do(everybody, application):
    ann = everybody("ann")
    ann.make_profile()
    ann.ready_file(PHOTO)
    assert [hourly(application), hourly(application)] == [200, 200]
    assert [report["drift"] for report in reports(ann)] == [[], []]
    assert ann.usage() == (len(PHOTO), 1)


def test_run_does_a_bounded_amount_and_the_next_ones_the_rest(everybody):
    ann = everybody("ann")
    ann.make_profile()
    keys = [ann.announce() for _ in range(5)]
    for number, key in enumerate(keys):
        set_fields(ann, key, createdAt=NOW - (30 - number) * DAY)
    runs = [sweeping.run(NOW, documents=2) for _ in range(4)]
    assert [(run.counts["abandoned"], run.more) for run in runs] == [
        (2, True),
        (2, True),
        (1, False),
        (0, False),
    ]
    assert all(ann.document(key) is None for key in keys)


def test_users_take_turns_until_all_were_looked_at(everybody):
    drops = [everybody(name) for name in ("a", "b", "c", "d", "e")]
    for drop in drops:
        drop.make_profile(usage={"bytes": 1, "files": 1})
    runs = [sweeping.run(NOW, most_users=2) for _ in range(3)]
    assert [[drift.uid for drift in run.drift] for run in runs] == [
        [drop.uid for drop in drops[:2]],
        [drop.uid for drop in drops[2:4]],
        [drops[4].uid],
    ]
    drops[0].make_profile(usage={"bytes": 9, "files": 9})
    assert [drift.uid for drift in sweeping.run(NOW, most_users=2).drift] == [drops[0].uid]


def test_step_that_fails_is_reported_and_keeps_no_other_from_its_turn(everybody, monkeypatch):
    ann = everybody("ann")
    ann.make_profile()
    key = ann.announce()
    set_fields(ann, key, createdAt=NOW - 8 * DAY)

    def fail(*args):
        raise OSError("no disk")

    monkeypatch.setitem(sweeping.FILE_STEPS, "purged", fail)
    report = sweeping.run(NOW)
    assert (report.failed, report.counts["abandoned"]) == (["purged"], 1)


# In turn


def unfinished_upload(drop, age=HOUR):
    """A file whose upload ended, while its event reached nobody."""
    key = drop.announce()
    drop.upload(key, PHOTO)
    set_fields(drop, key, createdAt=NOW - age)
    return key


def announcements(drop, count, age=2 * HOUR):
    for number in range(count):
        set_fields(drop, drop.announce(), createdAt=NOW - age + timedelta(seconds=number))


def test_announcements_of_one_user_do_not_keep_the_files_of_others_from_being_processed(
    everybody, task_queue
):
    flood, ann = everybody("flood"), everybody("ann")
    for drop in (flood, ann):
        drop.make_profile()
    announcements(flood, 30)
    key = unfinished_upload(ann)
    report = sweeping.run(NOW, documents=10, documents_of_user=5)
    task_queue.run()
    assert ann.document(key)["state"] == "ready"
    assert (report.counts["unseen"], "unseen" in report.unfinished) == (1, True)


def test_many_users_with_many_do_not_keep_the_last_one_from_its_turn(everybody, task_queue):
    floods, ann = [everybody(f"flood-{number}") for number in range(4)], everybody("ann")
    for drop in (*floods, ann):
        drop.make_profile()
    for drop in floods:
        announcements(drop, 6)
    key = unfinished_upload(ann)
    bounds = {"documents": 4, "documents_of_user": 2, "reads": 10}
    runs = 0
    while ann.document(key)["state"] == "uploading":
        sweeping.run(NOW, **bounds)
        task_queue.run()
        runs += 1
        assert runs <= 25 / 4 + 1
    assert ann.document(key)["state"] == "ready"


def test_run_after_the_last_document_begins_with_the_first_again(everybody, task_queue):
    ann = everybody("ann")
    ann.make_profile()
    announcements(ann, 5)
    runs = [sweeping.run(NOW, reads=2) for _ in range(2)]
    late = ann.announce()
    set_fields(ann, late, createdAt=NOW - 3 * HOUR)
    ann.upload(late, PHOTO)
    runs += [sweeping.run(NOW, reads=4) for _ in range(2)]
    task_queue.run()
    assert ann.document(late)["state"] == "ready"
    assert ["unseen" in run.unfinished for run in runs[:2]] == [True, True]


def test_file_that_always_fails_is_reported_and_keeps_no_other_from_its_turn(everybody, monkeypatch):
    bad, ann = everybody("bad"), everybody("ann")
    for drop in (bad, ann):
        drop.make_profile()
    broken, key = bad.announce(), ann.announce()
    set_fields(bad, broken, createdAt=NOW - 30 * DAY)
    set_fields(ann, key, createdAt=NOW - 8 * DAY)
    forget = overdue_files.forget_document

    def fail_for_one(file, fields):
        if file == broken:
            raise OSError("no disk")
        return forget(file, fields)

    monkeypatch.setattr(overdue_files, "forget_document", fail_for_one)
    report = sweeping.run(NOW)
    assert (report.failed, report.unfinished) == (["abandoned"], ["abandoned"])
    assert ann.document(key) is None


class Killed(BaseException):
    """The end of the process."""


def test_file_that_ends_the_process_is_not_the_first_of_the_next_run(everybody, monkeypatch):
    bad, ann = everybody("bad"), everybody("ann")
    for drop in (bad, ann):
        drop.make_profile()
    broken = bad.announce()
    set_fields(bad, broken, createdAt=NOW - 30 * DAY)
    delete = overdue_files._delete_unchanged

    def die_over_one(snapshot):
        if snapshot.reference.path == broken.document:
            raise Killed
        return delete(snapshot)

    monkeypatch.setattr(overdue_files, "_delete_unchanged", die_over_one)
    with pytest.raises(Killed):
        sweeping.run(NOW)
    key = ann.announce()
    set_fields(ann, key, createdAt=NOW - 8 * DAY)
    with pytest.raises(Killed):
        sweeping.run(NOW)
    assert ann.document(key) is None


def test_user_over_whom_the_process_ends_keeps_no_other_from_being_mended(everybody, monkeypatch):
    bad, ann = everybody("a-bad"), everybody("ben")
    for drop in (bad, ann):
        drop.make_profile(usage={"bytes": 1, "files": 1})
    mend_usage = sweeping.mend_usage

    def die_over_one(uid):
        if uid == bad.uid:
            raise Killed
        return mend_usage(uid)

    monkeypatch.setattr(sweeping, "mend_usage", die_over_one)
    with pytest.raises(Killed):
        sweeping.run(NOW, most_users=1)
    assert [drift.uid for drift in sweeping.run(NOW, most_users=1).drift] == [ann.uid]


def test_step_that_had_no_turn_is_the_first_of_the_next_run(everybody, monkeypatch):
    ann = everybody("ann")
    ann.make_profile()
    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "TIME_FOR_STEPS", timedelta(0))
        patch.setitem(sweeping.FILE_STEPS, "purged", lambda step: sweeping.Outcome())
        report = sweeping.run(NOW)
    assert report.counts == {}
    assert report.unfinished == [*sweeping.FILE_STEPS, *sweeping.STEPS, "usage"]
    turns = []
    for table in (sweeping.FILE_STEPS, sweeping.STEPS):
        for name in table:
            monkeypatch.setitem(table, name, lambda step: turns.append(step.name) or sweeping.Outcome())
    sweeping.Cursors.load().keep("first", "unseen")
    assert not sweeping.run(NOW).more
    assert turns[:3] == ["unseen", "cleared", "expiredShares"]
    assert len(turns) == len(sweeping.FILE_STEPS) + len(sweeping.STEPS)


def test_step_stops_at_its_time_and_goes_on_there(everybody, monkeypatch):
    ann = everybody("ann")
    ann.make_profile()
    keys = [ann.announce() for _ in range(3)]
    for number, key in enumerate(keys):
        set_fields(ann, key, createdAt=NOW - (30 - number) * DAY)
    with monkeypatch.context() as patched:
        patched.setattr(sweeping, "TIME_FOR_STEP", timedelta(0))
        report = sweeping.run(NOW)
    assert (report.counts["abandoned"], "abandoned" in report.unfinished) == (0, True)
    assert sweeping.run(NOW).counts["abandoned"] == 3


def test_expired_documents_are_all_deleted_however_many(everybody, monkeypatch):
    ann = everybody("ann")
    monkeypatch.setattr(sweeping, "_BATCH", 2)
    for number in range(5):
        ann.firestore.document(f"limits/{number}").set({"uid": ann.uid, "expiresAt": NOW - MINUTE})
    report = sweeping.run(NOW)
    assert (report.counts["expiredLimits"], report.more) == (5, False)
    for number in range(5):
        ann.firestore.document(f"limits/{number}").set({"uid": ann.uid, "expiresAt": NOW - MINUTE})
    monkeypatch.setattr(sweeping, "MAX_EXPIRED", 4)
    report = sweeping.run(NOW)
    assert (report.counts["expiredLimits"], report.unfinished) == (4, ["expiredLimits"])
