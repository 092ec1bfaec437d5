"""What queries should find, said in the plainest way: no keys, no indexes, every document looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

from emulator.firestore.documents import Document
from emulator.firestore.normalization import INEQUALITIES
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

_ABSENT = object()
_RANKS = (type(None), bool, float, Timestamp, str, bytes, Reference, GeoPoint, list, dict)


def _rank(value: Any) -> int:
    kind = float if isinstance(value, int) and not isinstance(value, bool) else type(value)
    return _RANKS.index(kind)


def compare(left: Any, right: Any) -> int:
    """Negative, zero or positive, as the documentation orders values."""
    if _rank(left) != _rank(right):
        return _rank(left) - _rank(right)
    if isinstance(left, (int, float)) and not isinstance(left, bool):
        return _compare_numbers(left, right)
    if isinstance(left, str):
        left, right = left.encode(), right.encode()
    if isinstance(left, Reference):
        left, right = ([part.encode() for part in each.path.segments] for each in (left, right))
    if isinstance(left, list):
        return _compare_lists(left, right)
    if isinstance(left, dict):
        flat = ([part for name in sorted(each) for part in (name, each[name])] for each in (left, right))
        return _compare_lists(*flat)
    if isinstance(left, GeoPoint):
        left, right = (left.latitude, left.longitude), (right.latitude, right.longitude)
    if left is None:
        return 0
    return (left > right) - (left < right)


def _compare_numbers(left: float, right: float) -> int:
    if math.isnan(left) or math.isnan(right):
        return math.isnan(right) - math.isnan(left)
    if math.isinf(left) or math.isinf(right):
        return (left > right) - (left < right)
    return (Fraction(left) > Fraction(right)) - (Fraction(left) < Fraction(right))


def _compare_lists(left: list[Any], right: list[Any]) -> int:
    for ours, theirs in zip(left, right, strict=False):
        if compared := compare(ours, theirs):
            return compared
    return len(left) - len(right)


def _value(document: Document, field: tuple[str, ...]) -> Any:
    if field == NAME:
        return Reference(document.path)
    value: Any = document.fields
    for segment in field:
        if not isinstance(value, dict) or segment not in value:
            return _ABSENT
        value = value[segment]
    return value


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _equal(left: Any, right: Any) -> bool:
    """Never for null and NaN, which only unary filters find."""
    return right is not None and not _is_nan(right) and compare(left, right) == 0


def _holds(document: Document, leaf: FieldFilter) -> bool:
    value, wanted = _value(document, leaf.field), leaf.value
    if value is _ABSENT:
        return False
    match leaf.op:
        case Operator.EQUAL:
            return _equal(value, wanted)
        case Operator.IN:
            return any(_equal(value, each) for each in wanted)
        case Operator.ARRAY_CONTAINS:
            return isinstance(value, list) and any(_equal(each, wanted) for each in value)
        case Operator.ARRAY_CONTAINS_ANY:
            return isinstance(value, list) and any(
                _equal(each, any_of) for each in value for any_of in wanted
            )
        case Operator.IS_NULL:
            return value is None
        case Operator.IS_NAN:
            return _is_nan(value)
        case Operator.IS_NOT_NULL:
            return value is not None
        case Operator.IS_NOT_NAN:
            return value is not None and not _is_nan(value)
        case Operator.NOT_EQUAL:
            return value is not None and wanted is not None and not _equal(value, wanted)
        case Operator.NOT_IN:
            return (
                value is not None and None not in wanted and not any(_equal(value, each) for each in wanted)
            )
    if wanted is None or _is_nan(wanted) or _is_nan(value) or _rank(value) != _rank(wanted):
        return False
    compared = compare(value, wanted)
    return {
        Operator.LESS_THAN: compared < 0,
        Operator.LESS_THAN_OR_EQUAL: compared <= 0,
        Operator.GREATER_THAN: compared > 0,
        Operator.GREATER_THAN_OR_EQUAL: compared >= 0,
    }[leaf.op]


def _admits(document: Document, where: Filter | None) -> bool:
    if where is None:
        return True
    if isinstance(where, CompositeFilter):
        return (all if where.op == "AND" else any)(_admits(document, each) for each in where.filters)
    return _holds(document, where)


def _leaves(where: Filter | None) -> list[FieldFilter]:
    if where is None:
        return []
    if isinstance(where, FieldFilter):
        return [where]
    return [leaf for each in where.filters for leaf in _leaves(each)]


def _orders(query: Query) -> list[Order]:
    orders = list(query.order_by)
    last = orders[-1].direction if orders else Direction.ASCENDING
    inequalities = {leaf.field for leaf in _leaves(query.where) if leaf.op in INEQUALITIES}
    for field in [*sorted(inequalities - {NAME}), NAME]:
        if field not in [order.field for order in orders]:
            orders.append(Order(field, last))
    return orders


def _compare_documents(left: Document, right: Document, orders: list[Order]) -> int:
    return _compare_to_cursor(left, [_value(right, order.field) for order in orders], orders)


def _compare_to_cursor(document: Document, values: list[Any], orders: list[Order]) -> int:
    for order, value in zip(orders, values, strict=False):
        compared = compare(_value(document, order.field), value)
        if compared:
            return compared if order.direction is Direction.ASCENDING else -compared
    return 0


def _within(document: Document, query: Query, orders: list[Order]) -> bool:
    def against(cursor: Cursor) -> int:
        return _compare_to_cursor(document, list(cursor.values), orders)

    if query.start_at is not None and query.start_at.values:
        compared = against(query.start_at)
        if compared < 0 or (compared == 0 and not query.start_at.before):
            return False
    if query.end_at is not None and query.end_at.values:
        compared = against(query.end_at)
        if compared > 0 or (compared == 0 and query.end_at.before):
            return False
    return True


def _in_scope(document: Document, query: Query) -> bool:
    segments, above = document.path.segments, query.parent.segments
    if segments[: len(above)] != above or len(segments) == len(above):
        return False
    if not query.all_descendants and len(segments) != len(above) + 2:
        return False
    return query.collection is None or segments[-2] == query.collection


def find(documents: Mapping[str, Document], query: Query) -> list[str]:
    """The relative names of a query's result, in order."""
    orders = _orders(query)
    found = [
        document
        for document in documents.values()
        if _in_scope(document, query)
        and _admits(document, query.where)
        and all(_value(document, order.field) is not _ABSENT for order in orders)
        and _within(document, query, orders)
    ]
    found.sort(key=cmp_to_key(lambda left, right: _compare_documents(left, right, orders)))
    end = None if query.limit is None else query.offset + query.limit
    return [document.path.relative for document in found[query.offset : end]]
