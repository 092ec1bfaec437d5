"""google.firestore.v1.Value and the JSON of values, there and back."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import InvalidArgument
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.values import GeoPoint, Reference, Timestamp, Value
from emulator.wire import protos
from emulator.wire.field_order import ordered_fields
from emulator.wire.json_documents import json_fields
from emulator.wire.rest_json import parse_json, print_json, to_message
from emulator.wire.values import decode_fields, decode_value, encode_fields, encode_value

PATH = DocumentPath(DatabaseId("p"), ("c", "d"))
INT64 = 2**63

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-INT64, INT64 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999).map(Timestamp),
    st.builds(GeoPoint, st.floats(-90, 90), st.floats(-180, 180)),
    st.just(Reference(PATH)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=20,
)
maps = st.dictionaries(st.text(), values, max_size=6)


@given(values)
def test_a_value_survives_protobuf(value: Value) -> None:
    message = protos.Value()
    encode_value(message, value)

    decoded = decode_value(protos.Value.FromString(message.SerializeToString()))

    assert decoded == value
    assert type(decoded) is type(value)


@given(maps)
def test_fields_survive_json_in_their_order(fields: dict[str, Value]) -> None:
    body = parse_json(print_json({"fields": json_fields(fields)}).encode())

    decoded = decode_fields(to_message(body, protos.Document).fields)
    ordered = ordered_fields(decoded, body.get("fields") or {})

    assert ordered == fields
    assert _orders(ordered) == _orders(fields)


def _orders(value: Any) -> Any:
    """The order of every map within."""
    if isinstance(value, dict):
        return [(name, _orders(inner)) for name, inner in value.items()]
    return [_orders(item) for item in value] if isinstance(value, list) else None


def test_nan_survives_both() -> None:
    message = protos.Value()
    encode_value(message, math.nan)

    decoded = decode_value(message)

    assert isinstance(decoded, float)
    assert math.isnan(decoded)
    assert json_fields({"n": math.nan})["n"]["doubleValue"] is not None
    assert '"doubleValue": "NaN"' in print_json(json_fields({"n": math.nan}))


def test_maps_of_a_message_come_in_key_order() -> None:
    message = protos.Document()
    encode_fields(message.fields, {"b": 1, "a": 2, "c": {"z": 1, "y": 2}})

    decoded = decode_fields(message.fields)

    assert list(decoded) == ["a", "b", "c"]
    assert decoded["c"] == {"y": 2, "z": 1}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (protos.Value(), "unset"),
        (protos.Value(field_reference_value="a"), "field_reference_value"),
    ],
)
def test_what_is_no_stored_value_is_refused_by_its_kind(message: Any, kind: str) -> None:
    with pytest.raises(InvalidArgument, match=f"Cannot convert firestore.v1.Value with type {kind}."):
        decode_value(message)


def test_timestamps_are_cut_to_microseconds() -> None:
    message = protos.Value(timestamp_value={"seconds": 1, "nanos": 1_999})

    assert decode_value(message) == Timestamp(1_000_001)
