"""The order of values: a key for every value such that keys compare as Firestore orders the values.

null < false < true < NaN < numbers < timestamps < strings < bytes < references < geo points < arrays <
vectors < maps. Equal keys mean equal values as queries see them: 1 and 1.0, 0.0 and -0.0, NaN and NaN.
Python compares int and float exactly, and code points order like UTF-8 bytes, so numbers and strings are
their own keys. Sources: firebase.google.com/docs/firestore/manage-data/data-types#value_type_ordering;
NaN, vectors and mixed numbers observed on the official emulator.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeAlias

from emulator.firestore.paths import DocumentPath, path_key
from emulator.firestore.values import GeoPoint, Reference, Timestamp, Value, is_vector

#: (rank, payload). Payloads of one rank compare with each other, those of different ranks are never compared.
ValueKey: TypeAlias = tuple[Any, ...]


class Rank(IntEnum):
    """The type classes in order."""

    NULL = 0
    BOOLEAN = 1
    NAN = 2
    NUMBER = 3
    TIMESTAMP = 4
    STRING = 5
    BYTES = 6
    REFERENCE = 7
    GEO_POINT = 8
    ARRAY = 9
    VECTOR = 10
    MAP = 11


NULL_KEY: ValueKey = (0,)
NAN_KEY: ValueKey = (2,)


def value_key(value: Value) -> ValueKey:
    """The sort key of a value; hashable."""
    kind = type(value)
    if kind is str:
        return (5, value)
    if kind is int:
        return (3, value)
    if value is None:
        return NULL_KEY
    if kind is bool:
        return (1, value)
    if isinstance(value, float):
        return (3, value) if value == value else NAN_KEY
    if isinstance(value, Timestamp):
        return (4, value.micros)
    if isinstance(value, bytes):
        return (6, value)
    if isinstance(value, Reference):
        return reference_key(value.path)
    if isinstance(value, GeoPoint):
        return (8, value.latitude, value.longitude)
    if isinstance(value, list):
        return (9, tuple(map(value_key, value)))
    if isinstance(value, dict):
        return _map_key(value)
    raise TypeError(f"not a Firestore value: {value!r}")


def _map_key(value: dict[str, Value]) -> ValueKey:
    if is_vector(value):
        elements = value["value"]
        assert isinstance(elements, list)
        return (10, len(elements), tuple(map(value_key, elements)))
    return (11, tuple((name, value_key(value[name])) for name in sorted(value)))


def reference_key(path: DocumentPath) -> ValueKey:
    """The key of a reference, and of a document's `__name__`."""
    return (7, path.database.project, path.database.database, path_key(path.segments))


def values_equal(left: Value, right: Value) -> bool:
    """Equality as queries and array transforms see it (1 == 1.0, NaN == NaN)."""
    return value_key(left) == value_key(right)
