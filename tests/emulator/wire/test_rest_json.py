"""The printed form of REST bodies and the reading of request bodies."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import InvalidArgument, NotFound, Unknown
from emulator.wire import protos
from emulator.wire.rest_json import (
    java_double,
    parse_json,
    print_error,
    print_inner,
    print_json,
    print_json_stream,
    to_message,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "0.0"),
        (1.0, "1.0"),
        (100.0, "100.0"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (9_999_999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (123_456_789.0, "1.23456789E8"),
        (-1.5e-10, "-1.5E-10"),
        (1e22, "1.0E22"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (float("nan"), '"NaN"'),
        (float("inf"), '"Infinity"'),
        (float("-inf"), '"-Infinity"'),
    ],
)
def test_a_double_prints_as_in_java(number: float, text: str) -> None:
    assert java_double(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_double_reads_as_itself(number: float) -> None:
    assert float(java_double(number)) == number


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({}, "{\n}\n"),
        ({"a": []}, '{\n  "a": []\n}\n'),
        ({"a": {"b": {}}}, '{\n  "a": {\n    "b": {\n    }\n  }\n}\n'),
        ({"a": ["x", "y"]}, '{\n  "a": ["x", "y"]\n}\n'),
        ({"a": [{"b": "1"}, {}]}, '{\n  "a": [{\n    "b": "1"\n  }, {\n  }]\n}\n'),
        ({"a": None, "b": True, "c": 3}, '{\n  "a": null,\n  "b": true,\n  "c": 3\n}\n'),
        ({"é\u2028": "/<>&"}, '{\n  "é\\u2028": "/<>&"\n}\n'),
    ],
)
def test_a_body_prints_in_the_official_layout(tree: Any, text: str) -> None:
    assert print_json(tree) == text


def test_a_stream_is_one_array() -> None:
    assert print_json_stream([]) == b"[\n\n]\n"
    printed = [print_inner(tree).encode() for tree in ({"a": True}, {})]
    assert print_json_stream(printed) == b'[\n{\n  "a": true\n},\n{\n}\n]\n'


def test_an_error_is_one_line_with_escaped_slashes() -> None:
    assert print_error(NotFound('a/b "c"')) == (
        '{"error":{"code":404,"message":"a\\/b \\"c\\"","status":"NOT_FOUND"}}'
    )
    assert print_error(Unknown()) == '{"error":{"code":500,"status":"UNKNOWN"}}'


@pytest.mark.parametrize("body", [b"", b"  \n", b"{}"])
def test_no_body_is_an_empty_object(body: bytes) -> None:
    assert parse_json(body) == {}


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with suppress(InvalidArgument):
        to_message(parse_json(body), protos.CommitRequest)


NAMES = [
    *("writes", "update", "name", "fields", "a", "mapValue", "arrayValue", "values", "integerValue"),
    *("bytesValue", "timestampValue", "updateMask", "fieldPaths", "verify", "currentDocument", "exists"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["writes", "transaction", "database", "options"]), json_values))
def test_any_json_is_a_message_or_refused(tree: dict[str, Any]) -> None:
    with suppress(InvalidArgument):
        to_message(tree, protos.CommitRequest)


@pytest.mark.parametrize(("text", "expected"), [("AQI=", b"\1\2"), ("AQI", b"\1\2"), ("_-8", b"\xff\xef")])
def test_bytes_may_be_of_either_alphabet_and_unpadded(text: str, expected: bytes) -> None:
    body = parse_json(f'{{"transaction": "{text}"}}'.encode())

    assert to_message(body, protos.CommitRequest).transaction == expected
