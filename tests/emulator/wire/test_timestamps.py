"""Timestamps as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import InvalidArgument
from emulator.firestore.values import Timestamp
from emulator.wire.timestamps import format_timestamp, parse_timestamp

FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (120_000, "1970-01-01T00:00:00.120Z"),
        (123_456, "1970-01-01T00:00:00.123456Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (FIRST, "0001-01-01T00:00:00Z"),
        (LAST, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_fraction_has_no_three_or_six_digits(micros: int, text: str) -> None:
    assert format_timestamp(Timestamp(micros)) == text


@given(st.integers(FIRST, LAST))
def test_text_reads_as_what_it_was_printed_from(micros: int) -> None:
    assert parse_timestamp(format_timestamp(Timestamp(micros))) == Timestamp(micros)


@pytest.mark.parametrize(
    ("text", "micros"),
    [("1970-01-01T01:00:00.5+01:00", 500_000), ("1970-01-01T00:00:00.000001999Z", 1)],
)
def test_offsets_and_nanoseconds_are_read(text: str, micros: int) -> None:
    assert parse_timestamp(text) == Timestamp(micros)


@pytest.mark.parametrize("text", ["", "now", "2020-01-01", "2020-13-01T00:00:00Z", "2020-01-01T00:00:00"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_timestamp(text)
