"""Listen: targets of one stream and the events they cause (google.firestore.v1 ListenRequest, ListenResponse).

Every commit costs a listener what the commit changed. All events of one commit are followed by one global boundary
(TargetChanged NO_CHANGE without ids), which is when clients raise a snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from emulator.errors import FirestoreError
from emulator.firestore.callers import Caller
from emulator.firestore.documents import Document
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.queries import Query
from emulator.firestore.values import Timestamp

if TYPE_CHECKING:
    from emulator.firestore.engine import Engine


@dataclass(frozen=True, slots=True)
class Target:
    """What to listen to: a query or a list of documents. `target_id` 0 lets the session choose."""

    target_id: int
    query: Query | None = None
    documents: tuple[DocumentPath, ...] | None = None
    resume_token: bytes | None = None
    read_time: Timestamp | None = None
    expected_count: int | None = None
    once: bool = False


class TargetChangeKind(Enum):
    """TargetChange.TargetChangeType, with its numbers."""

    NO_CHANGE = 0
    ADD = 1
    REMOVE = 2
    CURRENT = 3
    RESET = 4


@dataclass(frozen=True, slots=True)
class TargetChanged:
    """`target_ids` empty means every target; `cause` only with REMOVE."""

    kind: TargetChangeKind
    target_ids: tuple[int, ...] = ()
    cause: FirestoreError | None = None
    resume_token: bytes = b""
    read_time: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class DocumentChanged:
    """A document now matches `target_ids` and no longer matches `removed_target_ids`."""

    document: Document
    target_ids: tuple[int, ...]
    removed_target_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentDeleted:
    """A document does not exist (any more)."""

    path: DocumentPath
    removed_target_ids: tuple[int, ...]
    read_time: Timestamp


@dataclass(frozen=True, slots=True)
class DocumentRemoved:
    """A document left the targets and its new state may not be seen."""

    path: DocumentPath
    removed_target_ids: tuple[int, ...]
    read_time: Timestamp


@dataclass(frozen=True, slots=True)
class ExistenceFilter:
    """How many documents match a target now; a client that knows another number asks again."""

    target_id: int
    count: int


ListenEvent: TypeAlias = TargetChanged | DocumentChanged | DocumentDeleted | DocumentRemoved | ExistenceFilter


class ListenSession:
    """The targets of one Listen stream. Made by `Engine.listen`."""

    def __init__(self, engine: Engine, database: DatabaseId, caller: Caller) -> None:
        self._engine = engine
        self._database = database
        self._caller = caller

    def add_target(self, target: Target) -> None:
        """Begin a target. A bad query or a denial is answered by REMOVE with its cause; the stream stays open."""
        raise NotImplementedError

    def reject_target(self, target_id: int, cause: FirestoreError) -> None:
        """Answer a target that the transport could not even read: REMOVE with its cause; the stream stays open."""
        raise NotImplementedError

    def remove_target(self, target_id: int) -> None:
        """End a target; unknown ids are ignored."""
        raise NotImplementedError

    async def next_events(self) -> list[ListenEvent]:
        """Wait for at least one event and give all that are queued, in order.

        Raises FirestoreError when the stream must end.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Forget every target; safe to call twice."""
        raise NotImplementedError
