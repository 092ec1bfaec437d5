"""The process that decodes one picture: the file is its standard input, the answer its standard output.

The answer is a line and bytes: `picture WIDTH HEIGHT SIZE` with the small thumbnail, of that size, and the
large one, or the name of an exception of `images` with its cause.

What holds where:

- Memory, processor time and the size of the answer are limits of the kernel, on Linux and in Cloud Run's
  sandbox; macOS has no limit on memory.
- After the imports the process can open nothing more, no file and no connection, on every system: that is a
  limit too, of no further descriptors. It needs no right that a container lacks, as a network namespace does.
- A process that runs as root becomes nobody, so that it cannot raise its limits again.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys

from app import heic, images
from app.images import ImageBroken, ImageNotShown, ImageTooLarge, Picture

# The two thumbnails of a noisy picture take a few hundred kilobytes.
_MAX_ANSWER = 8 * 1024**2
_NOBODY = 65_534


def load() -> None:
    """Imports everything there is to import."""
    content_type, _, _ = _job()
    if heic.can_decode(content_type):
        heic.load_decoder()
    else:
        images.load_decoder(content_type)


def main() -> None:
    content_type, memory, seconds = _job()
    data = sys.stdin.buffer.read()
    _confine(int(memory), int(seconds))
    sys.stdout.buffer.write(_answer(data, content_type))
    sys.stdout.buffer.flush()
    # Threads of a decoder, and what it left in memory, are nobody's concern any more.
    os._exit(0)


def _job() -> list[str]:
    """Content type, bytes of memory and seconds."""
    return os.environ["DECODE"].split()


def _confine(memory: int, seconds: int) -> None:
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _MAX_ANSWER),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, 0),
    ):
        # macOS knows no limit of address space.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))
    if os.getuid() == 0:
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)


def _answer(data: bytes, content_type: str) -> bytes:
    try:
        return _picture(
            heic.read_picture(data)
            if heic.can_decode(content_type)
            else images.read_picture(data, content_type)
        )
    except (ImageTooLarge, ImageBroken, ImageNotShown) as error:
        return f"{type(error).__name__}\n{error}".encode()


def _picture(picture: Picture) -> bytes:
    head = f"picture {picture.width} {picture.height} {len(picture.small)}\n"
    return head.encode() + picture.small + picture.large
