"""Field values as the domain holds them (google.firestore.v1.Value).

| Firestore | Python |
|---|---|
| null, boolean, integer, double, string, bytes | None, bool, int (64 bit), float, str, bytes |
| timestamp | Timestamp |
| reference | Reference |
| geo point | GeoPoint |
| array | list |
| map | dict with str keys; a vector is a map with `__type__` = "__vector__" and `value`, as on the wire |

Lists and dicts inside a stored document are shared and must never be changed in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, TypeAlias

from emulator.firestore.paths import DocumentPath, FieldPath


class Missing(Enum):
    """The type of MISSING: no value at all, which is not null."""

    MISSING = "missing"


MISSING: Final[Literal[Missing.MISSING]] = Missing.MISSING


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """An instant, in microseconds since 1970-01-01T00:00:00Z: the precision Firestore stores."""

    micros: int


@dataclass(frozen=True, slots=True)
class GeoPoint:
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference value: the document it names, in any project and database."""

    path: DocumentPath


Value: TypeAlias = (
    bool
    | int
    | float
    | str
    | bytes
    | Timestamp
    | GeoPoint
    | Reference
    | list["Value"]
    | dict[str, "Value"]
    | None
)

VECTOR_TYPE = "__vector__"


def is_vector(value: Value) -> bool:
    """Whether a map is the wire form of a vector."""
    return (
        isinstance(value, dict)
        and value.get("__type__") == VECTOR_TYPE
        and isinstance(value.get("value"), list)
    )


def identical(left: Value, right: Value) -> bool:
    """Whether two values are the same in type and bits: 1 is not 1.0, 0.0 is not -0.0, NaN is NaN."""
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        assert isinstance(right, float)
        return repr(left) == repr(right)
    if isinstance(left, list):
        assert isinstance(right, list)
        return len(left) == len(right) and all(map(identical, left, right))
    if isinstance(left, dict):
        assert isinstance(right, dict)
        return left.keys() == right.keys() and all(
            identical(value, right[name]) for name, value in left.items()
        )
    if isinstance(left, GeoPoint):
        return repr(left) == repr(right)
    return left == right


def get_field(fields: dict[str, Value], path: FieldPath) -> Value | Missing:
    """The value at a path; MISSING when a segment is absent or its parent is no map."""
    if len(path) == 1:
        return fields.get(path[0], MISSING)
    value: Value = fields
    for segment in path:
        if not isinstance(value, dict) or segment not in value:
            return MISSING
        value = value[segment]
    return value


def with_field(fields: dict[str, Value], path: FieldPath, value: Value) -> dict[str, Value]:
    """A copy with one path set; parents that are no maps become maps. Only the maps along the path are
    copied.
    """
    head, rest = path[0], path[1:]
    copied = dict(fields)
    if rest:
        inner = fields.get(head)
        value = with_field(inner if isinstance(inner, dict) else {}, rest, value)
    copied[head] = value
    return copied


def without_field(fields: dict[str, Value], path: FieldPath) -> dict[str, Value]:
    """A copy with one path absent, or the same map when it is absent already."""
    head, rest = path[0], path[1:]
    if head not in fields:
        return fields
    inner = fields[head]
    if rest:
        if not isinstance(inner, dict):
            return fields
        shrunk = without_field(inner, rest)
        return fields if shrunk is inner else {**fields, head: shrunk}
    return {name: value for name, value in fields.items() if name != head}
