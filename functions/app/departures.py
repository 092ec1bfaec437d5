"""A user goes: everything that was the user's goes too, and a check at the end proves it.

The user asks for it (`delete_account`, then a task), the Auth user is deleted, or the sweep finds a profile
without one; the work is the same. It may die anywhere, run twice or at once: what is gone stays gone. The
ledger's trace says how far it is, keeps late events from bringing anything back, and remains for a month as
the proof. An account that got the same id since is another one and is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from app import clients, logs, objects, queues, reports, suspensions
from app.accounts import InvalidEmail, normalize_email
from app.callables import Call, Input, callable_handler
from app.deletion_trace import REMOVING, VERIFIED, Trace, deletion_path, new_trace, read_trace
from app.limits import Limit
from app.objects import StoredObject
from app.optimistic import Changes, change
from app.paths import job_path, object_prefixes, owner_of, parse_original, profile_path
from app.profiles import Profile, create_profile, is_of_former_account, not_active, read_profile
from app.refusals import Refusal
from app.remains import count_remains, documents_below, documents_outside, find_account
from app.sweep_steps import Outcome, Step
from app.user_events import UserRecord

if TYPE_CHECKING:
    from firebase_functions.core import CloudEvent
    from firebase_functions.https_fn import CallableRequest
    from firebase_functions.storage_fn import StorageObjectData
    from google.cloud.firestore import DocumentSnapshot, Transaction

    from app.user_events import UserEvent

TASK = "removeaccount"

# Who asks for this must have shown a moment ago that they know more than where the device lies.
RECENT_SIGN_IN = timedelta(minutes=5)
# What a guest, who has no address, types to confirm.
GUEST_CONFIRMATION = "DELETE"

# Longer than a task may run, and than the queue tries it; what is silent longer is forgotten.
STALLED_AFTER = timedelta(hours=2)
MAX_TASK_ATTEMPTS = 10

# Firestore takes at most 500 writes in one commit; less keeps a commit under a second.
_BATCH = 200


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

    The sweep enqueues it again should this die after the first line. Raises Refusal when the user was
    suspended meanwhile.
    """
    account = clients.find_user(uid)
    _mark(uid, now, _creation(account) or now)
    enqueue(uid, now)
    _revoke_tokens(uid)


def _creation(account: UserRecord | None) -> datetime | None:
    return account.created_at if account else None


def _mark(uid: str, now: datetime, created_until: datetime) -> None:
    from google.cloud.firestore import DELETE_FIELD, SERVER_TIMESTAMP

    trace_at, profile_at, job = deletion_path(uid), profile_path(uid), job_path(uid, "deletion")

    def decide(changes: Changes) -> None:
        traced, owner, shown = changes.read(trace_at, profile_at, job)
        if owner is not None and owner.get("state") == "suspended":
            raise not_active(Profile.parse(owner))
        trace = Trace.parse(traced)
        if trace is None:
            changes.create(trace_at, new_trace(uid, created_until, now))
        elif not trace.covers(created_until):  # of an earlier account
            earlier = {"removed": DELETE_FIELD, "verifiedAt": DELETE_FIELD}
            changes.update(trace_at, new_trace(uid, created_until, now) | earlier)
        if owner is not None:
            changes.update(profile_at, {"state": "deleting", "updatedAt": SERVER_TIMESTAMP})
            if shown is None:
                times = {"createdAt": SERVER_TIMESTAMP, "updatedAt": SERVER_TIMESTAMP}
                changes.create(job, {"kind": "deletion", "state": "running"} | times)

    change(decide)


def enqueue(uid: str, now: datetime) -> None:
    """Has everything of a user removed."""
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
    removed = remove_user(event.data.uid, datetime.now(UTC), Deleted(event.data, event.time))
    logs.info("user removed", event_id=event.id, uid=event.data.uid, **removed)


def on_object_finalized(event: CloudEvent[StorageObjectData]) -> None:
    """Handles the end of an upload that its user's account did not wait for: the object goes too."""
    uid = owner_of(event.data.name)
    # An original without its document goes anyway.
    if uid is None or parse_original(event.data.name) is not None:
        return
    # An account that got the id since has a profile.
    if read_trace(uid) is None or read_profile(uid) is not None:
        return
    objects.delete(StoredObject(event.data.bucket, event.data.name, str(event.data.generation)))
    logs.info("late object removed", event_id=event.id, uid=uid, object=event.data.name)


@dataclass(frozen=True, slots=True)
class Deleted:
    """An account that Authentication says it deleted, as it was, and when."""

    account: UserRecord
    at: datetime


def remove_user(uid: str, now: datetime, deleted: Deleted | None = None) -> dict[str, int]:
    """Deletes everything of the user; gives how many documents and objects there were when it began.

    Without `deleted` the account that is there now goes as well. With it, an account that is there has taken
    the id since and stays, and so does what is its own.

    The profile goes first: without one the rules admit no upload, and handlers of late events count nothing.
    The Auth user goes last: as long as it is there, everything can be asked for again. Raises NotAllGone.
    """
    account = clients.find_user(uid)
    begun = _start(uid, now, account, deleted)
    if not begun.is_done:
        _remove_everything(uid, now)
    _make_profile_of_next(uid)
    return begun.removed


def _remove_everything(uid: str, now: datetime) -> None:
    _delete_documents([profile_path(uid)])
    _delete_each(documents_outside(uid))
    _delete_each(documents_below(clients.firestore().document(profile_path(uid))))
    for prefix in object_prefixes(uid):
        objects.delete_prefix(clients.default_bucket(), prefix)
    # Handlers that were at work when the profile went may have written an entry since.
    _delete_each(documents_outside(uid))
    reports.forget(uid)
    _delete_auth_user(uid)
    _verify(uid, now)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A removal: of the accounts that were created until then, and what there was of them."""

    created_until: datetime
    removed: dict[str, int]
    is_done: bool = False


def _start(uid: str, now: datetime, account: UserRecord | None, deleted: Deleted | None) -> _Begun:
    """Writes into the trace what there is, before the first of it goes; gives what it says. It is done when
    nothing is left, or what is there belongs to an account that got the id since.
    """
    client = clients.firestore()
    trace_at, profile_at = client.document(deletion_path(uid)), client.document(profile_path(uid))
    remains = count_remains(uid)
    counted = {"documents": remains.documents, "objects": remains.objects}

    def body(transaction: Transaction) -> tuple[_Begun, UserRecord | None]:
        trace = Trace.parse(trace_at.get(transaction=transaction).to_dict())
        profile = profile_at.get(transaction=transaction).to_dict()
        begun = _begun(now, account, deleted, trace, counted)
        if profile is not None and _is_own(profile, account, trace, begun.created_until):
            return replace(begun, removed={"documents": 0, "objects": 0}, is_done=True), None
        if trace == Trace(VERIFIED, begun.created_until, begun.removed) and not remains:
            return replace(begun, is_done=True), None
        under_way = Trace(REMOVING, begun.created_until, begun.removed)
        if trace != under_way:
            fields = new_trace(uid, begun.created_until, now) | {"removed": begun.removed}
            transaction.set(trace_at, fields)
        if profile is None or profile.get("state") != "suspended":
            return begun, None
        left = (deleted.account if deleted else account) or UserRecord(uid, profile.get("email"))
        for path in suspensions.bar_paths(left):
            transaction.set(client.document(path), suspensions.bar_fields(now))
        return begun, left

    begun, suspended = clients.in_transaction(body)
    if suspended is not None:
        suspensions.suspend_again(suspended)
    return begun


def _begun(
    now: datetime,
    account: UserRecord | None,
    deleted: Deleted | None,
    trace: Trace | None,
    counted: dict[str, int],
) -> _Begun:
    """The removal that goes on, or a new one."""
    created_at = deleted.account.created_at if deleted else None
    if trace is not None and trace.created_until is not None and trace.covers(created_at):
        return _Begun(trace.created_until, counted if trace.removed is None else trace.removed)
    if deleted is None:
        return _Begun(_creation(account) or now, counted)
    taken_at = _creation(account)
    until = deleted.at if taken_at is None else min(deleted.at, taken_at - timedelta(milliseconds=1))
    return _Begun(until, counted)


def _is_own(
    profile: dict[str, Any], account: UserRecord | None, trace: Trace | None, created_until: datetime
) -> bool:
    """Whether the profile is that of an account that got the id since. While the things of an earlier one are
    removed, there is none.
    """
    if account is None or account.created_at is None or account.created_at <= created_until:
        return False
    return (trace is None or trace.state != REMOVING) and not is_of_former_account(profile, account)


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

    if find_account(uid) is None:
        return
    try:
        clients.auth().delete_user(uid)
    except UserNotFoundError:
        pass


def _make_profile_of_next(uid: str) -> None:
    """Gives the account that got the id since the profile that it had to wait for."""
    account = clients.find_user(uid)
    if account is not None:
        create_profile(account)


# The proof


def _verify(uid: str, now: datetime) -> None:
    """Counts what is left; writes into the trace that there is nothing. Raises NotAllGone."""
    remains = count_remains(uid)
    if remains:
        raise NotAllGone(f"left of {uid}: {asdict(remains)}")

    def decide(changes: Changes) -> None:
        (fields,) = changes.read(deletion_path(uid))
        trace = Trace.parse(fields)
        # It is gone only when this was a very late second time, after its month.
        if trace is not None and trace.state != VERIFIED:
            verified = {"state": VERIFIED, "verifiedAt": now, "updatedAt": now}
            changes.update(deletion_path(uid), verified)

    change(decide)


# For the sweep


def begin_for_gone(uid: str, now: datetime) -> None:
    """Has everything of a user removed whose account is gone. One that gets the id from now on stays."""

    def decide(changes: Changes) -> None:
        from google.cloud.firestore import DELETE_FIELD

        (fields,) = changes.read(deletion_path(uid))
        trace = Trace.parse(fields)
        if trace is None:
            changes.create(deletion_path(uid), new_trace(uid, now, now))
        elif trace.state != REMOVING:
            earlier = {"removed": DELETE_FIELD, "verifiedAt": DELETE_FIELD}
            changes.update(deletion_path(uid), new_trace(uid, now, now) | earlier)

    change(decide)
    enqueue(uid, now)


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
        enqueue(snapshot.get("uid"), step.now)
        snapshot.reference.update({"updatedAt": step.now})
        return True

    return step.each(query, "updatedAt", requeue)
