"""google.firestore.v1.Value to domain values and back.

upb's maps iterate in an order that changes from process to process, so decoded maps are put in key order;
JSON bodies get the order they were written in back from `field_order`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.errors import InvalidArgument
from emulator.firestore.paths import parse_parent
from emulator.firestore.values import GeoPoint, Reference, Timestamp, Value
from emulator.wire.protos import Message
from emulator.wire.timestamps import decode_timestamp, encode_timestamp


def _decode_array(message: Message) -> Value:
    return [decode_value(item) for item in message.array_value.values]


def _decode_geo_point(message: Message) -> Value:
    point = message.geo_point_value
    return GeoPoint(point.latitude, point.longitude)


_DECODERS: dict[str | None, Callable[[Message], Value]] = {
    "null_value": lambda message: None,
    "boolean_value": lambda message: bool(message.boolean_value),
    "integer_value": lambda message: int(message.integer_value),
    "double_value": lambda message: float(message.double_value),
    "timestamp_value": lambda message: decode_timestamp(message.timestamp_value),
    "string_value": lambda message: str(message.string_value),
    "bytes_value": lambda message: bytes(message.bytes_value),
    "reference_value": lambda message: Reference(parse_parent(message.reference_value)),
    "geo_point_value": _decode_geo_point,
    "array_value": _decode_array,
    "map_value": lambda message: decode_fields(message.map_value.fields),
}


def decode_value(message: Message) -> Value:
    """InvalidArgument for an unset value and for the kinds that only pipelines know."""
    kind = message.WhichOneof("value_type")
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise InvalidArgument(f"Cannot convert firestore.v1.Value with type {kind or 'unset'}.")
    return decoder(message)


def decode_fields(fields: Any) -> dict[str, Value]:
    """A `map<string, Value>`, in key order."""
    return {name: decode_value(fields[name]) for name in sorted(fields)}


def _encode_null(message: Message, value: Any) -> None:
    message.null_value = 0


def _encode_boolean(message: Message, value: Any) -> None:
    message.boolean_value = value


def _encode_integer(message: Message, value: Any) -> None:
    message.integer_value = value


def _encode_double(message: Message, value: Any) -> None:
    message.double_value = value


def _encode_string(message: Message, value: Any) -> None:
    message.string_value = value


def _encode_bytes(message: Message, value: Any) -> None:
    message.bytes_value = value


def _encode_timestamp(message: Message, value: Any) -> None:
    message.timestamp_value.SetInParent()
    encode_timestamp(message.timestamp_value, value)


def _encode_reference(message: Message, value: Any) -> None:
    message.reference_value = value.path.name


def _encode_geo_point(message: Message, value: Any) -> None:
    point = message.geo_point_value
    point.SetInParent()
    point.latitude = value.latitude
    point.longitude = value.longitude


def _encode_array(message: Message, value: Any) -> None:
    array = message.array_value
    array.SetInParent()
    for item in value:
        encode_value(array.values.add(), item)


def _encode_map(message: Message, value: Any) -> None:
    message.map_value.SetInParent()
    encode_fields(message.map_value.fields, value)


_ENCODERS: dict[type, Callable[[Message, Any], None]] = {
    type(None): _encode_null,
    bool: _encode_boolean,
    int: _encode_integer,
    float: _encode_double,
    str: _encode_string,
    bytes: _encode_bytes,
    Timestamp: _encode_timestamp,
    Reference: _encode_reference,
    GeoPoint: _encode_geo_point,
    list: _encode_array,
    dict: _encode_map,
}


def encode_value(message: Message, value: Value) -> None:
    """Fill an empty Value."""
    _ENCODERS[type(value)](message, value)


def encode_fields(fields: Any, values: dict[str, Value]) -> None:
    """Fill an empty `map<string, Value>`."""
    for name, value in values.items():
        _ENCODERS[type(value)](fields[name], value)
