"""Files whose time has come: purged from the trash, abandoned by who uploaded them, stuck in the middle.

Each function finds at most `limit` of them, of everybody or of one user, and says how many it dealt with. A
file that is restored or finished in the same moment stays; one that goes, goes the way it goes when its owner
deletes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app import clients, objects
from app.objects import StoredObject
from app.paths import FileKey, files_path
from app.removals import forget_document
from app.retries import request_processing
from app.standing import GAVE_UP

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentSnapshot, Query

TRASH_LIFETIME = timedelta(days=30)
UPLOAD_LIFETIME = timedelta(days=7)
GIVEN_UP_LIFETIME = timedelta(days=7)
# Longer than an attempt takes, and than the queue waits for the next.
STUCK_AFTER = timedelta(minutes=15)
# What is looked at once an hour only to be sure is looked at for a day.
_WATCHED = timedelta(days=1)


def purge_trash(now: datetime, limit: int, uid: str | None = None) -> int:
    """Deletes what has been in the trash for its time."""
    return _delete_all(_aged(("state", "trashed"), "trashedAt", None, now - TRASH_LIFETIME, limit, uid))


def remove_abandoned(now: datetime, limit: int, uid: str | None = None) -> int:
    """Deletes what was announced and not uploaded within the time the rules leave for it."""
    return _delete_all(_aged(("state", "uploading"), "createdAt", None, now - UPLOAD_LIFETIME, limit, uid))


def remove_given_up(now: datetime, limit: int, uid: str | None = None) -> int:
    """Deletes what could not be processed and was not asked for again."""
    return _delete_all(_aged(("reason", GAVE_UP), "updatedAt", None, now - GIVEN_UP_LIFETIME, limit, uid))


def requeue_stuck(now: datetime, limit: int, uid: str | None = None) -> int:
    """Has those processed again whose worker died, or whose next attempt did not come."""
    until = now - STUCK_AFTER
    stuck = [
        fields
        for _, fields in map(_read, _aged(("state", "processing"), "updatedAt", None, until, limit, uid))
        if fields.get("retryAt", until) <= until
    ]
    bucket = clients.default_bucket().name
    for fields in stuck:
        request_processing(StoredObject(bucket, fields["path"], fields["generation"]))
    return len(stuck)


def process_unseen(now: datetime, limit: int, uid: str | None = None) -> int:
    """Has those processed whose upload ended with an event that reached nobody."""
    until = now - STUCK_AFTER
    bucket = clients.default_bucket()
    count = 0
    for key, _ in map(_read, _aged(("state", "uploading"), "createdAt", until - _WATCHED, until, limit, uid)):
        for blob in bucket.list_blobs(prefix=key.originals, retry=objects.patience()):
            request_processing(StoredObject(bucket.name, blob.name, str(blob.generation)))
            count += 1
    return count


def clear_refused(now: datetime, limit: int, uid: str | None = None) -> int:
    """Removes the objects of refused files that whoever refused them did not come to remove."""
    until = now - STUCK_AFTER
    bucket = clients.default_bucket()
    count = 0
    for key, fields in map(
        _read, _aged(("state", "rejected"), "updatedAt", until - _WATCHED, until, limit, uid)
    ):
        if fields.get("reason") != GAVE_UP:
            removed = [objects.delete_prefix(bucket, prefix) for prefix in (key.originals, key.derived)]
            count += any(removed)
    return count


def _aged(
    equal: tuple[str, str],
    time_field: str,
    since: datetime | None,
    until: datetime,
    limit: int,
    uid: str | None,
) -> list[DocumentSnapshot[Any]]:
    """The files with this value in this field and a time after `since`, up to `until`, the oldest first.

    Of one user the times are compared here: that needs no index for so few files.
    """
    from google.cloud.firestore import FieldFilter

    client = clients.firestore()
    found = client.collection_group("files") if uid is None else client.collection(files_path(uid))
    query: Query = found.where(filter=FieldFilter(equal[0], "==", equal[1]))
    if uid is not None:
        snapshots = [each for each in query.stream() if _is_between(each, time_field, since, until)]
        return sorted(snapshots, key=lambda each: each.get(time_field))[:limit]
    if since is not None:
        query = query.where(filter=FieldFilter(time_field, ">", since))
    return list(
        query.where(filter=FieldFilter(time_field, "<=", until)).order_by(time_field).limit(limit).stream()
    )


def _is_between(snapshot: DocumentSnapshot[Any], field: str, since: datetime | None, until: datetime) -> bool:
    time = (snapshot.to_dict() or {}).get(field)
    return isinstance(time, datetime) and time <= until and (since is None or time > since)


def _read(snapshot: DocumentSnapshot[Any]) -> tuple[FileKey, Mapping[str, Any]]:
    _, uid, _, file_id = snapshot.reference.path.split("/")
    return FileKey(uid, file_id), snapshot.to_dict() or {}


def _delete_all(snapshots: Iterable[DocumentSnapshot[Any]]) -> int:
    """Deletes the files that nobody has touched since they were found."""
    from google.api_core.exceptions import FailedPrecondition, NotFound

    count = 0
    for snapshot in snapshots:
        unchanged = clients.firestore().write_option(last_update_time=snapshot.update_time)
        try:
            snapshot.reference.delete(option=unchanged)
        except (FailedPrecondition, NotFound):
            continue
        # The document's event does the same once more, and alone when this process dies here.
        forget_document(*_read(snapshot))
        count += 1
    return count
