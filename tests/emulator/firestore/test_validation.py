from __future__ import annotations

import math
from typing import Any

import pytest

from emulator.errors import InvalidArgument
from emulator.firestore.values import GeoPoint
from tests.emulator.firestore.world import World, update

LONG = "x" * 1_048_488
LONGEST = "x" * 1_048_487
VECTOR_OF_OTHERS = "Vector must only contain values of type 'double'"


def _nested(levels: int, arrays: bool = False) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if arrays and level % 2 == 0 else {"k": value}
    return value


def _vector(*elements: Any) -> dict[str, Any]:
    return {"__type__": "__vector__", "value": list(elements)}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"s": LONGEST}, id="string at the limit"),
        pytest.param({"s": "€" * 349_495}, id="multibyte string at the limit"),
        pytest.param({"m": {"s": LONGEST}}, id="string at the limit in a map"),
        pytest.param({"n" * 1500: 1}, id="field name at the limit"),
        pytest.param({"m": {"k" * 1498: 1}}, id="nested name at the limit"),
        pytest.param({"long": [{"k" * 1494: 1}]}, id="name in an array at the limit"),
        pytest.param({"m": {"a": [{"k" * 1492: 1}]}}, id="name in an array in a map at the limit"),
        pytest.param({"f": _nested(20)}, id="20 levels"),
        pytest.param({"f": _nested(20, arrays=True)}, id="20 levels of maps and arrays"),
        pytest.param({"v": _vector(1.0, -math.inf)}, id="vector"),
        pytest.param({"m": {"v": _vector(1.0)}, "a": [_vector(1.0)]}, id="vectors in a map and an array"),
        pytest.param({"v": _vector(*map(float, range(2048)))}, id="vector of 2048 dimensions"),
        pytest.param({"g": GeoPoint(-90.0, 180.0)}, id="geo point at the edge"),
        pytest.param({"__x": 1, "x__": 1, "a.b": 1, "é": 1}, id="odd names"),
    ],
)
async def test_document_within_the_limits_is_stored(world: World, fields: dict[str, Any]) -> None:
    await world.commit(update("c/d", fields))

    assert await world.fields("c/d") == fields


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"s": LONG}, 'The value of property "s" is longer than 1048487 bytes.', id="string"),
        pytest.param(
            {"b": LONG.encode()}, 'The value of property "b" is longer than 1048487 bytes.', id="bytes"
        ),
        pytest.param(
            {"s": "€" * 349_496}, 'The value of property "s" is longer than 1048487 bytes.', id="multibyte"
        ),
        pytest.param(
            {"a": [LONG]},
            'The value of property "array" is longer than 1048487 bytes.',
            id="string in an array",
        ),
        pytest.param(
            {"m": {"s": LONG}}, "Property m contains an invalid nested entity.", id="string in a map"
        ),
        pytest.param(
            {"a": [{"s": LONG}]},
            "Property array contains an invalid nested entity.",
            id="string in array in map",
        ),
        pytest.param({"n" * 1501: 1}, "The property.name is longer than 1500 bytes.", id="name"),
        pytest.param(
            {"n" * 1501: LONG}, "The property.name is longer than 1500 bytes.", id="name before value"
        ),
        pytest.param(
            {"m": {"k" * 1499: 1}}, "Property m contains an invalid nested entity.", id="nested name"
        ),
        pytest.param(
            {"long": [{"k" * 1495: 1}]},
            "Property array contains an invalid nested entity.",
            id="name in an array",
        ),
        pytest.param(
            {"m": {"a": [{"k" * 1493: 1}]}},
            "Property m contains an invalid nested entity.",
            id="name in both",
        ),
        pytest.param({"f": _nested(21)}, "Property f contains an invalid nested entity.", id="21 levels"),
        pytest.param(
            {"f": _nested(21, arrays=True)},
            "Property array contains an invalid nested entity.",
            id="21 mixed",
        ),
        pytest.param(
            {"f": _nested(22, arrays=True)}, "Property f contains an invalid nested entity.", id="22 mixed"
        ),
        pytest.param({"__x__": 1}, "field name __x__ is reserved", id="reserved name"),
        pytest.param({"m": {"__x__": LONG}}, "field name '__x__' is reserved.", id="reserved nested name"),
        pytest.param({"": 1}, "The property.name is the empty string.", id="empty name"),
        pytest.param({"m": {"": 1}}, "The property.name is the empty string.", id="empty nested name"),
        pytest.param({"a": [[1]]}, "Nested arrays are not allowed", id="nested array"),
        pytest.param({"m": {"a": [1, []]}}, "Nested arrays are not allowed", id="nested array in a map"),
        pytest.param(
            {"g": GeoPoint(91.0, 0.0)},
            "Geo point latitude '91.0' outside permitted range -90.0 to 90.0.",
            id="latitude",
        ),
        pytest.param(
            {"g": [GeoPoint(0.0, -180.5)]},
            "Geo point longitude '-180.5' outside permitted range -180.0 to 180.0.",
            id="longitude",
        ),
        pytest.param(
            {"a": "x" * 600_000, "b": "x" * 600_000}, "maximum entity size is 1048576 bytes", id="document"
        ),
        pytest.param(
            {"m": {"a": "x" * 600_000, "b": "x" * 600_000}}, "maximum entity size is 1048576 bytes", id="map"
        ),
        pytest.param({"v": _vector(1)}, VECTOR_OF_OTHERS, id="vector of integers"),
        pytest.param({"v": _vector(math.nan, "x")}, VECTOR_OF_OTHERS, id="vector of NaN and a string"),
        pytest.param({"v": _vector(math.nan)}, "Vector cannot contain NaN values.", id="vector of NaN"),
        pytest.param({"v": _vector()}, "Cannot have a zero length vector.", id="empty vector"),
        pytest.param(
            {"v": _vector(*range(2049))}, "Vectors must be at most 2048 dimensions.", id="long vector"
        ),
        pytest.param(
            {"v": {"__type__": "__vector__", "x": 1}},
            "Vector map is missing key 'value'.",
            id="vector without value",
        ),
        pytest.param(
            {"v": {"__type__": "__vector__", "value": 1, "x": 1}},
            "Vector value type must be an array.",
            id="vector of no array",
        ),
        pytest.param(
            {"v": _vector() | {"x": 1}}, "Vector value map has extraneous entries.", id="vector and more"
        ),
        pytest.param(
            {"m": {"v": {"__type__": "other"}}},
            "Property m contains an invalid nested entity.",
            id="unknown type of a map",
        ),
        pytest.param(
            {"v": {"__type__": 1}}, "Field __type__ must be a string; founds LONG.", id="type is a number"
        ),
        pytest.param(
            {"v": {"__type__": None}}, "Field __type__ must be a string; founds NULL.", id="type is null"
        ),
    ],
)
async def test_document_beyond_a_limit_is_refused_and_nothing_stored(
    world: World, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await world.commit(update("c/other", {}), update("c/d", fields))

    assert refused.value.message == message
    assert await world.fields("c/other") is None


async def test_limits_hold_for_what_masks_and_transforms_make(world: World) -> None:
    await world.put(d={"a": "x" * 600_000})

    with pytest.raises(InvalidArgument, match="maximum entity size"):
        await world.commit(update("c/d", {"b": "x" * 600_000}, mask=["b"]))
    assert await world.fields("c/d") == {"a": "x" * 600_000}
