"""Secrets of the functions on this machine, which the CLI reads from functions/.secret.local.

In the cloud they lie in Secret Manager. Here a random one is made for each that is missing, once; a value
that somebody put there stays.
"""

import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Final

from tools.project import ROOT
from tools.terminal import Failure

FILE: Final = ROOT / "functions" / ".secret.local"
NAMES: Final = ("SHARE_KEY",)


def ensure(file: Path = FILE) -> None:
    """Make the file, or add to it what it lacks. Several kits may do so at once. Raises Failure where it
    cannot be read.
    """
    text = _read(file) if file.exists() else ""
    missing = [
        name for name in NAMES if not re.search(rf"^\s*(export\s+)?{name}\s*=\s*\S", text, re.MULTILINE)
    ]
    if not missing:
        return
    begun = text if not text or text.endswith("\n") else f"{text}\n"
    lines = "".join(f"{name}={secrets.token_urlsafe(32)}\n" for name in missing)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")  # for its owner alone
    made = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8") as out:
            out.write(begun + lines)
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
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"byte {error.start} is no UTF-8"
        raise Failure(
            f"{file} cannot be read: {reason}.",
            "Correct it (lines of NAME=value), or remove it: kit makes a new one.",
        ) from error
