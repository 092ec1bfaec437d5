"""Everything a user has, as archives to download. One task builds one archive; the job tells how far it is.

The job goes from `queued` (a plan is made and kept) to `running` (archives are built) to `done`, or to
`failed`. Every step may die anywhere, come twice, at once or out of order: a part is recorded once, by the
change that also says whether the job is done, and whatever is not recorded is simply built again.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from app import clients, logs, objects, queues
from app.callables import Call, Nothing, callable_handler
from app.export_documents import file_documents
from app.export_job import NEW_JOB, UNDER_WAY, Ended, ExportKey, missing, read_under_way, recorded_amount
from app.export_parts import BuiltPart, built_part
from app.export_plan import Plan, make_plan
from app.limits import Limit
from app.optimistic import Changes, change
from app.paths import job_path, profile_path
from app.refusals import Refusal
from app.sweep_steps import Outcome, Step

if TYPE_CHECKING:
    from firebase_functions.https_fn import CallableRequest
    from google.cloud.firestore import DocumentSnapshot, Query, Transaction

TASK = "exportpart"

# An archive can be downloaded for a day, and then the sweep removes it. A failed job is shown as long.
LIFETIME = timedelta(days=1)
# A part is far below this; who is silent longer has died, and so has its task.
STALLED_AFTER = timedelta(minutes=15)

# How often a task is tried. Backoff makes this a good quarter of an hour, which an outage may last.
MAX_TASK_ATTEMPTS = 10
# How often the sweep starts a stalled job again before it gives it up.
MAX_RESTARTS = 3


class PartTask(msgspec.Struct, frozen=True, rename="camel"):
    """What the task is told. Parts count from 1; the first one makes the plan too."""

    uid: str
    job_id: str
    part: int = 1


# Each copies everything the user has once more. Asking while one is under way counts, and starts nothing.
@callable_handler(Nothing, Limit(5, timedelta(days=1)))
def start_export(call: Call[Nothing]) -> dict[str, Any]:
    """Begins an export, which removes those before it, or finds the one under way."""
    return {"jobId": start(call.uid, call.now)}


def export_part(request: CallableRequest[Any]) -> None:
    """Handles a task. Its last attempt, when it fails too, gives the job up."""
    headers = request.raw_request.headers
    with logs.of_request(headers):
        task = msgspec.convert(request.data, PartTask)
        key = ExportKey(task.uid, task.job_id)
        try:
            result = run_part(key, task.part)
        except Exception as error:
            logs.error("export failed", job=key.document, part=task.part, cause=repr(error))
            if int(headers.get("X-CloudTasks-TaskRetryCount", 0)) < MAX_TASK_ATTEMPTS - 1:
                raise
            result = fail(key, "unavailable")
        logs.info("export task done", job=key.document, part=task.part, result=result)


def start(uid: str, now: datetime) -> str:
    """Creates a job and enqueues its first task, unless one is under way; gives the id of the job.

    Raises Refusal when the account is being deleted.
    """
    from google.cloud.firestore import SERVER_TIMESTAMP

    client = clients.firestore()
    pointer = client.document(f"ledger/export:{uid}")
    new = client.collection(f"{profile_path(uid)}/jobs").document()

    def body(transaction: Transaction) -> tuple[str, int]:
        # Reading the profile locks it: an account that is being deleted gets no new job.
        if not client.document(profile_path(uid)).get(transaction=transaction).exists:
            raise Refusal("deleting")
        latest = (pointer.get(transaction=transaction).to_dict() or {}).get("jobId")
        if latest is not None:
            job = client.document(job_path(uid, latest)).get(transaction=transaction).to_dict()
            if job is not None and job["state"] in UNDER_WAY:
                return latest, job["restarts"]
        transaction.set(pointer, {"uid": uid, "jobId": new.id, "expiresAt": now + 7 * LIFETIME})
        times = {"createdAt": SERVER_TIMESTAMP, "updatedAt": SERVER_TIMESTAMP}
        transaction.create(new, {**NEW_JOB, **times})
        return new.id, 0

    job_id, restarts = clients.in_transaction(body)
    if job_id == new.id:
        _remove_previous(ExportKey(uid, job_id))
    # Also when it was there already: whoever created it may have died before this line.
    _enqueue(ExportKey(uid, job_id), 1, restarts)
    return job_id


def _enqueue(key: ExportKey, part: int, restarts: int) -> None:
    task = {"uid": key.uid, "jobId": key.job_id, "part": part}
    queues.enqueue(TASK, task, id=f"export:{key.job_id}:{part}:{restarts}")


def _remove_previous(key: ExportKey) -> None:
    """Removes the user's other exports that are at their end."""
    from google.cloud.firestore import FieldFilter

    jobs = clients.firestore().collection(f"{profile_path(key.uid)}/jobs")
    for snapshot in jobs.where(filter=FieldFilter("kind", "==", "export")).select(["state"]).stream():
        # One that is under way would be younger than this one, whose process was asleep meanwhile.
        if snapshot.id != key.job_id and snapshot.get("state") not in UNDER_WAY:
            remove_export(key.uid, snapshot.id)


def run_part(key: ExportKey, number: int) -> str:
    """Builds a part that is not recorded yet and enqueues the next one; says in a word, for the log, how
    that ended.
    """
    try:
        plan = _plan(key)
        if number > len(plan.parts):
            return "no such part"
        if number in missing(_under_way(key), plan):
            with built_part(key, plan, number) as built:
                _record(key, plan, number, _upload(key, plan, number, built.path), built)
        return _go_on(key, plan)
    except Ended:
        return _clear_up(key)


def _under_way(key: ExportKey) -> dict[str, Any]:
    """The fields of the job. Raises Ended when there is nothing left to do for it."""
    fields = clients.firestore().document(key.document).get().to_dict()
    if fields is None or fields["state"] not in UNDER_WAY:
        raise Ended
    return fields


def _clear_up(key: ExportKey) -> str:
    """Removes what a task left behind that was still at work when its job was given up or deleted."""
    fields = clients.firestore().document(key.document).get().to_dict()
    state: str = "gone" if fields is None else fields["state"]
    if state not in (*UNDER_WAY, "done"):
        objects.delete_prefix(clients.default_bucket(), key.prefix)
    return state


# The plan


def _plan(key: ExportKey) -> Plan:
    """The plan of the job, made and kept when there is none yet. Raises Ended."""
    fields = _under_way(key)
    bucket = clients.default_bucket()
    if "plan" not in fields:
        # Once more, since the process that began this may have died before it came to that.
        _remove_previous(key)
        plan = make_plan(file_documents(key.uid))
        # Two tasks that plan at once write two objects, and the job names the one that counts.
        blob = bucket.blob(f"{key.prefix}plan-{os.urandom(8).hex()}.json")
        blob.upload_from_string(msgspec.json.encode(plan), content_type="application/json")
        fields = _keep_plan(key, blob.name, plan)
    return msgspec.json.decode(bucket.blob(fields["plan"]).download_as_bytes(), type=Plan)


def _keep_plan(key: ExportKey, path: str, plan: Plan) -> dict[str, Any]:
    """Names the plan in the job, unless it has one; gives the job's fields. Raises Ended."""
    from google.cloud.firestore import SERVER_TIMESTAMP

    def decide(changes: Changes) -> dict[str, Any]:
        fields = read_under_way(changes, key)
        if "plan" in fields:
            return fields
        planned = {
            "plan": path,
            "state": "running",
            "total": plan.files,
            "bytesTotal": plan.bytes,
            "partCount": len(plan.parts),
        }
        changes.update(key.document, planned | {"updatedAt": SERVER_TIMESTAMP})
        return fields | planned

    return change(decide)


def _upload(key: ExportKey, plan: Plan, number: int, path: str) -> Any:
    name = plan.archive_name(number)
    blob = clients.default_bucket().blob(key.prefix + name)
    blob.cache_control = "private, no-store"
    blob.content_disposition = f'attachment; filename="{name}"'
    blob.upload_from_filename(path, content_type="application/zip")
    return blob


def _record(key: ExportKey, plan: Plan, number: int, blob: Any, built: BuiltPart) -> None:
    """Records an uploaded part; the last one makes the job done. Raises Ended."""
    from google.cloud.firestore import SERVER_TIMESTAMP

    part = {
        "number": number,
        "path": blob.name,
        "generation": str(blob.generation),
        "size": built.size,
        "files": built.files,
    }

    def decide(changes: Changes) -> None:
        (fields,) = changes.read(key.document)
        if fields is None or fields["state"] not in (*UNDER_WAY, "done"):
            raise Ended
        before = next((each for each in fields["parts"] if each["number"] == number), None)
        # Two tasks may have built this part at once. The later upload replaced the earlier one, so it counts.
        if before is not None and int(before["generation"]) >= int(part["generation"]):
            return
        parts = sorted(
            [each for each in fields["parts"] if each["number"] != number] + [part],
            key=lambda each: int(each["number"]),
        )
        files, size = recorded_amount(parts, plan)
        update = {"parts": parts, "done": max(fields["done"], files), "updatedAt": SERVER_TIMESTAMP}
        update["bytesDone"] = max(fields["bytesDone"], size)
        if len(parts) == len(plan.parts) and fields["state"] != "done":
            update |= {"state": "done", "expiresAt": datetime.now(UTC) + LIFETIME}
        changes.update(key.document, update)

    change(decide)


def _go_on(key: ExportKey, plan: Plan) -> str:
    """Enqueues the next part that is missing; says so, or that there is none."""
    fields = clients.firestore().document(key.document).get().to_dict()
    if fields is None or fields["state"] == "failed":
        raise Ended
    numbers = missing(fields, plan)
    if not numbers:
        return "done"
    _enqueue(key, numbers[0], fields["restarts"])
    return f"{len(numbers)} to go"


# The end of a job


def fail(key: ExportKey, code: str) -> str:
    """Gives a job up. `code` says why: `unavailable` or `stalled`. The user can start another one at once."""
    from google.cloud.firestore import SERVER_TIMESTAMP

    def decide(changes: Changes) -> None:
        read_under_way(changes, key)
        failed = {
            "state": "failed",
            "error": code,
            "parts": [],
            "expiresAt": datetime.now(UTC) + LIFETIME,
            "updatedAt": SERVER_TIMESTAMP,
        }
        changes.update(key.document, failed)

    try:
        change(decide)
    except Ended:
        pass  # it was given up, or became done, in the same moment
    return _clear_up(key)


def remove_export(uid: str, job_id: str) -> None:
    """Removes an export with its archives. A task that is still at work on it removes what it uploads."""
    key = ExportKey(uid, job_id)
    objects.delete_prefix(clients.default_bucket(), key.prefix)
    clients.firestore().document(key.document).delete()


# For the sweep


def remove_expired(step: Step) -> Outcome:
    """Removes the exports whose day is over."""
    from google.cloud.firestore import FieldFilter

    def remove(snapshot: DocumentSnapshot[Any]) -> bool:
        key = _key_of(snapshot)
        remove_export(key.uid, key.job_id)
        return True

    # Only exports expire.
    return step.each(_jobs().where(filter=FieldFilter("expiresAt", "<=", step.now)), "expiresAt", remove)


def requeue_stalled(step: Step) -> Outcome:
    """Starts exports again that have not moved for a quarter of an hour, and gives up those that this has not
    helped.
    """
    from google.cloud.firestore import FieldFilter

    silent_since = step.now - STALLED_AFTER
    query = (
        _jobs()
        .where(filter=FieldFilter("kind", "==", "export"))
        .where(filter=FieldFilter("state", "in", list(UNDER_WAY)))
        .where(filter=FieldFilter("updatedAt", "<=", silent_since))
    )

    def restart(snapshot: DocumentSnapshot[Any]) -> bool:
        _restart(_key_of(snapshot), silent_since)
        return True

    return step.each(query, "updatedAt", restart)


def _jobs() -> Query:
    return clients.firestore().collection_group("jobs")


def _key_of(snapshot: DocumentSnapshot[Any]) -> ExportKey:
    _, uid, _, job_id = snapshot.reference.path.split("/")
    return ExportKey(uid, job_id)


def _restart(key: ExportKey, silent_since: datetime) -> None:
    from google.cloud.firestore import SERVER_TIMESTAMP

    def decide(changes: Changes) -> int | None:
        fields = read_under_way(changes, key)
        if fields["updatedAt"] > silent_since:
            raise Ended
        if fields["restarts"] >= MAX_RESTARTS:
            return None
        restarts: int = fields["restarts"] + 1
        changes.update(key.document, {"restarts": restarts, "updatedAt": SERVER_TIMESTAMP})
        return restarts

    try:
        restarts = change(decide)
    except Ended:
        return
    if restarts is None:
        fail(key, "stalled")
    else:
        # Whichever part this names, its task goes on with the first that is missing.
        _enqueue(key, 1, restarts)
