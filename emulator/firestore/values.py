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
from typing import TypeAlias

from emulator.firestore.paths import DocumentPath


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
    None | bool | int | float | str | bytes | Timestamp | GeoPoint | Reference | list["Value"] | dict[str, "Value"]
)
