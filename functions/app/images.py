"""Pictures: their size as seen, and a small one for lists.

Nothing is decoded before the size in the header was looked at, so a bomb costs a header. Limits on
untrusted bytes are the constants below.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

# A camera of today stays below; four bytes each, once, is what decoding may take of the function's memory.
MAX_PIXELS = 50_000_000
THUMBNAIL_SIDE = 320
_THUMBNAIL_QUALITY = 80

# The decoders that may see a stranger's bytes, by content type. Pictures of other types are stored without
# a thumbnail.
_DECODERS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}

_ORIENTATION = 0x0112  # EXIF 2.32, section 4.6.4
_TRANSPOSED = frozenset({5, 6, 7, 8})

# What Pillow's decoders raise on bytes that do not hold what the header promised.
_DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Picture:
    """Width and height in pixels after EXIF orientation; `thumbnail` is a WebP file without metadata."""

    width: int
    height: int
    thumbnail: bytes


class ImageTooLarge(Exception):
    """More pixels than this product decodes."""


class ImageBroken(Exception):
    """The bytes begin like a picture and cannot be decoded as one."""


def can_decode(content_type: str) -> bool:
    return content_type in _DECODERS


def read_picture(path: str, content_type: str) -> Picture:
    """Decodes the picture in the file at `path`. Raises ImageTooLarge and ImageBroken."""
    from PIL import Image, ImageOps

    # Pillow's own guard, for the decoders that look at sizes inside; it warns from here on and fails at
    # twice as much.
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(path, formats=[_DECODERS[content_type]]) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ImageTooLarge(f"{width} x {height} pixels")
            small = _shrink(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(str(error)) from error
    except MemoryError as error:
        raise ImageTooLarge("out of memory") from error
    except _DECODER_ERRORS as error:
        raise ImageBroken(f"{type(error).__name__}: {error}") from error
    # Pillow turns a TIFF upright while loading it, and then shows no orientation any more.
    if small.getexif().get(_ORIENTATION) in _TRANSPOSED:
        width, height = height, width
    return Picture(width, height, _webp(ImageOps.exif_transpose(small)))


def _shrink(image: Image) -> Image:
    """The first frame at no more than THUMBNAIL_SIDE pixels a side, in eight bits, not yet turned upright."""
    from PIL.Image import Resampling

    # A JPEG is decoded at a fraction of its size here, before any pixel is held in full.
    image.draft("RGB", (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
    small = _to_eight_bit(image)
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Resampling.LANCZOS, reducing_gap=2.0)
    return small


def _webp(image: Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=_THUMBNAIL_QUALITY, exif=b"", icc_profile=b"", xmp=b"")
    return out.getvalue()


def _to_eight_bit(image: Image) -> Image:
    """The image in RGB or RGBA, whatever it was stored as."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _scaled_grey(image)
    has_alpha = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    wanted = "RGBA" if has_alpha else "RGB"
    return image.copy() if image.mode == wanted else image.convert(wanted)


def _scaled_grey(image: Image) -> Image:
    """Brightness of more than eight bits a pixel brought to eight, where a plain conversion would cut it
    off at 255.
    """
    grey = image.convert("I").convert("F") if image.mode.startswith("I") else image
    extrema: Any = (0, 65_535) if image.mode.startswith("I") else grey.getextrema()
    low, high = extrema
    scale = 255 / max(high - low, 1e-9)
    return grey.point(lambda value: value * scale - low * scale).convert("L")
