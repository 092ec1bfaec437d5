"""find_nearest: the documents whose vector is closest to a given one.

Source: google.firestore.v1 StructuredQuery.FindNearest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter

from emulator.errors import InvalidArgument
from emulator.firestore.documents import Document
from emulator.firestore.queries import DistanceMeasure, FindNearest, Query
from emulator.firestore.validation import is_reserved, type_name, vector_elements
from emulator.firestore.values import VECTOR_TYPE, Value, get_field, is_vector

MAX_LIMIT = 1000


def query_vector(value: Value) -> tuple[float, ...]:
    """The vector to be near to. Unlike a stored one it may hold NaN."""
    if not isinstance(value, dict) or "__type__" not in value or type_name(value) != VECTOR_TYPE:
        raise InvalidArgument("Query Value must be of type vector.")
    return tuple(vector_elements(value))


def check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidArgument(f"FindNearest.limit must be a positive integer of no more than {MAX_LIMIT}")


def check_find_nearest(query: Query, find: FindNearest) -> None:
    """What a query that looks for neighbours may not have besides, in the official emulator's order."""
    check_limit(find.limit)
    if query.limit is not None:
        raise InvalidArgument("A query limit cannot be used with FindNearest")
    if query.offset:
        raise InvalidArgument("A query offset cannot be used with FindNearest")
    if query.start_at is not None or query.end_at is not None:
        raise InvalidArgument("A cursor cannot be used with FindNearest")
    if find.distance_result_field is not None and is_reserved(find.distance_result_field):
        raise InvalidArgument(
            f'The distanceResultField.property.name "{find.distance_result_field}" is reserved.'
        )


class Nearest:
    """Finds the closest of the documents it is shown, of those that have a vector of that dimension."""

    def __init__(self, find: FindNearest) -> None:
        self._find = find
        self._sign = -1.0 if find.measure is DistanceMeasure.DOT_PRODUCT else 1.0
        self._ranked: list[tuple[bool, float, float, Document]] = []

    def add(self, document: Document) -> None:
        find = self._find
        vector = _vector(document, find)
        if vector is None:
            return
        distance = _distance(find.measure, vector, find.vector)
        if not _within(find, distance):
            return
        none = math.isnan(distance)
        self._ranked.append((none, 0.0 if none else self._sign * distance, distance, document))
        if len(self._ranked) > 2 * MAX_LIMIT:
            self._rank()

    def found(self) -> list[Document]:
        """The closest first, those without a distance last; ties in the order they were shown in."""
        self._rank()
        return [_with_distance(document, self._find, distance) for _, _, distance, document in self._ranked]

    def _rank(self) -> None:
        self._ranked.sort(key=itemgetter(0, 1))
        del self._ranked[self._find.limit :]


def _vector(document: Document, find: FindNearest) -> list[float] | None:
    value = get_field(document.fields, find.field)
    if not isinstance(value, dict) or not is_vector(value):
        return None
    elements = value["value"]
    if not isinstance(elements, list) or len(elements) != len(find.vector):
        return None
    return [float(element) for element in elements if isinstance(element, (int, float))]


def _within(find: FindNearest, distance: float) -> bool:
    """A dot product grows with closeness, the other measures shrink."""
    if find.distance_threshold is None:
        return True
    if find.measure is DistanceMeasure.DOT_PRODUCT:
        return distance >= find.distance_threshold
    return distance <= find.distance_threshold


def _distance(measure: DistanceMeasure, left: Sequence[float], right: Sequence[float]) -> float:
    """NaN when a cosine has no direction to compare."""
    if measure is DistanceMeasure.EUCLIDEAN:
        return math.dist(left, right)
    product = sum(a * b for a, b in zip(left, right, strict=True))
    if measure is DistanceMeasure.DOT_PRODUCT:
        return product
    lengths = math.sqrt(sum(a * a for a in left) * sum(b * b for b in right))
    return 1.0 - product / lengths if lengths else math.nan


def _with_distance(document: Document, find: FindNearest, distance: float) -> Document:
    """The distance goes into the field of that very name: dots in it have no meaning."""
    if find.distance_result_field is None:
        return document
    fields = {**document.fields, find.distance_result_field: distance}
    return replace(document, fields=fields, encoding=None)
