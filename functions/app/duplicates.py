"""The same bytes uploaded twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app import clients
from app.paths import FileKey, files_path

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentSnapshot

# Of more copies than this, the one that is named may be any: all of them are the same.
_MOST = 10


def original_of(key: FileKey, sha256: str) -> str | None:
    """The id of the oldest other file of the same user with these bytes, None when there is none.

    Asked after the profile was read and before it is written, of two files that become ready at the same
    time exactly one sees the other: the second of them is refused and asks again.
    """
    from google.cloud.firestore import FieldFilter

    same = (
        clients.firestore().collection(files_path(key.uid)).where(filter=FieldFilter("sha256", "==", sha256))
    )
    snapshots = same.select(["state", "createdAt"]).limit(_MOST + 1).stream()
    kept = [
        snapshot
        for snapshot in snapshots
        if snapshot.id != key.file_id and snapshot.get("state") in ("ready", "trashed")
    ]
    return min(kept, key=_age).id if kept else None


def _age(snapshot: DocumentSnapshot[Any]) -> tuple[float, str]:
    created = (snapshot.to_dict() or {}).get("createdAt")
    return (created.timestamp() if created is not None else float("inf"), snapshot.id)
