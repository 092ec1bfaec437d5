"""Protobuf messages made at run time from literal tables, for formats without published .proto files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto


class Field(NamedTuple):
    """One field. `kind` is a type of FieldDescriptorProto; messages and groups name theirs in `message`."""

    name: str
    number: int
    kind: Any
    message: str = ""
    repeated: bool = False


INT32, INT64, BOOL = _FIELD.TYPE_INT32, _FIELD.TYPE_INT64, _FIELD.TYPE_BOOL
STRING, BYTES, DOUBLE = _FIELD.TYPE_STRING, _FIELD.TYPE_BYTES, _FIELD.TYPE_DOUBLE
MESSAGE, GROUP = _FIELD.TYPE_MESSAGE, _FIELD.TYPE_GROUP

#: Messages by name; they refer to each other by these names.
Table: TypeAlias = Mapping[str, tuple[Field, ...]]


def message_class(table: Table, name: str) -> Any:
    """The class of one message of the table, in a descriptor pool of its own. Fields have presence, as in
    proto2.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=name.lower(), syntax="proto2")
    for message, fields in table.items():
        descriptor = file.message_type.add(name=message)
        for field in fields:
            label = _FIELD.LABEL_REPEATED if field.repeated else _FIELD.LABEL_OPTIONAL
            item = descriptor.field.add(name=field.name, number=field.number, type=field.kind, label=label)
            if field.message:
                item.type_name = f".{file.package}.{field.message}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{name}"))
