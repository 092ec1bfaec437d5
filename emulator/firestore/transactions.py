"""Transactions of one database: their ids, snapshots, locks and expiry.

Pessimistic, as on the official emulator. A read-write transaction locks what it reads; a read-only one
reads a snapshot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from emulator.errors import Aborted, InvalidArgument
from emulator.firestore.commit_clock import CommitClock
from emulator.firestore.locks import Locks, LockTable
from emulator.firestore.paths import DocumentPath, PathKey
from emulator.firestore.reads import Consistency, TransactionOptions
from emulator.firestore.values import Timestamp

IDLE_LIMIT_MICROS = 60 * 1_000_000
#: However busy it is. Source: https://cloud.google.com/firestore/quotas (maximum transaction duration).
TOTAL_LIMIT_MICROS = 270 * 1_000_000

_ID_PREFIX = b"\x11"
_ID_LENGTH = 9


@dataclass(eq=False, slots=True)
class Transaction:
    """`snapshot` is set from the start when it only reads, else by the first read. `stale` says that
    something it read later had changed since, so it cannot write.
    """

    id: bytes
    read_only: bool
    began: Timestamp
    last_used: Timestamp
    snapshot: Timestamp | None = None
    stale: bool = False
    locks: Locks = field(default_factory=Locks)


class Transactions:
    """The open transactions of a database. `numbers` are for their ids, so databases that share them do not
    take one's transaction for another's.
    """

    def __init__(self, clock: CommitClock, numbers: Iterator[int]) -> None:
        self.locks = LockTable()
        self._clock = clock
        self._numbers = numbers
        self._open: dict[bytes, Transaction] = {}
        self._issued = 0

    def begin(self, options: TransactionOptions) -> Transaction:
        """`retry_transaction` is accepted and means nothing here: locks do not prefer old transactions."""
        self.expire()
        if options.read_time is not None and not options.read_only:
            raise InvalidArgument("'read_time' is only allowed in a read-only transaction.")
        if options.retry_transaction:
            _counter(options.retry_transaction)
        self._issued = next(self._numbers)
        identifier = _ID_PREFIX + self._issued.to_bytes(8, "little")
        snapshot = (options.read_time or self._clock.read_time()) if options.read_only else None
        now = self._clock.now()
        transaction = Transaction(identifier, options.read_only, now, now, snapshot)
        self._open[identifier] = transaction
        return transaction

    def get(self, identifier: bytes) -> Transaction:
        """An open transaction; using it keeps it alive."""
        _counter(identifier)
        self.expire()
        transaction = self._open.get(identifier)
        if transaction is None:
            raise Aborted("The referenced transaction has expired or is no longer valid.")
        transaction.last_used = self._clock.now()
        return transaction

    def end(self, transaction: Transaction) -> None:
        """Release its locks; safe to call twice."""
        self._open.pop(transaction.id, None)
        self.locks.release(transaction.locks)

    def end_all(self) -> None:
        for transaction in list(self._open.values()):
            self.end(transaction)

    def rollback(self, identifier: bytes) -> None:
        """End a transaction; one that ended before is fine, one never begun is not."""
        if _counter(identifier) > self._issued:
            raise InvalidArgument("Transaction is invalid or expired.")
        transaction = self._open.get(identifier)
        if transaction is not None:
            self.end(transaction)

    async def until_free(self, paths: Collection[DocumentPath], mine: Transaction | None) -> None:
        """Wait until no other transaction has read the documents. Aborted when that takes too long."""
        self.expire()
        await self.locks.until_free(paths, mine.locks if mine is not None else None)

    async def until_unclaimed(
        self,
        consistency: Consistency,
        names: Collection[PathKey] = (),
        collection_ids: Collection[str | None] = (),
    ) -> None:
        """Before a read that will lock: let writers who already wait for the same go first."""
        mine: Locks | None = None
        if consistency.transaction is not None:
            transaction = self._open.get(consistency.transaction)
            mine = transaction.locks if transaction is not None and not transaction.read_only else None
        elif consistency.new_transaction is not None and not consistency.new_transaction.read_only:
            mine = Locks()
        if mine is not None:
            await self.locks.until_unclaimed(names, collection_ids, mine)

    def expire(self) -> None:
        """End those left idle, or open, for too long."""
        if not self._open:
            return
        now = self._clock.now().micros
        idle, over = Timestamp(now - IDLE_LIMIT_MICROS), Timestamp(now - TOTAL_LIMIT_MICROS)
        for transaction in list(self._open.values()):
            if transaction.last_used < idle or transaction.began < over:
                self.end(transaction)


def _counter(identifier: bytes) -> int:
    if len(identifier) != _ID_LENGTH or not identifier.startswith(_ID_PREFIX):
        raise InvalidArgument("Invalid transaction.")
    counter = int.from_bytes(identifier[1:], "little")
    if counter == 0:
        raise InvalidArgument("Invalid transaction.")
    return counter
