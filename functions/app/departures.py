"""A user goes: everything that was the user's goes too, and a check at the end proves it.

The user asks for it (`delete_account`, then a task) or an administrator deletes the Auth user; the work is
the same. It may die anywhere, run twice or at once: what is gone stays gone. The ledger's trace says how far
it is, keeps late events from bringing anything back, and remains for a month as the proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from app import clients, logs, objects, queues
from app.accounts import InvalidEmail, normalize_email
from app.callables import Call, Input, callable_handler
from app.limits import Limit
from app.objects import StoredObject
from app.optimistic import Changes, change
from app.paths import job_path, object_prefixes, owner_of, parse_original, profile_path
from app.profiles import deletion_path, is_deleted
from app.refusals import Refusal
from app.sweep_steps import Outcome, Step

if TYPE_CHECKING:
    from firebase_functions.core import CloudEvent
    from firebase_functions.https_fn import CallableRequest
    from firebase_functions.storage_fn import StorageObjectData
    from google.cloud.firestore import DocumentReference, DocumentSnapshot

    from app.user_events import UserEvent

TASK = "removeaccount"

# How long a late event of the user is recognised as such. Longer than any delivery again.
TRACE_LIFETIME = timedelta(days=30)

# Who asks for this must have shown a moment ago that they know more than where the device lies.
RECENT_SIGN_IN = timedelta(minutes=5)
# What a guest, who has no address, types to confirm.
GUEST_CONFIRMATION = "DELETE"

# Longer than a task may run, and than the queue tries it; what is silent longer is forgotten.
STALLED_AFTER = timedelta(hours=2)
MAX_TASK_ATTEMPTS = 10

# Firestore takes at most 500 writes in one commit; less keeps a commit under a second.
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Remains:
    """How much of a user is still there: everything that the removal removes."""

    documents: int
    objects: int
    accounts: int

    def __bool__(self) -> bool:
        return bool(self.documents or self.objects or self.accounts)


class NotAllGone(Exception):
    """Something was still there, or there again, when everything had been removed."""


# What the user asks for


class DeleteAccount(Input, frozen=True):
    confirm: Annotated[str, msgspec.Meta(max_length=320)]


# Who is being deleted may ask again, in case nothing came of the first time. Suspended users leave through
# the people who run the site, who may have reason to look first.
@callable_handler(DeleteAccount, Limit(10, timedelta(hours=1)), states=("active", "deleting"))
def delete_account(call: Call[DeleteAccount]) -> dict[str, Any]:
    """Begins the end of the caller's account. From here on it can only be read, and nobody can sign in."""
    if not is_confirmed(call.input.confirm, call.email):
        raise Refusal("invalid-input", field="confirm")
    # A guest has no way to sign in again, and only the device that holds the session can ask.
    if call.email is not None and call.now - call.auth_time > RECENT_SIGN_IN:
        raise Refusal("recent-sign-in-required")
    begin(call.uid, call.now)
    call.log("account deletion begun")
    return {}


def is_confirmed(text: str, email: str | None) -> bool:
    """Whether a user with this address, a guest when it is None, typed what confirms."""
    if email is None:
        return text.strip() == GUEST_CONFIRMATION
    try:
        return normalize_email(text) == normalize_email(email)
    except InvalidEmail:
        return text.strip() == email


def begin(uid: str, now: datetime) -> None:
    """Marks the account as being deleted, enqueues the work and ends every session.

    The sweep enqueues it again should this die after the first line.
    """
    _mark(uid, now)
    _enqueue(uid, now)
    _revoke_tokens(uid)


def _mark(uid: str, now: datetime) -> None:
    from google.cloud.firestore import SERVER_TIMESTAMP

    trace, profile, job = deletion_path(uid), profile_path(uid), job_path(uid, "deletion")

    def decide(changes: Changes) -> None:
        traced, owner, shown = changes.read(trace, profile, job)
        if traced is None:
            changes.create(trace, _new_trace(uid, now))
        if owner is not None:
            changes.update(profile, {"state": "deleting", "updatedAt": SERVER_TIMESTAMP})
            if shown is None:
                times = {"createdAt": SERVER_TIMESTAMP, "updatedAt": SERVER_TIMESTAMP}
                changes.create(job, {"kind": "deletion", "state": "running"} | times)

    change(decide)


def _new_trace(uid: str, now: datetime) -> dict[str, Any]:
    return {"uid": uid, "state": "removing", "updatedAt": now, "expiresAt": now + TRACE_LIFETIME}


def _enqueue(uid: str, now: datetime) -> None:
    # One task an hour is enough, however often the button is pressed.
    queues.enqueue(TASK, {"uid": uid}, id=f"remove:{uid}:{now:%Y-%m-%dT%H}")


def _revoke_tokens(uid: str) -> None:
    from firebase_admin.auth import UserNotFoundError

    try:
        clients.auth().revoke_refresh_tokens(uid)
    except UserNotFoundError:
        pass  # the task was faster


# The work


class RemovalTask(msgspec.Struct, frozen=True):
    uid: str


def remove_account(request: CallableRequest[Any]) -> None:
    """Handles the task. What it raises makes the queue try again."""
    with logs.of_request(request.raw_request.headers):
        uid = msgspec.convert(request.data, RemovalTask).uid
        logs.info("account removed", uid=uid, **remove_user(uid, datetime.now(UTC)))


def on_user_deleted(event: UserEvent) -> None:
    """Handles the end of an Auth user, whoever deleted it."""
    removed = remove_user(event.data.uid, datetime.now(UTC))
    logs.info("user removed", event_id=event.id, uid=event.data.uid, **removed)


def on_object_finalized(event: CloudEvent[StorageObjectData]) -> None:
    """Handles the end of an upload that its user's account did not wait for: the object goes too."""
    uid = owner_of(event.data.name)
    # An original without its document goes anyway.
    if uid is None or parse_original(event.data.name) is not None or not is_deleted(uid):
        return
    objects.delete(StoredObject(event.data.bucket, event.data.name, str(event.data.generation)))
    logs.info("late object removed", event_id=event.id, uid=uid, object=event.data.name)


def remove_user(uid: str, now: datetime) -> dict[str, int]:
    """Deletes everything of the user; gives how many documents and objects there were when it began.

    The profile goes first: without one the rules admit no upload, and handlers of late events count nothing.
    The Auth user goes last: as long as it is there, everything can be asked for again. Raises NotAllGone.
    """
    removed = _start(uid, now)
    _delete_documents([profile_path(uid)])
    _delete_each(_documents_outside(uid))
    _delete_each(_documents_below(clients.firestore().document(profile_path(uid))))
    for prefix in object_prefixes(uid):
        objects.delete_prefix(clients.default_bucket(), prefix)
    # Handlers that were at work when the profile went may have written an entry since.
    _delete_each(_documents_outside(uid))
    _delete_auth_user(uid)
    _verify(uid, now)
    return removed


def _start(uid: str, now: datetime) -> dict[str, int]:
    """Writes into the trace what there is, before the first of it goes; gives what it says."""
    remains = count_remains(uid)

    def decide(changes: Changes) -> dict[str, int]:
        (trace,) = changes.read(deletion_path(uid))
        if trace is not None and "removed" in trace:
            removed: dict[str, int] = trace["removed"]
            return removed
        counted = {"removed": {"documents": remains.documents, "objects": remains.objects}}
        if trace is None:
            changes.create(deletion_path(uid), _new_trace(uid, now) | counted)
        else:
            changes.update(deletion_path(uid), counted)
        return counted["removed"]

    return change(decide)


def _documents_outside(uid: str) -> Iterator[str]:
    """The paths of the user's documents that do not lie below the profile, without the trace itself."""
    from google.cloud.firestore import FieldFilter

    for collection in ("shares", "limits", "ledger"):
        query = clients.firestore().collection(collection).where(filter=FieldFilter("uid", "==", uid))
        for snapshot in query.select([]).stream():
            if (path := _path(snapshot.reference)) != deletion_path(uid):
                yield path


def _documents_below(document: DocumentReference) -> Iterator[str]:
    """The paths of all documents below one, also below documents that do not exist themselves."""
    for collection in document.collections():
        for snapshot in collection.recursive().select([]).stream():
            yield _path(snapshot.reference)


def _path(reference: DocumentReference) -> str:
    path: str = reference.path
    return path


def _delete_each(paths: Iterator[str]) -> None:
    while batch := list(islice(paths, _BATCH)):
        _delete_documents(batch)


def _delete_documents(paths: Sequence[str]) -> None:
    """Deletes documents in one commit; those that are gone already do not matter."""
    client = clients.firestore()
    batch = client.batch()
    for path in paths:
        batch.delete(client.document(path))
    batch.commit()


def _delete_auth_user(uid: str) -> None:
    from firebase_admin.auth import UserNotFoundError

    try:
        clients.auth().delete_user(uid)
    except UserNotFoundError:
        pass


# The proof


def _verify(uid: str, now: datetime) -> None:
    """Counts what is left; writes into the trace that there is nothing. Raises NotAllGone."""
    remains = count_remains(uid)
    if remains:
        raise NotAllGone(f"left of {uid}: {asdict(remains)}")

    def decide(changes: Changes) -> None:
        (trace,) = changes.read(deletion_path(uid))
        # It is gone only when this was a very late second time, after its month.
        if trace is not None and trace["state"] != "verified":
            changes.update(deletion_path(uid), {"state": "verified", "verifiedAt": now, "updatedAt": now})

    change(decide)


def count_remains(uid: str) -> Remains:
    """Everything of the user that is there now, the trace of its deletion aside."""
    client = clients.firestore()
    profile = client.document(profile_path(uid))
    documents = sum(1 for _ in _documents_outside(uid)) + sum(1 for _ in _documents_below(profile))
    listed = (clients.default_bucket().list_blobs(prefix=prefix) for prefix in object_prefixes(uid))
    return Remains(
        documents=documents + profile.get().exists,
        objects=sum(1 for blobs in listed for _ in blobs),
        accounts=int(clients.find_user(uid) is not None),
    )


# For the sweep


def requeue_stalled(step: Step) -> Outcome:
    """Enqueues removals again that have not ended in two hours."""
    from google.cloud.firestore import FieldFilter

    query = (
        clients.firestore()
        .collection("ledger")
        .where(filter=FieldFilter("state", "==", "removing"))
        .where(filter=FieldFilter("updatedAt", "<=", step.now - STALLED_AFTER))
    )

    def requeue(snapshot: DocumentSnapshot[Any]) -> bool:
        _enqueue(snapshot.get("uid"), step.now)
        snapshot.reference.update({"updatedAt": step.now})
        return True

    return step.each(query, "updatedAt", requeue)
