"""Random documents and queries of every shape, from small alphabets so that they meet.

What is drawn comes from a `random.Random`, so a number says all of it again; hypothesis has one that shrinks.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emulator.errors import FirestoreError
from emulator.firestore.normalization import normalize
from emulator.firestore.paths import DocumentPath, FieldPath
from emulator.firestore.queries import (
    NAME,
    CompositeFilter,
    Cursor,
    Direction,
    FieldFilter,
    Filter,
    Operator,
    Order,
    Query,
)
from emulator.firestore.values import GeoPoint, Reference, Timestamp
from tests.emulator.firestore.world import ROOT, path

FIELDS: tuple[FieldPath, ...] = (("a",), ("a",), ("b",), ("m",), ("m", "x"))

NUMBERS: tuple[Any, ...] = (None, math.nan, -1, 0, -0.0, 1, 1.0, 1.5, 2, 3)

SCALARS: tuple[Any, ...] = (
    None,
    False,
    True,
    math.nan,
    -math.inf,
    -1,
    0,
    -0.0,
    1,
    1.0,
    1.5,
    2,
    3,
    2**53,
    2**53 + 1,
    float(2**53),
    Timestamp(0),
    Timestamp(1),
    "",
    "a",
    "b",
    "\ue000",
    "\U00010000",
    b"",
    b"\x00",
    Reference(path("c/1")),
    Reference(path("c/01")),
    GeoPoint(0.0, 1.0),
)

_UNARY = (Operator.IS_NULL, Operator.IS_NAN, Operator.IS_NOT_NULL, Operator.IS_NOT_NAN)
_LISTS = (Operator.IN, Operator.ARRAY_CONTAINS_ANY, Operator.NOT_IN)

#: Equality, ranges and `in` are what most queries have; the rest comes as often as all of these together.
_OPERATORS = (
    *(Operator.EQUAL, Operator.IN, Operator.EQUAL, Operator.IN),
    *(Operator.LESS_THAN, Operator.LESS_THAN_OR_EQUAL),
    *(Operator.GREATER_THAN, Operator.GREATER_THAN_OR_EQUAL),
    *Operator,
)
_ABOUT_NAMES = tuple(
    operator
    for operator in _OPERATORS
    if operator not in (*_UNARY, Operator.ARRAY_CONTAINS, Operator.ARRAY_CONTAINS_ANY)
)

SCOPES: tuple[tuple[DocumentPath, str, bool], ...] = (
    *[(ROOT, "c", False)] * 6,
    *[(ROOT, "c", True)] * 3,
    (ROOT, "s", True),
    (path("c/1"), "s", True),
    (path("c/1"), "s", False),
)


class Draw:
    """Draws values of one alphabet and names of one list, for documents and for queries about them."""

    def __init__(self, draws: random.Random, names: Sequence[str]) -> None:
        self._random = draws
        self._names = list(names)
        alphabet = draws.choice((NUMBERS, NUMBERS, SCALARS, SCALARS))
        self._scalars = draws.sample(alphabet, draws.choice((3, 5, len(alphabet))))

    # --- documents

    def fields(self) -> dict[str, Any]:
        """The fields of a document, each missing now and then and of another type now and then."""
        usual = {"a": self.scalar, "b": self._list, "m": self._map}
        return {
            name: draw() if self._random.random() < 0.8 else self.value()
            for name, draw in usual.items()
            if self._random.random() < 0.9
        }

    def value(self) -> Any:
        """A scalar, a list or a map."""
        return self._random.choice((self.scalar, self.scalar, self._list, self._map))()

    def _list(self) -> list[Any]:
        elements = range(self._random.randint(0, 3))
        return [self._map() if self._random.random() < 0.1 else self.scalar() for _ in elements]

    def scalar(self) -> Any:
        return self._random.choice(self._scalars)

    def _map(self) -> dict[str, Any]:
        return {name: self.scalar() for name in ("x", "y") if self._random.random() < 0.8}

    def name(self) -> Reference:
        return Reference(path(self._random.choice(self._names)))

    # --- queries

    def query(self) -> Query:
        """One that is allowed. Refused ones are drawn again, at last without a filter."""
        for _ in range(8):
            query = self._any_query()
            try:
                normalize(query)
            except FirestoreError:
                continue
            return query
        return replace(query, where=None)

    def _any_query(self) -> Query:
        where = self._filter()
        filtered = leaves(where)
        orders = self._orders([leaf.field for leaf in filtered])
        query = Query(
            *self._random.choice(SCOPES),
            where=where,
            order_by=orders,
            start_at=self._cursor(orders, filtered),
            end_at=self._cursor(orders, filtered),
            offset=self._random.choice((0, 0, 0, 1, 3)),
            limit=self._random.choice((None, None, 1, 2, 3, 7)),
        )
        return limited_to_last(query) if query.limit and self._random.random() < 0.2 else query

    def _filter(self) -> Filter | None:
        kind = self._random.random()
        if kind < 0.1:
            return None
        if kind < 0.3:
            return self._leaf()
        if kind < 0.4:
            fixed = FieldFilter(self._random.choice(FIELDS), Operator.EQUAL, self.scalar())
            other = self._leaf(NAME if self._random.random() < 0.4 else None)
            return CompositeFilter("AND", (fixed, other))
        return self._composite(depth=2)

    def _composite(self, depth: int) -> Filter:
        """Several filters, about the same field as often as not."""
        field = self._random.choice((None, self._field()))
        count = self._random.choice((1, 2, 2, 3))
        inner = (
            self._composite(depth - 1) if depth > 1 and self._random.random() < 0.3 else self._leaf(field)
            for _ in range(count)
        )
        return CompositeFilter(self._random.choice(("AND", "OR", "OR", "OR")), tuple(inner))

    def _field(self) -> FieldPath:
        return NAME if self._random.random() < 0.12 else self._random.choice(FIELDS)

    def _leaf(self, field: FieldPath | None = None) -> FieldFilter:
        field = field or self._field()
        operator = self._random.choice(_ABOUT_NAMES if field == NAME else _OPERATORS)
        operand = self.name if field == NAME else self._operand
        if operator in _UNARY:
            return FieldFilter(field, operator)
        if operator in _LISTS:
            return FieldFilter(field, operator, [operand() for _ in range(self._random.randint(1, 4))])
        return FieldFilter(field, operator, operand())

    def _operand(self) -> Any:
        return self.value() if self._random.random() < 0.1 else self.scalar()

    def _orders(self, filtered: Sequence[FieldPath]) -> tuple[Order, ...]:
        """Orders by fields that are filtered as often as by others, the name perhaps as the last."""
        fields: dict[FieldPath, None] = {}
        for _ in range(self._random.choice((0, 1, 1, 1, 2, 3))):
            from_filter = filtered and self._random.random() < 0.6
            fields[self._random.choice(filtered if from_filter else FIELDS)] = None
        named = fields.pop(NAME, 1) is None or self._random.random() < 0.25
        return tuple(
            Order(field, self._random.choice(tuple(Direction)))
            for field in (*fields, *((NAME,) if named else ()))
        )

    def _cursor(self, orders: tuple[Order, ...], filtered: Sequence[FieldFilter]) -> Cursor | None:
        """Values for some of the first orders, those that filters compare with as often as others."""
        if not orders or self._random.random() < 0.8:
            return None
        some = orders[: self._random.randint(1, len(orders))]
        values = tuple(self._cursor_value(order.field, filtered) for order in some)
        return Cursor(values, self._random.random() < 0.5)

    def _cursor_value(self, field: FieldPath, filtered: Sequence[FieldFilter]) -> Any:
        if field == NAME:
            return self.name()
        compared = [leaf.value for leaf in filtered if leaf.field == field]
        if compared and self._random.random() < 0.5:
            return self._random.choice(compared)
        return self._operand()


def leaves(where: Filter | None) -> list[FieldFilter]:
    """Every comparison of a filter."""
    if where is None:
        return []
    if isinstance(where, FieldFilter):
        return [where]
    return [leaf for each in where.filters for leaf in leaves(each)]


def limited_to_last(query: Query) -> Query:
    """`limitToLast` as SDKs send it: every order and both cursors the other way round."""
    return replace(
        query,
        order_by=tuple(Order(order.field, _OPPOSITE[order.direction]) for order in query.order_by),
        start_at=_from_the_other_side(query.end_at),
        end_at=_from_the_other_side(query.start_at),
    )


_OPPOSITE = {
    Direction.ASCENDING: Direction.DESCENDING,
    Direction.DESCENDING: Direction.ASCENDING,
}


def _from_the_other_side(cursor: Cursor | None) -> Cursor | None:
    return None if cursor is None else Cursor(cursor.values, not cursor.before)
