"""Which documents a query has to look at, and in which order they come.

A large shelf is not walked from end to end when an index narrows it, or when an index already has the
wanted order and a limit ends the walk early. An index costs several walks, so it is built for the second
query that wants it. Every plan gives a superset of what its conjunction admits, and the
arrangement holds only for what that conjunction admits: the caller applies its predicate, not the one of the
whole query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter

from emulator.firestore.indexes import Entry, Index, Indexed
from emulator.firestore.matching import Span, span_of, successor
from emulator.firestore.normalization import Conjunction, NormalQuery
from emulator.firestore.paths import FieldPath, PathKey
from emulator.firestore.queries import NAME, Cursor, Direction, Operator, Order
from emulator.firestore.steps import Steps
from emulator.firestore.store import Shelf
from emulator.firestore.value_order import Rank, ValueKey, reference_key, value_key

#: Up to this many documents a walk is cheaper than a choice.
SMALL = 200

#: This many queries walk before an index is built.
PATIENCE = 1

_name: Callable[[Entry], PathKey] = itemgetter(1)

_EVERYTHING = Span((0,), (Rank.MAP + 1,))
_POINTS = (Operator.EQUAL, Operator.IS_NULL, Operator.IS_NAN)


class Arrangement(Enum):
    """How the names of a plan stand to the order of the query, in the direction the query wants. It holds for
    documents that the plan's conjunction admits: fields which that fixes do not tell them apart.
    """

    SORTED = "as the query wants"
    GROUPED = "in groups"
    NAMED = "by name"
    NONE = "anyhow"


@dataclass(frozen=True, slots=True)
class Plan:
    """Names to look at; the lists they come from must not change before all are read.

    All of a group, which have one value of the field `grouped_by`, come before all of the next. `missing` are
    indexes that might have given a better plan.
    """

    names: Iterator[PathKey]
    arrangement: Arrangement
    grouped_by: FieldPath = NAME
    missing: tuple[Indexed, ...] = ()


@dataclass(frozen=True, slots=True)
class _Access:
    """A stretch of an index (or of the names, when `index` is None). Entries come by the value of `field`,
    then by name.

    `field` is NAME when all entries have one value and so come by name.
    """

    index: Index | None
    start: int
    end: int
    field: FieldPath

    @property
    def count(self) -> int:
        return max(0, self.end - self.start)


def plan(shelf: Shelf, query: NormalQuery, conjunction: Conjunction) -> Plan:
    """The cheapest way to see every document of the shelf that the conjunction admits, with the indexes that
    are there.
    """
    found = _Planner(shelf, query, conjunction).plan()
    for each in found.missing:
        shelf.miss(each)
    return found


def prepare(shelf: Shelf, query: NormalQuery, *, again: bool = False) -> Steps[None]:
    """Build the indexes that a query wants and others have done without. One that is going to be asked
    `again` and again does not wait for others.
    """
    if len(shelf) <= SMALL:
        return
    if len(query.disjuncts) > 1:
        again = True  # disjuncts would walk one after the other
    elif shelf.complete and not again:
        return
    for conjunction in query.disjuncts:
        while wanted := _due(shelf, query, conjunction, 0 if again else PATIENCE):
            yield from shelf.build(wanted)


def _due(shelf: Shelf, query: NormalQuery, conjunction: Conjunction, patience: int) -> Indexed | None:
    """A missing index whose time has come."""
    missing = _Planner(shelf, query, conjunction).plan().missing
    return next((each for each in missing if shelf.missed(each) >= patience), None)


class _Planner:
    def __init__(self, shelf: Shelf, query: NormalQuery, conjunction: Conjunction) -> None:
        self.shelf = shelf
        self.query = query
        self.conjunction = conjunction
        self.fixed = {
            leaf.field: span.low for leaf in conjunction if leaf.op in _POINTS and (span := span_of(leaf))
        }
        self.missing: list[Indexed] = []
        #: The orders that still tell documents apart.
        self.orders = tuple(
            order for order in query.orders if order.field == NAME or order.field not in self.fixed
        )

    def plan(self) -> Plan:
        return self._follow(self._choose())

    def _choose(self) -> _Access:
        names = self._names()
        if names.count <= SMALL:
            return names
        narrowing: list[_Access] = []
        for access in self._filtered():
            narrowing.append(access)
            if access.count <= SMALL:
                self.missing.clear()
                break
        fewest = min((access.count for access in narrowing), default=names.count)
        walk = self._order_walk() if fewest > SMALL else []
        return min([*narrowing, *walk, names], key=lambda access: self._cost(access, fewest))

    def _cost(self, access: _Access, fewest: int) -> float:
        """How many documents will be looked at; twice as dear when they must be sorted as well."""
        if not self._leads(access):
            return access.count * 2.0
        if self.query.limit is None:
            return access.count
        wanted = self.query.limit + self.query.offset
        return min(access.count, wanted * access.count / max(1, min(fewest, access.count)))

    def _leads(self, access: _Access) -> bool:
        """Whether the access runs by the first order that matters."""
        return self.orders[0].field == access.field

    # --- ways in

    def _names(self) -> _Access:
        names, parent = self.shelf.names, self.query.parent
        start, end = 0, len(names)
        if parent.segments and (self.query.all_descendants or self.query.collection is None):
            *above, last = parent.key
            start, end = names.bisect_left(parent.key), names.bisect_left((*above, last + "\0"))
        span = self._span(NAME)
        return _Access(None, max(start, self._name_at(span.low)), min(end, self._name_at(span.high)), NAME)

    def _name_at(self, bound: ValueKey) -> int:
        """The position among the names of a bound on references."""
        names, whole = self.shelf.names, reference_key(self.query.parent)
        if bound[:3] != whole[:3]:
            return 0 if bound <= whole else len(names)
        exact = len(bound) == 4
        position: int = names.bisect_left(bound[3]) if exact else names.bisect_right(bound[3])
        return position

    def _filtered(self) -> Iterator[_Access]:
        """One access per filter that an index answers."""
        seen: set[FieldPath] = set()
        for leaf in self.conjunction:
            if leaf.field == NAME:
                continue
            if leaf.op is Operator.ARRAY_CONTAINS:
                key = value_key(leaf.value)
                index = self._index(Indexed(leaf.field, elements=True))
                if index is not None:
                    yield _Access(index, *index.span(key, successor(key)), NAME)
            elif leaf.field not in seen and span_of(leaf) is not None:
                seen.add(leaf.field)
                yield from self._by_field(leaf.field)

    def _index(self, of: Indexed) -> Index | None:
        index = self.shelf.index(of)
        if index is None and of not in self.missing:
            self.missing.append(of)
        return index

    def _by_field(self, field: FieldPath) -> Iterator[_Access]:
        index = self._index(Indexed(field))
        if index is not None:
            yield self._stretch(index, field)

    def _stretch(self, index: Index, field: FieldPath) -> _Access:
        span = self._span(field)
        if field not in self.fixed:
            return _Access(index, *index.span(span.low, span.high), field)
        start, end = index.span(span.low, span.high)
        if self.orders[0].field == NAME and start < end:
            start, end = self._narrow_point(index, span.low, (start, end))
        return _Access(index, start, end, NAME)

    def _narrow_point(self, index: Index, key: ValueKey, stretch: tuple[int, int]) -> tuple[int, int]:
        """Entries of one value stand by name, so a bound on names cuts them."""
        (start, end), names = stretch, self._span(NAME)
        mine = reference_key(self.query.parent)[:3]
        if names.low[:3] == mine:
            start = max(start, index.at(key, names.low[3], after=len(names.low) > 4))
        if names.high[:3] == mine:
            end = min(end, index.at(key, names.high[3], after=len(names.high) > 4))
        return start, end

    def _order_walk(self) -> list[_Access]:
        """Running along the first order, which pays when a limit ends it."""
        first = self.orders[0].field
        if first == NAME or self.query.limit is None:
            return []
        return list(self._by_field(first))

    # --- bounds

    def _span(self, field: FieldPath) -> Span:
        """What filters and cursors admit for a field."""
        span = _EVERYTHING
        for leaf in self.conjunction:
            admitted = span_of(leaf) if leaf.field == field else None
            if admitted is not None:
                span = span.intersect(admitted)
        if self.orders[0].field == field:
            span = span.intersect(self._cursor_span(self.orders[0]))
        return span

    def _cursor_span(self, order: Order) -> Span:
        """What the cursors leave of the first order that matters; equal values stay in, later orders
        decide about them.
        """
        start, end = self._cursor_key(self.query.start_at, order), self._cursor_key(self.query.end_at, order)
        if order.direction is Direction.DESCENDING:
            start, end = end, start
        return Span(
            _EVERYTHING.low if start is None else start, _EVERYTHING.high if end is None else successor(end)
        )

    def _cursor_key(self, cursor: Cursor | None, order: Order) -> ValueKey | None:
        """The cursor's value for an order, when its earlier values are those the filters fix."""
        if cursor is None:
            return None
        for earlier, value in zip(self.query.orders, cursor.values, strict=False):
            key = value_key(value)
            if earlier == order:
                return key
            if key != self.fixed[earlier.field]:
                return None
        return None

    # --- following an access

    def _follow(self, access: _Access) -> Plan:
        first, *rest = self.orders
        if not self._leads(access):
            named = access.field == NAME
            backwards = named and self.orders[-1].direction is Direction.DESCENDING
            arrangement = Arrangement.NAMED if named else Arrangement.NONE
            return Plan(self._names_of(access, backwards), arrangement, missing=tuple(self.missing))
        ordered = not rest or (len(rest) == 1 and rest[0] == Order(NAME, first.direction))
        names = self._names_of(access, first.direction is Direction.DESCENDING)
        arrangement = Arrangement.SORTED if ordered else Arrangement.GROUPED
        return Plan(names, arrangement, first.field, tuple(self.missing))

    def _names_of(self, access: _Access, reverse: bool) -> Iterator[PathKey]:
        if access.index is None:
            stretch = access.start, max(access.start, access.end)
            names: Iterator[PathKey] = self.shelf.names.islice(*stretch, reverse)
            return names
        return map(_name, access.index.entries(access.start, access.end, reverse))
