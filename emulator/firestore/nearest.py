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
from emulator.firestore.paths import PathKey, parse_field_path
from emulator.firestore.queries import DistanceMeasure, FindNearest
from emulator.firestore.validation import MAX_VECTOR_DIMENSION
from emulator.firestore.values import get_field, is_vector, with_field

MAX_LIMIT = 1000


def check_find_nearest(find: FindNearest) -> None:
    if not 1 <= find.limit <= MAX_LIMIT:
        raise InvalidArgument(f"FindNearest.limit must be a positive integer of no more than {MAX_LIMIT}.")
    if not find.vector:
        raise InvalidArgument("FindNearest.query_vector must contain at least one element.")
    if len(find.vector) > MAX_VECTOR_DIMENSION:
        raise InvalidArgument(
            f"FindNearest.query_vector can have a maximum of {MAX_VECTOR_DIMENSION} dimensions."
        )
    if find.distance_result_field is not None:
        parse_field_path(find.distance_result_field)


class Nearest:
    """Finds the closest of the documents it is shown, of those that have a vector of that dimension."""

    def __init__(self, find: FindNearest) -> None:
        self._find = find
        self._sign = -1.0 if find.measure is DistanceMeasure.DOT_PRODUCT else 1.0
        self._ranked: list[tuple[float, PathKey, float, Document]] = []

    def add(self, document: Document) -> None:
        find = self._find
        vector = _vector(document, find)
        if vector is None:
            return
        distance = _distance(find.measure, vector, find.vector)
        if math.isnan(distance) or not _within(find, distance):
            return
        self._ranked.append((self._sign * distance, document.path.key, distance, document))
        if len(self._ranked) > 2 * MAX_LIMIT:
            self._rank()

    def found(self) -> list[Document]:
        """The closest first, ties by name."""
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
    product = math.fsum(a * b for a, b in zip(left, right, strict=True))
    if measure is DistanceMeasure.DOT_PRODUCT:
        return product
    lengths = math.hypot(*left) * math.hypot(*right)
    return 1.0 - product / lengths if lengths else math.nan


def _with_distance(document: Document, find: FindNearest, distance: float) -> Document:
    if find.distance_result_field is None:
        return document
    field = parse_field_path(find.distance_result_field)
    return replace(document, fields=with_field(document.fields, field, distance), encoding=None)
