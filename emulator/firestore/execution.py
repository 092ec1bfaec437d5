"""Running a query against a view, in steps between which others may commit."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from itertools import islice
from typing import TypeVar

from emulator.firestore.documents import Document
from emulator.firestore.matching import Matcher, field_key
from emulator.firestore.merging import Batches, Placed, Stream, merged, place
from emulator.firestore.nearest import Nearest
from emulator.firestore.paths import FieldPath, PathKey
from emulator.firestore.planning import Arrangement, Plan, plan
from emulator.firestore.queries import FindNearest
from emulator.firestore.steps import PIECE, RUN, Steps, pieces, sort
from emulator.firestore.views import Altered, View

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Found:
    """Whole documents in order; `skipped` counts those the offset dropped."""

    documents: tuple[Document, ...]
    skipped: int


#: So many names are looked at without a stop, for which the lists they stand in would have to be copied.
AT_ONCE = 4 * PIECE


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


@dataclass(slots=True)
class _Part:
    """One plan on its way: the names that are still to be looked at, and the query that decides about them.

    The plan of a disjunct promises an arrangement for the documents of this disjunct alone. Those of others
    that it passes by would stand anywhere in it, so they are left to the plans of theirs.
    """

    matcher: Matcher
    plan: Plan
    names: Iterator[PathKey]


class _Walk:
    """The way of one query through the names it has to look at."""

    def __init__(self, matcher: Matcher, view: View, held: Altered) -> None:
        self._looked_at = 0
        self._matcher = matcher
        self._held = held
        self._parts = [_Part(each, plan, plan.names) for each, plan in _plans(matcher, view)]
        self._settled = False

    def may_stop(self) -> bool:
        """Whether it has gone on for long enough; from then on the lists its names stand in may change."""
        if not self._settled and self._looked_at > AT_ONCE:
            for part in self._parts:
                part.names = iter(list(part.names))
            self._settled = True
        return self._settled

    def unordered(self) -> Batches:
        if len(self._parts) == 1:
            return self._batches(self._parts[0])
        return self._distinct()

    def _distinct(self) -> Batches:
        seen: set[int] = set()
        for part in self._parts:
            for batch in self._batches(part):
                new = {id(document): document for document in batch if id(document) not in seen}
                seen |= new.keys()
                yield list(new.values())

    def in_order(self) -> Batches:
        ordered = [self._ordered(part) for part in self._parts]
        if len(ordered) == 1:
            return ordered[0]
        streams = zip(ordered, self._parts, strict=True)
        return merged(
            self._matcher.ordering,
            [Stream(batches, part.matcher, part.plan.arrangement.value) for batches, part in streams],
        )

    def _batches(self, part: _Part) -> Batches:
        """The documents of one plan, in the order of its names."""
        query, held = self._matcher.query, self._held
        size = PIECE if query.limit is None else min(PIECE, query.offset + query.limit)
        while names := list(islice(part.names, size)):
            self._looked_at += size
            yield list(part.matcher.filter(held.those(names)))
            size = PIECE

    def _ordered(self, part: _Part) -> Batches:
        batches = self._batches(part)
        match part.plan.arrangement:
            case Arrangement.SORTED:
                return batches
            case Arrangement.GROUPED:
                return self._sorted_groups(batches, part.plan.grouped_by)
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


def _plans(matcher: Matcher, view: View) -> list[tuple[Matcher, Plan]]:
    """Every plan, and what decides about the documents it comes by."""
    query, shelf = matcher.query, view.shelf(matcher.query)
    if shelf is None:
        return [(matcher, Plan(view.names(query), Arrangement.NONE))]
    return [(each, plan(shelf, query, *each.query.disjuncts)) for each in matcher.disjuncts()]


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
            self._placed = choose(self._most, self._placed, key=place)

    def sorted(self) -> Batches:
        placed = yield from _before(sort(self._placed, place, reverse=self._reverse))
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
