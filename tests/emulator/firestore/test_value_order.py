from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given

from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.value_order import value_key, values_equal
from emulator.firestore.values import GeoPoint, Reference, Timestamp, identical
from tests.emulator.firestore.brute_force import compare
from tests.emulator.firestore.strategies import values
from tests.emulator.firestore.world import path


def _vector(*elements: float) -> dict[str, Any]:
    return {"__type__": "__vector__", "value": list(elements)}


#: Groups of equal values, in ascending order, as recorded from the official emulator.
ORDERED: list[list[Any]] = [
    [None],
    [False],
    [True],
    [math.nan, -math.nan],
    [-math.inf],
    [-1e300],
    [-(2**63), -(2.0**63)],
    [-2.5],
    [-1, -1.0],
    [-0.0, 0, 0.0],
    [5e-324],
    [0.5],
    [1, 1.0],
    [2**53, 2.0**53],
    [2**53 + 1],
    [2.0**53 + 2],
    [2**63 - 1],
    [2.0**63],
    [1e300],
    [math.inf],
    [Timestamp(-62_135_596_800_000_000)],
    [Timestamp(0)],
    [Timestamp(1)],
    [""],
    ["\0"],
    ["\u0001"],
    ["A"],
    ["a"],
    ["a\0"],
    ["aa"],
    ["é"],
    ["\ue000"],
    ["\U00010000"],
    [b""],
    [b"\0"],
    [b"\0\0"],
    [b"\x01"],
    [b"\xff"],
    [Reference(path("c/__id-1__"))],
    [Reference(path("c/__id5__"))],
    [Reference(path("c/__id10__"))],
    [Reference(path("c/a"))],
    [Reference(path("c/a/sub/x"))],
    [Reference(path("c/b"))],
    [Reference(path("c-b/x"))],
    [Reference(DocumentPath(DatabaseId("other"), ("c", "a")))],
    [GeoPoint(-90, 0)],
    [GeoPoint(0, -180)],
    [GeoPoint(0, 180)],
    [GeoPoint(90, 0)],
    [[]],
    [[None]],
    [[1], [1.0]],
    [[1, 2]],
    [[2]],
    [["a"]],
    [_vector(3)],
    [_vector(0, 5)],
    [_vector(1, 2), _vector(1.0, 2.0)],
    [{}],
    [{"a": 1}, {"a": 1.0}],
    [{"a": 1, "b": 0}],
    [{"a": 2}],
    [{"b": 0}],
    [{"\uff5e": 1}],
    [{"\U0001f600": 1}],
]


@pytest.mark.parametrize("position", range(len(ORDERED) - 1))
def test_value_comes_before_the_next_group(position: int) -> None:
    for smaller in ORDERED[position]:
        for greater in ORDERED[position + 1]:
            assert value_key(smaller) < value_key(greater)
            assert not values_equal(smaller, greater)


@pytest.mark.parametrize("group", [group for group in ORDERED if len(group) > 1], ids=repr)
def test_values_of_one_group_are_equal_and_hash_alike(group: list[Any]) -> None:
    assert len({value_key(value) for value in group}) == 1


@given(values, values)
def test_keys_compare_as_the_plain_comparison_says(left: Any, right: Any) -> None:
    ours, theirs = value_key(left), value_key(right)

    assert (ours > theirs) - (ours < theirs) == (compare(left, right) > 0) - (compare(left, right) < 0)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (True, 1, False),
        (0.0, -0.0, False),
        (math.nan, math.nan, True),
        ([1, {"a": None}], [1, {"a": None}], True),
        ([1], [1.0], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        (GeoPoint(0.0, 1.0), GeoPoint(-0.0, 1.0), False),
        ("a", b"a", False),
    ],
)
def test_identical_tells_what_equality_of_queries_does_not(left: Any, right: Any, same: bool) -> None:
    assert identical(left, right) is same
