"""Python values as Firestore values, and what stands for a value that only the server knows.

| Python | Firestore |
|---|---|
| None, bool, int, float, str, bytes | the same |
| datetime (with a zone) | timestamp |
| GeoPoint, Reference | geo point, reference |
| list, dict | array, map |
| SERVER_TIME, Increment, ArrayUnion, ArrayRemove | a transform, at the top of the data or inside maps |
| DELETE_FIELD | removes the field; in an update and in a merge |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final, TypeAlias

from emulator.firestore import values as domain
from emulator.firestore.documents import FieldTransform, TransformKind
from emulator.firestore.paths import DatabaseId, DocumentPath, FieldPath

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Data: TypeAlias = Mapping[str, Any]
"""The fields of a document as a test writes them."""


class Sentinel(Enum):
    """The types of SERVER_TIME and DELETE_FIELD."""

    SERVER_TIME = "the server time"
    DELETE_FIELD = "no field"


SERVER_TIME: Final = Sentinel.SERVER_TIME
DELETE_FIELD: Final = Sentinel.DELETE_FIELD


@dataclass(frozen=True, slots=True)
class Increment:
    by: int | float


@dataclass(frozen=True, slots=True)
class ArrayUnion:
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ArrayRemove:
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class GeoPoint:
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Reference:
    """The document at a path of the same database."""

    path: str


def timestamp(moment: datetime) -> domain.Timestamp:
    """Raises TypeError for a time without a zone, since nobody could say which instant it is."""
    if moment.tzinfo is None:
        raise TypeError(f"{moment!r} has no time zone: use datetime(..., tzinfo=UTC)")
    return domain.Timestamp((moment - EPOCH) // timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class Codec:
    """To and from the values of one database, in which references point."""

    database: DatabaseId

    def encode(self, value: Any) -> domain.Value:
        """Raises TypeError for what Firestore cannot hold."""
        match value:
            case None | bool() | int() | float() | str() | bytes():
                return value
            case datetime():
                return timestamp(value)
            case GeoPoint(latitude, longitude):
                return domain.GeoPoint(latitude, longitude)
            case Reference(path):
                return domain.Reference(self.document_path(path))
            case list() | tuple():
                return [self.encode(item) for item in value]
            case Mapping():
                return {name: self.encode(inner) for name, inner in value.items()}
        raise TypeError(f"Firestore has no value for {value!r}")

    def decode(self, value: domain.Value) -> Any:
        match value:
            case domain.Timestamp(micros):
                return EPOCH + timedelta(microseconds=micros)
            case domain.GeoPoint(latitude, longitude):
                return GeoPoint(latitude, longitude)
            case domain.Reference(path):
                return Reference(path.relative)
            case list():
                return [self.decode(item) for item in value]
            case dict():
                return {name: self.decode(inner) for name, inner in value.items()}
        return value

    def document_path(self, path: str) -> DocumentPath:
        """Raises ValueError unless the path is that of a document."""
        segments = tuple(path.split("/"))
        if len(segments) % 2 or not all(segments):
            raise ValueError(f"{path!r} is no document's path; one looks like users/alice")
        return DocumentPath(self.database, segments)

    def transform(self, field: FieldPath, value: Any) -> FieldTransform | None:
        """What the server does to the field, None for a plain value."""
        match value:
            case Sentinel.SERVER_TIME:
                return FieldTransform(field, TransformKind.SERVER_TIMESTAMP)
            case Increment(by):
                return FieldTransform(field, TransformKind.INCREMENT, by)
            case ArrayUnion(items):
                return FieldTransform(field, TransformKind.ARRAY_UNION, self.encode(items))
            case ArrayRemove(items):
                return FieldTransform(field, TransformKind.ARRAY_REMOVE, self.encode(items))
        return None


def leaves(data: Data, above: FieldPath = ()) -> Iterator[tuple[FieldPath, Any]]:
    """Every value that is no map, or an empty map, with the path to it."""
    for name, value in data.items():
        path = (*above, name)
        if isinstance(value, Mapping) and value:
            yield from leaves(value, path)
        else:
            yield path, value
