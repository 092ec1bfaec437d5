"""Shared locks of read-write transactions on documents and on the collection ids they queried."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from emulator.errors import Aborted
from emulator.firestore.paths import DocumentPath, PathKey

#: How long a writer waits for readers, in seconds. Observed on the official emulator.
LOCK_TIMEOUT = 2.0


@dataclass(eq=False, slots=True)
class Locks:
    """What one transaction holds. `collection_ids` has None once it queried all collections."""

    names: set[PathKey] = field(default_factory=set)
    collection_ids: set[str | None] = field(default_factory=set)


class LockTable:
    """Who holds what in one database. There are no exclusive locks: a write is applied in one step of the
    event loop.
    """

    def __init__(self) -> None:
        self._names: dict[PathKey, set[Locks]] = {}
        self._collection_ids: dict[str | None, set[Locks]] = {}
        self._waiting: list[asyncio.Future[None]] = []

    def lock_name(self, locks: Locks, name: PathKey) -> None:
        locks.names.add(name)
        self._names.setdefault(name, set()).add(locks)

    def lock_collection_id(self, locks: Locks, collection_id: str | None) -> None:
        locks.collection_ids.add(collection_id)
        self._collection_ids.setdefault(collection_id, set()).add(locks)

    def release(self, locks: Locks) -> None:
        """Give everything back and let the waiting writers look again."""
        _discard(self._names, locks.names, locks)
        _discard(self._collection_ids, locks.collection_ids, locks)
        locks.names.clear()
        locks.collection_ids.clear()
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def holders(self, path: DocumentPath) -> set[Locks]:
        """The locks that keep others from writing a document."""
        held = self._names.get(path.key, _NOBODY) | self._collection_ids.get(path.collection_id, _NOBODY)
        return held | self._collection_ids.get(None, _NOBODY)

    async def until_free(self, paths: Collection[DocumentPath], mine: Locks | None) -> None:
        """Wait until nobody else holds the documents. Aborted after LOCK_TIMEOUT."""
        if not self._is_held(paths, mine):
            return
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(loop.time() + LOCK_TIMEOUT):
                while self._is_held(paths, mine):
                    released = loop.create_future()
                    self._waiting.append(released)
                    await released
        except TimeoutError:
            raise Aborted("Transaction lock timeout.") from None
        finally:
            self._waiting = [future for future in self._waiting if not future.done()]

    def _is_held(self, paths: Collection[DocumentPath], mine: Locks | None) -> bool:
        if not self._names and not self._collection_ids:
            return False
        return any(holder is not mine for path in paths for holder in self.holders(path))


_NOBODY: set[Locks] = set()


_Key = TypeVar("_Key", bound=Hashable)


def _discard(table: dict[_Key, set[Locks]], keys: Collection[_Key], locks: Locks) -> None:
    for key in keys:
        holders = table[key]
        holders.discard(locks)
        if not holders:
            del table[key]
