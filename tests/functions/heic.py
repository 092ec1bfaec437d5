"""HEIC pictures made by hand (ISO/IEC 23008-12 in the boxes of 14496-12), since no package here encodes them.

The one coded picture below is 400 x 200 pixels, left half red, right half blue, as an HEVC intra frame; what
a phone or an attacker writes around it is up to the test.
"""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass

# The decoder's configuration (14496-15) and the one slice, after its length.
_CONFIGURATION = b64decode(
    "AQNwAAAAkAAAAAAAPPAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAPLoCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwA8oAyIDJZbqSSm"
    "ubgIaDAgAAADAyAAAAMAIWIAAQAHRAHBcrBiQA=="
)
CODED = b64decode(
    "AAAAXSgBrxkhrDCo93yFN//3+Mf9fav+KQV4rP8sbKPVDwPUGPye1jVfQ3r1ueI/vl7BCgdolkBAprc6gH3II9noAAAr4JMFqPHIl3oAAFHAhwAA"
    "AwAAAwAAyygAAAMCVg=="
)


@dataclass(frozen=True, slots=True)
class Item:
    """A picture, or data about it, in the file; `references` are (kind, numbers of other items from 1)."""

    kind: bytes
    data: bytes
    properties: Sequence[bytes] = ()
    references: Sequence[tuple[bytes, Sequence[int]]] = ()


def box(kind: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def full_box(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def size(width: int, height: int) -> bytes:
    return full_box(b"ispe", struct.pack(">II", width, height))


def turned(quarters: int) -> bytes:
    """Anticlockwise, after decoding."""
    return box(b"irot", bytes([quarters]))


def mirrored(*, sideways: bool) -> bytes:
    """`sideways` swaps left and right, otherwise top and bottom."""
    return box(b"imir", bytes([sideways]))


def picture(
    *properties: bytes, width: int = 400, height: int = 200, data: bytes = CODED, kind: bytes = b"hvc1"
) -> Item:
    return Item(kind, data, (box(b"hvcC", _CONFIGURATION), size(width, height), *properties))


def grid(columns: int, rows: int, width: int, height: int, tiles: Sequence[int]) -> Item:
    """A picture put together from others, as phones write theirs."""
    data = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)
    return Item(b"grid", data, (size(width, height),), ((b"dimg", tiles),))


def exif(data: bytes, of: int = 1) -> Item:
    """`data` begins with the TIFF header."""
    return Item(b"Exif", struct.pack(">I", 0) + data, references=((b"cdsc", (of,)),))


def heic(*items: Item, brand: bytes = b"heic") -> bytes:
    """A file of `items`, the first of which is the one to show."""
    head = box(b"ftyp", brand, bytes(4), b"mif1", b"heic")
    start = len(head) + len(_meta(items, 0)) + 8
    return head + _meta(items, start) + box(b"mdat", *(item.data for item in items))


def _meta(items: Sequence[Item], start: int) -> bytes:
    """`start` is where in the file the data of the first item begins."""
    numbered = list(enumerate(items, 1))
    entries = [
        full_box(b"infe", struct.pack(">HH4sx", number, 0, item.kind), version=2) for number, item in numbered
    ]
    references = [
        box(kind, struct.pack(f">HH{len(others)}H", number, len(others), *others))
        for number, item in numbered
        for kind, others in item.references
    ]
    places = b""
    for number, item in numbered:
        places += struct.pack(">HHHII", number, 0, 1, start, len(item.data))
        start += len(item.data)
    return full_box(
        b"meta",
        full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
        full_box(b"pitm", struct.pack(">H", 1)),
        full_box(b"iinf", struct.pack(">H", len(items)), *entries),
        full_box(b"iref", *references),
        _properties(numbered),
        full_box(b"iloc", struct.pack(">BBH", 0x44, 0, len(items)), places),
    )


def _properties(numbered: Sequence[tuple[int, Item]]) -> bytes:
    """Every property once, then which item has which."""
    every = list(dict.fromkeys(one for _, item in numbered for one in item.properties))
    owners = [
        struct.pack(">HB", number, len(item.properties))
        + bytes(every.index(one) + 1 for one in item.properties)
        for number, item in numbered
    ]
    return box(
        b"iprp",
        box(b"ipco", *every),
        full_box(b"ipma", struct.pack(">I", len(owners)), *owners),
    )
