"""Random messages of any protobuf class: well-formed bytes that make little sense.

The texts and numbers come from what the service looks at (names, paths, ids, bounds of its integers), so that
more than the first check is reached.
"""

from __future__ import annotations

import random
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from emulator.wire.protos import Message, MessageClass

DATABASE = "projects/demo-malformed/databases/(default)"
ROOT = f"{DATABASE}/documents"

#: Levels of messages in messages, beyond which only scalars are set.
DEPTH = 6

_TEXTS = {
    "database": [DATABASE] * 20
    + ["", "projects/demo-malformed", f"{DATABASE}/documents", "projects//databases/"],
    "parent": [ROOT] * 10 + [f"{ROOT}/c/d"] * 5 + ["", DATABASE, f"{ROOT}/c", f"{ROOT}/", "x" * 2000],
    "name": [f"{ROOT}/c/d"] * 10
    + [f"{ROOT}/c/{n}" for n in range(5)]
    + ["", ROOT, f"{ROOT}/c", f"{ROOT}/c/__x__"],
    "field_path": [
        "a",
        "b",
        "a.b",
        "`a.b`",
        "__name__",
        "",
        "a..b",
        "`",
        "__x__",
        "\0",
        "\ud7ff",
        "a." * 200,
    ],
    "collection_id": ["c"] * 10 + ["", "c/d", "__c__", ".", "..", "\0"],
    "": ["", "a", "c", "d", f"{ROOT}/c/d", "\0", "\U0010ffff", "x" * 2000, "__name__", "__vector__", "value"],
}
_KINDS = {
    "document": "name",
    "documents": "name",
    "delete": "name",
    "verify": "name",
    "transform": "name",
    "reference_value": "name",
    "field_paths": "field_path",
    "order_by": "field_path",
    "document_id": "collection_id",
}
_INTEGERS = [0, 1, 2, 3, 20, -1, 10_001, 2**31 - 1, -(2**31)]
_LONG_INTEGERS = [*_INTEGERS, 2**63 - 1, -(2**63), 253_402_300_799, 253_402_300_800, -62_135_596_801]
_DOUBLES = [0.0, -0.0, 1.0, 1.5, float("nan"), float("inf"), float("-inf"), 1e308, 91.0]
_BYTES = [b"", b"\0", b"\x11" + b"\0" * 8, b"\xff" * 12, b"x" * 100]


def random_message(message_class: MessageClass, source: random.Random) -> Message:
    """A message with some of its fields set, at every level."""
    message = message_class()
    _fill(message, source, DEPTH)
    return message


def _fill(message: Message, source: random.Random, depth: int) -> None:
    descriptor: Descriptor = message.DESCRIPTOR
    for field in descriptor.fields:
        # What names the place of a request is nearly always there; other fields now and then.
        likely = 0.95 if field.name in ("database", "parent", "name", "field_path", "collection_id") else 0.5
        if source.random() < likely:
            _set(message, field, source, depth)


def _set(message: Message, field: FieldDescriptor, source: random.Random, depth: int) -> None:
    if field.message_type is not None:
        if depth:
            _set_message(message, field, source, depth)
    elif field.is_repeated:
        getattr(message, field.name).extend(_scalar(field, source) for _ in range(_few(source)))
    else:
        setattr(message, field.name, _scalar(field, source))


def _set_message(message: Message, field: FieldDescriptor, source: random.Random, depth: int) -> None:
    value: Any = getattr(message, field.name)
    if field.message_type.GetOptions().map_entry:
        for _ in range(_few(source)):
            _set_entry(value, field.message_type.fields_by_name["value"], source, depth)
    elif field.is_repeated:
        for _ in range(_few(source)):
            _fill(value.add(), source, depth - 1)
    else:
        value.SetInParent()
        _fill(value, source, depth - 1)


def _set_entry(entries: Any, field: FieldDescriptor, source: random.Random, depth: int) -> None:
    key = source.choice(_TEXTS["field_path"] + _TEXTS[""])
    if field.message_type is not None:
        _fill(entries[key], source, depth - 1)
    else:
        entries[key] = _scalar(field, source)


def _few(source: random.Random) -> int:
    return source.choice((0, 1, 1, 2, 3))


def _scalar(field: FieldDescriptor, source: random.Random) -> Any:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            if field.type == FieldDescriptor.TYPE_BYTES:
                return source.choice(_BYTES)
            return source.choice(_TEXTS[_KINDS.get(field.name, field.name if field.name in _TEXTS else "")])
        case FieldDescriptor.CPPTYPE_BOOL:
            return source.random() < 0.5
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return source.choice(_DOUBLES)
        case FieldDescriptor.CPPTYPE_ENUM:
            return source.choice([*(value.number for value in field.enum_type.values), 77])
        case FieldDescriptor.CPPTYPE_INT32:
            return source.choice(_INTEGERS)
        case FieldDescriptor.CPPTYPE_UINT32 | FieldDescriptor.CPPTYPE_UINT64:
            return source.choice([0, 1, 2**32 - 1])
    return source.choice(_LONG_INTEGERS)
