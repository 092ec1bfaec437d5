"""One database: its documents, its past, its transactions and who listens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from emulator.errors import FailedPrecondition, InvalidArgument
from emulator.firestore.commit_clock import CommitClock
from emulator.firestore.documents import Document, DocumentChange
from emulator.firestore.history import MAX_AGE_MICROS, History
from emulator.firestore.listeners import Listeners
from emulator.firestore.paths import DatabaseId, PathKey
from emulator.firestore.store import Store
from emulator.firestore.transactions import Transactions
from emulator.firestore.values import Timestamp
from emulator.firestore.views import Altered, Latest, View


class Database:
    """The state behind one database id."""

    def __init__(
        self,
        database: DatabaseId,
        clock: CommitClock,
        record: Callable[[tuple[DocumentChange, ...]], None],
        transaction_numbers: Iterator[int],
    ) -> None:
        self.id = database
        self._record = record
        self.clock = clock
        self.store = Store()
        self.history = History()
        self.transactions = Transactions(clock, transaction_numbers)
        self.listeners = Listeners()
        self.latest: View = Latest(self.store)

    def view_at(self, time: Timestamp) -> View:
        """The database at a past time that `check_read_time` lets through."""
        if self.history.unchanged_since(time):
            return self.latest
        return Altered(self.store, self.history.undo(time))

    def check_read_time(self, time: Timestamp) -> None:
        now = self.clock.read_time()
        if time > now:
            raise InvalidArgument("The requested 'read_time' cannot be in the future.")
        if time.micros < now.micros - MAX_AGE_MICROS or not self.history.knows(time):
            raise FailedPrecondition("The requested 'read_time' is too old.")

    def begin_with(self, changes: Sequence[DocumentChange]) -> None:
        """Store documents that are here from the start: no commit, so nobody is told."""
        self.store.apply_all(changes)

    def changed_since(self, time: Timestamp) -> Iterable[PathKey]:
        """Names of the documents that commits after `time` changed; all, when nobody remembers."""
        if not self.history.knows(time):
            return list(self.store.everything().names)
        return [change.path.key for commit in self.history.since(time) for change in commit.changes]

    def apply(
        self, time: Timestamp, changes: tuple[DocumentChange, ...], rewritten: tuple[Document, ...] = ()
    ) -> None:
        """Record the changes of one commit, make them, and tell the listeners, once, about all of them.

        `rewritten` are documents a write left as they were: clients wait to see them again after their write.
        """
        if changes:
            self._record(changes)
        self.store.apply_all(changes)
        if changes:
            self.history.append(time, changes)
        self.listeners.notify(time, changes, rewritten)
