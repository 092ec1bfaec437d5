"""An upload has ended: look at the bytes, then accept the file and count it, or refuse it and remove it.

The document goes from `uploading` to `processing` to `ready` or `rejected`. Every step may be repeated, by
an event that comes twice or by a process that starts where another one died.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from firebase_functions import logger

from app import clients, objects
from app.delivery import is_expired
from app.examination import Accepted, Refused, check_size, examine
from app.objects import LocalCopy, StoredObject
from app.optimistic import Changes, change
from app.paths import FileKey, parse_original
from app.profiles import Profile, create_profile, usage_of
from app.removals import forget_object
from app.usage import Entry, LedgerEntry, count, ledger_path, release

if TYPE_CHECKING:
    from firebase_functions.core import CloudEvent
    from firebase_functions.storage_fn import StorageObjectData


@dataclass(frozen=True, slots=True)
class Upload:
    """One generation of one original."""

    key: FileKey
    stored: StoredObject

    @property
    def ledger(self) -> str:
        return ledger_path(self.key, self.stored.generation)


class Standing(StrEnum):
    """What the file document says about an upload."""

    OURS = "ours"
    """It waits for this upload, or is being filled from it."""
    DONE = "done"
    """It was filled from this upload."""
    UNWANTED = "unwanted"
    """There is no document, or it speaks of another object or of a refused one: this object must go."""
    GONE = "gone"
    """This object was deleted in the meantime."""


class Outcome(StrEnum):
    """How accepting an upload ended."""

    READY = "ready"
    OVER_QUOTA = "quota"
    NO_DOCUMENT = "no document"
    NO_PROFILE = "no profile"
    GONE = "gone"
    """The object was deleted in the meantime."""
    OVERTAKEN = "overtaken"
    """Someone else finished or replaced it."""


def on_file_finalized(event: CloudEvent[StorageObjectData]) -> None:
    """Handles the end of an upload. Other objects than originals are none of its business."""
    key = parse_original(event.data.name)
    if key is None:
        return
    if is_expired(event.time, datetime.now(UTC)):
        logger.error("upload given up: its event is too old", event_id=event.id, file=key.document)
        return
    stored = StoredObject(event.data.bucket, event.data.name, str(event.data.generation))
    result = process(Upload(key, stored))
    logger.info(
        "upload processed", event_id=event.id, file=key.document, generation=stored.generation, result=result
    )


def process(upload: Upload) -> str:
    """Brings the upload to its end and says in a word, for the log, what that was."""
    from google.api_core.exceptions import NotFound

    blob = objects.live_blob(upload.stored)
    if blob is None:
        return "stale"
    standing, declared_type = _claim(upload)
    if standing is Standing.UNWANTED:
        objects.delete(upload.stored)
    if standing is not Standing.OURS:
        return standing
    refused = check_size(blob.size)
    if refused is not None:
        return _refuse(upload, refused, blob.size)
    try:
        with objects.local_copy(blob) as copy:
            verdict = examine(copy.path, declared_type)
            if isinstance(verdict, Refused):
                return _refuse(upload, verdict, copy.size)
            return _accept(upload, blob, copy, verdict)
    except NotFound:
        return _follow_object(upload)


def judge(fields: dict[str, Any] | None, upload: Upload, entry: Entry) -> Standing:
    """How a file document, None when there is none, stands to an upload whose ledger entry is `entry`."""
    if entry is Entry.RELEASED:
        return Standing.GONE
    if fields is None or fields.get("state") == "rejected":
        return Standing.UNWANTED
    generation = fields.get("generation")
    if generation == upload.stored.generation:
        return Standing.OURS if fields.get("state") == "processing" else Standing.DONE
    # Another generation under the same name is a replacement by an administrator; under another name it is
    # a stowaway.
    same_object = generation is None or fields.get("path") == upload.stored.name
    return Standing.OURS if same_object else Standing.UNWANTED


def _claim(upload: Upload) -> tuple[Standing, str | None]:
    """Marks the document as being processed from this upload; gives how it stands and the declared type."""
    from google.cloud.firestore import SERVER_TIMESTAMP

    def decide(changes: Changes) -> tuple[Standing, str | None]:
        fields, entry = changes.read(upload.key.document, upload.ledger)
        standing = judge(fields, upload, LedgerEntry.parse(upload.ledger, entry).entry)
        if standing is not Standing.OURS or fields is None:
            return standing, None
        _release_replaced(changes, upload, fields)
        claim = {
            "state": "processing",
            "generation": upload.stored.generation,
            "path": upload.stored.name,
            "updatedAt": SERVER_TIMESTAMP,
        }
        changes.update(upload.key.document, claim)
        return standing, fields.get("contentType")

    return change(decide)


def _release_replaced(changes: Changes, upload: Upload, fields: dict[str, Any]) -> None:
    """Takes the generation that this upload replaces, if any, from the usage."""
    replaced = fields.get("generation")
    if replaced is None or replaced == upload.stored.generation:
        return
    path = ledger_path(upload.key, replaced)
    profile, entry = changes.read(upload.key.profile, path)
    release(
        changes, upload.key, replaced, LedgerEntry.parse(path, entry), usage_of(profile), datetime.now(UTC)
    )


def _accept(upload: Upload, blob: Any, copy: LocalCopy, accepted: Accepted) -> str:
    _describe_object(blob, accepted)
    if accepted.picture is not None:
        _store_thumbnail(upload, accepted.picture.thumbnail)
    outcome = _finish(upload, copy, accepted)
    if outcome is Outcome.NO_PROFILE and _create_profile(upload.key.uid):
        outcome = _finish(upload, copy, accepted)
    if outcome is Outcome.GONE:
        return _follow_object(upload)
    if outcome is Outcome.NO_PROFILE:
        clients.firestore().document(upload.key.document).delete()
    if outcome in (Outcome.OVER_QUOTA, Outcome.NO_DOCUMENT, Outcome.NO_PROFILE):
        _remove_objects(upload)
    return outcome


def _follow_object(upload: Upload) -> str:
    """Does what the object's deleted event does, which may have come before the document was claimed."""
    forget_object(upload.key, upload.stored)
    return Outcome.GONE


def _describe_object(blob: Any, accepted: Accepted) -> None:
    """Makes the object say what it is: whoever downloads it is told by the object, not by the document."""
    name = quote(blob.name.rpartition("/")[2])
    disposition = (
        blob.content_disposition if accepted.shown_inline else f"attachment; filename*=UTF-8''{name}"
    )
    objects.describe(blob, accepted.content_type, disposition)


def _store_thumbnail(upload: Upload, thumbnail: bytes) -> None:
    blob = clients.bucket(upload.stored.bucket).blob(upload.key.thumbnail)
    blob.cache_control = "private, max-age=86400"
    blob.upload_from_string(thumbnail, content_type="image/webp")


def _create_profile(uid: str) -> bool:
    """Makes the profile when an upload was faster than its user's created event; says whether it did."""
    user = clients.find_user(uid)
    return user is not None and create_profile(user)


def _finish(upload: Upload, copy: LocalCopy, accepted: Accepted) -> Outcome:
    """Makes the document ready and counts the file, both or neither; the quota decides here."""

    def decide(changes: Changes) -> Outcome:
        fields, profile_fields, entry = changes.read(upload.key.document, upload.key.profile, upload.ledger)
        standing = judge(fields, upload, LedgerEntry.parse(upload.ledger, entry).entry)
        if fields is None:
            return Outcome.NO_DOCUMENT
        if standing is Standing.GONE:
            return Outcome.GONE
        if standing is not Standing.OURS or entry is not None:
            return Outcome.OVERTAKEN
        if profile_fields is None:
            return Outcome.NO_PROFILE
        profile = Profile.parse(profile_fields)
        if not profile.usage.with_file(copy.size).fits(profile.quota):
            changes.update(upload.key.document, _rejected_fields("quota", copy.size))
            return Outcome.OVER_QUOTA
        changes.update(upload.key.document, _ready_fields(upload, copy, accepted))
        count(changes, upload.key, upload.stored.generation, profile.usage, copy.size)
        return Outcome.READY

    return change(decide)


def _ready_fields(upload: Upload, copy: LocalCopy, accepted: Accepted) -> dict[str, Any]:
    from google.cloud.firestore import SERVER_TIMESTAMP

    fields: dict[str, Any] = {
        "state": "ready",
        "size": copy.size,
        "sha256": copy.sha256,
        "contentType": accepted.content_type,
        "updatedAt": SERVER_TIMESTAMP,
    }
    if accepted.picture is not None:
        fields["image"] = {"width": accepted.picture.width, "height": accepted.picture.height}
        fields["thumbnails"] = {"small": upload.key.thumbnail}
    return fields


def _rejected_fields(reason: str, size: int) -> dict[str, Any]:
    from google.cloud.firestore import SERVER_TIMESTAMP

    return {"state": "rejected", "reason": reason, "size": size, "updatedAt": SERVER_TIMESTAMP}


def _refuse(upload: Upload, refused: Refused, size: int) -> str:
    """Says why in the document, then removes the object: interrupted in between, it is removed next time."""

    def decide(changes: Changes) -> bool:
        fields, entry = changes.read(upload.key.document, upload.ledger)
        ours = judge(fields, upload, LedgerEntry.parse(upload.ledger, entry).entry) is Standing.OURS
        if ours:
            changes.update(upload.key.document, _rejected_fields(refused.reason, size))
        return ours or fields is None

    if change(decide):
        _remove_objects(upload)
    if refused.cause:
        logger.info("file refused", file=upload.key.document, reason=refused.reason, cause=refused.cause)
    return refused.reason


def _remove_objects(upload: Upload) -> None:
    objects.delete(upload.stored)
    objects.delete_prefix(clients.bucket(upload.stored.bucket), upload.key.derived)
