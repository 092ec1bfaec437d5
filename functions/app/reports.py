"""The reports of the sweep: what it found, without users who are gone.

A report names the users whose usage was mended, in `drift` and, to be found by, in `uids`. The document of
the cursors names those where the sweep stopped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app import clients
from app.optimistic import Changes, change
from app.paths import profile_path
from app.sweep_steps import CURSORS_PATH

if TYPE_CHECKING:
    from google.cloud.firestore import Query


def store(fields: dict[str, Any]) -> None:
    """Writes a new report."""
    uids = sorted({drift["uid"] for drift in fields["drift"]})
    clients.firestore().collection("reports").add(fields | {"uids": uids})
    # A removal from now on finds the report; users removed before it was there are taken out here.
    for uid in uids:
        if not clients.firestore().document(profile_path(uid)).get().exists:
            forget(uid)


def forget(uid: str) -> None:
    """Takes a user out of every report, and out of the cursors, whose steps then begin anew."""
    for snapshot in _naming(uid).select([]).stream():
        _take_out(snapshot.reference.path, uid)
    _leave_cursors(uid)


def count_naming(uid: str) -> int:
    """How many documents name the user."""
    cursors = clients.firestore().document(CURSORS_PATH).get().to_dict() or {}
    return sum(1 for _ in _naming(uid).select([]).stream()) + bool(_places_at(cursors, uid))


def _places_at(cursors: dict[str, Any], uid: str) -> list[str]:
    """The cursors that stand at a document or an account of the user."""
    return [name for name, place in cursors.items() if uid in re.split("[/:]", _place(place))]


def _place(place: Any) -> str:
    """The path of a document, the id of a user, or what else a walk goes on with."""
    return str(place["path"] if isinstance(place, dict) else place)


def _leave_cursors(uid: str) -> None:
    def decide(changes: Changes) -> None:
        (cursors,) = changes.read(CURSORS_PATH)
        if cursors is not None and (names := _places_at(cursors, uid)):
            changes.update(CURSORS_PATH, dict.fromkeys(names))

    change(decide)


def _naming(uid: str) -> Query:
    from google.cloud.firestore import FieldFilter

    query: Query = (
        clients.firestore().collection("reports").where(filter=FieldFilter("uids", "array_contains", uid))
    )
    return query


def _take_out(path: str, uid: str) -> None:
    def decide(changes: Changes) -> None:
        (fields,) = changes.read(path)
        if fields is not None:
            drift = [each for each in fields.get("drift", []) if each["uid"] != uid]
            changes.update(path, {"drift": drift, "uids": [each for each in fields["uids"] if each != uid]})

    change(decide)
