"""A file goes: its document and its objects follow one another, and the usage goes down once.

Deleting the document deletes the objects; deleting the object deletes the document. Each side finds the
other already gone when it comes second, which is what ends the circle.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from firebase_functions import logger

from app import clients, objects, unfinished
from app.objects import StoredObject
from app.optimistic import Changes, change
from app.paths import FileKey, parse_original
from app.profiles import usage_of
from app.sharing import end_shares_of_file
from app.standing import GAVE_UP
from app.usage import Entry, LedgerEntry, ledger_path, release

if TYPE_CHECKING:
    from firebase_functions.core import CloudEvent
    from firebase_functions.firestore_fn import DocumentSnapshot, Event
    from firebase_functions.storage_fn import StorageObjectData


def on_file_object_deleted(event: CloudEvent[StorageObjectData]) -> None:
    """Handles the end of an original, whoever deleted it."""
    key = parse_original(event.data.name)
    if key is None:
        return
    stored = StoredObject(event.data.bucket, event.data.name, str(event.data.generation))
    result = forget_object(key, stored)
    logger.info(
        "object deleted", event_id=event.id, file=key.document, generation=stored.generation, result=result
    )


def on_file_document_deleted(event: Event[DocumentSnapshot[Any] | None]) -> None:
    """Handles the end of a file document, whoever deleted it."""
    key = FileKey(uid=event.params["uid"], file_id=event.params["fileId"])
    fields = (event.data.to_dict() if event.data is not None else None) or {}
    result = forget_document(key, fields)
    unfinished.follow_deletion(key.uid, fields)
    logger.info("file document deleted", event_id=event.id, file=key.document, result=result)


def forget_object(key: FileKey, stored: StoredObject) -> str:
    """Follows a deleted original: usage down, document and thumbnail gone. Says in a word, for the log,
    what it did.
    """
    # An overwritten object is deleted too, in the cloud; its successor has a finalized event that fills the
    # document again.
    overwritten = clients.bucket(stored.bucket).get_blob(stored.name, retry=objects.patience()) is not None
    ledger = ledger_path(key, stored.generation)

    def decide(changes: Changes) -> str:
        fields, profile, entry_fields = changes.read(key.document, key.profile, ledger)
        entry = LedgerEntry.parse(ledger, entry_fields)
        result = _follow(fields, stored.generation, overwritten)
        # Releasing what was not counted yet keeps an upload that is still processed from being counted.
        pending = fields is not None and not _is_refused(fields)
        if pending or entry.entry is Entry.COUNTED:
            release(changes, key, stored.generation, entry, usage_of(profile), datetime.now(UTC))
        if result == "document deleted":
            changes.delete(key.document)
        return result

    result = change(decide)
    if result != "kept":
        objects.delete_prefix(clients.bucket(stored.bucket), key.derived)
    return result


def _follow(fields: Mapping[str, Any] | None, generation: str, overwritten: bool) -> str:
    """What becomes of the file document, None when it is gone, after this generation of its object was
    deleted.
    """
    if fields is None:
        return "document was gone"
    # A refused file has no object, and its document stays until the user has read why.
    refers = fields.get("generation") == generation and not _is_refused(fields)
    return "document deleted" if refers and not overwritten else "kept"


def _is_refused(fields: Mapping[str, Any]) -> bool:
    """Whether the file was refused, and its object with it. One that was given up still has its object."""
    return fields.get("state") == "rejected" and fields.get("reason") != GAVE_UP


def forget_document(key: FileKey, fields: Mapping[str, Any]) -> str:
    """Follows a deleted document, `fields` being its last: usage down, objects gone."""
    generation = fields.get("generation")
    if isinstance(generation, str):
        _release_deleted(key, generation)
    bucket = clients.default_bucket()
    if clients.firestore().document(key.document).get().exists:
        # The same id was taken again before this event came: only the old object may go.
        path = fields.get("path")
        if isinstance(generation, str) and isinstance(path, str):
            objects.delete(StoredObject(bucket.name, path, generation))
        return "old object deleted"
    end_shares_of_file(key.uid, key.file_id)
    objects.delete_prefix(bucket, key.originals)
    objects.delete_prefix(bucket, key.derived)
    return "objects deleted"


def _release_deleted(key: FileKey, generation: str) -> None:
    ledger = ledger_path(key, generation)

    def decide(changes: Changes) -> None:
        profile, entry = changes.read(key.profile, ledger)
        release(
            changes, key, generation, LedgerEntry.parse(ledger, entry), usage_of(profile), datetime.now(UTC)
        )

    change(decide)
