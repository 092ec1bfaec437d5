"""Users with too many files that were announced and never uploaded: their profile says so, and the rules take
no more announcements.

Rules cannot count, and a function for each announcement would double the invocations of an upload. So whoever
has fewer than MOST_PENDING costs nothing: nothing is counted for them and `pending` is absent. The count is
always taken anew, never added to, so it does not matter how often it is taken, or in what order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app import clients
from app.optimistic import Changes, change
from app.paths import files_path, profile_path

if TYPE_CHECKING:
    from google.cloud.firestore import Query

# firestore.rules and the page's uploads/admission.js refuse from here on. The page has three at a time.
MOST_PENDING = 500
# What the database counts at most, for the price of one read.
_COUNTED = 1000
# How far the sweep looks back, which is how often it runs.
_RECENTLY = timedelta(hours=1)


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


def recount_crowded(now: datetime, limit: int) -> int:
    """Recounts for at most `limit` users who have `pending`, and for those of the first `limit` files that
    were announced within the hour and are still not there; says how many it changed something for.
    """
    return sum(map(recount, dict.fromkeys((*_crowded(limit), *_announcing(now, limit)))))


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


def _crowded(limit: int) -> Iterator[str]:
    from google.cloud.firestore import FieldFilter

    users = clients.firestore().collection("users")
    query = users.where(filter=FieldFilter("pending", ">", 0)).order_by("pending").limit(limit)
    return (snapshot.id for snapshot in query.select([]).stream())


def _announcing(now: datetime, limit: int) -> Iterator[str]:
    from google.cloud.firestore import FieldFilter

    files = clients.firestore().collection_group("files")
    query = files.where(filter=FieldFilter("state", "==", "uploading"))
    query = query.where(filter=FieldFilter("createdAt", ">", now - _RECENTLY))
    recent = query.order_by("createdAt").limit(limit).select([])
    return (snapshot.reference.path.split("/")[1] for snapshot in recent.stream())
