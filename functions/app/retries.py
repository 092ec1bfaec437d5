"""Processing that fails is tried again: once by the task queue `processfile` for every upload, which waits
longer each time, until it works or there is no point in going on.

The event of an upload is delivered once in the emulators and again and again in the cloud. So a failure is
handed to the queue as soon as it happens, and the event counts as handled; only when the queue cannot be
reached either is the event left to the platform, and, where that does not deliver again, to the sweep.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from app import clients, logs, queues
from app.attempts import (
    MAX_ATTEMPTS,
    asked_again_fields,
    failed_fields,
    failures_with_this,
    wait_after,
)
from app.callables import Call, Input, callable_handler
from app.delivery import is_expired
from app.fair_processing import has_turn
from app.giving_up import drop, give_up
from app.limits import Limit
from app.objects import StoredObject
from app.optimistic import Changes, change
from app.paths import FileKey, parse_original
from app.refusals import Refusal
from app.standing import GAVE_UP, Standing, Upload, judge
from app.uploads import process
from app.usage import LedgerEntry

if TYPE_CHECKING:
    from firebase_functions.core import CloudEvent
    from firebase_functions.storage_fn import StorageObjectData
    from firebase_functions.tasks_fn import CallableRequest

QUEUE = "processfile"


class RetryProcessing(Input, frozen=True, rename="camel"):
    """The file to try again."""

    file_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Verdict(StrEnum):
    """What became of an attempt that failed."""

    AGAIN = "to be tried again"
    GAVE_UP = "given up"
    NO_ROOM = "given up, and no room to keep it"
    SETTLED = "settled"
    """The document does not wait for this upload, or another attempt has spoken already."""


_ENDED = frozenset({Verdict.GAVE_UP, Verdict.NO_ROOM})


def on_file_finalized(event: CloudEvent[StorageObjectData]) -> None:
    """Handles the end of an upload. Other objects than originals are none of its business."""
    key = parse_original(event.data.name)
    if key is None:
        return
    if is_expired(event.time, datetime.now(UTC)):
        logs.error("upload given up: its event is too old", event_id=event.id, file=key.document)
        return
    stored = StoredObject(event.data.bucket, event.data.name, str(event.data.generation))
    upload = Upload(key, stored)
    began = datetime.now(UTC)
    try:
        result = process(upload) if has_turn(key, began) else _wait_for_turn(upload)
    except Exception as error:
        result = _postpone(upload, error, began)
    logs.info(
        "upload processed", event_id=event.id, file=key.document, generation=stored.generation, result=result
    )


def _wait_for_turn(upload: Upload) -> str:
    request_processing(upload.stored, wait_after(0))
    return "waits for others of the user"


def _postpone(upload: Upload, error: Exception, began: datetime) -> str:
    """Hands the upload to the queue. Raises `error` when that does not work."""
    wait = wait_after(0)
    verdict = _note_failure(upload, error, began, wait)
    if verdict in _ENDED:
        return verdict
    try:
        request_processing(upload.stored, wait)
    except Exception as queue_error:
        logs.error("task not enqueued", file=upload.key.document, cause=repr(queue_error))
        raise error from None
    return Verdict.AGAIN


def request_processing(stored: StoredObject, wait: timedelta = timedelta()) -> None:
    """Has the queue process this object, after `wait`."""
    task = {"bucket": stored.bucket, "name": stored.name, "generation": stored.generation}
    queues.enqueue(QUEUE, task, delay_seconds=int(wait.total_seconds()))


def on_process_file(request: CallableRequest[Any]) -> None:
    """Handles a task of the queue. Raises HttpsError for the queue to wait and try again."""
    from firebase_functions.https_fn import FunctionsErrorCode, HttpsError

    with logs.of_request(request.raw_request.headers):
        upload = parse_task(request.data)
        if upload is None:
            logs.error("task without a file", data=repr(request.data))
            return
        retries = int(request.raw_request.headers.get("X-CloudTasks-TaskRetryCount", 0))
        began = datetime.now(UTC)
        try:
            result = process(upload) if has_turn(upload.key, began) else None
        except Exception as error:
            result = _fail(upload, error, began, wait_after(retries))
        if result is None:
            logs.info("upload waits for others of the user", file=upload.key.document)
            raise HttpsError(FunctionsErrorCode.RESOURCE_EXHAUSTED, "to be tried again")
        logs.info(
            "upload processed", file=upload.key.document, generation=upload.stored.generation, result=result
        )


def parse_task(data: object) -> Upload | None:
    """The upload that a task names, None when it names none."""
    fields = data if isinstance(data, Mapping) else {}
    bucket, name, generation = (fields.get(key) for key in ("bucket", "name", "generation"))
    if not (isinstance(bucket, str) and isinstance(name, str) and isinstance(generation, str)):
        return None
    key = parse_original(name)
    return (
        Upload(key, StoredObject(bucket, name, generation))
        if key is not None and generation.isdigit()
        else None
    )


def _fail(upload: Upload, error: Exception, began: datetime, wait: timedelta) -> str:
    """Notes the failure of a task. Raises HttpsError unless it was the last."""
    from firebase_functions.https_fn import FunctionsErrorCode, HttpsError

    verdict = _note_failure(upload, error, began, wait)
    if verdict in _ENDED:
        return verdict
    raise HttpsError(FunctionsErrorCode.INTERNAL, "to be tried again") from error


def _note_failure(upload: Upload, error: Exception, began: datetime, wait: timedelta) -> Verdict:
    """Writes into the document that an attempt failed. When that fails too, the attempt is not counted."""
    where = {"file": upload.key.document, "generation": upload.stored.generation}
    logs.error("attempt failed", **where, cause=repr(error), trace="".join(traceback.format_exception(error)))

    def decide(changes: Changes) -> Verdict:
        fields, entry = changes.read(upload.key.document, upload.ledger)
        counted = LedgerEntry.parse(upload.ledger, entry)
        standing = judge(fields, upload, counted.entry)
        if fields is None or standing is not Standing.OURS or _is_noted(fields, began):
            return Verdict.SETTLED
        failed = failures_with_this(fields, upload.stored)
        if failed >= MAX_ATTEMPTS:
            return Verdict.GAVE_UP if give_up(changes, upload, fields, counted) else Verdict.NO_ROOM
        changes.update(upload.key.document, failed_fields(failed, upload.stored, datetime.now(UTC) + wait))
        return Verdict.AGAIN

    try:
        verdict = change(decide)
    except Exception as firestore_error:
        logs.error("failure not noted", **where, cause=repr(firestore_error))
        return Verdict.AGAIN
    if verdict is Verdict.NO_ROOM:
        drop(upload)
    return verdict


def _is_noted(fields: Mapping[str, Any], began: datetime) -> bool:
    """Whether another attempt has failed and was counted while this one was made."""
    return "retryAt" in fields and fields["updatedAt"] > began


@callable_handler(RetryProcessing, Limit(60, timedelta(hours=1)))
def retry_processing(call: Call[RetryProcessing]) -> dict[str, Any]:
    """Begins another round of attempts for a file that was given up, or the next attempt now."""
    key = FileKey(call.uid, call.input.file_id)

    def decide(changes: Changes) -> StoredObject | None:
        (fields,) = changes.read(key.document)
        if fields is None:
            raise Refusal("file-not-found")
        if fields["state"] in ("ready", "trashed"):
            return None
        gave_up = fields["state"] == "rejected" and fields.get("reason") == GAVE_UP
        if not gave_up and "retryAt" not in fields:
            raise Refusal("nothing-to-retry")
        if gave_up:
            changes.update(key.document, asked_again_fields(call.now))
        return StoredObject(clients.default_bucket().name, fields["path"], fields["generation"])

    stored = change(decide)
    if stored is not None:
        request_processing(stored)
    return {}
