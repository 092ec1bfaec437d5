"""Documents as App Engine entities (EntityProto), the records of a Firestore export.

A property says how its value is meant: an int64 with meaning GD_WHEN is a timestamp, a string with meaning
ENTITY_PROTO is a map. Field numbers and meanings: appengine-python-standard's entity_bytes_pb2. How Firestore
uses them was read from exports the official emulator wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from google.protobuf.message import DecodeError

from emulator.firestore.documents import Document
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.values import GeoPoint, Reference, Timestamp, Value
from emulator.wire.export_format_messages import (
    BOOL,
    BYTES,
    DOUBLE,
    GROUP,
    INT32,
    INT64,
    MESSAGE,
    Field,
    Table,
    message_class,
)

#: Maps inside maps that a file may hold; Firestore itself stores at most 20.
MAX_DEPTH = 100

_DEFAULT_DATABASE = "(default)"
_VECTOR = "__vector__"
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
# A numeric document id: `__id`, an int64 without superfluous zeros, `__`.
_NUMERIC_ID = re.compile(r"__id(0|-?[1-9][0-9]{0,18})__", re.ASCII)


class EntityError(Exception):
    """The bytes are not an entity that Firestore could have exported."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One exported document; its times are not part of an export."""

    path: DocumentPath
    fields: dict[str, Value]


class _Meaning(IntEnum):
    NONE = 0
    TIMESTAMP = 7
    GEO_POINT = 9
    BYTES = 14
    TEXT = 15
    BYTE_STRING = 16
    MAP = 19
    EMPTY_ARRAY = 24


_ENTITY_TABLE: Table = {
    "Entity": (
        Field("key", 13, MESSAGE, "Key"),
        Field("property", 14, MESSAGE, "Property", repeated=True),
        Field("raw_property", 15, MESSAGE, "Property", repeated=True),
        Field("entity_group", 16, MESSAGE, "Path"),
    ),
    "Key": (Field("app", 13, BYTES), Field("path", 14, MESSAGE, "Path"), Field("database_id", 23, BYTES)),
    "Path": (Field("element", 1, GROUP, "Element", repeated=True),),
    "Element": (Field("type", 2, BYTES), Field("id", 3, INT64), Field("name", 4, BYTES)),
    "Property": (
        Field("meaning", 1, INT32),
        Field("name", 3, BYTES),
        Field("multiple", 4, BOOL),
        Field("value", 5, MESSAGE, "PropertyValue"),
    ),
    "PropertyValue": (
        Field("int64", 1, INT64),
        Field("bool", 2, BOOL),
        Field("string", 3, BYTES),
        Field("double", 4, DOUBLE),
        Field("point", 5, GROUP, "Point"),
        Field("reference", 12, GROUP, "ReferenceValue"),
    ),
    "Point": (Field("latitude", 6, DOUBLE), Field("longitude", 7, DOUBLE)),
    "ReferenceValue": (
        Field("app", 13, BYTES),
        Field("element", 14, GROUP, "ReferenceElement", repeated=True),
        Field("database_id", 23, BYTES),
    ),
    "ReferenceElement": (Field("type", 15, BYTES), Field("id", 16, INT64), Field("name", 17, BYTES)),
}
_Entity = message_class(_ENTITY_TABLE, "Entity")


def encode_entity(document: Document) -> bytes:
    """The record that exports one document."""
    entity = _Entity()
    path = document.path
    _write_database(entity.key, path.database)
    _write_elements(entity.key.path.element, path.segments)
    _write_elements(entity.entity_group.element, path.segments[:2])
    _write_fields(entity, document.fields)
    return bytes(entity.SerializeToString())


def decode_entity(record: bytes) -> Entity:
    """The document of one record, in the project and database it was exported from. Raises EntityError."""
    entity = _parse(record)
    segments = _read_elements(entity.key.path.element)
    if not segments:
        raise EntityError("an entity without a key")
    return Entity(DocumentPath(_read_database(entity.key), segments), _read_fields(entity, MAX_DEPTH))


def _parse(data: bytes) -> Any:
    try:
        return _Entity.FromString(data)
    except DecodeError as error:
        raise EntityError("not an entity") from error


def _write_database(target: Any, database: DatabaseId) -> None:
    target.app = f"dev~{database.project}".encode()
    if database.database != _DEFAULT_DATABASE:
        target.database_id = database.database.encode()


def _read_database(source: Any) -> DatabaseId:
    """The emulator writes `dev~{project}`, production another letter before the tilde."""
    project = _text(source.app).rpartition("~")[2]
    return DatabaseId(project, _text(source.database_id) or _DEFAULT_DATABASE)


def _write_elements(elements: Any, segments: tuple[str, ...]) -> None:
    for kind, name in zip(segments[::2], segments[1::2], strict=True):
        element = elements.add(type=kind.encode())
        number = _numeric_id(name)
        if number is None:
            element.name = name.encode()
        else:
            element.id = number


def _numeric_id(name: str) -> int | None:
    match = _NUMERIC_ID.fullmatch(name)
    number = int(match[1]) if match else None
    return number if number is not None and _INT64_MIN <= number <= _INT64_MAX else None


def _read_elements(elements: Iterable[Any]) -> tuple[str, ...]:
    segments: list[str] = []
    for element in elements:
        name = f"__id{element.id}__" if element.HasField("id") else _text(element.name)
        kind = _text(element.type)
        if not kind or not name:
            raise EntityError("a key with an empty element")
        segments += (kind, name)
    return tuple(segments)


def _write_fields(entity: Any, fields: Mapping[str, Value]) -> None:
    """Empty arrays are properties, everything else is raw (not indexed)."""
    for name, value in fields.items():
        if isinstance(value, list) and not value:
            _write_property(entity.property, name, value, multiple=False)
        elif isinstance(value, list):
            for item in value:
                _write_property(entity.raw_property, name, item, multiple=True)
        else:
            _write_property(entity.raw_property, name, value, multiple=False)


def _write_property(properties: Any, name: str, value: Value, *, multiple: bool) -> None:
    item = properties.add(name=name.encode(), multiple=multiple)
    item.value.SetInParent()
    meaning = _write_value(item.value, value)
    if meaning is not _Meaning.NONE:
        item.meaning = meaning


def _write_value(target: Any, value: Value) -> _Meaning:
    """Fill `target` and say what the property means; null leaves it empty."""
    match value:
        case None:
            return _Meaning.NONE
        case bool():
            target.bool = value
        case int():
            target.int64 = value
        case float():
            target.double = value
        case str():
            target.string = value.encode()
        case bytes():
            target.string = value
            return _Meaning.BYTES
        case Timestamp():
            target.int64 = value.micros
            return _Meaning.TIMESTAMP
        case GeoPoint():
            target.point.latitude, target.point.longitude = value.latitude, value.longitude
            return _Meaning.GEO_POINT
        case Reference():
            _write_database(target.reference, value.path.database)
            _write_elements(target.reference.element, value.path.segments)
        case dict():
            target.string = _map_bytes(value)
            return _Meaning.MAP
        case list():
            return _Meaning.EMPTY_ARRAY
    return _Meaning.NONE


def _map_bytes(fields: Mapping[str, Value]) -> bytes:
    """A map is an entity with an empty key, a vector one whose only property, repeated, is `__vector__`."""
    entity = _Entity()
    entity.key.app = b""
    entity.key.path.SetInParent()
    entity.entity_group.SetInParent()
    _write_fields(entity, {_VECTOR: fields["value"]} if _is_vector(fields) else fields)
    return bytes(entity.SerializeToString())


def _is_vector(fields: Mapping[str, Value]) -> bool:
    return fields.get("__type__") == _VECTOR and isinstance(fields.get("value"), list)


def _read_fields(entity: Any, depth: int) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for item in (*entity.property, *entity.raw_property):
        name = _text(item.name)
        if item.meaning == _Meaning.EMPTY_ARRAY and not item.value.ListFields():
            fields[name] = []
        elif item.multiple:
            array = fields.setdefault(name, [])
            if not isinstance(array, list):
                raise EntityError(f"property {name} is both an array and a single value")
            array.append(_read_value(item, depth))
        else:
            fields[name] = _read_value(item, depth)
    return fields


def _read_value(item: Any, depth: int) -> Value:
    value = item.value
    if value.HasField("int64"):
        return Timestamp(value.int64) if item.meaning == _Meaning.TIMESTAMP else int(value.int64)
    if value.HasField("bool"):
        return bool(value.bool)
    if value.HasField("string"):
        return _read_string(value.string, item.meaning, depth)
    if value.HasField("double"):
        return float(value.double)
    if value.HasField("point"):
        return GeoPoint(value.point.latitude, value.point.longitude)
    if value.HasField("reference"):
        segments = _read_elements(value.reference.element)
        return Reference(DocumentPath(_read_database(value.reference), segments))
    return None


def _read_string(data: bytes, meaning: int, depth: int) -> Value:
    if meaning == _Meaning.MAP:
        if depth == 0:
            raise EntityError("maps are nested too deeply")
        fields = _read_fields(_parse(data), depth - 1)
        return {"__type__": _VECTOR, "value": fields[_VECTOR]} if fields.keys() == {_VECTOR} else fields
    if meaning in (_Meaning.BYTES, _Meaning.BYTE_STRING):
        return data
    return _text(data)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise EntityError("text that is not UTF-8") from error
