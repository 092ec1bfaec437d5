"""A user goes: everything that was the user's goes too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from firebase_functions import logger

from app import clients, objects
from app.paths import object_prefixes, profile_path
from app.profiles import deletion_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.cloud.firestore import Client, CollectionReference, DocumentReference

    from app.user_events import UserEvent

# How long a late event of the user is recognised as such. Longer than any delivery again.
TRACE_LIFETIME = timedelta(days=30)

# Firestore takes at most 500 writes in one commit; less keeps a commit under a second.
_BATCH = 200


def on_user_deleted(event: UserEvent) -> None:
    """Handles the end of a user."""
    counts = remove_user(event.data.uid, datetime.now(UTC))
    logger.info("user removed", event_id=event.id, uid=event.data.uid, **counts)


def remove_user(uid: str, now: datetime) -> dict[str, int]:
    """Deletes every document and object of the user; gives how many of each there were.

    Interrupted, it is simply run again: what is gone stays gone, and the trace, which keeps late events
    from bringing anything back, is written first. The profile goes before the objects, since without a
    profile the rules admit no upload.
    """
    client = clients.firestore()
    client.document(deletion_path(uid)).set({"uid": uid, "expiresAt": now + TRACE_LIFETIME})
    documents = _delete_tree(client, client.document(profile_path(uid)))
    _delete_all(client, _ledger_entries(client, uid))
    bucket = clients.default_bucket()
    removed = sum(objects.delete_prefix(bucket, prefix) for prefix in object_prefixes(uid))
    return {"documents": documents, "objects": removed}


def _delete_tree(client: Client, document: DocumentReference) -> int:
    """Deletes a document with all below it, also below documents that do not exist themselves."""
    below = sum(_delete_collection(client, collection) for collection in document.collections())
    document.delete()
    return below + 1


def _delete_collection(client: Client, collection: CollectionReference) -> int:
    references = list(collection.list_documents(page_size=_BATCH))
    below = sum(
        _delete_collection(client, child) for reference in references for child in reference.collections()
    )
    return below + _delete_all(client, references)


def _ledger_entries(client: Client, uid: str) -> list[DocumentReference]:
    """The user's entries except the trace of the deletion itself."""
    from google.cloud.firestore import FieldFilter

    query = client.collection("ledger").where(filter=FieldFilter("uid", "==", uid)).select([])
    trace = client.document(deletion_path(uid)).path
    return [snapshot.reference for snapshot in query.stream() if snapshot.reference.path != trace]


def _delete_all(client: Client, references: Iterable[DocumentReference]) -> int:
    pending = list(references)
    for start in range(0, len(pending), _BATCH):
        batch = client.batch()
        for reference in pending[start : start + _BATCH]:
            batch.delete(reference)
        batch.commit()
    return len(pending)
