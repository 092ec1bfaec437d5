"""Structured queries as the domain holds them (google.firestore.v1 StructuredQuery,
StructuredAggregationQuery).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from emulator.firestore.paths import DocumentPath, FieldPath
from emulator.firestore.values import Value

#: The pseudo field that holds the document's name.
NAME: FieldPath = ("__name__",)


class Operator(Enum):
    """FieldFilter.Operator and UnaryFilter.Operator; unary ones carry value None."""

    LESS_THAN = "<"
    LESS_THAN_OR_EQUAL = "<="
    GREATER_THAN = ">"
    GREATER_THAN_OR_EQUAL = ">="
    EQUAL = "=="
    NOT_EQUAL = "!="
    ARRAY_CONTAINS = "array-contains"
    IN = "in"
    ARRAY_CONTAINS_ANY = "array-contains-any"
    NOT_IN = "not-in"
    IS_NAN = "is-nan"
    IS_NULL = "is-null"
    IS_NOT_NAN = "is-not-nan"
    IS_NOT_NULL = "is-not-null"


@dataclass(frozen=True, slots=True)
class FieldFilter:
    field: FieldPath
    op: Operator
    value: Value = None


@dataclass(frozen=True, slots=True)
class CompositeFilter:
    op: str  # "AND" or "OR"
    filters: tuple[Filter, ...]


Filter: TypeAlias = FieldFilter | CompositeFilter


class Direction(Enum):
    ASCENDING = "ASC"
    DESCENDING = "DESC"


@dataclass(frozen=True, slots=True)
class Order:
    field: FieldPath
    direction: Direction = Direction.ASCENDING


@dataclass(frozen=True, slots=True)
class Cursor:
    """Values for the first orders; `before` says whether the position is just before them."""

    values: tuple[Value, ...]
    before: bool


class DistanceMeasure(Enum):
    EUCLIDEAN = 1
    COSINE = 2
    DOT_PRODUCT = 3


@dataclass(frozen=True, slots=True)
class FindNearest:
    field: FieldPath
    vector: tuple[float, ...]
    measure: DistanceMeasure
    limit: int
    distance_result_field: str | None = None
    distance_threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A query below `parent` (a document path, or the root with no segments).

    `collection` None means every collection below the parent. Orders are the explicit ones; the engine
    adds the implicit ones. `select` None means whole documents.
    """

    parent: DocumentPath
    collection: str | None
    all_descendants: bool = False
    where: Filter | None = None
    order_by: tuple[Order, ...] = ()
    start_at: Cursor | None = None
    end_at: Cursor | None = None
    offset: int = 0
    limit: int | None = None
    select: tuple[FieldPath, ...] | None = None
    find_nearest: FindNearest | None = None


@dataclass(frozen=True, slots=True)
class Aggregation:
    """`kind` is "count", "sum" or "avg"; `up_to` belongs to count, `field` to the other two."""

    alias: str
    kind: str
    field: FieldPath | None = None
    up_to: int | None = None
