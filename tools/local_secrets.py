"""Secrets of the functions on this machine, which the CLI reads from .secret.local in their folder.

In the cloud they lie in Secret Manager. Here a random one is made for each that is missing, once; a value
that somebody put there stays.
"""

import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Final

from emulator.wire.firebase_json import FirebaseJson
from tools.configuration import warn
from tools.terminal import Failure

FILE: Final = ".secret.local"
NAMES: Final = ("SHARE_KEY",)
_GIVEN: Final = r"""^[\s\ufeff]*(?:export)?\s*{}[^\S\n]*=[^\S\n]*(?!""|'')[^\s#]"""
"""A line that gives the secret a value, as the CLI reads such files: a comment is none, nor are quotes."""


def ensure_all(config: FirebaseJson) -> None:
    """Make the file for every codebase of the project that uses these secrets."""
    for source, _ in config.function_sources():
        folder = config.folder / source
        if _uses_them(folder):
            try:
                ensure(folder / FILE)
            except OSError as error:
                warn(f"{source}/{FILE} cannot be written ({error.strerror}), so it may lack a secret")


def _uses_them(folder: Path) -> bool:
    """Whether a secret is named in the sources that lie in the folder or right below it."""
    sources = [*folder.glob("*.py"), *folder.glob("[!v.]*/*.py")]
    return any(name.encode() in source.read_bytes() for source in sources for name in NAMES)


def ensure(file: Path) -> None:
    """Make the file, or add to it what it lacks. Several kits may do so at once. Raises Failure where it
    cannot be read.
    """
    text = _read(file) if file.exists() else ""
    missing = [name for name in NAMES if not re.search(_GIVEN.format(name), text, re.MULTILINE)]
    if not missing:
        return
    begun = text if not text or text.endswith("\n") else f"{text}\n"
    lines = "".join(f"{name}={secrets.token_urlsafe(32)}\n" for name in missing)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")  # for its owner alone
    made = Path(name)
    try:
        with open(descriptor, "wb") as out:
            out.write((begun + lines).encode("utf-8", "surrogateescape"))
        if text:
            made.replace(file)
        else:
            os.link(made, file)
    except FileExistsError:
        pass  # another kit was faster, and its key is as good
    finally:
        made.unlink(missing_ok=True)


def _read(file: Path) -> str:
    try:
        # What is there is kept byte by byte, whatever its encoding.
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Failure(
            f"{file} cannot be read: {error.strerror}.",
            "Correct it (lines of NAME=value), or remove it: kit makes a new one.",
        ) from error
