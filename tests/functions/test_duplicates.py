"""The same bytes uploaded twice, against the Firestore and Storage emulators."""

from concurrent.futures import ThreadPoolExecutor

from drop import Drop
from pictures import jpeg

PHOTO = jpeg()


def test_copy_names_the_file_it_is_a_copy_of(drop):
    drop.make_profile()
    first, _ = drop.ready_file(PHOTO, "first.jpg")
    other, _ = drop.ready_file(jpeg(30, 30), "other.jpg")
    copy, _ = drop.ready_file(PHOTO, "second.jpg")
    assert drop.document(copy)["duplicateOf"] == first.file_id
    assert "duplicateOf" not in drop.document(first)
    assert "duplicateOf" not in drop.document(other)


def test_third_copy_names_the_oldest(drop):
    drop.make_profile()
    keys = [drop.ready_file(PHOTO)[0] for _ in range(3)]
    named = [drop.document(key).get("duplicateOf") for key in keys]
    assert named == [None, keys[0].file_id, keys[0].file_id]


def test_file_in_the_trash_is_named_and_a_deleted_one_is_not(drop):
    drop.make_profile()
    first, _ = drop.ready_file(PHOTO)
    drop.firestore.document(first.document).update({"state": "trashed"})
    second, _ = drop.ready_file(PHOTO)
    assert drop.document(second)["duplicateOf"] == first.file_id
    for key in (first, second):
        drop.document_deleted(key, drop.delete_document(key))
    third, _ = drop.ready_file(PHOTO)
    assert "duplicateOf" not in drop.document(third)


def test_files_of_others_are_none_of_its_business(drop, deliver):
    drop.make_profile()
    other = Drop(deliver, f"{drop.uid}-other", drop.project, drop.bucket.name)
    other.make_profile()
    other.ready_file(PHOTO)
    key, _ = drop.ready_file(PHOTO)
    assert "duplicateOf" not in drop.document(key)


def test_of_copies_that_become_ready_at_once_exactly_one_is_the_first(drop):
    drop.make_profile()
    uploads = []
    for _ in range(4):
        key = drop.announce(size=len(PHOTO))
        uploads.append((key, drop.upload(key, PHOTO)))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda upload: drop.finalized(upload[1]), uploads))
    named = {key.file_id: drop.document(key).get("duplicateOf") for key, _ in uploads}
    first = [file_id for file_id, original in named.items() if original is None]
    assert len(first) == 1
    assert all(original in named and original != file_id for file_id, original in named.items() if original)


def test_file_whose_object_is_replaced_is_not_a_copy_any_more(drop):
    drop.make_profile()
    drop.ready_file(PHOTO)
    key, _ = drop.ready_file(PHOTO)
    drop.finalized(drop.upload(key, jpeg(30, 30)))
    assert "duplicateOf" not in drop.document(key)
