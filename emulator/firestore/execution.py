"""Running a query against a view, in steps between which others may commit."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from itertools import islice
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

from emulator.firestore.documents import Document
from emulator.firestore.matching import Matcher, Ordering, Position, field_key
from emulator.firestore.nearest import Nearest
from emulator.firestore.paths import FieldPath
from emulator.firestore.planning import Arrangement, Plan, plan
from emulator.firestore.queries import FindNearest
from emulator.firestore.steps import PIECE, RUN, Steps, first, pieces, sort
from emulator.firestore.views import Altered, View

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Found:
    """Whole documents in order; `skipped` counts those the offset dropped."""

    documents: tuple[Document, ...]
    skipped: int


#: Documents that one step has found. None may mean that the next step finds some.
Batches: TypeAlias = Iterator[list[Document]]

#: A document and where it stands.
Placed: TypeAlias = tuple[Any, Document]

#: So many names are looked at without a stop, for which the lists they stand in would have to be copied.
AT_ONCE = 4 * PIECE

_place: Callable[[Placed], Any] = itemgetter(0)


def execution(matcher: Matcher, view: View) -> Steps[Found]:
    """The result of a query, as of the view at the first step."""
    if matcher.query.find_nearest is not None:
        return _nearest(matcher.query.find_nearest, matcher, view)
    return _listed(matcher, view)


def _listed(matcher: Matcher, view: View) -> Steps[Found]:
    query = matcher.query
    if query.limit == 0:
        return Found((), 0)
    most = None if query.limit is None else query.offset + query.limit
    found: list[Document] = []
    with view.held() as held:
        walk = _Walk(matcher, view, held)
        for batch in walk.in_order():
            found += batch
            if most is not None and len(found) >= most:
                break
            if walk.may_stop():
                yield
    return Found(tuple(found[query.offset : most]), min(query.offset, len(found)))


def _nearest(find: FindNearest, matcher: Matcher, view: View) -> Steps[Found]:
    nearest = Nearest(find)
    with view.held() as held:
        walk = _Walk(matcher, view, held)
        for batch in walk.in_order():
            for document in batch:
                nearest.add(document)
                if walk.may_stop():
                    yield
    return Found(tuple(nearest.found()), 0)


def number_of_matches(matcher: Matcher, view: View) -> Steps[int]:
    """How many documents the query has, without offset and limit."""
    number = 0
    with view.held() as held:
        walk = _Walk(matcher, view, held)
        for batch in walk.unordered():
            number += len(batch)
            if walk.may_stop():
                yield
    return number


class _Walk:
    """The way of one query through the names it has to look at."""

    def __init__(self, matcher: Matcher, view: View, held: Altered) -> None:
        self._looked_at = 0
        self._matcher = matcher
        self._held = held
        self._plans = _plans(matcher, view)
        self._names = [plan.names for plan in self._plans]
        self._settled = False

    def may_stop(self) -> bool:
        """Whether it has gone on for long enough; from then on the lists its names stand in may change."""
        if not self._settled and self._looked_at > AT_ONCE:
            self._names = [iter(list(names)) for names in self._names]
            self._settled = True
        return self._settled

    def unordered(self) -> Batches:
        if len(self._plans) == 1:
            return self._batches(0)
        return self._distinct()

    def _distinct(self) -> Batches:
        seen: set[int] = set()
        for number in range(len(self._plans)):
            for batch in self._batches(number):
                new = {id(document): document for document in batch if id(document) not in seen}
                seen |= new.keys()
                yield list(new.values())

    def in_order(self) -> Batches:
        streams = [self._ordered(number) for number in range(len(self._plans))]
        return streams[0] if len(streams) == 1 else _merged(self._matcher.ordering, streams)

    def _batches(self, number: int) -> Batches:
        """The documents of one plan, in the order of its names."""
        query, held = self._matcher.query, self._held
        size = PIECE if query.limit is None else min(PIECE, query.offset + query.limit)
        while names := list(islice(self._names[number], size)):
            self._looked_at += size
            yield list(self._matcher.filter(held.those(names)))
            size = PIECE

    def _ordered(self, number: int) -> Batches:
        batches = self._batches(number)
        match self._plans[number].arrangement:
            case Arrangement.SORTED:
                return batches
            case Arrangement.GROUPED:
                return self._sorted_groups(batches, self._plans[number].grouped_by)
            case arrangement:
                return self._sorted(batches, named=arrangement is Arrangement.NAMED)

    def _sorted(self, batches: Batches, *, named: bool) -> Batches:
        sorting = _Sorting(self._matcher, named=named)
        for batch in batches:
            sorting.add(batch)
            yield []
        yield from sorting.sorted()

    def _sorted_groups(self, batches: Batches, field: FieldPath) -> Batches:
        """All that have one value of the field come before all that have the next: what is complete but for
        the last group is sorted and given.
        """
        sorting, group = _Sorting(self._matcher), None
        for batch in batches:
            last = field_key(batch[-1], field) if batch else group
            if last != group:
                cut = len(batch)
                while cut and field_key(batch[cut - 1], field) == last:
                    cut -= 1
                sorting.add(batch[:cut])
                yield from sorting.sorted()
                sorting, group, batch = _Sorting(self._matcher), last, batch[cut:]
            sorting.add(batch)
            yield []
        yield from sorting.sorted()


def _plans(matcher: Matcher, view: View) -> list[Plan]:
    query, shelf = matcher.query, view.shelf(matcher.query)
    if shelf is None:
        return [Plan(view.names(query), Arrangement.NONE)]
    return [plan(shelf, query, conjunction) for conjunction in query.disjuncts]


class _Sorting:
    """Documents on their way into the query's order, and no more of them than offset and limit can want.

    Sorting is stable, so documents that come by name need no comparing of names.
    """

    def __init__(self, matcher: Matcher, *, named: bool = False) -> None:
        query, ordering = matcher.query, matcher.ordering
        self._key = ordering.place_but_name() if named else ordering.place
        self._reverse = ordering.reverse
        self._most = None if query.limit is None else query.offset + query.limit
        self._placed: list[Placed] = []

    def add(self, documents: Iterable[Document]) -> None:
        key = self._key
        self._placed += [(key(document), document) for document in documents]
        if self._most is not None and self._most <= RUN < len(self._placed) - self._most:
            choose = nlargest if self._reverse else nsmallest
            self._placed = choose(self._most, self._placed, key=_place)

    def sorted(self) -> Batches:
        placed = yield from _before(sort(self._placed, _place, reverse=self._reverse))
        for piece in pieces(placed[: self._most]):
            yield [document for _, document in piece]


def _before(steps: Steps[_T]) -> Generator[list[Document], None, _T]:
    """Steps without documents."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: _T = done.value
            return result
        yield []


class _Stream:
    """Documents in order, and those of them that wait for their place among those of other streams."""

    __slots__ = ("_batches", "_ordering", "ended", "waiting")

    def __init__(self, batches: Batches, ordering: Ordering) -> None:
        self._batches = batches
        self._ordering = ordering
        self.waiting: list[Placed] = []
        self.ended = False

    def fill(self) -> Iterator[None]:
        """Have one waiting at least, or be at the end."""
        while not self.waiting and not self.ended:
            batch = next(self._batches, None)
            self.ended = batch is None
            self.waiting = [(self._ordering.place(document), document) for document in batch or ()]
            yield

    def take(self, bound: Position) -> list[Placed]:
        """Those that do not come after the bound."""
        end = first(self.waiting, lambda placed: self._ordering.precedes(bound, placed[0]))
        taken, self.waiting = self.waiting[:end], self.waiting[end:]
        return taken


def _merged(ordering: Ordering, streams: list[Batches]) -> Batches:
    """Several ordered streams as one; a document in more than one comes once."""
    open_streams = [_Stream(batches, ordering) for batches in streams]
    before: Document | None = None
    while open_streams:
        for stream in open_streams:
            for _ in stream.fill():
                yield []
        open_streams = [stream for stream in open_streams if not stream.ended]
        if open_streams:
            # Nothing that is yet to come stands before the first of the last that wait.
            bound = ordering.first(stream.waiting[-1][0] for stream in open_streams)
            ready = [placed for stream in open_streams for placed in stream.take(bound)]
            ready.sort(key=_place, reverse=ordering.reverse)
            distinct: list[Document] = []
            for _, document in ready:
                if document is not before:
                    distinct.append(document)
                before = document
            yield distinct
