"""Usage that is not what it should be: found by sums, mended from the ledger and the documents.

The usage in a profile is the sum of the ledger's counted entries, since both are written in one commit, and
each counted entry has a ready or trashed document of its generation. The first breaks when somebody edits a
profile, the second when an event is lost for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app import clients, objects
from app.objects import StoredObject
from app.optimistic import Changes, change
from app.paths import FileKey, files_path, profile_path
from app.profiles import usage_of
from app.removals import forget_document, forget_object
from app.usage import NOTHING, Amount, Entry, LedgerEntry, count, ledger_path, set_usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud.firestore import Query

_COUNTED_STATES = ("ready", "trashed")


@dataclass(frozen=True, slots=True)
class Drift:
    """A usage that was mended."""

    uid: str
    was: Amount
    now: Amount

    def to_fields(self) -> dict[str, Any]:
        return {"uid": self.uid, "was": self.was.to_fields(), "is": self.now.to_fields()}


def mend_usage(uid: str) -> Drift | None:
    """Brings usage, ledger and documents of a user together; None when they were, or the user is gone.

    Looking costs a handful of reads however many files there are; mending reads them all.
    """
    was = _usage(uid)
    if was is None or was == _sum(_entries(uid)) == _sum_of_files(uid):
        return None
    documents = _documents(uid)
    _release_lost(uid, documents)
    for file_id, fields in documents.items():
        _settle(FileKey(uid, file_id), fields)
    is_now = _set_to_sum(uid)
    return None if is_now is None or is_now == was else Drift(uid, was, is_now)


def _usage(uid: str) -> Amount | None:
    return usage_of(clients.firestore().document(profile_path(uid)).get().to_dict())


def _entries(uid: str) -> Query:
    """The counted entries of the ledger."""
    from google.cloud.firestore import FieldFilter

    query: Query = (
        clients.firestore()
        .collection("ledger")
        .where(filter=FieldFilter("uid", "==", uid))
        .where(filter=FieldFilter("state", "==", Entry.COUNTED.value))
    )
    return query


def _files(uid: str, state: str) -> Query:
    from google.cloud.firestore import FieldFilter

    query: Query = (
        clients.firestore().collection(files_path(uid)).where(filter=FieldFilter("state", "==", state))
    )
    return query


def _sum(query: Query) -> Amount:
    """The sum of `size` and the number of documents, which the database counts."""
    (results,) = query.count(alias="files").sum("size", alias="bytes").get()
    values = {result.alias: int(result.value) for result in results}
    return Amount(bytes=values["bytes"], files=values["files"])


def _sum_of_files(uid: str) -> Amount:
    total = NOTHING
    for state in _COUNTED_STATES:
        part = _sum(_files(uid, state))
        total = Amount(total.bytes + part.bytes, total.files + part.files)
    return total


def _documents(uid: str) -> dict[str, Mapping[str, Any]]:
    """The files that should be counted, by id."""
    return {
        snapshot.id: snapshot.to_dict() or {}
        for state in _COUNTED_STATES
        for snapshot in _files(uid, state).stream()
    }


def _release_lost(uid: str, documents: Mapping[str, Mapping[str, Any]]) -> None:
    """Does for each entry without its document what the event of the deletion would have done."""
    for snapshot in _entries(uid).stream():
        entry = snapshot.to_dict() or {}
        key, generation = FileKey(uid, entry["fileId"]), entry["generation"]
        if documents.get(key.file_id, {}).get("generation") == generation:
            continue
        # It may have become ready since the documents were read.
        fields = clients.firestore().document(key.document).get().to_dict()
        if fields is None or fields.get("generation") != generation:
            forget_document(key, {"generation": generation})


def _settle(key: FileKey, fields: Mapping[str, Any]) -> None:
    """Counts a file that is in nobody's ledger; a file whose object is gone goes."""
    generation, path = fields.get("generation"), fields.get("path")
    if not isinstance(generation, str) or not isinstance(path, str):
        return
    stored = StoredObject(clients.default_bucket().name, path, generation)
    if _count_missing(key, generation) is Entry.RELEASED and objects.live_blob(stored) is None:
        forget_object(key, stored)


def _count_missing(key: FileKey, generation: str) -> Entry:
    """Counts a file without an entry; gives the entry it had."""
    path = ledger_path(key, generation)

    def decide(changes: Changes) -> Entry:
        fields, profile, entry_fields = changes.read(key.document, key.profile, path)
        entry = LedgerEntry.parse(path, entry_fields).entry
        usage = usage_of(profile)
        wanted = fields is not None and fields.get("generation") == generation
        if wanted and fields is not None and entry is Entry.NONE and usage is not None:
            count(changes, key, generation, usage, fields["size"])
        return entry

    return change(decide)


def _set_to_sum(uid: str) -> Amount | None:
    """Makes the usage what the ledger says; None when the profile is gone."""

    def decide(changes: Changes) -> Amount | None:
        (profile,) = changes.read(profile_path(uid))
        usage = usage_of(profile)
        # Whoever changes the entries writes the profile too, and this commit is then refused.
        counted = _sum(_entries(uid))
        if usage is not None and usage != counted:
            set_usage(changes, profile_path(uid), counted)
        return None if usage is None else counted

    return change(decide)
