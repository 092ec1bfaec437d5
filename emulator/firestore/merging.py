"""Several ordered streams of documents as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, TypeAlias

from emulator.errors import Internal
from emulator.firestore.documents import Document
from emulator.firestore.matching import Matcher, Ordering, Position
from emulator.firestore.steps import first

#: Documents that one step has found. None may mean that the next step finds some.
Batches: TypeAlias = Iterator[list[Document]]

#: A document and where it stands.
Placed: TypeAlias = tuple[Any, Document]

place: Callable[[Placed], Any] = itemgetter(0)


class Stream:
    """Documents in order, and those of them that wait for their place among those of other streams.

    `matcher` is of the disjunct whose documents come, `arrangement` says how its plan has arranged them.
    """

    __slots__ = ("_arrangement", "_batches", "_last", "_matcher", "_ordering", "ended", "waiting")

    def __init__(self, batches: Batches, matcher: Matcher, arrangement: str) -> None:
        self._batches = batches
        self._matcher = matcher
        self._arrangement = arrangement
        self._ordering = matcher.ordering
        self._last: Placed | None = None
        self.waiting: list[Placed] = []
        self.ended = False

    def fill(self) -> Iterator[None]:
        """Have one waiting at least, or be at the end. Raises Internal when the order is a wrong one."""
        while not self.waiting and not self.ended:
            batch = next(self._batches, None)
            self.ended = batch is None
            self.waiting = [(self._ordering.place(document), document) for document in batch or ()]
            for placed in self.waiting:
                if self._last is not None and not self._ordering.precedes(self._last[0], placed[0]):
                    raise self._disorder(placed[1], self._last[1])
                self._last = placed
            yield

    def _disorder(self, document: Document, last: Document) -> Internal:
        """What a wrong plan is answered with: merged, its documents would come twice, or the merge would
        never end.
        """
        filters = " and ".join(
            f"{'.'.join(leaf.field)} {leaf.op.value} {leaf.value!r}"
            for leaf in self._matcher.query.disjuncts[0]
        )
        orders = ", ".join(
            f"{'.'.join(order.field)} {order.direction.value}" for order in self._ordering.orders
        )
        return Internal(
            f"The emulator planned a query wrongly: the documents of the filter {filters or 'none'}, said"
            f" to come {self._arrangement}, were to be in the order {orders}, but {document.path.relative}"
            f" comes after {last.path.relative}. Please report this query to Kindling."
        )

    def take(self, bound: Position) -> list[Placed]:
        """Those that do not come after the bound."""
        end = first(self.waiting, lambda placed: self._ordering.precedes(bound, placed[0]))
        taken, self.waiting = self.waiting[:end], self.waiting[end:]
        return taken


def merged(ordering: Ordering, streams: list[Stream]) -> Batches:
    """Several ordered streams as one; a document in more than one comes once.

    Each round takes one document at least: the bound is the last that waits in one of the streams, and what
    waits is in order, which `fill` has seen to.
    """
    before: Document | None = None
    while streams:
        for stream in streams:
            for _ in stream.fill():
                yield []
        streams = [stream for stream in streams if not stream.ended]
        if streams:
            # Nothing that is yet to come stands before the first of the last that wait.
            bound = ordering.first(stream.waiting[-1][0] for stream in streams)
            ready = [placed for stream in streams for placed in stream.take(bound)]
            ready.sort(key=place, reverse=ordering.reverse)
            distinct: list[Document] = []
            for _, document in ready:
                if document is not before:
                    distinct.append(document)
                before = document
            yield distinct
