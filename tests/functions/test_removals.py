"""Deleted documents and deleted objects, in every order and more than once, against the emulators."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from app.paths import FileKey
from pictures import jpeg

PHOTO = jpeg()


@pytest.fixture
def two_files(drop):
    """A file to delete beside one that must stay as it is."""
    drop.make_profile()
    kept, _ = drop.ready_file(b"kept", "kept.txt", "text/plain")
    key, blob = drop.ready_file(PHOTO)
    assert drop.usage() == (len(PHOTO) + 4, 2)
    return key, blob, kept


def assert_only_the_other_is_left(drop, key: FileKey, kept: FileKey) -> None:
    assert drop.document(key) is None
    assert drop.document(kept)["state"] == "ready"
    assert drop.objects() == [f"{kept.originals}kept.txt"]
    assert drop.usage() == (4, 1)


def test_deleted_document_takes_objects_and_usage_along(drop, two_files):
    key, _, kept = two_files
    drop.document_deleted(key, drop.delete_document(key))
    assert_only_the_other_is_left(drop, key, kept)


def test_deleted_object_takes_document_thumbnail_and_usage_along(drop, two_files):
    key, blob, kept = two_files
    blob.delete()
    drop.object_deleted(blob)
    assert_only_the_other_is_left(drop, key, kept)


# The events that one deletion sets off, D of the document and O of the object, as they may arrive.
ORDERS = ["DO", "OD", "DDO", "DOO", "ODO", "DODO", "OODD"]


@pytest.mark.parametrize("order", ORDERS)
def test_document_deleted_by_its_user_counts_down_once_in_any_order(drop, two_files, order):
    key, blob, kept = two_files
    fields = drop.delete_document(key)
    for event in order:
        if event == "D":
            drop.document_deleted(key, fields)
        else:
            if blob.exists():
                blob.delete()
            drop.object_deleted(blob)
    assert_only_the_other_is_left(drop, key, kept)


@pytest.mark.parametrize("order", ORDERS)
def test_object_deleted_by_its_user_counts_down_once_in_any_order(drop, two_files, order):
    key, blob, kept = two_files
    fields = drop.document(key)
    blob.delete()
    for event in order:
        if event == "O":
            drop.object_deleted(blob)
        else:
            if drop.document(key) is not None:
                drop.delete_document(key)
            drop.document_deleted(key, fields)
    assert_only_the_other_is_left(drop, key, kept)


def test_both_events_at_the_same_time_count_down_once(drop, two_files):
    key, blob, kept = two_files
    fields = drop.delete_document(key)
    blob.delete()
    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(drop.document_deleted, key, fields) for _ in range(2)]
        tasks += [pool.submit(drop.object_deleted, blob) for _ in range(2)]
        for task in tasks:
            task.result()
    assert_only_the_other_is_left(drop, key, kept)


def test_many_files_deleted_at_once_are_all_counted_down(drop):
    drop.make_profile()
    keys = [drop.ready_file(b"12345", "a.txt", "text/plain")[0] for _ in range(8)]
    deleted = [(key, drop.delete_document(key)) for key in keys]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: drop.document_deleted(*item), deleted))
    assert drop.usage() == (0, 0)
    assert drop.objects() == []


def test_trashed_file_is_counted_until_it_is_deleted(drop, two_files):
    key, _, kept = two_files
    drop.firestore.document(key.document).update({"state": "trashed"})
    drop.document_deleted(key, drop.delete_document(key))
    assert_only_the_other_is_left(drop, key, kept)


def test_renamed_file_is_deleted_with_its_object(drop, two_files):
    key, _, kept = two_files
    drop.firestore.document(key.document).update({"name": "another name.jpg"})
    drop.document_deleted(key, drop.delete_document(key))
    assert_only_the_other_is_left(drop, key, kept)


def test_finalized_event_that_comes_after_the_deletion_brings_nothing_back(drop):
    drop.make_profile()
    key, blob = drop.ready_file(PHOTO)
    drop.document_deleted(key, drop.delete_document(key))
    drop.finalized(blob)
    drop.object_deleted(blob)
    assert drop.document(key) is None
    assert drop.objects() == []
    assert drop.usage() == (0, 0)


def test_document_deleted_before_its_upload_was_seen(drop):
    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, PHOTO)
    fields = drop.delete_document(key)
    drop.finalized(blob)
    drop.document_deleted(key, fields)
    drop.object_deleted(blob)
    assert drop.objects() == []
    assert drop.usage() == (0, 0)
    assert drop.document(key) is None


def test_object_deleted_before_its_upload_was_seen_is_never_counted(drop):
    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, PHOTO)
    blob.delete()
    drop.object_deleted(blob)
    drop.finalized(blob)
    assert drop.document(key)["state"] == "uploading"
    assert drop.usage() == (0, 0)


def test_object_deleted_while_it_is_processed_is_never_counted(drop, monkeypatch):
    from app import uploads

    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, PHOTO)
    examine = uploads.examine

    def delete_meanwhile(path, declared):
        blob.delete()
        drop.object_deleted(blob)
        return examine(path, declared)

    monkeypatch.setattr(uploads, "examine", delete_meanwhile)
    monkeypatch.setattr(uploads.objects, "describe", lambda *args: None)
    drop.finalized(blob)
    assert drop.document(key) is None
    assert drop.usage() == (0, 0)
    assert drop.objects() == []


def test_object_deleted_just_before_its_document_was_claimed_leaves_no_document_waiting(drop, monkeypatch):
    """The deleted event found a document that did not refer to the object yet, and will not come again."""
    from app import uploads

    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, PHOTO)
    claim = uploads._claim

    def delete_first(upload, size):
        blob.delete()
        claimed = claim(upload, size)
        released = {"uid": drop.uid, "state": "released"}
        drop.firestore.document(upload.ledger).set(released)
        return claimed

    monkeypatch.setattr(uploads, "_claim", delete_first)
    drop.finalized(blob)
    assert drop.document(key) is None
    assert drop.usage() == (0, 0)
    assert drop.objects() == []


def test_document_deleted_while_it_is_processed_leaves_nothing(drop, monkeypatch):
    from app import uploads

    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, PHOTO)
    examine = uploads.examine

    def delete_meanwhile(path, declared):
        drop.firestore.document(key.document).delete()
        return examine(path, declared)

    monkeypatch.setattr(uploads, "examine", delete_meanwhile)
    drop.finalized(blob)
    assert drop.document(key) is None
    assert drop.usage() == (0, 0)
    assert drop.objects() == []


def test_refused_document_stays_until_it_is_dismissed(drop):
    drop.make_profile()
    key = drop.announce("file", "image/png")
    blob = drop.upload(key, b"words", "file", "image/png")
    drop.finalized(blob)
    drop.object_deleted(blob)
    assert drop.document(key)["state"] == "rejected"
    drop.document_deleted(key, drop.delete_document(key))
    assert drop.usage() == (0, 0)


def test_overwritten_object_is_counted_once_whichever_event_comes_first(drop):
    drop.make_profile()
    key, old = drop.ready_file(PHOTO)
    data = jpeg(40, 30)
    new = drop.upload(key, data)
    drop.object_deleted(old)
    drop.finalized(new)
    drop.object_deleted(old)
    assert drop.document(key)["generation"] == str(new.generation)
    assert drop.usage() == (len(data), 1)


def test_id_that_was_taken_again_keeps_its_new_file(drop):
    drop.make_profile()
    key, old = drop.ready_file(PHOTO)
    fields = drop.delete_document(key)
    old.delete()
    drop.object_deleted(old)
    drop.firestore.document(key.document).set(
        {"name": "b.txt", "contentType": "text/plain", "state": "uploading", "size": 5}
    )
    new = drop.upload(key, b"12345", "b.txt", "text/plain")
    drop.finalized(new)
    drop.document_deleted(key, fields)
    assert drop.document(key)["state"] == "ready"
    assert new.name in drop.objects()
    assert drop.usage() == (5, 1)


def test_other_objects_are_none_of_its_business(drop):
    drop.make_profile()
    key, _ = drop.ready_file(PHOTO)
    thumbnail = drop.bucket.get_blob(key.small)
    thumbnail.delete()
    drop.object_deleted(thumbnail)
    assert drop.document(key)["state"] == "ready"
    assert drop.usage() == (len(PHOTO), 1)


def test_usage_that_was_wrong_does_not_fall_below_zero(drop):
    drop.make_profile()
    key, _ = drop.ready_file(PHOTO)
    drop.firestore.document(f"users/{drop.uid}").update({"usage": {"bytes": 1, "files": 0}})
    drop.document_deleted(key, drop.delete_document(key))
    assert drop.usage() == (0, 0)


def test_released_ledger_entry_expires_and_a_counted_one_does_not(drop):
    drop.make_profile()
    key, _ = drop.ready_file(PHOTO)
    (entry,) = drop.ledger()
    assert (entry["state"], entry["size"], "expiresAt" in entry) == ("counted", len(PHOTO), False)
    drop.document_deleted(key, drop.delete_document(key))
    (entry,) = drop.ledger()
    assert (entry["state"], "expiresAt" in entry) == ("released", True)
