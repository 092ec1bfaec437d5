"""Files that are given for each database by itself, or for all of them: rules and index definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_NAMED = re.compile(r"(\(default\)|[A-Za-z0-9-]+)=(.+)", re.DOTALL)

#: What identifies one state of a file: time of the change, size, inode.
Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class DatabaseFiles:
    """`default` is for every database that `of_database` does not name by its id."""

    default: Path | None = None
    of_database: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def parse(cls, values: list[str]) -> DatabaseFiles:
        """Read `PATH` and `DATABASE=PATH`. ValueError where a database is named twice."""
        found: dict[str | None, Path] = {}
        for value in values:
            named = _NAMED.fullmatch(value)
            database, path = (named[1], named[2]) if named else (None, value)
            if database in found:
                raise ValueError(f"names two files for {database or 'all databases'}")
            found[database] = Path(path)
        default = found.pop(None, None)
        return cls(default, {name: path for name, path in found.items() if name is not None})

    def __bool__(self) -> bool:
        return self.default is not None or bool(self.of_database)


NO_FILES = DatabaseFiles()


def stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino
