"""What a user's files weigh, and the ledger that keeps every file counted once.

A ledger entry per file and generation goes one way: nothing, counted, released. It is written in the
transaction that changes the usage, so an event that comes again, or too late, finds the work done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from app.paths import FileKey

if TYPE_CHECKING:
    from app.optimistic import Changes

GIB = 1024**3

# Events are delivered again for hours, never for weeks.
RELEASED_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of bytes in a number of files: a usage, or a quota."""

    bytes: int
    files: int

    @classmethod
    def parse(cls, value: object, default: Amount) -> Amount:
        """Reads `{bytes, files}` of a profile, taking `default` for what is missing."""
        fields = value if isinstance(value, Mapping) else {}
        return cls(
            bytes=_count(fields.get("bytes"), default.bytes), files=_count(fields.get("files"), default.files)
        )

    def with_file(self, size: int) -> Amount:
        return Amount(self.bytes + size, self.files + 1)

    def without_file(self, size: int) -> Amount:
        """Never below zero: a usage that was wrong must not turn into a gift."""
        return Amount(max(0, self.bytes - size), max(0, self.files - 1))

    def fits(self, quota: Amount) -> bool:
        return self.bytes <= quota.bytes and self.files <= quota.files

    def to_fields(self) -> dict[str, int]:
        return {"bytes": self.bytes, "files": self.files}


NOTHING = Amount(bytes=0, files=0)
DEFAULT_QUOTA = Amount(bytes=1 * GIB, files=5_000)
# Anybody becomes a guest by a click, as often as they like, and nobody can be asked to clear up.
GUEST_QUOTA = Amount(bytes=200 * 1024**2, files=1_000)


def _count(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


class Entry(Enum):
    """Where a ledger entry stands."""

    NONE = "none"
    COUNTED = "counted"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The ledger's word on one generation of one file, `size` being what was counted."""

    path: str
    entry: Entry
    size: int

    @classmethod
    def parse(cls, path: str, fields: Mapping[str, Any] | None) -> LedgerEntry:
        """Reads the document at `path`, None when there is none."""
        fields = fields or {}
        return cls(path, Entry(fields.get("state", Entry.NONE.value)), fields.get("size", 0))


def ledger_path(key: FileKey, generation: str) -> str:
    return f"ledger/usage:{key.uid}:{key.file_id}:{generation}"


def count(changes: Changes, key: FileKey, generation: str, usage: Amount, size: int) -> None:
    """Adds a file that is not in the ledger to its owner's `usage`. Profile and entry must have been read."""
    count_all(changes, key.profile, usage, [(key, generation, size)])


def correct(changes: Changes, key: FileKey, entry: LedgerEntry, usage: Amount, size: int) -> None:
    """Lets a file that its `entry` counts already count with its measured size. Profile and entry must have
    been read.
    """
    changes.update(entry.path, {"size": size})
    set_usage(changes, key.profile, usage.without_file(entry.size).with_file(size))


def count_all(
    changes: Changes, profile: str, usage: Amount, files: Sequence[tuple[FileKey, str, int]]
) -> None:
    """Adds files of one owner, each with its generation and size, of which none is in the ledger."""
    for key, generation, size in files:
        entry = _identity(key, generation) | {"state": Entry.COUNTED.value, "size": size}
        changes.create(ledger_path(key, generation), entry)
        usage = usage.with_file(size)
    set_usage(changes, profile, usage)


def release(
    changes: Changes, key: FileKey, generation: str, entry: LedgerEntry, usage: Amount | None, now: datetime
) -> None:
    """Takes a file from `usage` if it was counted; it can never be counted afterwards.

    `usage` is None when the profile is gone, and then nothing is left behind. Profile and entry must have
    been read.
    """
    if usage is None:
        if entry.entry is not Entry.NONE:
            changes.delete(entry.path)
        return
    released = {"state": Entry.RELEASED.value, "expiresAt": now + RELEASED_LIFETIME}
    if entry.entry is Entry.NONE:
        changes.create(entry.path, _identity(key, generation) | released)
        # Written as it was, so that a profile which is removed meanwhile leaves no entry behind.
        set_usage(changes, key.profile, usage)
    elif entry.entry is Entry.COUNTED:
        changes.update(entry.path, released)
        set_usage(changes, key.profile, usage.without_file(entry.size))


def _identity(key: FileKey, generation: str) -> dict[str, str]:
    return {"uid": key.uid, "fileId": key.file_id, "generation": generation}


def set_usage(changes: Changes, profile: str, usage: Amount) -> None:
    """Writes the usage into the profile at that path, which must have been read."""
    from google.cloud.firestore import SERVER_TIMESTAMP

    changes.update(profile, {"usage": usage.to_fields(), "updatedAt": SERVER_TIMESTAMP})
