"""Users with too many files that were announced and never uploaded: their profile says so, and the rules take
no more announcements.

Rules cannot count, and a function for each announcement would double the invocations of an upload. So whoever
has fewer than MOST_PENDING costs nothing: nothing is counted for them and `pending` is absent. The count is
always taken anew, never added to, so it does not matter how often it is taken, or in what order.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app import clients
from app.optimistic import Changes, change
from app.paths import files_path, profile_path
from app.sweep_steps import Outcome, Step

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentSnapshot, Query

# firestore.rules and the page's uploads/admission.js refuse from here on. The page has three at a time.
MOST_PENDING = 500
# What the database counts at most, for the price of one read.
_COUNTED = 1000
# How far the sweep looks back: it may take several runs to get through a flood.
_RECENTLY = timedelta(days=1)


def recount(uid: str) -> bool:
    """Brings `pending` of the profile up to date; says whether it changed."""
    from google.cloud.firestore import DELETE_FIELD, SERVER_TIMESTAMP

    path = profile_path(uid)

    def decide(changes: Changes) -> bool:
        (profile,) = changes.read(path)
        if profile is None:
            return False
        count = _pending(uid)
        pending = count if count >= MOST_PENDING else None
        is_new = profile.get("pending") != pending
        if is_new:
            field = DELETE_FIELD if pending is None else pending
            changes.update(path, {"pending": field, "updatedAt": SERVER_TIMESTAMP})
        return is_new

    return change(decide)


def recount_crowded(step: Step) -> Outcome:
    """Recounts for users who have `pending`."""
    from google.cloud.firestore import FieldFilter

    users = clients.firestore().collection("users").where(filter=FieldFilter("pending", ">", 0))
    return step.each(users, "pending", lambda snapshot: recount(snapshot.id))


def recount_announcing(step: Step) -> Outcome:
    """Recounts for users with files that were announced within the day and are not there yet, once for each
    user.
    """
    from google.cloud.firestore import FieldFilter

    files = clients.firestore().collection_group("files")
    query = files.where(filter=FieldFilter("state", "==", "uploading"))
    query = query.where(filter=FieldFilter("createdAt", ">", step.now - _RECENTLY))
    seen: set[str] = set()

    def is_first(snapshot: DocumentSnapshot[Any]) -> bool:
        uid = _owner(snapshot)
        is_new = uid not in seen
        seen.add(uid)
        return is_new

    return step.each(query, "createdAt", lambda snapshot: recount(_owner(snapshot)), applies=is_first)


def _owner(snapshot: DocumentSnapshot[Any]) -> str:
    uid: str = snapshot.reference.path.split("/")[1]
    return uid


def follow_deletion(uid: str, fields: dict[str, Any]) -> None:
    """Recounts when a file document with these last fields was one of too many."""
    if fields.get("state") != "uploading":
        return
    profile = clients.firestore().document(profile_path(uid)).get(["pending"]).to_dict()
    if profile:
        recount(uid)


def _pending(uid: str) -> int:
    from google.cloud.firestore import FieldFilter

    files = clients.firestore().collection(files_path(uid))
    query: Query = files.where(filter=FieldFilter("state", "==", "uploading")).limit(_COUNTED)
    counting: Any = query.count(alias="files")  # the client says that this is a class
    ((result,),) = counting.get()
    return int(result.value)
