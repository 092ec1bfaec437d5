"""Aggregations over a query's result (google.firestore.v1 StructuredAggregationQuery)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from emulator.errors import InvalidArgument
from emulator.firestore.documents import Document
from emulator.firestore.paths import FieldPath
from emulator.firestore.queries import NAME, Aggregation
from emulator.firestore.steps import Steps, pieces
from emulator.firestore.transforms import INT64_MAX, INT64_MIN
from emulator.firestore.validation import is_reserved
from emulator.firestore.values import MISSING, Value, get_field

MAX_AGGREGATIONS = 5


def with_aliases(aggregations: Sequence[Aggregation]) -> tuple[Aggregation, ...]:
    """The aggregations, checked, and those without an alias named `field_1`, `field_2` in turn."""
    if not aggregations:
        raise InvalidArgument("Aggregations can not be empty.")
    if len(aggregations) > MAX_AGGREGATIONS:
        raise InvalidArgument(
            f"The maximum number of aggregations allowed in an aggregation query is {MAX_AGGREGATIONS}."
            f" Received: {len(aggregations)}"
        )
    named: list[Aggregation] = []
    seen: set[str] = set()
    unnamed = 0
    for each in aggregations:
        alias = each.alias
        if not alias:
            unnamed += 1
            alias = f"field_{unnamed}"
        if alias in seen:
            raise InvalidArgument(f"Aggregation aliases contain duplicate alias: {alias}.")
        seen.add(alias)
        if is_reserved(alias):
            raise InvalidArgument(f'The property.name "{alias}" is reserved.')
        if each.field == NAME:
            raise InvalidArgument("Aggregations are not supported for the property: __key__")
        if each.up_to is not None and each.up_to < 0:
            raise InvalidArgument(
                "The `up_to` value in a COUNT aggregation must be greater than or equal to zero."
            )
        named.append(Aggregation(alias, each.kind, each.field, each.up_to))
    return tuple(named)


def aggregate(aggregations: Sequence[Aggregation], documents: Sequence[Document]) -> Steps[dict[str, Value]]:
    """One value per alias. Beside a sum or an average, only documents that have all those fields count at
    all.
    """
    numbers: dict[FieldPath, list[int | float]] = {
        each.field: [] for each in aggregations if each.field is not None
    }
    count = 0 if numbers else len(documents)
    if numbers:
        for piece in pieces(documents):
            for document in piece:
                count += _take(document, numbers)
            yield
    return {each.alias: _value(each, count, numbers) for each in aggregations}


def _take(document: Document, numbers: dict[FieldPath, list[int | float]]) -> bool:
    """Whether the document counts; its numbers are added."""
    values = [get_field(document.fields, field) for field in numbers]
    if MISSING in values:
        return False
    for value, found in zip(values, numbers.values(), strict=True):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            found.append(value)
    return True


def _value(aggregation: Aggregation, count: int, numbers: dict[FieldPath, list[int | float]]) -> Value:
    if aggregation.kind == "count":
        return count if aggregation.up_to is None else min(count, aggregation.up_to)
    assert aggregation.field is not None
    found = numbers[aggregation.field]
    return total(found) if aggregation.kind == "sum" else average(found)


def total(numbers: Sequence[int | float]) -> int | float:
    """Exact for integers, whatever the order; a double when one is among them or when the sum leaves 64
    bits.
    """
    doubles = [number for number in numbers if isinstance(number, float)]
    integers = sum([number for number in numbers if isinstance(number, int)] if doubles else numbers)
    if not doubles:
        return integers if INT64_MIN <= integers <= INT64_MAX else float(integers)
    return _float_sum([*doubles, integers])


def average(numbers: Sequence[int | float]) -> float | None:
    if not numbers:
        return None
    if all(isinstance(number, int) for number in numbers):
        return sum(numbers) / len(numbers)
    return _float_sum(numbers) / len(numbers)


def _float_sum(numbers: Sequence[int | float]) -> float:
    """As precise as can be, and as IEEE says once infinities or NaN take part."""
    floats = [float(number) for number in numbers]
    if all(map(math.isfinite, floats)):
        try:
            return math.fsum(floats)
        except OverflowError:
            return sum(floats)
    return sum(floats)
