"""find_nearest: the documents whose vector is closest to a given one.

Source: google.firestore.v1 StructuredQuery.FindNearest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from emulator.errors import InvalidArgument
from emulator.firestore.documents import Document
from emulator.firestore.paths import parse_field_path
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


def nearest(find: FindNearest, documents: Iterable[Document]) -> list[Document]:
    """The closest first, ties by name. Documents without a vector of that dimension are left out."""
    ranked: list[tuple[float, Document]] = []
    for document in documents:
        vector = _vector(document, find)
        if vector is None:
            continue
        distance = _distance(find.measure, vector, find.vector)
        if not math.isnan(distance) and _within(find, distance):
            ranked.append((distance, document))
    sign = -1.0 if find.measure is DistanceMeasure.DOT_PRODUCT else 1.0
    ranked.sort(key=lambda pair: (sign * pair[0], pair[1].path.key))
    return [_with_distance(document, find, distance) for distance, document in ranked[: find.limit]]


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
