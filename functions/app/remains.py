"""Everything of a user that has to go when the user does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import clients, reports
from app.deletion_trace import deletion_path, read_trace
from app.paths import object_prefixes, profile_path

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentReference

    from app.user_events import UserRecord


@dataclass(frozen=True, slots=True)
class Remains:
    """How much of a user is still there: everything that the removal removes."""

    documents: int
    objects: int
    accounts: int

    def __bool__(self) -> bool:
        return bool(self.documents or self.objects or self.accounts)


def count_remains(uid: str) -> Remains:
    """Everything of the user that is there now, the trace of its deletion and later accounts aside."""
    client = clients.firestore()
    profile = client.document(profile_path(uid))
    documents = sum(1 for _ in documents_outside(uid)) + sum(1 for _ in documents_below(profile))
    listed = (clients.default_bucket().list_blobs(prefix=prefix) for prefix in object_prefixes(uid))
    return Remains(
        documents=documents + profile.get().exists + reports.count_naming(uid),
        objects=sum(1 for blobs in listed for _ in blobs),
        accounts=int(find_account(uid) is not None),
    )


def find_account(uid: str) -> UserRecord | None:
    """The account that the trace is about. Another one that got the id since is none of its business."""
    account, trace = clients.find_user(uid), read_trace(uid)
    return account if account is not None and trace is not None and trace.covers(account.created_at) else None


def documents_outside(uid: str) -> Iterator[str]:
    """The paths of the user's documents that do not lie below the profile, without the trace itself."""
    from google.cloud.firestore import FieldFilter

    for collection in ("shares", "limits", "ledger"):
        query = clients.firestore().collection(collection).where(filter=FieldFilter("uid", "==", uid))
        for snapshot in query.select([]).stream():
            if (path := _path(snapshot.reference)) != deletion_path(uid):
                yield path


def documents_below(document: DocumentReference) -> Iterator[str]:
    """The paths of all documents below one, also below documents that do not exist themselves."""
    for collection in document.collections():
        for snapshot in collection.recursive().select([]).stream():
            yield _path(snapshot.reference)


def _path(reference: DocumentReference) -> str:
    path: str = reference.path
    return path
