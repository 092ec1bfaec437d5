"""HEIC, the pictures of many phones: decoded by libheif.

libheif trusts what a picture says of its own size, and one put together from others can take any amount of
memory; the limits of the process that `decoder` starts are what holds it. libheif turns a picture upright by
itself (ISO/IEC 23008-12, irot and imir); the EXIF orientation repeats that and does not count.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app import images
from app.images import ImageBroken, ImageNotShown, Picture

if TYPE_CHECKING:
    from PIL.Image import Image

_TYPES = frozenset({"image/heic", "image/heif"})

# What pi-heif raises on bytes that are not what they say, and, with these words, on more than it takes.
# Everything else is something that it cannot do.
_BROKEN = (ValueError, EOFError)
_LIMIT = re.compile("limit exceeded|unsupported|not supported", re.IGNORECASE)
_NOT_SHOWN = (SyntaxError, RuntimeError, OSError, MemoryError, IndexError)


def can_decode(content_type: str) -> bool:
    return content_type in _TYPES


def load_decoder() -> None:
    """Imports what decoding needs."""
    import pi_heif  # noqa: F401
    import PIL.WebPImagePlugin  # noqa: F401


def read_picture(data: bytes) -> Picture:
    """Decodes a picture. Raises ImageTooLarge, ImageBroken and ImageNotShown."""
    try:
        return images.picture_of(_decode(data))
    except _NOT_SHOWN as error:
        raise ImageNotShown(f"{type(error).__name__}: {error}") from error
    except _BROKEN as error:
        is_sound = _LIMIT.search(str(error))
        raise (ImageNotShown if is_sound else ImageBroken)(f"{type(error).__name__}: {error}") from error


def _decode(data: bytes) -> Image:
    import pi_heif

    pi_heif.options.DECODE_THREADS = 1
    heif = pi_heif.open_heif(data, remove_stride=False)
    width, height = heif.size
    if not width or not height:
        raise ValueError("no size")
    images.check_pixels(width, height)
    picture: Image = heif.to_pillow()
    return picture
