"""What goes where in an export: which file lies in which archive, and under which name. Nothing here knows
Firebase.

The plan is made once and kept, so that archives built by different tasks, hours apart or twice, fit together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

# The disk of a function is its memory, and an archive is uploaded in one request.
MAX_PART_BYTES = 64 * 1024 * 1024
# In the cloud a small file takes about a tenth of a second, so this many take minutes.
MAX_PART_FILES = 2_000

# What a name may take on the file systems people have: 255 bytes, less what " (1234)" needs.
_MAX_NAME_BYTES = 240
_FORBIDDEN_ON_WINDOWS = frozenset('<>:"|?*\\/')
_DEVICES_OF_WINDOWS = frozenset(
    ["con", "prn", "aux", "nul"] + [f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)]
)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One original, by generation, and its name in the archive. `created` is ISO 8601, or empty."""

    file_id: str
    path: str
    generation: str
    size: int
    content_type: str
    created: str
    entry: str


@dataclass(frozen=True, slots=True)
class PlannedPart:
    files: tuple[PlannedFile, ...]

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Plan:
    """The archives in their order, at least one. Parts are numbered from 1."""

    parts: tuple[PlannedPart, ...]

    @property
    def files(self) -> int:
        return sum(len(part.files) for part in self.parts)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    def part(self, number: int) -> PlannedPart:
        return self.parts[number - 1]

    def archive_name(self, number: int) -> str:
        count = len(self.parts)
        return "drop-export.zip" if count == 1 else f"drop-export-{number}-of-{count}.zip"


def make_plan(
    documents: Iterable[tuple[str, Mapping[str, Any]]],
    most_bytes: int = MAX_PART_BYTES,
    most_files: int = MAX_PART_FILES,
) -> Plan:
    """Plans an export of file documents, given as id and fields. Parts hold at most so many bytes of
    originals and so many files, or one file that is larger.
    """
    names = _Names()
    parts: list[list[PlannedFile]] = [[]]
    room = most_bytes
    kept = [(file_id, fields) for file_id, fields in documents if has_original(fields)]
    for file_id, fields in sorted(kept, key=lambda each: (_created(each[1]), each[0])):
        size = fields.get("size", 0)
        if parts[-1] and (size > room or len(parts[-1]) == most_files):
            parts.append([])
            room = most_bytes
        parts[-1].append(_planned(file_id, fields, names))
        room -= size
    return Plan(tuple(PlannedPart(tuple(files)) for files in parts))


def has_original(fields: Mapping[str, Any]) -> bool:
    """Whether there are bytes to a file document. Those of a refused file are removed, except when it was
    refused because looking at it failed.
    """
    stored = isinstance(fields.get("path"), str) and isinstance(fields.get("generation"), str)
    return stored and (fields.get("state") != "rejected" or fields.get("reason") == "processing-failed")


def _planned(file_id: str, fields: Mapping[str, Any], names: _Names) -> PlannedFile:
    created = _created(fields)
    trashed = fields.get("state") == "trashed"
    folder = "trash" if trashed else f"files/{created[:4]}" if created else "files"
    return PlannedFile(
        file_id=file_id,
        path=fields["path"],
        generation=fields["generation"],
        size=fields.get("size", 0),
        content_type=fields.get("contentType", ""),
        created=created,
        entry=names.take(folder, str(fields.get("name", file_id))),
    )


def _created(fields: Mapping[str, Any]) -> str:
    created = fields.get("createdAt")
    return created.isoformat() if isinstance(created, datetime) else ""


class _Names:
    """Gives every file a name of its own, also where upper and lower case are one."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        # The number that each name was given last. Without it a thousand files of one name would look at half
        # a million.
        self._numbers: dict[str, int] = {}

    def take(self, folder: str, name: str) -> str:
        path = PurePosixPath(portable_name(name))
        candidate = f"{folder}/{path}"
        wanted = candidate.casefold()
        number = self._numbers.get(wanted, 1)
        while (key := candidate.casefold()) in self._taken:
            number += 1
            candidate = f"{folder}/{path.stem} ({number}){path.suffix}"
        self._taken.add(key)
        self._numbers[wanted] = number
        return candidate


def portable_name(name: str) -> str:
    """The name as every system can unpack it: without characters and words that Windows refuses, at most
    240 bytes of UTF-8 with its suffix kept.
    """
    text = unicodedata.normalize("NFC", name)
    shown = "".join(
        "_" if character in _FORBIDDEN_ON_WINDOWS or unicodedata.category(character) == "Cc" else character
        for character in text
    ).rstrip(". ")
    path = PurePosixPath(shown or "_")
    device = path.name.partition(".")[0].rstrip().lower() in _DEVICES_OF_WINDOWS
    stem, suffix = ("_" if device else "") + path.stem, path.suffix
    if len(suffix.encode()) > _MAX_NAME_BYTES // 2:
        stem, suffix = stem + suffix, ""
    room = _MAX_NAME_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". " if not suffix else "") + suffix
