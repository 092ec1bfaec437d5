"""Files whose time has come: purged from the trash, abandoned by who uploaded them, stuck in the middle.

Each function is a step of the sweep, for everybody or for one user. A file that is restored or finished in
the same moment stays; one that goes, goes the way it goes when its owner deletes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app import clients, objects
from app.objects import StoredObject
from app.paths import FileKey, files_path
from app.removals import forget_document
from app.retries import request_processing
from app.standing import GAVE_UP
from app.sweep_steps import Handler, Outcome, Step

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentSnapshot, Query

TRASH_LIFETIME = timedelta(days=30)
UPLOAD_LIFETIME = timedelta(days=7)
GIVEN_UP_LIFETIME = timedelta(days=7)
# Longer than an attempt takes, and than the queue waits for the next.
STUCK_AFTER = timedelta(minutes=15)
# What is looked at once an hour only to be sure is looked at for a day.
_WATCHED = timedelta(days=1)


def purge_trash(step: Step) -> Outcome:
    """Deletes what has been in the trash for its time."""
    return _each_aged(step, ("state", "trashed"), "trashedAt", TRASH_LIFETIME, _delete_unchanged)


def remove_abandoned(step: Step) -> Outcome:
    """Deletes what was announced and not uploaded within the time the rules leave for it."""
    return _each_aged(step, ("state", "uploading"), "createdAt", UPLOAD_LIFETIME, _delete_unchanged)


def remove_given_up(step: Step) -> Outcome:
    """Deletes what could not be processed and was not asked for again."""
    return _each_aged(step, ("reason", GAVE_UP), "updatedAt", GIVEN_UP_LIFETIME, _delete_unchanged)


def requeue_stuck(step: Step) -> Outcome:
    """Has those processed again whose worker died, or whose next attempt did not come."""
    until = step.now - STUCK_AFTER

    def is_stuck(snapshot: DocumentSnapshot[Any]) -> bool:
        _, fields = _read(snapshot)
        return bool(fields.get("retryAt", until) <= until)

    return _each_aged(step, ("state", "processing"), "updatedAt", STUCK_AFTER, _requeue, applies=is_stuck)


def process_unseen(step: Step) -> Outcome:
    """Has those processed whose upload ended with an event that reached nobody."""
    return _each_aged(
        step, ("state", "uploading"), "createdAt", STUCK_AFTER, _process_objects, watched=_WATCHED
    )


def clear_refused(step: Step) -> Outcome:
    """Removes the objects of refused files that whoever refused them did not come to remove."""

    def is_unwanted(snapshot: DocumentSnapshot[Any]) -> bool:
        _, fields = _read(snapshot)
        return fields.get("reason") != GAVE_UP

    return _each_aged(
        step, ("state", "rejected"), "updatedAt", STUCK_AFTER, _delete_objects, _WATCHED, is_unwanted
    )


def _each_aged(
    step: Step,
    equal: tuple[str, str],
    time_field: str,
    age: timedelta,
    handle: Handler,
    watched: timedelta | None = None,
    applies: Callable[[DocumentSnapshot[Any]], bool] = lambda snapshot: True,
) -> Outcome:
    """Deals with the files that have this value in this field and a time of this age, the oldest first;
    `watched` leaves out those that are older still by so much.

    Of one user the times are compared here: that needs no index for so few files.
    """
    from google.cloud.firestore import FieldFilter

    until = step.now - age
    since = None if watched is None else until - watched
    client = clients.firestore()
    found = client.collection_group("files") if step.uid is None else client.collection(files_path(step.uid))
    query: Query = found.where(filter=FieldFilter(equal[0], "==", equal[1]))
    if step.uid is not None:
        snapshots = [each for each in query.stream() if _is_between(each, time_field, since, until)]
        snapshots.sort(key=lambda each: each.get(time_field))
        return step.each_of(snapshots, handle, applies=applies)
    if since is not None:
        query = query.where(filter=FieldFilter(time_field, ">", since))
    query = query.where(filter=FieldFilter(time_field, "<=", until))
    return step.each(query, time_field, handle, applies=applies)


def _is_between(snapshot: DocumentSnapshot[Any], field: str, since: datetime | None, until: datetime) -> bool:
    time = (snapshot.to_dict() or {}).get(field)
    return isinstance(time, datetime) and time <= until and (since is None or time > since)


def _read(snapshot: DocumentSnapshot[Any]) -> tuple[FileKey, Mapping[str, Any]]:
    _, uid, _, file_id = snapshot.reference.path.split("/")
    return FileKey(uid, file_id), snapshot.to_dict() or {}


def _delete_unchanged(snapshot: DocumentSnapshot[Any]) -> bool:
    """Deletes a file that nobody has touched since it was found."""
    from google.api_core.exceptions import FailedPrecondition, NotFound

    unchanged = clients.firestore().write_option(last_update_time=snapshot.update_time)
    try:
        snapshot.reference.delete(option=unchanged)
    except (FailedPrecondition, NotFound):
        return False
    # The document's event does the same once more, and alone when this process dies here.
    forget_document(*_read(snapshot))
    return True


def _requeue(snapshot: DocumentSnapshot[Any]) -> bool:
    _, fields = _read(snapshot)
    request_processing(StoredObject(clients.default_bucket().name, fields["path"], fields["generation"]))
    return True


def _process_objects(snapshot: DocumentSnapshot[Any]) -> bool:
    key, _ = _read(snapshot)
    bucket = clients.default_bucket()
    found = list(bucket.list_blobs(prefix=key.originals, retry=objects.patience()))
    for blob in found:
        request_processing(StoredObject(bucket.name, blob.name, str(blob.generation)))
    return bool(found)


def _delete_objects(snapshot: DocumentSnapshot[Any]) -> bool:
    key, _ = _read(snapshot)
    bucket = clients.default_bucket()
    removed = [objects.delete_prefix(bucket, prefix) for prefix in (key.originals, key.derived)]
    return any(removed)
