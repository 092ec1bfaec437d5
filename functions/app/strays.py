"""Files whose event reached nobody: a document without its object, an object without its document, an upload
that nobody looked at, however long it took (`overdue_files` watches for a day).

Numbers tell whether anything is to do, for the price of listing the objects and two counts. Only where they
differ are the documents read.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app import clients, logs, objects
from app.objects import StoredObject
from app.paths import FileKey, files_path, originals_prefix, parse_original
from app.removals import forget_document, forget_object
from app.retries import request_processing
from app.standing import GAVE_UP
from app.sweep_steps import Outcome, Step
from app.walks import next_profiles

if TYPE_CHECKING:
    from google.cloud.firestore import CollectionReference

_MOST_USERS = 100
# Longer than an event of the file takes, and its delivery again when something was wrong for a moment.
_SETTLED_AFTER = timedelta(hours=1)
# In these states a file has its object, and in `rejected` when it was given up.
_STORED_STATES = ("processing", "ready", "trashed")


def mend_strays(step: Step) -> Outcome:
    """Looks at the files of the next users; counts those that it dealt with."""
    count = failed = 0
    profiles = next_profiles(step, min(step.documents, _MOST_USERS))
    for number, profile in enumerate(profiles):
        if step.is_over:
            step.cursors.keep(step.name, profiles[number - 1].id if number else None)
            return Outcome(count, more=True, failed=failed)
        try:
            count += mend_strays_of(profile.id, step.now)
        except Exception as error:
            failed += 1
            logs.error("files of a user not compared", uid=profile.id, cause=repr(error))
    return Outcome(count, failed=failed)


def mend_strays_of(uid: str, now: datetime) -> int:
    """Does so for one user."""
    originals = _originals(uid)
    files = clients.firestore().collection(files_path(uid))
    if len(originals) == _count_stored(files):
        return 0
    until = now - _SETTLED_AFTER
    documents = {
        FileKey(uid, each.id): each.to_dict() or {}
        for each in files.select(["state", "path", "generation", "createdAt", "updatedAt"]).stream()
    }
    bucket = clients.default_bucket().name
    mended = 0
    for key, blob in originals.items():
        if blob.time_created > until:
            continue
        if key not in documents:
            forget_document(key, {"generation": str(blob.generation)})
            mended += 1
        elif documents[key].get("state") == "uploading":
            request_processing(StoredObject(bucket, blob.name, str(blob.generation)))
            mended += 1
    for key, fields in documents.items():
        if key not in originals and _is_settled(fields, until):
            stored = StoredObject(bucket, fields["path"], fields["generation"])
            mended += forget_object(key, stored) == "document deleted"
    return mended


def _is_settled(fields: dict[str, Any], until: datetime) -> bool:
    """Whether a file has long been in a state that needs its object. `processing` has its own step."""
    changed_at = fields.get("updatedAt") or fields.get("createdAt")
    has_object = fields.get("state") in ("ready", "trashed") and "path" in fields and "generation" in fields
    return has_object and changed_at is not None and changed_at <= until


def _originals(uid: str) -> dict[FileKey, Any]:
    """The object of each file."""
    blobs = clients.default_bucket().list_blobs(prefix=originals_prefix(uid), retry=objects.patience())
    keyed = ((parse_original(blob.name), blob) for blob in blobs)
    return {key: blob for key, blob in keyed if key is not None}


def _count_stored(files: CollectionReference) -> int:
    """How many files have an object, by what their documents say."""
    from google.cloud.firestore import FieldFilter

    stored = FieldFilter("state", "in", list(_STORED_STATES))
    given_up = FieldFilter("reason", "==", GAVE_UP)
    return sum(_count(files, each) for each in (stored, given_up))


def _count(files: CollectionReference, condition: Any) -> int:
    counting: Any = files.where(filter=condition).count(alias="files")  # the client says that this is a class
    ((result,),) = counting.get()
    return int(result.value)
