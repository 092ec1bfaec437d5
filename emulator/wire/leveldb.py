"""The LevelDB log format: records split over blocks of 32 KiB, each piece with a masked CRC-32C.

LogError
  BadChecksum: a piece whose bytes do not match its checksum
  InvalidRecord: pieces that are cut short, out of order or of an unknown type

Source: doc/log_format.md of LevelDB. The message texts were observed on the official emulator.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

import google_crc32c

BLOCK_SIZE = 32 * 1024
_HEADER = struct.Struct("<IHB")  # checksum, length, type
_MASK_DELTA = 0xA282EAD8


class LogError(Exception):
    """The bytes are not a LevelDB log."""


class BadChecksum(LogError):
    def __init__(self) -> None:
        super().__init__("Checksum doesn't validate.")


class InvalidRecord(LogError):
    def __init__(self) -> None:
        super().__init__("Invalid record")


class _Piece(IntEnum):
    PADDING = 0
    FULL = 1
    FIRST = 2
    MIDDLE = 3
    LAST = 4


class LogWriter:
    """Turns records into log bytes, which must be written in the order they were made. `room` is what is left
    of the block: whoever does not write the bytes of a record sets it back.
    """

    def __init__(self) -> None:
        self.room = BLOCK_SIZE

    def add(self, record: bytes) -> bytes:
        """The bytes that append one record, which may be empty."""
        out = bytearray()
        rest, first = memoryview(record), True
        while True:
            if self.room < _HEADER.size:
                out += bytes(self.room)
                self.room = BLOCK_SIZE
            size = min(len(rest), self.room - _HEADER.size)
            piece, rest = rest[:size], rest[size:]
            out += _piece(_kind(first, last=not rest), bytes(piece))
            self.room -= _HEADER.size + size
            first = False
            if not rest:
                return bytes(out)

    def skip(self, size: int) -> int:
        """How many bytes `add` gives for a record of that size; the room is then what it leaves."""
        total, begun = 0, False
        while size or not begun:
            if self.room < _HEADER.size:
                total += self.room
                self.room = BLOCK_SIZE
            piece = min(size, self.room - _HEADER.size)
            total += _HEADER.size + piece
            self.room -= _HEADER.size + piece
            size -= piece
            begun = True
        return total


def read_records(log: bytes) -> Iterator[bytes]:
    """The records of a whole log, in order. Raises LogError at the first that is damaged."""
    parts: list[bytes] = []
    for kind, data in _read_pieces(log):
        if (kind in (_Piece.FULL, _Piece.FIRST)) == bool(parts):
            raise InvalidRecord
        parts.append(data)
        if kind in (_Piece.FULL, _Piece.LAST):
            yield b"".join(parts)
            parts = []
    if parts:
        raise InvalidRecord


def _read_pieces(log: bytes) -> Iterator[tuple[_Piece, bytes]]:
    position = 0
    while position < len(log):
        block_end = (position // BLOCK_SIZE + 1) * BLOCK_SIZE
        start = position + _HEADER.size
        if start > block_end:
            position = block_end
            continue
        if start > len(log):
            raise InvalidRecord
        checksum, size, number = _HEADER.unpack_from(log, position)
        if number == _Piece.PADDING and size == 0 and checksum == 0:
            position = block_end  # a preallocated tail
            continue
        if number not in _PIECES or start + size > min(block_end, len(log)):
            raise InvalidRecord
        data = log[start : start + size]
        if _checksum(number, data) != checksum:
            raise BadChecksum
        yield _Piece(number), data
        position = start + size


_PIECES = frozenset({_Piece.FULL, _Piece.FIRST, _Piece.MIDDLE, _Piece.LAST})


def _kind(first: bool, last: bool) -> _Piece:
    if first:
        return _Piece.FULL if last else _Piece.FIRST
    return _Piece.LAST if last else _Piece.MIDDLE


def _piece(kind: _Piece, data: bytes) -> bytes:
    return _HEADER.pack(_checksum(kind, data), len(data), kind) + data


def _checksum(kind: int, data: bytes) -> int:
    crc: int = google_crc32c.extend(google_crc32c.value(bytes((kind,))), data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF
