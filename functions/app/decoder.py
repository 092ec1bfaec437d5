"""Pictures are decoded in a process of their own, one for each.

Native code meets a stranger's bytes there. So the process gets the bytes and nothing else: no environment
with the credentials of the functions, no open file but the picture, and limits on memory, processor time and
the size of its answer (`decoder_process`). Whatever becomes of it, its end is an answer.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from app import heic, images
from app.images import ImageBroken, ImageNotShown, ImageTooLarge, Picture

# Address space. A WebP of MAX_PIXELS takes most of it: twice its canvas, once decoded, once as Pillow's.
MAX_MEMORY = 1280 * 1024**2
# Processor time. A HEIC of MAX_PIXELS takes ten on a core of today, every other picture of that size a few.
MAX_SECONDS = 40
# By the clock, for a core that is shared.
_PATIENCE = 60.0

# What the process says when it has everything it needs, before it sees a byte.
_LOADED = b"loaded\n"
# The process takes this package for a bare one, since what `app` imports takes longer than most pictures.
_APP = str(Path(__file__).parent)
_PROGRAM = """
import sys, types
sys.path += sys.argv[2:]
sys.modules["app"] = types.ModuleType("app")
sys.modules["app"].__path__ = [sys.argv[1]]
from app.decoder_process import load, main
load()
print("loaded", flush=True)
main()
"""
# The dynamic loader may need these to find Python itself.
_LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_ERRORS = {each.__name__: each for each in (ImageTooLarge, ImageBroken, ImageNotShown)}
_LONGEST_CAUSE = 300


class DecoderMissing(RuntimeError):
    """The process did not come as far as the picture: something is not installed as it should be, or the
    machine is too slow.
    """


def can_decode(content_type: str) -> bool:
    return images.can_decode(content_type) or heic.can_decode(content_type)


def read_picture(
    path: str, content_type: str, memory: int = MAX_MEMORY, seconds: int = MAX_SECONDS
) -> Picture:
    """Decodes the picture in the file at `path`, with `memory` bytes of address space and `seconds` of
    processor time. Raises ImageTooLarge, ImageBroken, ImageNotShown and DecoderMissing.
    """
    # Where this process finds its packages, which in the cloud is nowhere that Python would look by itself.
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, _APP, *filter(None, sys.path)]
    environment = {name: os.environ[name] for name in _LOADER if name in os.environ}
    environment["DECODE"] = f"{content_type} {memory} {seconds}"
    # Files and no pipes: what the process writes is limited as it writes it.
    with open(path, "rb") as picture, tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as words:
        try:
            done = subprocess.run(
                command,
                stdin=picture,
                stdout=answer,
                stderr=words,
                env=environment,
                cwd="/",
                timeout=_PATIENCE,
            )
            end = f"the decoder ended with {done.returncode}"
        except subprocess.TimeoutExpired:
            done, end = None, f"not decoded after {_PATIENCE:.0f} s"
        said, last_words = _content(answer), _content(words).decode(errors="replace")[-_LONGEST_CAUSE:]
    if not said.startswith(_LOADED):
        raise DecoderMissing(f"{end}: {last_words}")
    if done is None or done.returncode != 0:
        raise ImageNotShown(f"{end}: {last_words}")
    return _parse(said.removeprefix(_LOADED))


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _parse(answer: bytes) -> Picture:
    """What `decoder_process` wrote. Raises what it names."""
    head, _, rest = answer.partition(b"\n")
    match head.decode(errors="replace").split():
        case ["picture", width, height, size] if all(each.isdecimal() for each in (width, height, size)):
            return Picture(int(width), int(height), small=rest[: int(size)], large=rest[int(size) :])
        case [name] if name in _ERRORS:
            raise _ERRORS[name](rest.decode(errors="replace")[:_LONGEST_CAUSE])
    raise ImageNotShown("the decoder gave no answer")
