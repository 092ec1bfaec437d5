"""The Cloud Functions of Drop: what happens, and which module does it.

This file is executed to discover the functions and again by every instance that starts, so nothing heavy is
imported here: the modules of `app` import the clients they need when the first event comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app import (
    account_changes,
    admission,
    attempts,
    departures,
    exports,
    http_api,
    idle_connections,
    profile_pictures,
    profiles,
    removals,
    retries,
    server_threads,
    sessions,
    sharing,
    sweeping,
    user_events,
)
from app.callables import on_call
from app.delivery import retried
from app.document_events import on_document_deleted
from app.download_grants import SHARE_KEY
from app.paths import is_derived
from app.request_bodies import MAX_BLOCKING_BODY, bounded
from app.server_threads import CONCURRENCY
from firebase_functions import https_fn, identity_fn, scheduler_fn, storage_fn, tasks_fn
from firebase_functions.core import CloudEvent
from firebase_functions.options import MemoryOption, RateLimits, RetryConfig, set_global_options
from flask import Request, Response

if TYPE_CHECKING:
    from firebase_functions.firestore_fn import DocumentSnapshot, Event

idle_connections.outlast_the_cli()

server_threads.serve_at_once(CONCURRENCY)

set_global_options(
    region="us-central1",  # where the Hosting rewrite in firebase.json looks; move both together
    memory=MemoryOption.MB_512,  # the clients take about 150 MB; half of the rest is head room for a burst
    cpu=1,  # the SDK's own default is a fraction of a core, and below one core there is no concurrency
    concurrency=CONCURRENCY,
    max_instances=10,  # a ceiling on the bill, far above what the users of a small team cause
)


@bounded(MAX_BLOCKING_BODY)
@identity_fn.before_user_created()
def before_user_created(event: identity_fn.AuthBlockingEvent) -> identity_fn.BeforeCreateResponse | None:
    return admission.before_user_created(event)


@bounded(MAX_BLOCKING_BODY)
@identity_fn.before_user_signed_in()
def before_user_signed_in(event: identity_fn.AuthBlockingEvent) -> identity_fn.BeforeSignInResponse | None:
    return admission.before_user_signed_in(event)


# Drop belongs to the project: the users of Identity Platform tenants have nothing here.
@user_events.on_user_created(retry=True, tenant_id=user_events.IS_NOT_TENANT)
def on_user_created(event: user_events.UserEvent) -> None:
    profiles.on_user_created(event)


# The time is for a library of thousands of files.
@user_events.on_user_deleted(retry=True, timeout_sec=540, tenant_id=user_events.IS_NOT_TENANT)
def on_user_deleted(event: user_events.UserEvent) -> None:
    departures.on_user_deleted(event)


# Decoding a picture takes up to 1.25 GiB (decoder.py) and a whole core, so each upload has an instance to
# itself. The clients take 150 MB, and the file, whose disk is memory too, twice its 50.
PROCESSING: dict[str, Any] = {"memory": MemoryOption.GB_2, "concurrency": 1, "timeout_sec": 120}


@retried
@storage_fn.on_object_finalized(**PROCESSING)
def on_file_finalized(event: CloudEvent[storage_fn.StorageObjectData]) -> None:
    # Storage has no filter for names, so both thumbnails of a photo come here too. They cost a comparison.
    if is_derived(event.data.name):
        return
    retries.on_file_finalized(event)
    departures.on_object_finalized(event)
    profile_pictures.on_object_finalized(event)


@retried
@storage_fn.on_object_deleted()
def on_file_object_deleted(event: CloudEvent[storage_fn.StorageObjectData]) -> None:
    if is_derived(event.data.name):
        return
    removals.on_file_object_deleted(event)


@retried
@on_document_deleted(document="users/{uid}/files/{fileId}")
def on_file_document_deleted(event: Event[DocumentSnapshot[Any] | None]) -> None:
    removals.on_file_document_deleted(event)


# A callable reads and writes a few documents, in a tenth of a second: half a minute is for a bad day.


@on_call(timeout_sec=30)
def create_share(request: https_fn.CallableRequest[Any]) -> Any:
    return sharing.create_share(request)


@on_call(timeout_sec=30)
def revoke_share(request: https_fn.CallableRequest[Any]) -> Any:
    return sharing.revoke_share(request)


@on_call(timeout_sec=30)
def refresh_profile(request: https_fn.CallableRequest[Any]) -> Any:
    return account_changes.refresh_profile(request)


@on_call(timeout_sec=30)
def sign_out_everywhere(request: https_fn.CallableRequest[Any]) -> Any:
    return sessions.sign_out_everywhere(request)


@on_call(timeout_sec=30)
def retry_processing(request: https_fn.CallableRequest[Any]) -> Any:
    return retries.retry_processing(request)


@on_call(timeout_sec=30)
def start_export(request: https_fn.CallableRequest[Any]) -> Any:
    return exports.start_export(request)


@on_call(timeout_sec=30)
def delete_account(request: https_fn.CallableRequest[Any]) -> Any:
    return departures.delete_account(request)


# The names of task functions are those of their queues, which may not hold an underscore.


# The queue gives up later than the attempts that the document counts, since those that could not be counted
# are tries too. No more at once than there are instances.
@tasks_fn.on_task_dispatched(
    **PROCESSING,
    retry_config=RetryConfig(
        max_attempts=2 * attempts.MAX_ATTEMPTS,
        min_backoff_seconds=int(attempts.MIN_WAIT.total_seconds()),
        max_backoff_seconds=int(attempts.MAX_WAIT.total_seconds()),
        max_doublings=attempts.MAX_DOUBLINGS,
    ),
    rate_limits=RateLimits(max_concurrent_dispatches=10),
)
def processfile(request: https_fn.CallableRequest[Any]) -> None:
    retries.on_process_file(request)


# The disk is memory: an archive of 64 MiB, and an original of 50 MiB or the archive once more while it is
# sent, beside the clients. So one at a time.
@tasks_fn.on_task_dispatched(
    concurrency=1,
    timeout_sec=900,  # 2,000 small files take some minutes; as long as the sweep waits for progress
    retry_config=RetryConfig(
        max_attempts=exports.MAX_TASK_ATTEMPTS, min_backoff_seconds=2, max_backoff_seconds=600
    ),
    rate_limits=RateLimits(max_concurrent_dispatches=5),  # half of the instances; exports can wait
)
def exportpart(request: tasks_fn.CallableRequest[Any]) -> None:
    exports.export_part(request)


@tasks_fn.on_task_dispatched(
    timeout_sec=1800,  # a library of thousands of files, one request for each object
    retry_config=RetryConfig(
        max_attempts=departures.MAX_TASK_ATTEMPTS, min_backoff_seconds=2, max_backoff_seconds=600
    ),
    rate_limits=RateLimits(max_concurrent_dispatches=5),  # each deletion causes events, and those need room
)
def removeaccount(request: tasks_fn.CallableRequest[Any]) -> None:
    departures.remove_account(request)


# One at a time: two would do the same work twice. The time is for thousands of objects, one request each.
@scheduler_fn.on_schedule(
    schedule="every 1 hours", timeout_sec=540, concurrency=1, max_instances=1, retry_count=0
)
def sweep(event: scheduler_fn.ScheduledEvent) -> None:
    sweeping.on_schedule(event)


# A piece of a shared file is up to 4 MiB, held once or twice while it is sent: 20 of them take 160 MB.
@https_fn.on_request(secrets=[SHARE_KEY])
def api(request: Request) -> Response:
    return http_api.handle(request)
