"""HEIC, the pictures of many phones: decoded by libheif in a process of its own.

Native code meets a stranger's bytes here, and it trusts what they say of their own size: a picture put
together from others, or one that says nothing, can take any amount of memory. So the process that decodes
may have MAX_MEMORY and MAX_SECONDS, and whatever becomes of it, its end is an answer. libheif turns a picture
upright by itself (ISO/IEC 23008-12, irot and imir); the EXIF orientation repeats that and does not count.
"""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from app import images
from app.images import ImageBroken, ImageNotShown, ImageTooLarge, Picture

if TYPE_CHECKING:
    from PIL.Image import Image

# Address space. A picture of MAX_PIXELS takes three quarters of it, half as YCbCr and RGB, half as RGBX.
MAX_MEMORY = 1024**3
# 50 megapixels take ten on one core.
MAX_SECONDS = 60.0

_TYPES = frozenset({"image/heic", "image/heif"})

# The process takes this package for a bare one, since what `app` imports takes longer than most pictures.
_APP = str(Path(__file__).parent)
_PROGRAM = """
import sys, types
sys.modules["app"] = types.ModuleType("app")
sys.modules["app"].__path__ = [sys.argv[1]]
from app.heic import main
main(sys.argv[2], int(sys.argv[3]))
"""

# What pi-heif raises on bytes that are not what they say. Everything else is something that it cannot do.
_BROKEN = (ValueError, EOFError)
_NOT_SHOWN = (SyntaxError, RuntimeError, OSError, MemoryError, IndexError)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the process found: a picture, or the name of the exception to raise and its cause."""

    picture: Picture | None = None
    error: Literal["ImageTooLarge", "ImageBroken", "ImageNotShown"] = "ImageNotShown"
    cause: str = ""


_ERRORS = {each.__name__: each for each in (ImageTooLarge, ImageBroken, ImageNotShown)}


def can_decode(content_type: str) -> bool:
    return content_type in _TYPES


def read_picture(path: str, memory: int = MAX_MEMORY) -> Picture:
    """Decodes the picture in the file at `path`, with `memory` bytes of address space. Raises ImageTooLarge,
    ImageBroken and ImageNotShown.
    """
    command = [sys.executable, "-c", _PROGRAM, _APP, path, str(memory)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=MAX_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ImageNotShown(f"not decoded after {MAX_SECONDS:.0f} s") from error
    if done.returncode != 0:
        raise ImageNotShown(f"the decoder ended with {done.returncode}")
    answer = msgspec.msgpack.decode(done.stdout, type=_Answer)
    if answer.picture is None:
        raise _ERRORS[answer.error](answer.cause)
    return answer.picture


def main(path: str, memory: int) -> None:
    """The process that decodes."""
    # macOS knows no such limit.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    sys.stdout.buffer.write(msgspec.msgpack.encode(_answer(path)))


def _answer(path: str) -> _Answer:
    try:
        return _Answer(images.picture_of(_decode(path)))
    except ImageTooLarge as error:
        return _Answer(error="ImageTooLarge", cause=str(error))
    except _NOT_SHOWN as error:
        return _Answer(error="ImageNotShown", cause=f"{type(error).__name__}: {error}")
    except _BROKEN as error:
        return _Answer(error="ImageBroken", cause=f"{type(error).__name__}: {error}")


def _decode(path: str) -> Image:
    import pi_heif

    pi_heif.options.DECODE_THREADS = 1
    heif = pi_heif.open_heif(path, remove_stride=False)
    width, height = heif.size
    if not width or not height:
        raise ValueError("no size")
    images.check_pixels(width, height)
    picture: Image = heif.to_pillow()
    return picture
