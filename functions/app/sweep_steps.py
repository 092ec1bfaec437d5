"""What every step of the sweep keeps to: bounds, turns for every user, and the truth about what is left.

A step names a query and what to do with one of its documents:

    def purge_trash(step: Step) -> Outcome:
        return step.each(trashed, "trashedAt", delete)

It goes on behind the last document of the run before, and begins again at the end. So no document that
stays or fails, and no user with many, keeps the others from their turn. A document that stands behind n
others is reached n / MAX_READS runs later at most, or n / MAX_DOCUMENTS where they are of many users.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app import clients, logs

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentSnapshot, Query

MAX_DOCUMENTS = 300
"""Dealt with in one run of a step. The slowest, a file with its objects, takes about a fifth of a second."""
MAX_DOCUMENTS_OF_USER = 20
MAX_READS = 3000
"""Looked at in one run of a step, to see whether there is something to do."""
_PAGE = 300

CURSORS_PATH = "reports/sweep-cursor"
_FOREVER = datetime.max.replace(tzinfo=UTC)

Handler = Callable[["DocumentSnapshot[Any]"], bool]
"""Deals with one document. True when it did something, False when there was nothing to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step did: for how many documents something, and for how many it raised. `more` says that some
    wait for another run.
    """

    count: int = 0
    more: bool = False
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a step goes on: behind the document at `path` with `value` in the field it is ordered by."""

    value: Any
    path: str


class Cursors:
    """Where every step goes on, kept in one document."""

    def __init__(self, fields: Mapping[str, Any] | None = None, *, stored: bool = False) -> None:
        self._fields = dict(fields or {})
        self._stored = stored

    @classmethod
    def load(cls) -> Cursors:
        return cls(clients.firestore().document(CURSORS_PATH).get().to_dict(), stored=True)

    def position(self, step: str) -> Position | None:
        """None for the beginning."""
        place = self._fields.get(step)
        return Position(place["value"], place["path"]) if isinstance(place, Mapping) else None

    def move(self, step: str, position: Position | None) -> None:
        self.keep(step, None if position is None else {"value": position.value, "path": position.path})

    def get(self, name: str) -> Any:
        return self._fields.get(name)

    def keep(self, name: str, value: Any) -> None:
        if self._fields.get(name) != value:
            self._fields[name] = value
            if self._stored:
                only_this: Any = [name]  # the client says that this is a bool
                clients.firestore().document(CURSORS_PATH).set({name: value}, merge=only_this)


@dataclass(frozen=True, slots=True)
class Step:
    """One run of one step, for everybody or for one user."""

    name: str
    now: datetime
    uid: str | None = None
    cursors: Cursors = field(default_factory=Cursors)
    deadline: datetime = _FOREVER
    documents: int = MAX_DOCUMENTS
    documents_of_user: int = MAX_DOCUMENTS_OF_USER
    reads: int = MAX_READS

    @property
    def is_over(self) -> bool:
        return datetime.now(UTC) > self.deadline

    def each(
        self,
        query: Query,
        order: str,
        handle: Handler,
        *,
        applies: Callable[[DocumentSnapshot[Any]], bool] = lambda snapshot: True,
    ) -> Outcome:
        """Have `handle` deal with documents of the query, in the order of the field `order`, that `applies`
        to. One that raises is logged and does not keep the next from its turn.
        """
        tally = _Tally(self, handle, applies)
        start = self.cursors.position(self.name)
        parts = [(start, None), (None, start)] if start is not None else [(None, None)]
        left = self.reads
        for after, until in parts:
            position = after
            while left > 0:
                size = min(_PAGE, left)
                page = _page(query, order, position, until, size)
                left -= len(page)
                if page:
                    # Before the work: a document that ends the process is not the first of the next run.
                    self.cursors.move(self.name, _position(page[-1], order))
                for snapshot in page:
                    if tally.is_full or self.is_over:
                        self.cursors.move(self.name, position)
                        return tally.outcome(more=True)
                    tally.take(snapshot)
                    position = _position(snapshot, order)
                if len(page) < size:
                    break
            else:
                return tally.outcome(more=True)
        self.cursors.move(self.name, None)
        return tally.outcome()

    def each_of(
        self,
        snapshots: Iterable[DocumentSnapshot[Any]],
        handle: Handler,
        *,
        applies: Callable[[DocumentSnapshot[Any]], bool] = lambda snapshot: True,
    ) -> Outcome:
        """The same for documents of one user that were read already."""
        tally = _Tally(self, handle, applies)
        for snapshot in snapshots:
            if tally.is_full or self.is_over:
                return tally.outcome(more=True)
            tally.take(snapshot)
        return tally.outcome()


class _Tally:
    def __init__(self, step: Step, handle: Handler, applies: Callable[[DocumentSnapshot[Any]], bool]) -> None:
        self._step = step
        self._handle = handle
        self._applies = applies
        self._of_user: Counter[str] = Counter()
        self._taken = self._count = self._failed = 0
        self._has_skipped = False

    @property
    def is_full(self) -> bool:
        return self._taken >= self._step.documents

    def take(self, snapshot: DocumentSnapshot[Any]) -> None:
        if not self._applies(snapshot):
            return
        user = _user_of(snapshot)
        if self._step.uid is None and self._of_user[user] >= self._step.documents_of_user:
            self._has_skipped = True
            return
        self._of_user[user] += 1
        self._taken += 1
        try:
            self._count += self._handle(snapshot)
        except Exception as error:
            self._failed += 1
            logs.error(
                "document of the sweep failed",
                step=self._step.name,
                document=snapshot.reference.path,
                cause=repr(error),
                trace=traceback.format_exc(),
            )

    def outcome(self, *, more: bool = False) -> Outcome:
        return Outcome(self._count, more or self._has_skipped or self._failed > 0, self._failed)


def _page(
    query: Query, order: str, after: Position | None, until: Position | None, size: int
) -> list[DocumentSnapshot[Any]]:
    ordered = query.order_by(order).order_by("__name__")
    if after is not None:
        ordered = ordered.start_after(_bound(order, after))
    if until is not None:
        ordered = ordered.end_at(_bound(order, until))
    return list(ordered.limit(size).stream())


def _bound(order: str, position: Position) -> dict[str, Any]:
    return {order: position.value, "__name__": clients.firestore().document(position.path)}


def _position(snapshot: DocumentSnapshot[Any], order: str) -> Position:
    return Position(snapshot.get(order), snapshot.reference.path)


def _user_of(snapshot: DocumentSnapshot[Any]) -> str:
    """Whose the document is: below `users/{uid}`, or with the user's id in a field."""
    parts = snapshot.reference.path.split("/")
    return parts[1] if parts[0] == "users" else str((snapshot.to_dict() or {}).get("uid", ""))
