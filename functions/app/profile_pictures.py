"""The pictures of a user's profile: they say of themselves what they are and nothing that the client made
up, and those that are no longer shown are removed.

The rules hold each to 200 KiB and cannot count them, nor does the quota. What is stored beside the picture
that the profile names, a page that is just changing it has stored; more than a few of those is litter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import clients, logs, objects
from app.objects import StoredObject
from app.paths import parse_picture, pictures_prefix, profile_path

if TYPE_CHECKING:
    from firebase_functions.core import CloudEvent
    from firebase_functions.storage_fn import StorageObjectData

# Two pages of one user may change it at the same time, each with one picture on its way.
_NEWEST_KEPT = 3


def on_object_finalized(event: CloudEvent[StorageObjectData]) -> None:
    """Handles a new picture. Other objects are none of its business."""
    uid = parse_picture(event.data.name)
    if uid is None:
        return
    _describe(StoredObject(event.data.bucket, event.data.name, str(event.data.generation)))
    removed = remove_litter(uid)
    if removed:
        logs.info("old pictures removed", event_id=event.id, uid=uid, removed=removed)


def _describe(stored: StoredObject) -> None:
    from google.api_core.exceptions import NotFound

    blob = objects.live_blob(stored)
    if blob is None:
        return
    try:
        objects.describe(blob, blob.content_type, "inline")
    except NotFound:
        return  # it was deleted in the same moment


def remove_litter(uid: str) -> int:
    """Deletes every picture but the one that the profile names and the newest few; says how many."""
    profile = clients.firestore().document(profile_path(uid)).get().to_dict() or {}
    bucket = clients.default_bucket()
    stored = list(bucket.list_blobs(prefix=pictures_prefix(uid), retry=objects.patience()))
    newest_first = sorted(stored, key=lambda blob: blob.time_created, reverse=True)
    litter = [blob for blob in newest_first[_NEWEST_KEPT:] if blob.name != profile.get("picture")]
    for blob in litter:
        objects.delete(StoredObject(bucket.name, blob.name, str(blob.generation)))
    return len(litter)
