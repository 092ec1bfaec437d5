"""The engine: every operation of the Firestore service on the databases it holds in memory.

One object for the process, one event loop, no I/O. Time and randomness are passed in. Rules are checked inside, for every caller but
an admin.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from emulator.errors import FirestoreError
from emulator.firestore.callers import Caller
from emulator.firestore.documents import CommitResult, Document, Write, WriteResult
from emulator.firestore.events import CommitEvent, RulesEvaluation
from emulator.firestore.listen import ListenSession
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.queries import Aggregation, Cursor, Query
from emulator.firestore.reads import LATEST, Consistency, TransactionOptions
from emulator.firestore.results import AggregationResult, BatchGetResult, ListDocumentsResult, QueryResult
from emulator.firestore.values import Timestamp
from emulator.rules import Ruleset


class Engine:
    """All databases of one emulator. `rules` None allows everything."""

    def __init__(
        self, *, clock: Callable[[], Timestamp], random: random.Random, rules: Ruleset | None = None
    ) -> None:
        self.rules = rules
        self.seed: Callable[[Engine, DatabaseId], None] | None = None
        self.commit_observers: list[Callable[[CommitEvent], None]] = []
        self.rules_observers: list[Callable[[RulesEvaluation], None]] = []
        self._clock = clock
        self._random = random

    def set_rules(self, ruleset: Ruleset | None) -> None:
        """Replace the rules and judge every open listener again."""
        raise NotImplementedError

    async def get_document(
        self, path: DocumentPath, caller: Caller, consistency: Consistency = LATEST
    ) -> Document:
        """The document; NotFound when there is none."""
        raise NotImplementedError

    async def batch_get(
        self,
        database: DatabaseId,
        paths: Sequence[DocumentPath],
        caller: Caller,
        consistency: Consistency = LATEST,
    ) -> BatchGetResult:
        raise NotImplementedError

    async def list_documents(
        self,
        parent: DocumentPath,
        collection: str | None,
        caller: Caller,
        *,
        page_size: int = 0,
        page_token: str = "",
        order_by: str = "",
        show_missing: bool = False,
        consistency: Consistency = LATEST,
    ) -> ListDocumentsResult:
        raise NotImplementedError

    def list_collection_ids(
        self,
        parent: DocumentPath,
        caller: Caller,
        *,
        page_size: int = 0,
        page_token: str = "",
        read_time: Timestamp | None = None,
    ) -> tuple[list[str], str]:
        raise NotImplementedError

    async def run_query(
        self, query: Query, caller: Caller, consistency: Consistency = LATEST
    ) -> QueryResult:
        raise NotImplementedError

    async def run_aggregation(
        self,
        query: Query,
        aggregations: Sequence[Aggregation],
        caller: Caller,
        consistency: Consistency = LATEST,
    ) -> AggregationResult:
        raise NotImplementedError

    def partition_query(
        self,
        query: Query,
        caller: Caller,
        *,
        partition_count: int,
        page_size: int = 0,
        page_token: str = "",
        read_time: Timestamp | None = None,
    ) -> tuple[list[Cursor], str]:
        raise NotImplementedError

    def begin_transaction(
        self, database: DatabaseId, options: TransactionOptions, caller: Caller
    ) -> bytes:
        raise NotImplementedError

    async def commit(
        self,
        database: DatabaseId,
        writes: Sequence[Write],
        caller: Caller,
        transaction: bytes | None = None,
    ) -> CommitResult:
        raise NotImplementedError

    def rollback(self, database: DatabaseId, transaction: bytes) -> None:
        raise NotImplementedError

    async def batch_write(
        self, database: DatabaseId, writes: Sequence[Write], caller: Caller
    ) -> list[WriteResult | FirestoreError]:
        raise NotImplementedError

    def clear(self, database: DatabaseId, below: DocumentPath | None = None) -> None:
        raise NotImplementedError

    def reset(self) -> None:
        raise NotImplementedError

    def load(self, database: DatabaseId, documents: Iterable[Document]) -> int:
        raise NotImplementedError

    def documents(self, database: DatabaseId) -> Iterator[Document]:
        raise NotImplementedError

    def databases(self) -> list[DatabaseId]:
        raise NotImplementedError

    def listen(self, database: DatabaseId, caller: Caller) -> ListenSession:
        raise NotImplementedError
