"""Which documents a filter holds for, and where a document stands in a query's order."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from emulator.firestore.documents import Document
from emulator.firestore.normalization import Conjunction, NormalQuery
from emulator.firestore.paths import FieldPath
from emulator.firestore.queries import NAME, Cursor, Direction, FieldFilter, Operator, Order
from emulator.firestore.value_order import NAN_KEY, NULL_KEY, ValueKey, reference_key, value_key
from emulator.firestore.values import MISSING, Timestamp, get_field

Predicate: TypeAlias = Callable[[Document], bool]

#: Where a document stands in an order; comparable with other positions of the same ordering.
Position: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Value keys with low <= key < high."""

    low: ValueKey
    high: ValueKey

    def __contains__(self, key: ValueKey) -> bool:
        return self.low <= key < self.high

    def intersect(self, other: Span) -> Span:
        return Span(max(self.low, other.low), min(self.high, other.high))


NOTHING = Span((0,), (0,))


def successor(key: ValueKey) -> ValueKey:
    """The smallest key above all keys equal to `key`: a longer tuple sorts after its prefix and before the
    next value.
    """
    return (*key, 0)


def span_of(leaf: FieldFilter) -> Span | None:
    """The values a filter admits, when they are one span; None for negations and array-contains.

    Comparison with null or NaN admits nothing, and ranges stay within the type class of their value.
    """
    match leaf.op:
        case Operator.IS_NULL:
            return Span(NULL_KEY, successor(NULL_KEY))
        case Operator.IS_NAN:
            return Span(NAN_KEY, successor(NAN_KEY))
    key = value_key(leaf.value)
    if leaf.op in (
        Operator.NOT_EQUAL,
        Operator.NOT_IN,
        Operator.IS_NOT_NULL,
        Operator.IS_NOT_NAN,
        Operator.ARRAY_CONTAINS,
    ):
        return None
    if key in (NULL_KEY, NAN_KEY):
        return NOTHING
    first, last = (key[0],), (key[0] + 1,)
    match leaf.op:
        case Operator.EQUAL:
            return Span(key, successor(key))
        case Operator.LESS_THAN:
            return Span(first, key)
        case Operator.LESS_THAN_OR_EQUAL:
            return Span(first, successor(key))
        case Operator.GREATER_THAN:
            return Span(successor(key), last)
        case _:
            return Span(key, last)


def field_key(document: Document, field: FieldPath) -> ValueKey | None:
    """The sort key of one field, the name included; None when the document lacks it."""
    if field == NAME:
        return reference_key(document.path)
    value = get_field(document.fields, field)
    return None if value is MISSING else value_key(value)


_NUMBERS = frozenset({int, float})

#: The types that stored values must have to be compared with an operand, which they then do by themselves.
_COMPARABLE: dict[type, frozenset[type]] = {
    int: _NUMBERS,
    float: _NUMBERS,
    str: frozenset({str}),
    bytes: frozenset({bytes}),
    Timestamp: frozenset({Timestamp}),
}
_COMPARISONS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.LESS_THAN: operator.lt,
    Operator.LESS_THAN_OR_EQUAL: operator.le,
    Operator.GREATER_THAN: operator.gt,
    Operator.GREATER_THAN_OR_EQUAL: operator.ge,
}


def _plain_predicate(leaf: FieldFilter) -> Predicate | None:
    """The usual comparisons without keys, which is what walks through large collections spend their time on.
    NaN compares as false, as it should.
    """
    compare, types = _COMPARISONS.get(leaf.op), _COMPARABLE.get(type(leaf.value))
    if compare is None or types is None or len(leaf.field) != 1 or leaf.field == NAME:
        return None
    name, wanted = leaf.field[0], leaf.value
    return lambda document: type(value := document.fields.get(name)) in types and compare(value, wanted)


def _known_key(field: FieldPath, document: Document) -> ValueKey:
    value = get_field(document.fields, field)
    assert value is not MISSING
    return value_key(value)


def _leaf_predicate(leaf: FieldFilter) -> Predicate:
    plain = _plain_predicate(leaf)
    if plain is not None:
        return plain
    field = leaf.field
    if leaf.op is Operator.ARRAY_CONTAINS:
        return _contains_predicate(field, value_key(leaf.value))
    span = span_of(leaf)
    if span is not None:
        low, high = span.low, span.high
        return lambda document: (key := field_key(document, field)) is not None and low <= key < high
    excluded = _excluded(leaf)
    if excluded is None:
        return lambda document: False
    return lambda document: (key := field_key(document, field)) is not None and key not in excluded


def _excluded(leaf: FieldFilter) -> frozenset[ValueKey] | None:
    """What a negation leaves out, null always; None when it matches nothing. NaN differs from everything,
    itself included.
    """
    match leaf.op:
        case Operator.IS_NOT_NULL:
            return frozenset({NULL_KEY})
        case Operator.IS_NOT_NAN:
            return frozenset({NULL_KEY, NAN_KEY})
    operands = leaf.value if leaf.op is Operator.NOT_IN and isinstance(leaf.value, list) else [leaf.value]
    keys = {value_key(operand) for operand in operands}
    if NULL_KEY in keys:
        return None
    return frozenset(keys - {NAN_KEY} | {NULL_KEY})


def _contains_predicate(field: FieldPath, wanted: ValueKey) -> Predicate:
    if wanted in (NULL_KEY, NAN_KEY):
        return lambda document: False

    def contains(document: Document) -> bool:
        value = get_field(document.fields, field)
        return isinstance(value, list) and any(value_key(element) == wanted for element in value)

    return contains


def conjunction_predicate(conjunction: Conjunction) -> Predicate:
    predicates = [_leaf_predicate(leaf) for leaf in conjunction]
    if not predicates:
        return lambda document: True
    if len(predicates) == 1:
        return predicates[0]
    return lambda document: all(predicate(document) for predicate in predicates)


class _Against:
    """A key that sorts the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: ValueKey) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Against) and self.key == other.key

    def __lt__(self, other: _Against) -> bool:
        return other.key < self.key

    def __hash__(self) -> int:
        return hash(self.key)


def disjunction_predicate(disjuncts: tuple[Conjunction, ...]) -> Predicate:
    predicates = tuple(map(conjunction_predicate, disjuncts))
    if len(predicates) == 1:
        return predicates[0]
    return lambda document: any(predicate(document) for predicate in predicates)


class Ordering:
    """The full order of a query.

    Positions compare ascending; `reverse` says that the query runs through them backwards. Only an order
    that goes against the last one needs wrapped keys, so the usual queries compare plain tuples.
    """

    __slots__ = ("_fields", "orders", "required", "reverse")

    def __init__(self, orders: tuple[Order, ...]) -> None:
        self.orders = orders
        self.reverse = orders[-1].direction is Direction.DESCENDING
        self.required = frozenset(order.field for order in orders if order.field != NAME)
        self._fields = tuple((order.field, order.direction is not orders[-1].direction) for order in orders)

    def position(self, document: Document) -> Position | None:
        """None when the document lacks an order field, which keeps it out of the result."""
        return self._keys(document, self._fields)

    @staticmethod
    def _keys(document: Document, fields: tuple[tuple[FieldPath, bool], ...]) -> Position | None:
        keys: list[Any] = []
        for field, against in fields:
            key = field_key(document, field)
            if key is None:
                return None
            keys.append(_Against(key) if against else key)
        return tuple(keys)

    def place(self, document: Document) -> Position:
        """The position of a document that is known to match."""
        position = self.position(document)
        assert position is not None
        return position

    def place_but_name(self) -> Callable[[Document], Any]:
        """Gives something that compares as `place` does for documents that are in the order of their names,
        which are the last of all orders.
        """
        *fields, _ = self._fields
        if len(fields) == 1 and not fields[0][1]:
            return partial(_known_key, fields[0][0])
        return partial(self._keys, fields=tuple(fields))

    def has_fields(self, document: Document) -> bool:
        for field in self.required:  # noqa: SIM110 - a generator costs more than all the rest
            if get_field(document.fields, field) is MISSING:
                return False
        return True

    def cursor_position(self, cursor: Cursor) -> Position:
        keys = zip(map(value_key, cursor.values), self._fields, strict=False)
        return tuple(_Against(key) if against else key for key, (_, against) in keys)

    def first(self, positions: Iterable[Position]) -> Position:
        """The one that comes before all others in the result."""
        return max(positions) if self.reverse else min(positions)

    def precedes(self, left: Position, right: Position) -> bool:
        """Whether `left` comes before `right` in the result."""
        return right < left if self.reverse else left < right


class Matcher:
    """Decides about single documents: whether a query, apart from offset and limit, has them, and where
    they stand.
    """

    __slots__ = ("_admits", "_end", "_start", "ordering", "query")

    def __init__(self, query: NormalQuery) -> None:
        self.query = query
        self.ordering = Ordering(query.orders)
        self._admits = disjunction_predicate(query.disjuncts)
        self._start = self._bound(query.start_at)
        self._end = self._bound(query.end_at)

    def _bound(self, cursor: Cursor | None) -> tuple[Position, bool] | None:
        return None if cursor is None else (self.ordering.cursor_position(cursor), cursor.before)

    def disjuncts(self) -> list[Matcher]:
        """One for each disjunct; a document matches when it matches one of them at least."""
        if len(self.query.disjuncts) == 1:
            return [self]
        return [Matcher(replace(self.query, disjuncts=(each,))) for each in self.query.disjuncts]

    def filter(self, documents: Iterable[Document]) -> Iterable[Document]:
        """Those that match, of documents that come from where the query looks."""
        if not self.query.is_of_one_collection:
            return filter(self.matches, documents)
        if self._is_whole():
            return documents
        return filter(self._admits if self._filters_decide() else self.admits, documents)

    def _filters_decide(self) -> bool:
        """Whether no cursor and no order takes away what the filters let through: each needs its field."""
        filtered = (frozenset(leaf.field for leaf in disjunct) for disjunct in self.query.disjuncts)
        return not (self._start or self._end) and all(map(self.ordering.required.issubset, filtered))

    def _is_whole(self) -> bool:
        """Whether the query has every document of its collection."""
        query = self.query
        return () in query.disjuncts and len(query.orders) == 1 and not (self._start or self._end)

    def matches(self, document: Document) -> bool:
        return self.query.contains(document.path) and self.admits(document)

    def admits(self, document: Document) -> bool:
        """`matches` for a document known to be in scope."""
        if not self._admits(document):
            return False
        if self._start is None and self._end is None:
            return self.ordering.has_fields(document)
        position = self.ordering.position(document)
        return position is not None and self._within_cursors(position)

    def _within_cursors(self, position: Position) -> bool:
        if self._start is not None:
            bound, inclusive = self._start
            here = position[: len(bound)]
            if self.ordering.precedes(here, bound) or (here == bound and not inclusive):
                return False
        if self._end is not None:
            bound, exclusive = self._end
            here = position[: len(bound)]
            if self.ordering.precedes(bound, here) or (here == bound and exclusive):
                return False
        return True
