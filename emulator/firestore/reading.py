"""One read: as of which moment, and what a transaction remembers of it."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from emulator.errors import Aborted, InvalidArgument
from emulator.firestore.database import Database
from emulator.firestore.normalization import NormalQuery
from emulator.firestore.paths import DocumentPath
from emulator.firestore.reads import Consistency
from emulator.firestore.transactions import Transaction
from emulator.firestore.views import View


class Reading:
    """A context around one read. `began` is the id of the transaction it began, which ends again when the
    read fails.

    The first read of a transaction that also writes fixes the moment that all its reads see. One that only
    reads sees the moment it began.
    """

    def __init__(self, state: Database, consistency: Consistency) -> None:
        given = (consistency.transaction, consistency.new_transaction, consistency.read_time)
        if sum(each is not None for each in given) > 1:
            raise InvalidArgument("At most one of transaction, new_transaction and read_time can be set.")
        if consistency.read_time is not None:
            state.check_read_time(consistency.read_time)
        self.state = state
        self.began: bytes | None = None
        self._transaction = self._joined(consistency)
        snapshot = consistency.read_time
        if self._transaction is not None:
            snapshot = self._transaction.snapshot
        self.time = state.clock.read_time() if snapshot is None else snapshot
        if self._transaction is not None:
            if not state.history.knows(self.time):
                state.transactions.end(self._transaction)
                raise Aborted("The referenced transaction has expired or is no longer valid.")
            self._transaction.snapshot = self.time
        self.view: View = state.latest if snapshot is None else state.view_at(snapshot)

    def _joined(self, consistency: Consistency) -> Transaction | None:
        transactions = self.state.transactions
        if consistency.transaction is not None:
            return transactions.get(consistency.transaction)
        if consistency.new_transaction is None:
            return None
        if consistency.new_transaction.read_time is not None:
            self.state.check_read_time(consistency.new_transaction.read_time)
        transaction = transactions.begin(consistency.new_transaction)
        self.began = transaction.id
        return transaction

    @property
    def in_transaction(self) -> bool:
        return self._transaction is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self.began is not None and self._transaction is not None:
            self.state.transactions.end(self._transaction)

    def lock_documents(self, paths: Sequence[DocumentPath]) -> None:
        """A read-write transaction keeps others from writing what it has read, found or not."""
        locking = self._locking()
        if locking is None:
            return
        for path in paths:
            self.state.transactions.locks.lock_name(locking.locks, path.key)
            if self.view.get(path.key) is not self.state.store.get(path.key):
                locking.stale = True

    def lock_query(self, query: NormalQuery) -> None:
        """Likewise for every collection with the id it has queried."""
        locking = self._locking()
        if locking is None:
            return
        self.state.transactions.locks.lock_collection_id(locking.locks, query.collection)
        for commit in self.state.history.since(self.time):
            if any(query.contains(change.path) for change in commit.changes):
                locking.stale = True

    def _locking(self) -> Transaction | None:
        transaction = self._transaction
        return None if transaction is None or transaction.read_only else transaction
