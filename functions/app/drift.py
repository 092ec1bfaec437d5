"""Usage that is not what it should be: found by sums, mended from the ledger and the documents.

The usage in a profile is the sum of the ledger's counted entries, since both are written in one commit, and
each counted entry has a document of its generation that is ready, trashed or given up. The first breaks when
somebody edits a profile, the second when an event is lost for good.
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
from app.usage import NOTHING, Amount, Entry, LedgerEntry, count_all, ledger_path, set_usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud.firestore import Query

_COUNTED_STATES = ("ready", "trashed")

# Files counted in one commit, which then takes well under a second.
_BATCH = 100


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
    files = _files_of(uid)
    counted = _release_lost(uid, files)
    missing = [key for key in files if (key, files[key]["generation"]) not in counted]
    for start in range(0, len(missing), _BATCH):
        _settle(uid, {key: files[key] for key in missing[start : start + _BATCH]})
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


def _files(uid: str, field: str, value: str | bool) -> Query:
    from google.cloud.firestore import FieldFilter

    query: Query = (
        clients.firestore().collection(files_path(uid)).where(filter=FieldFilter(field, "==", value))
    )
    return query


def _counts(fields: Mapping[str, Any]) -> bool:
    """Whether a file is counted: it is ready, in the trash, or was given up with its bytes kept."""
    return fields.get("state") in _COUNTED_STATES or fields.get("counted") is True


def _sum(query: Query) -> Amount:
    """The sum of `size` and the number of documents, which the database counts."""
    aggregation: Any = query.count(alias="files")  # the client says that this is a class
    (results,) = aggregation.sum("size", alias="bytes").get()
    values = {result.alias: int(result.value) for result in results}
    return Amount(bytes=values["bytes"], files=values["files"])


def _sum_of_files(uid: str) -> Amount:
    total = NOTHING
    for state in _COUNTED_STATES:
        part = _sum(_files(uid, "state", state))
        total = Amount(total.bytes + part.bytes, total.files + part.files)
    # Few, if any: summed here, they need no index.
    for snapshot in _files(uid, "counted", True).stream():
        total = total.with_file(snapshot.get("size"))
    return total


def _files_of(uid: str) -> dict[FileKey, Mapping[str, Any]]:
    """The files that should be counted."""
    queries = [_files(uid, "state", state) for state in _COUNTED_STATES] + [_files(uid, "counted", True)]
    return {
        FileKey(uid, snapshot.id): fields
        for query in queries
        for snapshot in query.stream()
        if "generation" in (fields := snapshot.to_dict() or {})
    }


def _release_lost(uid: str, files: Mapping[FileKey, Mapping[str, Any]]) -> set[tuple[FileKey, str]]:
    """Does for each entry without its file what the deletion should have done; gives the others."""
    kept = set()
    for snapshot in _entries(uid).stream():
        entry = snapshot.to_dict() or {}
        key, generation = FileKey(uid, entry["fileId"]), entry["generation"]
        fields = files.get(key)
        if fields is None or fields["generation"] != generation:
            # It may have become ready since the files were read.
            fields = clients.firestore().document(key.document).get().to_dict()
        if fields is None or fields.get("generation") != generation:
            forget_document(key, {"generation": generation})
        else:
            kept.add((key, generation))
    return kept


def _settle(uid: str, files: Mapping[FileKey, Mapping[str, Any]]) -> None:
    """Counts files that are in nobody's ledger; a file whose object is gone goes."""
    for key in _count_missing(uid, files):
        stored = StoredObject(clients.default_bucket().name, files[key]["path"], files[key]["generation"])
        if objects.live_blob(stored) is None:
            forget_object(key, stored)


def _count_missing(uid: str, files: Mapping[FileKey, Mapping[str, Any]]) -> list[FileKey]:
    """Counts files without an entry; gives those that were released."""
    profile_at = profile_path(uid)
    entries = {key: ledger_path(key, fields["generation"]) for key, fields in files.items()}

    def decide(changes: Changes) -> list[FileKey]:
        (profile,) = changes.read(profile_at)
        documents = dict(zip(files, changes.read(*(key.document for key in files)), strict=True))
        found = dict(zip(files, changes.read(*entries.values()), strict=True))
        states = {key: LedgerEntry.parse(entries[key], found[key]).entry for key in files}
        missing = [
            (key, files[key]["generation"], fields["size"])
            for key, fields in documents.items()
            if fields is not None
            and _counts(fields)
            and fields.get("generation") == files[key]["generation"]
            and states[key] is Entry.NONE
        ]
        usage = usage_of(profile)
        if usage is not None and missing:
            count_all(changes, profile_at, usage, missing)
        return [key for key, state in states.items() if state is Entry.RELEASED]

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
