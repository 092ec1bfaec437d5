"""One archive of an export: an ordinary zip file, the same bytes for the same content."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

# A zip file cannot tell an earlier time, and what has none of its own gets this one.
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_COMPRESSIBLE = ("text/", "application/json", "application/x-ndjson", "image/bmp", "image/tiff", "audio/wav")
_READABLE_FILE = 0o100644 << 16  # where zip keeps the permissions of Unix


class Archive:
    """Writes to a new file at `path`; entries are readable once the block has ended."""

    def __init__(self, path: str) -> None:
        self._zip = ZipFile(path, "w")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def add_file(self, name: str, path: str, content_type: str, created: str) -> None:
        """Adds the file at `path`. Pictures, films and archives are compressed already, and are stored."""
        info = _entry(name, created)
        info.compress_type = ZIP_DEFLATED if content_type.startswith(_COMPRESSIBLE) else ZIP_STORED
        with open(path, "rb") as source, self._zip.open(info, "w") as target:
            shutil.copyfileobj(source, target, 1024 * 1024)

    def add_text(self, name: str, text: str) -> None:
        self._zip.writestr(_entry(name), text)

    def add_json(self, name: str, value: Mapping[str, Any]) -> None:
        self.add_text(name, json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def add_lines(self, name: str, values: Iterable[Mapping[str, Any]]) -> None:
        """Adds JSON Lines: one value a line. There may be many, so they are never held together."""
        with self._zip.open(_entry(name), "w") as target:
            for value in values:
                target.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")


def _entry(name: str, created: str = "") -> ZipInfo:
    time = datetime.fromisoformat(created).timetuple()[:6] if created else _EARLIEST
    info = ZipInfo(name, max(_EARLIEST, time))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = _READABLE_FILE
    return info
