"""The LevelDB log format: records split over blocks of 32 KiB, each piece with a masked CRC-32C.

LogError
  BadChecksum: a piece whose bytes do not match its checksum
  InvalidRecord: pieces that are cut short, out of order or of an unknown type

Source: doc/log_format.md of LevelDB. The message texts were observed on the official emulator.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Standing:
    """A record that is whole, and the bytes of the log that hold it."""

    start: int
    end: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """Bytes of a log in which no record stands: one that was damaged, or several."""

    start: int
    end: int


def salvage_records(log: bytes) -> Iterator[Standing | Lost]:
    """What a log holds, whatever its bytes, in order: the records that stand and what lies between them.

    A record counts when all its pieces have their checksum and follow each other. Zeros at the end are a
    preallocated tail.
    """
    content = len(log.rstrip(b"\0"))
    position, parts = 0, _Parts()
    while position < len(log):
        block = _Block(min((position // BLOCK_SIZE + 1) * BLOCK_SIZE, len(log)), content)
        piece = _piece_at(log, position, block.end)
        if piece is not None:
            yield from parts.add(piece, position)
            position = block.settled(piece.end)
        elif position >= content:
            break
        else:
            parts.break_off(position)
            position = _next_piece(log, position, block)
    if parts.unfinished:
        yield Lost(parts.start, len(log))


@dataclass(frozen=True, slots=True)
class _Block:
    """The end of a block, and of everything in the log that is not zero."""

    end: int
    content: int

    def settled(self, position: int) -> int:
        """Where the log goes on after a piece that ends here. A header does not fit into the last bytes."""
        full = self.end % BLOCK_SIZE == 0
        at_end = self.content <= position <= self.end or (full and 0 < self.end - position < _HEADER.size)
        return self.end if at_end else position


@dataclass(frozen=True, slots=True)
class _FoundPiece:
    kind: _Piece
    data: bytes
    end: int


class _Parts:
    """The pieces of one record as they are met, or since `start` what belongs to none."""

    def __init__(self) -> None:
        self.start = 0
        self.unfinished = False
        self._lost = False
        self._data: list[bytes] = []

    def break_off(self, position: int) -> None:
        """Something unreadable is met: the record that was begun is lost with it."""
        if not self.unfinished:
            self.start = position
        self.unfinished, self._lost = True, True
        self._data = []

    def add(self, piece: _FoundPiece, position: int) -> Iterator[Standing | Lost]:
        begins = piece.kind in (_Piece.FULL, _Piece.FIRST)
        if begins and self.unfinished:
            yield Lost(self.start, position)
            self.unfinished, self._data = False, []
        if begins:
            self.start, self.unfinished, self._lost = position, True, False
        elif not self.unfinished:
            self.break_off(position)
        if not self._lost:
            self._data.append(piece.data)
        if piece.kind in (_Piece.FULL, _Piece.LAST):
            yield (
                Lost(self.start, piece.end)
                if self._lost
                else Standing(self.start, piece.end, b"".join(self._data))
            )
            self.unfinished, self._data = False, []


def _piece_at(log: bytes, position: int, block_end: int) -> _FoundPiece | None:
    """The piece that begins here, when there is one and it is whole."""
    start = position + _HEADER.size
    if start > block_end:
        return None
    checksum, size, number = _HEADER.unpack_from(log, position)
    end = start + size
    if number not in _PIECES or end > block_end:
        return None
    data = log[start:end]
    return _FoundPiece(_Piece(number), data, end) if _checksum(number, data) == checksum else None


def _next_piece(log: bytes, damaged: int, block: _Block) -> int:
    """Where the log goes on after a damaged piece: the next place where a piece begins.

    Bytes stored in a document may be a log themselves, whose pieces must not be taken for some of this one.
    So it matters where the damaged piece ends: where its header says, if something whole begins there; else
    where its checksum says, as when the length is what was damaged. What stands before that end counts only
    if it leads there.
    """
    end = _stated_end(log, damaged, block) or _end_by_checksum(log, damaged, block)
    for found in _TYPES.finditer(log, damaged + _HEADER.size, end or block.end):
        position = found.start() - _HEADER.size + 1
        if _piece_at(log, position, block.end) and (end is None or _leads_to(log, position, end, block)):
            return position
    return end or block.end


def _stated_end(log: bytes, damaged: int, block: _Block) -> int | None:
    start = damaged + _HEADER.size
    if start > block.end:
        return None
    end = block.settled(start + _HEADER.unpack_from(log, damaged)[1])
    at_border = end == block.end or _piece_at(log, end, block.end) is not None
    return end if end <= block.end and at_border else None


def _end_by_checksum(log: bytes, damaged: int, block: _Block) -> int | None:
    start = damaged + _HEADER.size
    if start > block.end:
        return None
    checksum, _, number = _HEADER.unpack_from(log, damaged)
    if number not in _PIECES:
        return None  # more than the length was damaged
    crc = google_crc32c.value(bytes((number,)))
    for end in range(start, block.end + 1):
        if _masked(crc) == checksum:
            return block.settled(end)
        crc = google_crc32c.extend(crc, log[end : end + 1])
    return None


def _leads_to(log: bytes, position: int, end: int, block: _Block) -> bool:
    while position < end:
        piece = _piece_at(log, position, block.end)
        if piece is None:
            return False
        position = block.settled(piece.end)
    return position == end


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


_TYPES = re.compile(rb"[\x01-\x04]")
_PIECES = frozenset({_Piece.FULL, _Piece.FIRST, _Piece.MIDDLE, _Piece.LAST})


def _kind(first: bool, last: bool) -> _Piece:
    if first:
        return _Piece.FULL if last else _Piece.FIRST
    return _Piece.LAST if last else _Piece.MIDDLE


def _piece(kind: _Piece, data: bytes) -> bytes:
    return _HEADER.pack(_checksum(kind, data), len(data), kind) + data


def _checksum(kind: int, data: bytes) -> int:
    return _masked(google_crc32c.extend(google_crc32c.value(bytes((kind,))), data))


def _masked(crc: int) -> int:
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF
