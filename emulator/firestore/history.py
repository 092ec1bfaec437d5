"""What recent commits changed, so that the past can be read.

Kept for an hour at most (production's window without point-in-time recovery), and within bounds of memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from emulator.firestore.documents import Document, DocumentChange
from emulator.firestore.paths import PathKey
from emulator.firestore.values import Timestamp

MAX_AGE_MICROS = 3_600 * 1_000_000
MAX_CHANGES = 5_000
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Commit:
    time: Timestamp
    changes: tuple[DocumentChange, ...]
    bytes: int


class History:
    """Commits in time order, oldest dropped first. `horizon` is the earliest time that can still be read."""

    def __init__(self) -> None:
        self.horizon = Timestamp(0)
        self._commits: deque[Commit] = deque()
        self._changes = 0
        self._bytes = 0

    def append(self, time: Timestamp, changes: tuple[DocumentChange, ...]) -> None:
        replaced = [change.before for change in changes if change.before is not None]
        for document in replaced:
            document.keep_encoding(None)  # few ask for the past, and its encoding is made again
        size = sum(document.size for document in replaced)
        self._commits.append(Commit(time, changes, size))
        self._changes += len(changes)
        self._bytes += size
        oldest = Timestamp(time.micros - MAX_AGE_MICROS)
        while self._commits and (self._is_full() or self._commits[0].time < oldest):
            dropped = self._commits.popleft()
            self._changes -= len(dropped.changes)
            self._bytes -= dropped.bytes
            self.horizon = dropped.time

    def _is_full(self) -> bool:
        return self._changes > MAX_CHANGES or self._bytes > MAX_BYTES

    def knows(self, time: Timestamp) -> bool:
        return time >= self.horizon

    def unchanged_since(self, time: Timestamp) -> bool:
        return not self._commits or self._commits[-1].time <= time

    def since(self, time: Timestamp) -> Iterator[Commit]:
        """Commits after `time`, newest first."""
        for commit in reversed(self._commits):
            if commit.time <= time:
                return
            yield commit

    def undo(self, time: Timestamp) -> dict[PathKey, Document | None]:
        """For every document changed after `time`, what it was at `time`."""
        undone: dict[PathKey, Document | None] = {}
        for commit in self.since(time):
            for change in commit.changes:
                undone[change.path.key] = change.before
        return undone
