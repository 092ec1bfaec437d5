"""From the writes of one commit to the changes it will make, before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.errors import AlreadyExists, FailedPrecondition, FirestoreError, InvalidArgument, NotFound
from emulator.firestore.documents import (
    NO_PRECONDITION,
    Document,
    DocumentChange,
    Precondition,
    Write,
    WriteKind,
    WriteResult,
)
from emulator.firestore.masks import merge_fields
from emulator.firestore.paths import DocumentPath, PathKey
from emulator.firestore.transforms import apply_transforms, check_transform
from emulator.firestore.validation import check_document, check_values
from emulator.firestore.values import Timestamp, Value, identical
from emulator.firestore.views import View


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One write as rules judge it. `other_method` is the kind it would be if the document's existence were
    the opposite.
    """

    write: Write
    method: str
    other_method: str | None
    after: Document | None

    @property
    def path(self) -> DocumentPath:
        return self.write.path


@dataclass(frozen=True, slots=True)
class WritePlan:
    """`failure` is the first precondition that does not hold: raised once the rules have allowed all."""

    writes: tuple[PlannedWrite, ...]
    results: tuple[WriteResult, ...]
    changes: tuple[DocumentChange, ...]
    rewritten: tuple[Document, ...]
    after: dict[PathKey, Document | None]
    failure: FirestoreError | None


def check_write(write: Write) -> None:
    """InvalidArgument for a write that no state of the database would accept."""
    if write.kind is WriteKind.DELETE:
        if write.mask is not None:
            raise InvalidArgument("a delete must not specify a document mask.")
        if write.transforms:
            raise InvalidArgument("a delete must not specify a update transform.")
    elif write.kind is WriteKind.VERIFY:
        if write.precondition == NO_PRECONDITION:
            raise InvalidArgument("a verify must contain a precondition")
        if write.mask is not None:
            raise InvalidArgument("a verify must not specify a document mask.")
        if write.transforms:
            raise InvalidArgument("a verify must not specify a update transform.")
    check_values(write.fields)
    for transform in write.transforms:
        check_transform(transform)


def check_sequence(writes: Sequence[Write]) -> None:
    """InvalidArgument for writes to one document that do not go together in one commit."""
    _check_verifies(writes)
    deleted: set[PathKey] = set()
    for write in writes:
        if write.kind is WriteKind.DELETE:
            deleted.add(write.path.key)
        elif write.path.key in deleted:
            if write.precondition.exists:
                # Expected by the integration tests of the JavaScript SDK; the text is ours.
                raise InvalidArgument(
                    "the same document cannot be updated after it was deleted in a single request"
                )
            deleted.remove(write.path.key)


def _check_verifies(writes: Sequence[Write]) -> None:
    """A verified document may take part in nothing else."""
    verified: set[PathKey] = set()
    written: set[PathKey] = set()
    for write in writes:
        name = write.path.key
        if write.kind is WriteKind.VERIFY:
            if name in verified:
                raise InvalidArgument(
                    "the same document cannot be verified more than once in a single request"
                )
            if name in written:
                raise InvalidArgument(
                    "the same document cannot be written and then verified in a single request"
                )
            verified.add(name)
        else:
            if name in verified:
                raise InvalidArgument(
                    "the same document cannot be verified and then written in a single request"
                )
            written.add(name)


class WritePlanner:
    """Applies writes one after the other to a view, in memory."""

    def __init__(self, view: View, request_time: Timestamp, commit_time: Timestamp) -> None:
        self._view = view
        self._request_time = request_time
        self._commit_time = commit_time
        self._after: dict[PathKey, Document | None] = {}
        self._paths: dict[PathKey, DocumentPath] = {}
        self._again: set[PathKey] = set()
        self._failure: FirestoreError | None = None

    def plan(self, writes: Sequence[Write]) -> WritePlan:
        planned: list[PlannedWrite] = []
        results: list[WriteResult] = []
        for write in writes:
            stored = self._current(write.path)
            try:
                check_precondition(write.path, write.precondition, stored, self._commit_time)
            except FirestoreError as failure:
                self._failure = self._failure or failure
            after, transformed = self._outcome(write, stored)
            planned.append(self._planned(write, after))
            if write.kind is not WriteKind.VERIFY:
                name = write.path.key
                if name in self._after:
                    self._again.add(name)
                self._after[name] = after
                self._paths[name] = write.path
            wrote = write.kind in (WriteKind.UPDATE, WriteKind.TRANSFORM)
            results.append(WriteResult(after.update_time if wrote and after else None, transformed))
        changes, rewritten = self._compare()
        return WritePlan(tuple(planned), tuple(results), changes, rewritten, self._after, self._failure)

    def _current(self, path: DocumentPath) -> Document | None:
        name = path.key
        return self._after[name] if name in self._after else self._view.get(name)

    def _outcome(self, write: Write, stored: Document | None) -> tuple[Document | None, tuple[Value, ...]]:
        """The document after the write, and the results of its transforms."""
        if write.kind is WriteKind.VERIFY:
            return stored, ()
        if write.kind is WriteKind.DELETE:
            return None, ()
        fields = self._updated(write, stored)
        fields, results = apply_transforms(fields, write.transforms, self._request_time)
        if stored is not None and identical(fields, stored.fields):
            return stored, results
        size = check_document(write.path, fields)
        created = self._commit_time if stored is None else stored.create_time
        path = write.path if stored is None else stored.path
        return Document(path, fields, created, self._commit_time, size), results

    def _updated(self, write: Write, stored: Document | None) -> dict[str, Value]:
        before = stored.fields if stored is not None else {}
        if write.kind is WriteKind.TRANSFORM:
            return before
        return write.fields if write.mask is None else merge_fields(before, write.fields, write.mask)

    def _planned(self, write: Write, after: Document | None) -> PlannedWrite:
        """How rules see the write: by its precondition, else by what is stored before the commit."""
        if write.kind is WriteKind.DELETE:
            return PlannedWrite(write, "delete", None, None)
        if write.kind is WriteKind.VERIFY:
            return PlannedWrite(write, "get", None, None)
        if write.precondition.exists is not None or write.precondition.update_time is not None:
            method = "create" if write.precondition.exists is False else "update"
            return PlannedWrite(write, method, None, after)
        if self._view.get(write.path.key) is None:
            return PlannedWrite(write, "create", "update", after)
        return PlannedWrite(write, "update", "create", after)

    def _compare(self) -> tuple[tuple[DocumentChange, ...], tuple[Document, ...]]:
        """What differs from before the commit, and the documents that were written without any difference."""
        changes: list[DocumentChange] = []
        rewritten: list[Document] = []
        for name, after in self._after.items():
            before = self._view.get(name)
            if before is not None and after is not None and self._is_as_before(name, before, after):
                self._after[name] = before
                rewritten.append(before)
            elif before is not after:
                changes.append(DocumentChange(self._paths[name], before, after))
        return tuple(changes), tuple(rewritten)

    def _is_as_before(self, name: PathKey, before: Document, after: Document) -> bool:
        """A single write that changes nothing leaves the very document; several may lead back to it."""
        return before is after or (name in self._again and identical(before.fields, after.fields))


def check_precondition(
    path: DocumentPath, precondition: Precondition, stored: Document | None, now: Timestamp
) -> None:
    """AlreadyExists, NotFound or FailedPrecondition with the official texts.

    A time to come is InvalidArgument, as the system tests of google-cloud-firestore expect; the text is ours.
    """
    if precondition.exists is False and stored is not None:
        raise AlreadyExists(
            "entity already exists:"
            f" EntityRef[partitionRef=dev~{path.database.project}, path=/{path.relative}]"
        )
    if precondition.exists is True and stored is None:
        raise NotFound(f"no entity to update: {_entity_text(path)}")
    if precondition.update_time is not None:
        if precondition.update_time > now:
            raise InvalidArgument("The precondition 'update_time' cannot be in the future.")
        version = stored.update_time.micros if stored is not None else 0
        if version != precondition.update_time.micros:
            raise FailedPrecondition(
                f"the stored version ({version}) does not match the required base version"
                f" ({precondition.update_time.micros})"
            )


def _entity_text(path: DocumentPath) -> str:
    """The name as the official emulator prints it in errors: an App Engine key in text format."""
    lines = [f'app: "dev~{path.database.project}"', "path <"]
    for collection, document in zip(path.segments[::2], path.segments[1::2], strict=True):
        lines += ["  Element {", f'    type: "{collection}"', f'    name: "{document}"', "  }"]
    return "\n".join([*lines, ">", ""])
