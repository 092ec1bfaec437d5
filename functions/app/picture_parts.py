"""The parts of a picture's file that its pixels need, which are all that a decoder gets to see.

A file of 50 MiB can hold millions of parts, and readers that are fast with a dozen of them take minutes for
these, or all the memory there is. So the outermost structure is walked here, once and in bounded steps; what
no pixel needs (comments, camera data, colour profiles, further frames) is left out, and a picture of more
parts than any camera or program writes is not shown. The limits on untrusted bytes are the constants below.
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from app.images import ImageBroken, ImageNotShown, check_pixels

# Markers before the pixels of a JPEG, of which the longest holds 64 KiB.
MAX_JPEG_SEGMENTS = 5_000
# A progressive JPEG comes in about ten scans, each of which visits every pixel.
MAX_JPEG_SCANS = 100
MAX_JPEG_VISITS = 2_000_000_000
# The pixels of the largest PNG, in pieces of a kilobyte.
MAX_PNG_CHUNKS = 50_000
# GIF has pieces of at most 255 bytes.
MAX_GIF_BLOCKS = 400_000
# The largest picture in rows of its own, or in tiles of 32 x 32 pixels.
MAX_TIFF_STRIPS = 50_000
MAX_TIFF_TAGS = 1_000
# The longest table that belongs to a picture: three colours of 16 bits.
MAX_TIFF_VALUES = 3 * 65_536
# A run-length BMP is unpacked byte by byte: this much in some seconds.
MAX_BMP_STEPS = 4_000_000
# What may say how the picture is to be turned, which is all that is read of it.
_MAX_METADATA = 64 * 1024
# Of libavif, which takes larger pictures for broken ones.
_MAX_AVIF_SIDE = 32_768


def pixel_parts(data: bytes, content_type: str) -> bytes:
    """A file of this type that shows the same first frame as `data`, turned the same way.

    Raises ImageTooLarge, ImageBroken when the structure ends in the middle, and ImageNotShown.
    """
    try:
        return _READERS[content_type](data)
    except (struct.error, IndexError) as error:
        raise ImageBroken(f"the file ends early: {error}") from error


# JPEG: ITU-T T.81, annex B

_JPEG_MARKER = re.compile(rb"\xff([^\x00\xff])")
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Baseline, extended and progressive, with either entropy coding. The rest is lossless or hierarchical.
_DECODED_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
# JFIF and Adobe say how colours are stored.
_APPLICATION = frozenset({*range(0xE0, 0xF0), 0xFE})
_KEPT_APPLICATION = frozenset({0xE0, 0xEE})
_KEPT_METADATA = (b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0")


def _jpeg(data: bytes) -> bytes:
    parts = [data[:2]]
    position, pixels = 2, 0
    metadata = set(_KEPT_METADATA)
    for _ in range(MAX_JPEG_SEGMENTS):
        marker = _JPEG_MARKER.search(data, position)
        if marker is None:
            raise ImageBroken("no pixels")
        code, position = marker[1][0], marker.end()
        if code in _STANDALONE:
            continue
        (length,) = struct.unpack_from(">H", data, position)
        content = position + 2
        if code == _START_OF_SCAN:
            return b"".join((*parts, _jpeg_scans(data, position - 2, pixels)))
        if code == _END_OF_IMAGE or length < 2:
            raise ImageBroken("no pixels")
        if code in _FRAMES:
            _, height, width = struct.unpack_from(">BHH", data, content)
            if code not in _DECODED_FRAMES or height == 0:
                raise ImageNotShown(f"JPEG of the kind {code:x}")
            check_pixels(width, height)
            pixels = width * height
        elif code in _APPLICATION - _KEPT_APPLICATION:
            kind = next((each for each in metadata if data.startswith(each, content)), None)
            metadata.discard(kind or b"")
            if kind is None:
                position += length
                continue
        parts.append(data[position - 2 : position + length])
        position += length
    raise ImageNotShown(f"more than {MAX_JPEG_SEGMENTS} segments")


def _jpeg_scans(data: bytes, start: int, pixels: int) -> bytes:
    """Everything from the first scan to the end of the picture. What follows is another picture or a film."""
    # Inside a scan the byte FF is always followed by another one than these two.
    end = data.find(bytes((0xFF, _END_OF_IMAGE)), start)
    end = len(data) if end < 0 else end + 2
    scans = data.count(bytes((0xFF, _START_OF_SCAN)), start, end)
    if scans > MAX_JPEG_SCANS or scans * pixels > MAX_JPEG_VISITS:
        raise ImageNotShown(f"{scans} scans")
    return data[start:end]


# PNG, third edition: https://www.w3.org/TR/png-3/

_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PNG_TURNING = {
    b"eXIf": b"",
    b"iTXt": b"XML:com.adobe.xmp\0",
    b"zTXt": b"Raw profile type exif\0",
    b"tEXt": b"Raw profile type exif\0",
}


_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


def _png(data: bytes) -> bytes:
    parts, position = [data[:8]], 8
    turning = dict(_PNG_TURNING)
    kind = seen = b""
    for _ in range(MAX_PNG_CHUNKS):
        if position >= len(data):
            return b"".join(parts)
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        start = turning.get(kind)
        if start is not None and length <= _MAX_METADATA and data.startswith(start, position + 8):
            parts.append(data[position:end])
            del turning[kind]
        elif kind in _PNG_KEPT:
            parts.append(data[position:end])
        if kind == b"IEND":
            return b"".join(parts)
        seen = seen or kind * (kind == b"IDAT")
        position = end
    if seen and kind != seen:  # what is left are further frames
        return b"".join((*parts, _PNG_END))
    raise ImageNotShown(f"more than {MAX_PNG_CHUNKS} chunks")


# GIF 89a: https://www.w3.org/Graphics/GIF/spec-gif89a.txt

_GIF_EXTENSION, _GIF_FRAME, _GIF_GRAPHIC_CONTROL = 0x21, 0x2C, 0xF9


def _gif(data: bytes) -> bytes:
    position = 13 + _gif_table(data[10])
    parts = [data[:position]]
    left = MAX_GIF_BLOCKS
    while left > 0:
        start, kind = position, data[position]
        if kind == _GIF_FRAME:
            table = _gif_table(data[position + 9])
            end, left = _gif_blocks(data, position + 11 + table, left, truncated=True)
            return b"".join((*parts, data[start:end], b";"))
        if kind == _GIF_EXTENSION:
            position, left = _gif_blocks(data, position + 2, left)
            if data[start + 1] == _GIF_GRAPHIC_CONTROL:
                parts.append(data[start:position])
        elif kind == ord(";"):
            raise ImageBroken("no frame")
        else:
            position, left = position + 1, left - 1
    raise ImageNotShown(f"more than {MAX_GIF_BLOCKS} blocks")


def _gif_table(flags: int) -> int:
    """How many bytes a colour table takes, of which the lowest bits of these flags say the size."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks(data: bytes, position: int, most: int, *, truncated: bool = False) -> tuple[int, int]:
    """Where the blocks that begin at `position` end, and what is left of the `most` there may be."""
    for left in range(most, 0, -1):
        if truncated and position >= len(data):
            return len(data), left - 1
        size = data[position]
        position += 1 + size
        if size == 0:
            return position, left - 1
    raise ImageNotShown(f"more than {MAX_GIF_BLOCKS} blocks")


# WebP: RFC 9649. The decoder makes room for a whole canvas before it says how large that is.


def _webp(data: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", data, 4)
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    check_pixels(width, height)
    if 8 + size > len(data) + size % 2:
        raise ImageBroken("the file ends early")
    return data


# BMP: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage

_BMP_RUNS = frozenset({1, 2})


def _bmp(data: bytes) -> bytes:
    (header,) = struct.unpack_from("<I", data, 14)
    if header >= 40:
        width, height, _, _, compression = struct.unpack_from("<iiHHI", data, 18)
        check_pixels(abs(width), abs(height))
        if compression in _BMP_RUNS and len(data) + abs(width * height) > MAX_BMP_STEPS:
            raise ImageNotShown("too many runs")
    return data


# TIFF 6.0, and BigTIFF: https://www.awaresystems.be/imaging/tiff/bigtiff.html

_TIFF_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_TIFF_BYTES = frozenset({1, 2, 6, 7})
_TIFF_INTEGERS = {3: "H", 4: "I", 16: "Q"}
_WIDTH, _HEIGHT, _STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 256, 257, 273, 279, 324, 325
_TIFF_PLACES = (_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES)
# Camera data, where it was taken, and what goes with that: directories that the decoder reads as well.
_TIFF_DIRECTORIES = frozenset({34_665, 34_853, 40_965})


@dataclass(frozen=True, slots=True)
class _TiffTag:
    """`at` is where its values begin."""

    kind: int
    count: int
    at: int


def _tiff(data: bytes) -> bytes:
    order = "<" if data.startswith(b"II") else ">"
    is_big = data[2:4] in (b"+\0", b"\0+")
    (first,) = struct.unpack_from(order + ("Q" if is_big else "I"), data, 8 if is_big else 4)
    tags = _tiff_tags(data, order, first, is_big=is_big)
    for name in _TIFF_PLACES:
        if name in tags and tags[name].count > MAX_TIFF_STRIPS:
            raise ImageNotShown(f"{tags[name].count} strips")
    if _WIDTH in tags and _HEIGHT in tags:
        check_pixels(*(_tiff_numbers(data, order, tags[name])[0] for name in (_WIDTH, _HEIGHT)))
    for places, sizes in ((_STRIPS, _STRIP_SIZES), (_TILES, _TILE_SIZES)):
        if places in tags and sizes in tags:
            ends = map(
                sum, zip(*(_tiff_numbers(data, order, tags[each]) for each in (places, sizes)), strict=False)
            )
            if max(ends, default=0) > len(data):
                raise ImageBroken("the file ends early")
    return data


def _tiff_tags(data: bytes, order: str, start: int, *, is_big: bool, within: int = 0) -> dict[int, _TiffTag]:
    """The tags of a directory, which with those it names is `within` so many others."""
    counted, entry = ("Q", "HHQQ") if is_big else ("H", "HHII")
    (count,) = struct.unpack_from(order + counted, data, start)
    if count > MAX_TIFF_TAGS:
        raise ImageNotShown(f"{count} tags")
    tags: dict[int, _TiffTag] = {}
    start += struct.calcsize(order + counted)
    size, room = struct.calcsize(order + entry), 8 if is_big else 4
    for at in range(start, start + count * size, size):
        tag, kind, values, place = struct.unpack_from(order + entry, data, at)
        length = values * _TIFF_SIZES.get(kind, 0)
        if length <= room:
            place = at + size - room
        elif place + length > len(data):
            if tag in _TIFF_PLACES:
                raise ImageBroken("the file ends early")
            continue
        if kind not in _TIFF_BYTES and values > MAX_TIFF_VALUES and tag not in _TIFF_PLACES:
            raise ImageNotShown(f"a tag of {values} values")
        tags.setdefault(tag, _TiffTag(kind, values, place))
        if tag in _TIFF_DIRECTORIES and kind in _TIFF_INTEGERS and within < 2:
            (below,) = _tiff_numbers(data, order, _TiffTag(kind, 1, place))
            with contextlib.suppress(struct.error):  # the picture itself does not depend on it
                _tiff_tags(data, order, below, is_big=is_big, within=within + 1)
    return tags


def _tiff_numbers(data: bytes, order: str, tag: _TiffTag) -> tuple[int, ...]:
    form = _TIFF_INTEGERS.get(tag.kind)
    if form is None or tag.count == 0:
        raise ImageNotShown("a TIFF of an unknown kind")
    return struct.unpack_from(f"{order}{tag.count}{form}", data, tag.at)


# AVIF: the boxes of ISO/IEC 14496-12 with the sizes of ISO/IEC 23008-12, ispe

_AVIF_SIZE = re.compile(rb"ispe\0\0\0\0(....)(....)", re.DOTALL)


def _avif(data: bytes) -> bytes:
    for found in _AVIF_SIZE.finditer(data):
        width, height = (int.from_bytes(side) for side in found.groups())
        check_pixels(width, height)
        if max(width, height) > _MAX_AVIF_SIDE:
            raise ImageNotShown(f"{width} x {height} pixels")
    return data


_READERS: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/bmp": _bmp,
    "image/tiff": _tiff,
    "image/avif": _avif,
}
