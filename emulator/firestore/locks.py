"""Shared locks of read-write transactions on documents and on the collection ids they queried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Hashable
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


@dataclass(eq=False, slots=True)
class Claim:
    """A write that waits for the documents to be free. `locks` are those of its own transaction."""

    paths: Collection[DocumentPath]
    locks: Locks | None

    def wants(self, names: Collection[PathKey], collection_ids: Collection[str | None]) -> bool:
        if None in collection_ids:
            return True
        return any(path.key in names or path.collection_id in collection_ids for path in self.paths)


class LockTable:
    """Who holds what in one database, and who waits for it.

    There are no exclusive locks: a write is applied in one step of the event loop. New readers let waiting
    writers go first, or transactions that are retried at once would keep each other from ever writing.
    """

    def __init__(self) -> None:
        self._names: dict[PathKey, set[Locks]] = {}
        self._collection_ids: dict[str | None, set[Locks]] = {}
        self._claims: list[Claim] = []
        self._waiting: list[asyncio.Future[None]] = []

    def lock_name(self, locks: Locks, name: PathKey) -> None:
        locks.names.add(name)
        self._names.setdefault(name, set()).add(locks)

    def lock_collection_id(self, locks: Locks, collection_id: str | None) -> None:
        locks.collection_ids.add(collection_id)
        self._collection_ids.setdefault(collection_id, set()).add(locks)

    def release(self, locks: Locks) -> None:
        """Give everything back and let all who wait look again."""
        _discard(self._names, locks.names, locks)
        _discard(self._collection_ids, locks.collection_ids, locks)
        locks.names.clear()
        locks.collection_ids.clear()
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _holders(self, path: DocumentPath) -> set[Locks]:
        """The locks that keep others from writing a document."""
        held = self._names.get(path.key, _NOBODY) | self._collection_ids.get(path.collection_id, _NOBODY)
        return held | self._collection_ids.get(None, _NOBODY)

    def _is_blocked(self, claim: Claim) -> bool:
        if not self._names and not self._collection_ids:
            return False
        return any(holder is not claim.locks for path in claim.paths for holder in self._holders(path))

    async def until_free(self, paths: Collection[DocumentPath], mine: Locks | None) -> None:
        """Wait until nobody else holds the documents. Aborted after LOCK_TIMEOUT."""
        claim = Claim(paths, mine)
        if not self._is_blocked(claim):
            return
        self._claims.append(claim)
        try:
            await self._wait_while(lambda: self._is_blocked(claim))
        finally:
            self._claims.remove(claim)
            self._wake()
        # Of two that wait for each other until the same moment, the first to give up frees the second.
        if self._is_blocked(claim):
            raise Aborted("Transaction lock timeout.")

    async def until_unclaimed(
        self, names: Collection[PathKey], collection_ids: Collection[str | None], mine: Locks
    ) -> None:
        """Let writers who wait for the same go first, for LOCK_TIMEOUT at most.

        Those who wait for `mine` are not waited for.
        """
        if self._claims:
            await self._wait_while(lambda: self._is_claimed(names, collection_ids, mine))

    def _is_claimed(
        self, names: Collection[PathKey], collection_ids: Collection[str | None], mine: Locks
    ) -> bool:
        return any(
            claim.wants(names, collection_ids)
            and not any(mine in self._holders(path) for path in claim.paths)
            for claim in self._claims
        )

    async def _wait_while(self, blocked: Callable[[], bool]) -> None:
        """Until not blocked or LOCK_TIMEOUT has passed."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(loop.time() + LOCK_TIMEOUT):
                while blocked():
                    changed = loop.create_future()
                    self._waiting.append(changed)
                    await changed
        except TimeoutError:
            self._waiting = [future for future in self._waiting if not future.done()]


_NOBODY: set[Locks] = set()


_Key = TypeVar("_Key", bound=Hashable)


def _discard(table: dict[_Key, set[Locks]], keys: Collection[_Key], locks: Locks) -> None:
    for key in keys:
        holders = table[key]
        holders.discard(locks)
        if not holders:
            del table[key]
