"""Sizes as Firestore counts them, in bytes.

Source: firebase.google.com/docs/firestore/storage-size.
"""

from __future__ import annotations

from emulator.firestore.paths import DocumentPath
from emulator.firestore.values import GeoPoint, Reference, Timestamp, Value

MAX_DOCUMENT_BYTES = 1_048_576

_DOCUMENT_OVERHEAD = 32
_NAME_OVERHEAD = 16


def string_size(text: str) -> int:
    return (len(text) if text.isascii() else len(text.encode())) + 1


def name_size(segments: tuple[str, ...]) -> int:
    return sum(map(string_size, segments)) + _NAME_OVERHEAD


def value_size(value: Value) -> int:
    if isinstance(value, str):
        return string_size(value)
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, (int, float, Timestamp)):
        return 8
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Reference):
        return name_size(value.path.segments)
    if isinstance(value, GeoPoint):
        return 16
    if isinstance(value, list):
        return sum(map(value_size, value))
    return fields_size(value)


def fields_size(fields: dict[str, Value]) -> int:
    size = 0
    for name, value in fields.items():
        size += string_size(name) + value_size(value)
    return size


def document_size(path: DocumentPath, fields: dict[str, Value]) -> int:
    return name_size(path.segments) + fields_size(fields) + _DOCUMENT_OVERHEAD
