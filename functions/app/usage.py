"""What a user's files weigh, and the ledger that keeps every file counted once.

A ledger entry per file and generation goes one way: nothing, counted, released. It is written in the
transaction that changes the usage, so an event that comes again, or too late, finds the work done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from app.paths import FileKey

if TYPE_CHECKING:
    from google.cloud.firestore import Client, Transaction

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


def _count(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


class Entry(Enum):
    """Where a ledger entry stands."""

    NONE = "none"
    COUNTED = "counted"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger entry of one generation of one file, as a transaction read it.

    Firestore wants a transaction's reads before its writes: read first, decide, then call a method that
    writes.
    """

    key: FileKey
    generation: str
    entry: Entry
    size: int

    @classmethod
    def read(cls, transaction: Transaction, client: Client, key: FileKey, generation: str) -> Ledger:
        snapshot = client.document(_path(key, generation)).get(transaction=transaction)
        fields: dict[str, Any] = snapshot.to_dict() or {}
        return cls(key, generation, Entry(fields.get("state", "none")), fields.get("size", 0))

    def count(self, transaction: Transaction, client: Client, usage: Amount, size: int) -> None:
        """Adds the file to the usage just read."""
        assert self.entry is Entry.NONE
        self._write(transaction, client, {"state": Entry.COUNTED.value, "size": size})
        _write_usage(transaction, client, self.key.uid, usage.with_file(size))

    def release(self, transaction: Transaction, client: Client, usage: Amount | None, now: datetime) -> None:
        """Takes the file from the usage just read, if it was counted; it can never be counted afterwards.

        `usage` is None when the profile is gone, and then nothing may be left behind.
        """
        if usage is None:
            if self.entry is not Entry.NONE:
                transaction.delete(client.document(_path(self.key, self.generation)))
        elif self.entry is not Entry.RELEASED:
            self._write(
                transaction, client, {"state": Entry.RELEASED.value, "expiresAt": now + RELEASED_LIFETIME}
            )
            if self.entry is Entry.COUNTED:
                _write_usage(transaction, client, self.key.uid, usage.without_file(self.size))

    def _write(self, transaction: Transaction, client: Client, fields: dict[str, Any]) -> None:
        identity = {"uid": self.key.uid, "fileId": self.key.file_id, "generation": self.generation}
        transaction.set(client.document(_path(self.key, self.generation)), identity | fields)


def _path(key: FileKey, generation: str) -> str:
    return f"ledger/usage:{key.uid}:{key.file_id}:{generation}"


def _write_usage(transaction: Transaction, client: Client, uid: str, usage: Amount) -> None:
    from google.cloud.firestore import SERVER_TIMESTAMP

    transaction.update(
        client.document(f"users/{uid}"), {"usage": usage.to_fields(), "updatedAt": SERVER_TIMESTAMP}
    )
