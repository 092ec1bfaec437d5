"""Pictures: their size as seen, and smaller ones for lists and previews.

This runs in the process that `decoder` starts, since everything here works on a stranger's bytes. A decoder
gets to see only the `pixel_parts` of a file, and nothing is decoded before the size in the header was looked
at. Limits on untrusted bytes are the constants below.
"""

from __future__ import annotations

import importlib
import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

# A camera of today stays below; four bytes each, once, is what decoding may take of the function's memory.
MAX_PIXELS = 50_000_000
SMALL_SIDE = 320
LARGE_SIDE = 1280
_QUALITY = 80
# Of 0 to 6, how long the encoder looks for a smaller file. The default of 4 takes twice as long for 7 %.
_EFFORT = 2
# How many times larger than asked a picture may be before the good and slow filter takes over.
_GAP = 2
# Rows that are converted at once.
_STRIP = 256

# The decoders of Pillow that may see a stranger's bytes, by content type: module and class. They are named
# here so that none of Pillow's forty other plugins sees the bytes. HEIC has a module of its own; pictures of
# other types are stored without thumbnails.
_DECODERS = {
    "image/jpeg": ("JpegImagePlugin", "JpegImageFile"),
    "image/png": ("PngImagePlugin", "PngImageFile"),
    "image/gif": ("GifImagePlugin", "GifImageFile"),
    "image/webp": ("WebPImagePlugin", "WebPImageFile"),
    "image/bmp": ("BmpImagePlugin", "BmpImageFile"),
    "image/tiff": ("TiffImagePlugin", "TiffImageFile"),
    "image/avif": ("AvifImagePlugin", "AvifImageFile"),
}

# How Pillow says that a picture may be sound and is of a kind that it does not read.
_NOT_READ = re.compile(
    r"cannot handle|unsupported|not (yet )?supported|not implemented|no codec|bad configuration"
    r"|unknown (pixel mode|data organization|filter category)|not enough image data",
    re.IGNORECASE,
)
# TIFF is a family of formats, of which nobody reads all. Whether one is complete its structure has shown.
_FAMILIES = frozenset({"image/tiff"})

_ORIENTATION = 0x0112  # EXIF 2.32, section 4.6.4
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
_TRANSPOSED = frozenset({5, 6, 7, 8})

# What Pillow's decoders raise on bytes that do not hold what the header promised.
_DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Picture:
    """Width and height in pixels after EXIF orientation; `small` and `large` are WebP files without metadata,
    no more than SMALL_SIDE and LARGE_SIDE pixels a side and never more than the picture has.
    """

    width: int
    height: int
    small: bytes
    large: bytes


class ImageTooLarge(Exception):
    """More pixels than this product decodes."""


class ImageBroken(Exception):
    """The bytes begin like a picture and cannot be decoded as one."""


class ImageNotShown(Exception):
    """The picture may be sound, and the decoder here cannot show it."""


def can_decode(content_type: str) -> bool:
    return content_type in _DECODERS


def load_decoder(content_type: str) -> None:
    """Imports what decoding a picture of this type needs, also what would be imported on the way."""
    importlib.import_module("app.picture_parts")
    for module in (
        _DECODERS[content_type][0],
        "ImageOps",
        "ImagePalette",
        "TiffImagePlugin",
        "WebPImagePlugin",
    ):
        importlib.import_module(f"PIL.{module}")


def read_picture(data: bytes, content_type: str) -> Picture:
    """Decodes a picture. Raises ImageTooLarge, ImageBroken and ImageNotShown."""
    from PIL import Image

    from app.picture_parts import pixel_parts

    # Pillow's own guard, for the decoders that look at sizes inside.
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with _opened(pixel_parts(data, content_type), content_type) as image:
            width, height = image.size
            check_pixels(width, height)
            large = _shrink(image, _fitted(width, height, LARGE_SIDE))
            # Pillow turns a TIFF upright while loading it, and then shows no orientation any more.
            orientation = image.getexif().get(_ORIENTATION)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(str(error)) from error
    except MemoryError as error:
        raise ImageNotShown("out of memory") from error
    except _DECODER_ERRORS as error:
        cause = f"{type(error).__name__}: {error}"
        is_sound = content_type in _FAMILIES or _NOT_READ.search(str(error))
        raise (ImageNotShown if is_sound else ImageBroken)(cause) from error
    if orientation in _TURNS:
        large = large.transpose(Image.Transpose[_TURNS[orientation]])
    if orientation in _TRANSPOSED:
        width, height = height, width
    return _picture(width, height, large)


def _opened(data: bytes, content_type: str) -> ImageFile:
    module, name = _DECODERS[content_type]
    opened: ImageFile = getattr(importlib.import_module(f"PIL.{module}"), name)(io.BytesIO(data))
    return opened


def check_pixels(width: int, height: int) -> None:
    """Raises ImageTooLarge when so large a picture is not to be decoded."""
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(f"{width} x {height} pixels")


def picture_of(upright: Image) -> Picture:
    """The picture that was decoded to `upright`."""
    width, height = upright.size
    return _picture(width, height, _shrink(upright, _fitted(width, height, LARGE_SIDE)))


def _picture(width: int, height: int, large: Image) -> Picture:
    from PIL.Image import Resampling

    small = large.resize(_fitted(width, height, SMALL_SIDE), Resampling.LANCZOS, reducing_gap=_GAP)
    return Picture(width, height, small=_webp(small), large=_webp(large))


def _fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size that fits into a square of `side` and keeps the shape; nothing is blown up."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _shrink(image: Image, size: tuple[int, int]) -> Image:
    """The first frame in eight bits at `size`, not yet turned upright.

    Whatever is converted is converted a strip at a time, so that no picture is in memory twice.
    """
    from PIL import Image as Pillow

    # A JPEG is decoded at a fraction of its size here, before any pixel is held in full.
    image.draft("RGB", (LARGE_SIDE, LARGE_SIDE))
    image.load()
    factor = max(1, int(max(image.size) / (_GAP * LARGE_SIDE)))
    to_eight_bit = _conversion(image)
    reduced = Pillow.new("RGBA" if _has_alpha(image) else "RGB", [-(-side // factor) for side in image.size])
    rows = max(1, _STRIP // factor) * factor
    for top in range(0, image.height, rows):
        strip = to_eight_bit(image.crop((0, top, image.width, min(top + rows, image.height))))
        reduced.paste(strip.reduce(factor), (0, top // factor))
    box = (0, 0, image.width / factor, image.height / factor)
    return reduced.resize(size, Pillow.Resampling.LANCZOS, box)


def _webp(image: Image) -> bytes:
    out = io.BytesIO()
    out.name = "thumbnail.webp"  # by this Pillow loads one encoder, and by the name of a format five of them
    image.save(out, quality=_QUALITY, method=_EFFORT, exif=b"", icc_profile=b"", xmp=b"")
    return out.getvalue()


def _has_alpha(image: Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def _conversion(image: Image) -> Callable[[Image], Image]:
    """What brings a strip of `image` to RGB or RGBA, whatever it is stored as."""
    wanted = "RGBA" if _has_alpha(image) else "RGB"
    if image.mode.startswith("I"):
        return lambda strip: _scaled_grey(strip.convert("I").convert("F"), 0, 65_535).convert(wanted)
    if image.mode == "F":
        low, high = cast(tuple[float, float], image.getextrema())
        return lambda strip: _scaled_grey(strip, low, high).convert(wanted)
    return lambda strip: strip if strip.mode == wanted else strip.convert(wanted)


def _scaled_grey(image: Image, low: float, high: float) -> Image:
    """Brightness of more than eight bits a pixel brought to eight, where a plain conversion would cut it
    off at 255.
    """
    scale = 255 / max(high - low, 1e-9)
    return image.point(lambda value: value * scale - low * scale).convert("L")
