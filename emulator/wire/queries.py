"""StructuredQuery, StructuredAggregationQuery and Cursor to the domain's queries, and cursors back."""

from __future__ import annotations

import itertools

from emulator.errors import InvalidArgument
from emulator.firestore.nearest import check_limit, query_vector
from emulator.firestore.paths import DocumentPath, FieldPath, parse_field_path
from emulator.firestore.queries import (
    Aggregation,
    CompositeFilter,
    Cursor,
    Direction,
    DistanceMeasure,
    FieldFilter,
    Filter,
    FindNearest,
    Operator,
    Order,
    Query,
)
from emulator.wire.protos import Message
from emulator.wire.values import decode_value, encode_value

#: StructuredQuery.FieldFilter.Operator
_FIELD_OPERATORS = {
    1: Operator.LESS_THAN,
    2: Operator.LESS_THAN_OR_EQUAL,
    3: Operator.GREATER_THAN,
    4: Operator.GREATER_THAN_OR_EQUAL,
    5: Operator.EQUAL,
    6: Operator.NOT_EQUAL,
    7: Operator.ARRAY_CONTAINS,
    8: Operator.IN,
    9: Operator.ARRAY_CONTAINS_ANY,
    10: Operator.NOT_IN,
}

#: StructuredQuery.UnaryFilter.Operator
_UNARY_OPERATORS = {
    2: Operator.IS_NAN,
    3: Operator.IS_NULL,
    4: Operator.IS_NOT_NAN,
    5: Operator.IS_NOT_NULL,
}

#: StructuredQuery.CompositeFilter.Operator
_COMPOSITE_OPERATORS = {1: "AND", 2: "OR"}

#: StructuredQuery.Direction; unspecified is ascending.
_DIRECTIONS = {0: Direction.ASCENDING, 1: Direction.ASCENDING, 2: Direction.DESCENDING}


def decode_query(parent: DocumentPath, message: Message) -> Query:
    """A StructuredQuery below a parent. What the query may not combine is the domain's to refuse."""
    if len(message.from_) > 1:
        raise InvalidArgument("StructuredQuery.from cannot have more than one collection selector.")
    selector = message.from_[0] if message.from_ else None
    return Query(
        parent=parent,
        collection=(selector.collection_id or None) if selector else None,
        all_descendants=selector.all_descendants if selector else False,
        where=decode_filter(message.where) if message.HasField("where") else None,
        order_by=tuple(map(_decode_order, message.order_by)),
        start_at=decode_cursor(message.start_at) if message.HasField("start_at") else None,
        end_at=decode_cursor(message.end_at) if message.HasField("end_at") else None,
        offset=_not_negative("offset", message.offset),
        limit=_not_negative("limit", message.limit.value) if message.HasField("limit") else None,
        select=_decode_projection(message) if message.HasField("select") else None,
        find_nearest=_decode_find_nearest(message.find_nearest) if message.HasField("find_nearest") else None,
    )


def _not_negative(name: str, number: int) -> int:
    if number < 0:
        raise InvalidArgument(f"{name} is negative")
    return number


def _decode_projection(message: Message) -> tuple[FieldPath, ...]:
    """`select` without fields, or with `__name__` alone, gives names only."""
    return tuple(parse_field_path(field.field_path) for field in message.select.fields)


def _decode_order(message: Message) -> Order:
    direction = _DIRECTIONS.get(message.direction)
    if direction is None:
        raise InvalidArgument("Unknown order direction.")
    return Order(parse_field_path(message.field.field_path), direction)


def decode_filter(message: Message) -> Filter:
    match message.WhichOneof("filter_type"):
        case "composite_filter":
            return _decode_composite(message.composite_filter)
        case "field_filter":
            return _decode_field_filter(message.field_filter)
        case "unary_filter":
            return _decode_unary(message.unary_filter)
    raise InvalidArgument("Filter type is not set.")


def _decode_composite(message: Message) -> CompositeFilter:
    op = _COMPOSITE_OPERATORS.get(message.op)
    if op is None:
        raise InvalidArgument("Unsupported CompositeFilter operator.")
    return CompositeFilter(op, tuple(map(decode_filter, message.filters)))


def _decode_field_filter(message: Message) -> FieldFilter:
    op = _FIELD_OPERATORS.get(message.op)
    if op is None:
        raise InvalidArgument("Unknown FieldFilter operator.")
    return FieldFilter(parse_field_path(message.field.field_path), op, decode_value(message.value))


def _decode_unary(message: Message) -> FieldFilter:
    op = _UNARY_OPERATORS.get(message.op)
    if op is None:
        raise InvalidArgument("Unknown UnaryFilter operator.")
    return FieldFilter(parse_field_path(message.field.field_path), op)


def decode_cursor(message: Message) -> Cursor:
    return Cursor(tuple(map(decode_value, message.values)), bool(message.before))


def encode_cursor(message: Message, cursor: Cursor) -> None:
    for value in cursor.values:
        encode_value(message.values.add(), value)
    message.before = cursor.before


def _decode_find_nearest(message: Message) -> FindNearest:
    """Checked in the order of the official emulator."""
    vector = query_vector(decode_value(message.query_vector))
    check_limit(message.limit.value)
    try:
        measure = DistanceMeasure(message.distance_measure)
    except ValueError:
        raise InvalidArgument("Unknown Distance Measure.") from None
    return FindNearest(
        field=parse_field_path(message.vector_field.field_path),
        vector=vector,
        measure=measure,
        limit=message.limit.value,
        distance_result_field=message.distance_result_field or None,
        distance_threshold=message.distance_threshold.value
        if message.HasField("distance_threshold")
        else None,
    )


def decode_aggregations(message: Message) -> tuple[Aggregation, ...]:
    """Of a StructuredAggregationQuery; those without an alias become `field_1`, `field_2`, …"""
    numbers = itertools.count(1)
    return tuple(
        _decode_aggregation(aggregation, aggregation.alias or f"field_{next(numbers)}")
        for aggregation in message.aggregations
    )


def _decode_aggregation(message: Message, alias: str) -> Aggregation:
    match message.WhichOneof("operator"):
        case "count":
            count = message.count
            return Aggregation(alias, "count", up_to=count.up_to.value if count.HasField("up_to") else None)
        case "sum":
            return Aggregation(alias, "sum", field=parse_field_path(message.sum.field.field_path))
        case "avg":
            return Aggregation(alias, "avg", field=parse_field_path(message.avg.field.field_path))
    raise InvalidArgument("Operator field in Aggregation is not set.")
