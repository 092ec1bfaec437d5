"""LevelDB logs: records of every size, and damage."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.wire.leveldb import BLOCK_SIZE, BadChecksum, InvalidRecord, LogError, LogWriter, read_records

HEADER = 7


def log(*records):
    writer = LogWriter()
    return b"".join(map(writer.add, records))


def test_record_has_the_bytes_the_official_emulator_writes():
    """The first record of every overall metadata file."""
    assert log(b"3") == bytes.fromhex("b86d444e 0100 01 33")


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([0], id="empty"),
        pytest.param([BLOCK_SIZE - HEADER], id="exactly one block"),
        pytest.param([BLOCK_SIZE - HEADER + 1], id="one byte more than a block"),
        pytest.param([BLOCK_SIZE * 3], id="first, middle and last"),
        pytest.param([BLOCK_SIZE - 2 * HEADER, 5], id="a header without data at the end of a block"),
        pytest.param([BLOCK_SIZE - HEADER - 6, 5], id="a tail too short for a header"),
        pytest.param([BLOCK_SIZE - HEADER - 1, 0, 100], id="a tail of one byte"),
    ],
)
def test_records_around_block_borders_survive(sizes):
    records = [bytes([index + 1]) * size for index, size in enumerate(sizes)]
    assert list(read_records(log(*records))) == records


@given(st.lists(st.integers(0, 3 * BLOCK_SIZE), max_size=6))
def test_records_of_any_size_survive(sizes):
    records = [bytes([index % 251]) * size for index, size in enumerate(sizes)]
    assert list(read_records(log(*records))) == records
    written, skipped = LogWriter(), LogWriter()
    for record in records:
        assert skipped.skip(len(record)) == len(written.add(record))
        assert skipped.room == written.room


def test_padding_after_the_last_record_is_skipped():
    assert list(read_records(log(b"a") + bytes(100))) == [b"a"]


@pytest.mark.parametrize("position", [0, 3, 7, 10])
def test_flipped_bit_fails_the_checksum(position):
    damaged = bytearray(log(b"some record"))
    damaged[position] ^= 0x10
    with pytest.raises(BadChecksum, match=r"Checksum doesn't validate\."):
        list(read_records(bytes(damaged)))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-1], id="cut data"),
        pytest.param(lambda data: data[: BLOCK_SIZE + 3], id="cut header"),
        pytest.param(lambda data: data[:BLOCK_SIZE], id="no last piece"),
        pytest.param(lambda data: data[BLOCK_SIZE:], id="no first piece"),
        pytest.param(lambda data: 2 * data[:BLOCK_SIZE], id="a second first piece"),
        pytest.param(lambda data: data[:6] + b"\x07" + data[7:], id="unknown type"),
        pytest.param(lambda data: struct.pack("<IHB", 0, 0xFFFF, 1) + data, id="longer than the block"),
    ],
)
def test_pieces_that_do_not_fit_are_an_invalid_record(damage):
    whole = log(bytes(BLOCK_SIZE + 10))
    with pytest.raises(InvalidRecord, match="Invalid record"):
        list(read_records(damage(whole)))


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data):
    try:
        list(read_records(data))
    except LogError:
        pass
