"""A file that may stay: its thumbnails are stored, its document becomes ready, and the usage goes up once."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app import clients, objects
from app.duplicates import original_of
from app.examination import Accepted
from app.keywords import keywords, name_key
from app.objects import LocalCopy
from app.optimistic import Changes, change
from app.profiles import Profile, create_profile, usage_of
from app.removals import forget_object
from app.standing import Standing, Upload, judge
from app.usage import Entry, LedgerEntry, correct, count, release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.images import Picture


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


def accept(upload: Upload, blob: Any, copy: LocalCopy, accepted: Accepted) -> Outcome:
    """Does everything that makes the file ready. Done again after an interruption, it ends the same."""
    _describe_object(blob, accepted)
    if accepted.picture is not None:
        _store_thumbnails(upload, accepted.picture)
    outcome = _finish(upload, copy, accepted)
    if outcome is Outcome.NO_PROFILE and _create_profile(upload.key.uid):
        outcome = _finish(upload, copy, accepted)
    if outcome is Outcome.GONE:
        forget_object(upload.key, upload.stored)
    if outcome is Outcome.NO_PROFILE:
        clients.firestore().document(upload.key.document).delete()
    if outcome in (Outcome.OVER_QUOTA, Outcome.NO_DOCUMENT, Outcome.NO_PROFILE):
        remove_objects(upload)
    return outcome


def _describe_object(blob: Any, accepted: Accepted) -> None:
    """Makes the object say what it is: whoever downloads it is told by the object, not by the document."""
    name = quote(blob.name.rpartition("/")[2])
    kind = "inline" if accepted.shown_inline else "attachment"
    objects.describe(blob, accepted.content_type, f"{kind}; filename*=UTF-8''{name}")


def _store_thumbnails(upload: Upload, picture: Picture) -> None:
    bucket = clients.bucket(upload.stored.bucket)
    for name, data in ((upload.key.small, picture.small), (upload.key.large, picture.large)):
        objects.store(bucket.blob(name), data, "image/webp")


def _create_profile(uid: str) -> bool:
    """Makes the profile when an upload was faster than its user's created event; says whether it did."""
    user = clients.find_user(uid)
    return user is not None and create_profile(user)


def _finish(upload: Upload, copy: LocalCopy, accepted: Accepted) -> Outcome:
    """Makes the document ready and counts the file, both or neither; the quota decides here."""

    def decide(changes: Changes) -> Outcome:
        fields, profile_fields, entry = changes.read(upload.key.document, upload.key.profile, upload.ledger)
        counted = LedgerEntry.parse(upload.ledger, entry)
        standing = judge(fields, upload, counted.entry)
        if fields is None:
            return Outcome.NO_DOCUMENT
        if standing is Standing.GONE:
            return Outcome.GONE
        if not standing.is_open:
            return Outcome.OVERTAKEN
        if profile_fields is None:
            return Outcome.NO_PROFILE
        profile = Profile.parse(profile_fields)
        if not _has_room(profile, counted, copy.size):
            reject(changes, upload, counted, "quota", copy.size)
            return Outcome.OVER_QUOTA
        original = original_of(upload.key, copy.sha256)
        changes.update(upload.key.document, _ready_fields(upload, fields, copy, accepted, original))
        if counted.entry is Entry.NONE:
            count(changes, upload.key, upload.stored.generation, profile.usage, copy.size)
        else:
            correct(changes, upload.key, counted, profile.usage, copy.size)
        return Outcome.READY

    return change(decide)


def _has_room(profile: Profile, counted: LedgerEntry, size: int) -> bool:
    """Whether a file of this size fits. One that was given up is counted already."""
    if counted.entry is Entry.NONE:
        return profile.usage.with_file(size).fits(profile.quota)
    return size <= counted.size or profile.usage.without_file(counted.size).with_file(size).fits(
        profile.quota
    )


def _ready_fields(
    upload: Upload, fields: Mapping[str, Any], copy: LocalCopy, accepted: Accepted, original: str | None
) -> dict[str, Any]:
    """What a document with `fields` gets when it is ready; what does not hold any more is taken away."""
    from google.cloud.firestore import DELETE_FIELD, SERVER_TIMESTAMP

    name = fields.get("name", "")
    picture = accepted.picture
    size = picture and {"width": picture.width, "height": picture.height}
    thumbnails = picture and {"small": upload.key.small, "large": upload.key.large}
    return {
        "state": "ready",
        "size": copy.size,
        "sha256": copy.sha256,
        "contentType": accepted.content_type,
        "kind": accepted.kind.value,
        "nameKey": fields.get("nameKey", name_key(name)),
        "keywords": fields.get("keywords", keywords(name)),
        "duplicateOf": original or DELETE_FIELD,
        "image": size or DELETE_FIELD,
        "thumbnails": thumbnails or DELETE_FIELD,
        "updatedAt": SERVER_TIMESTAMP,
        "reason": DELETE_FIELD,
        "attempts": DELETE_FIELD,
        "retryAt": DELETE_FIELD,
        "counted": DELETE_FIELD,
    }


def reject(changes: Changes, upload: Upload, counted: LedgerEntry, reason: str, size: int) -> None:
    """Says in the document why the file was refused, `size` being the measured one, and takes it from the
    usage if it was counted when it was given up. Document and entry must have been read.
    """
    from google.cloud.firestore import DELETE_FIELD, SERVER_TIMESTAMP

    if counted.entry is Entry.COUNTED:
        (profile,) = changes.read(upload.key.profile)
        release(changes, upload.key, upload.stored.generation, counted, usage_of(profile), datetime.now(UTC))
    rejected = {
        "state": "rejected",
        "reason": reason,
        "size": size,
        "updatedAt": SERVER_TIMESTAMP,
        "attempts": DELETE_FIELD,
        "retryAt": DELETE_FIELD,
        "counted": DELETE_FIELD,
    }
    changes.update(upload.key.document, rejected)


def remove_objects(upload: Upload) -> None:
    """Removes the original and what was derived from it."""
    objects.delete(upload.stored)
    objects.delete_prefix(clients.bucket(upload.stored.bucket), upload.key.derived)
