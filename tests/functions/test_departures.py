"""Created and deleted users, against the emulators."""

import pytest
from app import departures, objects
from pictures import jpeg


def fill(drop) -> None:
    drop.make_profile()
    drop.ready_file(jpeg())
    drop.ready_file(b"Dear Ann", "letter.txt", "text/plain")
    drop.firestore.document(f"users/{drop.uid}/jobs/export").set({"state": "done"})
    drop.firestore.document(f"users/{drop.uid}/jobs/export/steps/1").set({"done": True})
    # Below a document that does not exist itself.
    drop.firestore.document(f"users/{drop.uid}/notes/missing/pages/1").set({"text": "x"})
    drop.bucket.blob(f"users/{drop.uid}/files/orphan/x").upload_from_string(b"x")


def everything_of(drop) -> tuple[list[str], list[str]]:
    """Documents and objects; the trace of the deletion itself is not the user's."""

    def below(document) -> list[str]:
        found = [document.path] if document.get().exists else []
        for collection in document.collections():
            for child in collection.list_documents():
                found += below(child)
        return found

    ledger = [
        entry.id for entry in drop.firestore.collection("ledger").list_documents() if drop.uid in entry.id
    ]
    trace = f"deleted-user:{drop.uid}"
    documents = below(drop.firestore.document(f"users/{drop.uid}")) + [key for key in ledger if key != trace]
    return documents, drop.objects()


def test_deleted_user_leaves_nothing(drop):
    fill(drop)
    drop.user_deleted()
    assert everything_of(drop) == ([], [])


def test_deletion_spares_everyone_else(drop, deliver):
    other = type(drop)(deliver, f"{drop.uid}0", drop.project, drop.bucket.name)
    fill(other)
    before = everything_of(other)
    fill(drop)
    drop.user_deleted()
    assert everything_of(other) == before
    assert other.usage()[1] == 2


def test_deletion_may_come_twice(drop):
    fill(drop)
    drop.user_deleted()
    drop.user_deleted()
    assert everything_of(drop) == ([], [])


def test_deletion_of_a_user_without_anything_succeeds(drop):
    drop.user_deleted()
    assert everything_of(drop) == ([], [])


@pytest.mark.parametrize(
    ("module", "function"),
    [(departures, "_delete_tree"), (departures, "_ledger_entries"), (objects, "delete_prefix")],
    ids=["before the documents", "before the ledger", "before the objects"],
)
def test_deletion_interrupted_is_finished_by_the_next_delivery(drop, monkeypatch, module, function):
    fill(drop)
    with monkeypatch.context() as broken:

        def die(*args):
            raise OSError("the machine went away")

        broken.setattr(module, function, die)
        with pytest.raises(AssertionError):
            drop.user_deleted()
    drop.user_deleted()
    assert everything_of(drop) == ([], [])


def test_late_events_of_a_deleted_user_bring_nothing_back(drop):
    drop.make_profile()
    key, blob = drop.ready_file(jpeg())
    fields = drop.document(key)
    drop.user_deleted()
    drop.object_deleted(blob)
    drop.document_deleted(key, fields)
    drop.finalized(blob)
    drop.user_created()
    assert everything_of(drop) == ([], [])


def test_upload_that_ends_after_its_user_is_gone_is_removed(drop):
    drop.make_profile()
    key = drop.announce()
    drop.user_deleted()
    drop.finalized(drop.upload(key, jpeg()))
    assert everything_of(drop) == ([], [])


def test_trace_of_a_deletion_expires(drop):
    drop.user_deleted()
    trace = drop.firestore.document(f"ledger/deleted-user:{drop.uid}").get().to_dict()
    assert set(trace) == {"uid", "expiresAt"}
