"""Files of which one half is left: the event that should have removed it was lost."""

from datetime import UTC, datetime, timedelta

import pytest
from app import strays
from app.strays import mend_strays_of
from app.sweep_steps import Cursors, Step
from pictures import jpeg

NOW = datetime.now(UTC)
TOMORROW = NOW + timedelta(days=1)
PHOTO = jpeg()


@pytest.fixture
def photo(drop):
    """A ready file beside another that has nothing to do with it."""
    drop.make_profile()
    drop.ready_file(b"kept", "kept.txt", "text/plain")
    return drop.ready_file(PHOTO)


def test_whole_files_are_left_alone(drop, photo):
    before = (drop.objects(), drop.usage(), drop.document(photo[0]))
    assert mend_strays_of(drop.uid, TOMORROW) == 0
    assert (drop.objects(), drop.usage(), drop.document(photo[0])) == before


def test_document_without_its_object_goes(drop, photo):
    key, blob = photo
    blob.delete()
    assert mend_strays_of(drop.uid, NOW) == 0, "its event may still come"
    assert mend_strays_of(drop.uid, TOMORROW) == 1
    assert drop.document(key) is None
    assert drop.usage() == (4, 1)
    assert len(drop.objects()) == 1
    assert mend_strays_of(drop.uid, TOMORROW) == 0


def test_object_without_its_document_goes(drop, photo):
    key, blob = photo
    drop.delete_document(key)
    assert mend_strays_of(drop.uid, NOW) == 0, "its event may still come"
    assert mend_strays_of(drop.uid, TOMORROW) == 1
    assert blob.name not in drop.objects()
    assert len(drop.objects()) == 1
    assert drop.usage() == (4, 1)


def test_object_that_was_never_counted_goes_too(drop, photo):
    key = drop.announce()
    blob = drop.upload(key, PHOTO)
    drop.delete_document(key)
    assert mend_strays_of(drop.uid, TOMORROW) == 1
    assert not drop.exists(blob.name)
    assert drop.usage() == (4 + len(PHOTO), 2)


def test_upload_that_nobody_looked_at_is_processed_however_long_ago_it_was_announced(drop, photo, task_queue):
    key = drop.announce()
    drop.firestore.document(key.document).update({"createdAt": NOW - timedelta(days=6)})
    drop.upload(key, PHOTO)
    assert mend_strays_of(drop.uid, NOW) == 0, "its event may still come"
    assert mend_strays_of(drop.uid, TOMORROW) == 1
    task_queue.run()
    assert drop.document(key)["state"] == "ready"
    assert drop.usage() == (4 + 2 * len(PHOTO), 3)


def test_file_that_is_on_its_way_is_left_alone(drop, photo):
    announced = drop.announce()
    given_up = drop.announce()
    kept = drop.upload(given_up, PHOTO)
    drop.firestore.document(given_up.document).update({"state": "rejected", "reason": "processing-failed"})
    assert mend_strays_of(drop.uid, TOMORROW) == 0
    assert all(drop.document(key) for key in (announced, given_up))
    assert drop.exists(kept.name)


def run(**bounds):
    """One run of the sweep's step."""
    return strays.mend_strays(Step("strays", TOMORROW, cursors=Cursors.load(), **bounds))


def lose_documents(drops):
    for drop in drops:
        drop.make_profile()
        drop.bucket.blob(f"users/{drop.uid}/files/lost/a.txt").upload_from_string(b"x")


def test_users_take_turns(everybody):
    drops = [everybody(name) for name in "abc"]
    lose_documents(drops)
    assert [run(documents=2).count, run(documents=2).count] == [2, 1]
    assert [drop.objects() for drop in drops] == [[], [], []]


def test_user_who_cannot_be_dealt_with_keeps_no_other_from_their_turn(everybody, monkeypatch):
    drops = [everybody(name) for name in "abc"]
    lose_documents(drops)
    forget_document = strays.forget_document

    def fail_for_the_first(key, fields):
        if key.uid == drops[0].uid:
            raise OSError("no disk")
        return forget_document(key, fields)

    monkeypatch.setattr(strays, "forget_document", fail_for_the_first)
    outcome = run()
    assert (outcome.count, outcome.failed) == (2, 1)
    assert [len(drop.objects()) for drop in drops] == [1, 0, 0]


def test_step_whose_time_is_over_goes_on_in_the_next_run(everybody):
    lose_documents(everybody(name) for name in "ab")
    outcome = run(deadline=NOW)
    assert (outcome.count, outcome.more) == (0, True)
    assert run().count == 2
