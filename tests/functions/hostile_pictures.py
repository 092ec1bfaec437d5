"""Pictures that are cheap to make and dear to look at, each within the 50 MiB that a file may have.

Made by hand from the formats' specifications, since no encoder writes them.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence

from heic import heic, picture
from PIL import Image

# Tag, type (1 byte, 2 ASCII, 3 short, 4 long), values.
Entry = tuple[int, int, Sequence[int]]

_FORMATS = {1: "B", 2: "B", 3: "H", 4: "I"}


ONE_PIXEL: list[Entry] = [
    (256, 4, [1]),  # width
    (257, 4, [1]),  # height
    (258, 3, [8]),  # bits
    (259, 3, [1]),  # no compression
    (262, 3, [1]),  # black is zero
    (273, 4, [8]),  # where the strip is
    (277, 3, [1]),  # samples
    (278, 4, [1]),  # rows in a strip
    (279, 4, [1]),  # its size
]


def tiff(entries: Sequence[Entry], tail: bytes = b"", next_directory: int = 0) -> bytes:
    """One directory of `entries`, values behind it, `tail` at the end."""
    start = 8 + 2 + 12 * len(entries) + 4
    head, values = [], io.BytesIO()
    for tag, kind, numbers in entries:
        packed = struct.pack(f"<{len(numbers)}{_FORMATS[kind]}", *numbers)
        if len(packed) > 4:
            head.append(struct.pack("<HHII", tag, kind, len(numbers), start + values.tell()))
            values.write(packed + b"\0" * (len(packed) % 2))
        else:
            head.append(struct.pack("<HHI4s", tag, kind, len(numbers), packed))
    directory = struct.pack("<H", len(entries)) + b"".join(head) + struct.pack("<I", next_directory)
    return b"II*\0" + struct.pack("<I", 8) + directory + values.getvalue() + tail


def tiff_of_strips(count: int, compression: int = 1) -> bytes:
    """A picture one pixel wide and `count` high, each row a strip of its own and all of them one byte."""
    return tiff(
        [
            (256, 4, [1]),
            (257, 4, [count]),
            (258, 3, [8]),
            (259, 3, [compression]),
            (262, 3, [1]),
            (273, 4, [8] * count),
            (277, 3, [1]),
            (278, 4, [1]),
            (279, 3, [1] * count),
        ]
    )


def tiff_of_tags(count: int, size: int) -> bytes:
    """`count` private tags that all claim the same `size` bytes."""
    start = 8 + 2 + 12 * (len(ONE_PIXEL) + count) + 4
    head = b"".join(
        struct.pack(
            "<HHI4s", tag, kind, len(v), struct.pack(f"<{len(v)}{_FORMATS[kind]}", *v).ljust(4, b"\0")
        )
        for tag, kind, v in ONE_PIXEL
    )
    head += b"".join(struct.pack("<HHII", 1000 + number, 3, size // 2, start) for number in range(count))
    directory = struct.pack("<H", len(ONE_PIXEL) + count) + head + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(size)


def tiff_of_directories(count: int, *, endless: bool = False) -> bytes:
    """A picture of one pixel and `count` directories behind it, the last of which names the first again if
    the chain is `endless`.
    """
    one = tiff(ONE_PIXEL)
    first = len(one)
    chain = bytearray(one)
    struct.pack_into("<I", chain, 8 + 2 + 12 * len(ONE_PIXEL), first)
    for number in range(count):
        last = number == count - 1
        following = (8 if endless else 0) if last else first + 18 * (number + 1)
        chain += struct.pack("<HHHII", 1, 256, 4, 1, 1) + struct.pack("<I", following)
    return bytes(chain)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(*chunks: bytes, width: int = 40, height: int = 20, after: Sequence[bytes] = ()) -> bytes:
    """A sound picture with `chunks` before its pixels and others after them."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes((width + 1) * height)))
    return (
        b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + b"".join(after) + png_chunk(b"IEND", b"")
    )


def compressed_text(count: int, size: int) -> bytes:
    """`count` zTXt chunks, each of which unpacks to `size` bytes."""
    return png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(size), 9)) * count


def colour_profile_bomb(size: int) -> bytes:
    return png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(size), 9))


def apng(frames: int) -> bytes:
    control = [png_chunk(b"acTL", struct.pack(">II", frames, 0)), _frame_control(0)]
    data = zlib.compress(bytes(2))
    following = b"".join(
        _frame_control(2 * number - 1) + png_chunk(b"fdAT", struct.pack(">I", 2 * number) + data)
        for number in range(1, frames)
    )
    return png_with(*control, width=1, height=1, after=[following])


def _frame_control(number: int) -> bytes:
    return png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, 1, 1, 0, 0, 1, 100, 0, 0))


def _gif_pieces() -> tuple[bytes, bytes]:
    """The head of a picture of 4 x 4 pixels, and its frame."""
    out = io.BytesIO()
    Image.new("P", (4, 4)).save(out, "GIF")
    data = out.getvalue().removesuffix(b";")
    frame = data.index(b"\x2c\0\0\0\0")
    return data[:frame], data[frame:]


_GIF_HEAD, _GIF_FRAME = _gif_pieces()


def gif(frames: int) -> bytes:
    return _GIF_HEAD + _GIF_FRAME * frames + b";"


def gif_with_comment(size: int) -> bytes:
    """One frame after a comment in blocks of one byte each, `size` of them."""
    return _GIF_HEAD + b"\x21\xfe" + b"\x01a" * size + b"\0" + _GIF_FRAME + b";"


def webp(frames: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (2, 2), (1, 2, 3, 4)).save(out, "WEBP", lossless=True)
    still = out.getvalue()
    place = still.index(b"VP8L")
    size = struct.unpack_from("<I", still, place + 4)[0]
    bitstream = still[place : place + 8 + size + size % 2]
    frame = bytes(6) + b"\x01\0\0" + b"\x01\0\0" + b"\x64\0\0" + b"\0" + bitstream
    chunk = b"ANMF" + struct.pack("<I", len(frame)) + frame
    body = b"VP8X" + struct.pack("<IB3x", 10, 0x12) + b"\x01\0\0" + b"\x01\0\0"
    body += b"ANIM" + struct.pack("<IIH", 6, 0, 0) + chunk * frames
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def progressive_jpeg(width: int, height: int, scans: int) -> bytes:
    """A progressive picture whose last scan, which changes nothing, comes again and again."""
    out = io.BytesIO()
    Image.new("L", (width, height), 128).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    last = data.rindex(b"\xff\xda")
    end = data.rindex(b"\xff\xd9")
    return data[:last] + data[last:end] * scans + data[end:]


def jpeg_with_segments(count: int) -> bytes:
    """A picture behind `count` application segments without content."""
    out = io.BytesIO()
    Image.new("L", (40, 20)).save(out, "JPEG")
    return b"\xff\xd8" + b"\xff\xe4\x00\x02" * count + out.getvalue()[2:]


def jpeg_with_exif(size: int) -> bytes:
    """EXIF in many segments, which readers put together, of `size` bytes."""
    out = io.BytesIO()
    Image.new("L", (40, 20)).save(out, "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", 65_533) + b"Exif\0\0" + bytes(65_525)
    return b"\xff\xd8" + segment * (size // len(segment)) + out.getvalue()[2:]


def bmp_in_runs(width: int, height: int, *, literal: bool) -> bytes:
    """Run lengths of one pixel each, or, not `literal`, rows that end after their first pixel."""
    row = b"\x01\x00" * (width if literal else 1) + b"\x00\x00"
    runs = row * height
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    start = 14 + len(header) + 1024
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + header + bytes(1024) + runs


# By name: content type, how it is made, and why it has no thumbnails; without a reason it has.
HOSTILE: dict[str, tuple[str, Callable[[], bytes], str | None]] = {
    "TIFF of a million strips": ("image/tiff", lambda: tiff_of_strips(1_000_000), "1000000 strips"),
    "TIFF of eight million strips": ("image/tiff", lambda: tiff_of_strips(8_000_000), "8000000 strips"),
    "TIFF of a million packed strips": (
        "image/tiff",
        lambda: tiff_of_strips(1_000_000, compression=32_773),
        "1000000 strips",
    ),
    "TIFF of 60,000 tags of the same 40 MB": (
        "image/tiff",
        lambda: tiff_of_tags(60_000, 40_000_000),
        "60009 tags",
    ),
    "TIFF with a tag of 20 million numbers": (
        "image/tiff",
        lambda: tiff_of_tags(1, 40_000_000),
        "20000000 values",
    ),
    "TIFF of two million directories": ("image/tiff", lambda: tiff_of_directories(2_000_000), None),
    "TIFF of directories without an end": (
        "image/tiff",
        lambda: tiff_of_directories(1000, endless=True),
        None,
    ),
    "PNG of four million chunks": (
        "image/png",
        lambda: png_with(png_chunk(b"teSt", b"") * 4_000_000),
        "chunks",
    ),
    "PNG of pixels in 60,000 chunks": ("image/png", lambda: png_in_pieces(60_000), "chunks"),
    "PNG with 4 GB of compressed text": (
        "image/png",
        lambda: png_with(compressed_text(4_000, 1_000_000)),
        None,
    ),
    "PNG with a colour profile of a gigabyte": (
        "image/png",
        lambda: png_with(colour_profile_bomb(1_000_000_000)),
        None,
    ),
    "PNG of 100,000 frames": ("image/png", lambda: apng(100_000), None),
    "GIF of 100,000 frames": ("image/gif", lambda: gif(100_000), None),
    "GIF with a comment in 20 million blocks": ("image/gif", lambda: gif_with_comment(20_000_000), "blocks"),
    "WebP of 100,000 frames": ("image/webp", lambda: webp(100_000), None),
    "JPEG of 2,000 scans": ("image/jpeg", lambda: progressive_jpeg(2_000, 2_000, 2_000), "scans"),
    "JPEG of 90 large scans": ("image/jpeg", lambda: progressive_jpeg(7_000, 4_000, 90), "scans"),
    "JPEG of twelve million segments": ("image/jpeg", lambda: jpeg_with_segments(12_000_000), "segments"),
    "JPEG with 40 MB of EXIF": ("image/jpeg", lambda: jpeg_with_exif(40_000_000), None),
    "BMP of 25 million runs": ("image/bmp", lambda: bmp_in_runs(5_000, 5_000, literal=True), "runs"),
    "BMP of short lines": ("image/bmp", lambda: bmp_in_runs(7_000, 7_000, literal=False), "runs"),
    "HEIC of 30,000 pictures": ("image/heic", lambda: heic_of_items(30_000), "limit exceeded"),
}


def png_in_pieces(count: int) -> bytes:
    """The pixels come in pieces of no byte, but the last."""
    whole = png_with()
    place = whole.index(b"IDAT") - 4
    return whole[:place] + png_chunk(b"IDAT", b"") * count + whole[place:]


def heic_of_items(count: int) -> bytes:
    """One small picture, and as many others that are the same."""
    return heic(*[picture()] * count)
