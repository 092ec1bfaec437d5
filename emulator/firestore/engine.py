"""The engine: every operation of the Firestore service on the databases it holds in memory.

One object for the process, one event loop, no I/O. Time and randomness are passed in. Rules are checked
inside, for every caller but an admin, and before anything says whether a document exists.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count

from emulator.errors import Aborted, FirestoreError, InvalidArgument, NotFound, PermissionDenied
from emulator.firestore import listings
from emulator.firestore.aggregations import aggregate, with_aliases
from emulator.firestore.authorization import Authorization
from emulator.firestore.callers import Caller
from emulator.firestore.commit_clock import CommitClock
from emulator.firestore.database import Database
from emulator.firestore.documents import CommitResult, Document, DocumentChange, Write, WriteKind, WriteResult
from emulator.firestore.events import CommitEvent, RulesEvaluation
from emulator.firestore.execution import Found, execution
from emulator.firestore.index_requirements import IndexChecker
from emulator.firestore.listen import ListenSession
from emulator.firestore.masks import apply_mask
from emulator.firestore.matching import Matcher
from emulator.firestore.normalization import NormalQuery, check_database, normalize, over_fields
from emulator.firestore.paths import DatabaseId, DocumentPath, PathKey
from emulator.firestore.planning import prepare
from emulator.firestore.queries import NAME, Aggregation, Cursor, Query
from emulator.firestore.reading import Reading
from emulator.firestore.reads import LATEST, Consistency, TransactionOptions
from emulator.firestore.releases import Releases
from emulator.firestore.results import AggregationResult, BatchGetResult, ListDocumentsResult, QueryResult
from emulator.firestore.sizes import document_size
from emulator.firestore.steps import Steps, Turns, pieces
from emulator.firestore.transactions import Transaction
from emulator.firestore.usage import Meter, Usage
from emulator.firestore.values import Timestamp
from emulator.firestore.views import Altered, shelf_for
from emulator.firestore.write_plan import WritePlanner, check_sequence, check_write
from emulator.rules import Ruleset

#: Documents of a seed that are stored between two looks at what else there is to do.
_STEP = 2_000


class Engine:
    """All databases of one emulator. `rules` are those of every database that has none of its own; None
    allows everything. `indexes` gives what checks the queries of a database; None asks for no index.

    `admit` is called on a database's first access; what it raises refuses it. `seed` gives what it begins
    with, then and after a reset; `seed_aside` gives the same while others go on; `seeded` are the databases
    that the seed was exported from. Observers are called synchronously, in order, after each commit or
    decision. `journal` is called before changes are made, also when a database begins with none; when it
    raises they are not made. Long work with what the engine gives takes `turns` with its own.
    """

    def __init__(
        self, *, clock: Callable[[], Timestamp], random: random.Random, rules: Ruleset | None = None
    ) -> None:
        self._releases = Releases(rules)
        self.indexes: Callable[[DatabaseId], IndexChecker] | None = None
        self.meter = Meter()
        self.admit: Callable[[DatabaseId], None] | None = None
        self.seed: Callable[[DatabaseId], Sequence[Document]] | None = None
        self.seed_aside: Callable[[DatabaseId], Awaitable[Sequence[Document]]] | None = None
        self.seeded: Sequence[DatabaseId] = ()
        self.journal: Callable[[DatabaseId, tuple[DocumentChange, ...]], None] | None = None
        self.commit_observers: list[Callable[[CommitEvent], None]] = []
        self.rules_observers: list[Callable[[RulesEvaluation], None]] = []
        self._clock = CommitClock(clock)
        self.turns = Turns(clock)
        self._epoch = random.randbytes(4)
        self._transaction_numbers = count(1)
        self._databases: dict[DatabaseId, Database] = {}
        self._beginnings: dict[DatabaseId, asyncio.Future[None]] = {}
        self._sessions: dict[ListenSession, None] = {}

    def set_rules(self, project: str, ruleset: Ruleset, database: str | None = None) -> None:
        """Replace the rules of one database of a project, or of all, and judge open listeners again."""
        self._releases.put(ruleset, project, database)
        self._judge_again(project)

    def set_first_rules(
        self, ruleset: Ruleset, database: str | None = None, project: str | None = None
    ) -> None:
        """Replace the rules of the start (`Releases.begin_with`) and judge open listeners again."""
        self._releases.begin_with(ruleset, database, project)
        self._judge_again(None)

    def _judge_again(self, project: str | None) -> None:
        for session in list(self._sessions):
            if project in (None, session.database.project):
                session.judge_again()

    def rules(self, database: DatabaseId) -> Ruleset | None:
        """What decides about a database."""
        return self._releases.of(database)

    def authorization(
        self, database: DatabaseId, caller: Caller, request_time: Timestamp | None = None
    ) -> Authorization:
        """The questions of one request made at `request_time`, now unless given."""
        time = request_time or self._clock.request_time()
        usage = self.meter.of(database.project)
        rules = self.rules(database)
        return Authorization(rules, self.rules_observers, database, caller, time, usage)

    def database(self, database: DatabaseId) -> Database:
        """A database's state; the first access makes and seeds it."""
        found = self._databases.get(database)
        if found is None:
            self._admit(database)
            found = self._begin(database, self.seed(database) if self.seed is not None else ())
        return found

    async def begin(self, database: DatabaseId) -> Database:
        """Like `database`, but while a large seed is made ready only those wait who want this database."""
        if database not in self._databases and self.seed_aside is not None:
            beginning = self._beginnings.get(database)
            if beginning is None:
                self._admit(database)
                beginning = self._beginnings[database] = asyncio.ensure_future(self._begin_aside(database))
                beginning.add_done_callback(lambda _: self._beginnings.pop(database))
            await asyncio.shield(beginning)
        return self.database(database)

    def _admit(self, database: DatabaseId) -> None:
        if self.admit is not None:
            self.admit(database)

    async def _begin_aside(self, database: DatabaseId) -> None:
        """What is not open yet is seen by nobody, so it may be filled step by step."""
        changes = _creations(await self._seed(database))
        state = self._make(database)
        for start in range(0, len(changes), _STEP):
            state.begin_with(changes[start : start + _STEP])
            await asyncio.sleep(0)
        if database not in self._databases:
            self._record(database, changes)
            self._databases[database] = state

    async def _seed(self, database: DatabaseId) -> Sequence[Document]:
        if self.seed_aside is not None:
            return await self.seed_aside(database)
        return self.seed(database) if self.seed is not None else ()

    def _begin(self, database: DatabaseId, documents: Iterable[Document]) -> Database:
        """A database that is there and seeded, in the journal too, or not there at all."""
        changes = _creations(documents)
        self._record(database, changes)
        return self._open(database, changes)

    def restore(self, database: DatabaseId, documents: Iterable[Document]) -> None:
        """Begin a database with documents of its own instead of the seed. They are not recorded again."""
        self._open(database, _creations(documents))

    def _open(self, database: DatabaseId, changes: Sequence[DocumentChange]) -> Database:
        state = self._databases[database] = self._make(database)
        state.begin_with(changes)
        return state

    def _make(self, database: DatabaseId) -> Database:
        def record(changes: tuple[DocumentChange, ...]) -> None:
            self._record(database, changes)

        return Database(database, self._clock, record, self._transaction_numbers)

    def _record(self, database: DatabaseId, changes: tuple[DocumentChange, ...]) -> None:
        if self.journal is not None:
            self.journal(database, changes)

    # --- reads

    async def get_document(
        self, path: DocumentPath, caller: Caller, consistency: Consistency = LATEST
    ) -> Document:
        """The document; NotFound when there is none."""
        result = await self.batch_get(path.database, [path], caller, consistency)
        document = result.found[0][1]
        if document is None:
            raise NotFound(f"Document ({path.name}) not found.")
        return document

    async def batch_get(
        self,
        database: DatabaseId,
        paths: Sequence[DocumentPath],
        caller: Caller,
        consistency: Consistency = LATEST,
    ) -> BatchGetResult:
        """Documents in request order, all as of one moment."""
        for path in paths:
            check_database(database, path.database)
        state = await self.begin(database)
        await state.transactions.until_unclaimed(consistency, names={path.key for path in paths})
        with Reading(state, consistency) as reading:
            self.authorization(database, caller).check_get(
                paths, reading.view, in_transaction=reading.in_transaction
            )
            reading.lock_documents(paths)
            found = tuple((path, reading.view.get(path.key)) for path in paths)
            there = {document.path: document for _, document in found if document is not None}
            self._usage(database).asked(len(set(paths)), there.values())
            return BatchGetResult(found, reading.time, reading.began)

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
        """A page of a collection in order; `show_missing` is for admins."""
        size = listings.checked_page_size(page_size)
        if show_missing:
            listings.check_missing_allowed(collection, order_by)
            _require_admin(caller, "Metadata operations")
        query = Query(parent, collection or None, order_by=listings.parse_order(order_by), limit=size)
        state = await self.begin(parent.database)
        await self._prepare(state, normalize(query))
        await state.transactions.until_unclaimed(consistency, collection_ids={query.collection})
        with Reading(state, consistency) as reading:
            if show_missing:
                result = listings.page_with_missing(reading, query, size, page_token)
            else:
                query = listings.continue_after(reading, query, page_token)
                normal = normalize(query)
                self._let_in(query, normal, normal, caller, reading)
                found = await self.turns.take(execution(Matcher(normal), reading.view))
                result = listings.page(found.documents, size, reading.time)
            self._usage(parent.database).queried(
                each for each in result.documents if isinstance(each, Document)
            )
            return result

    def list_collection_ids(
        self,
        parent: DocumentPath,
        caller: Caller,
        *,
        page_size: int = 0,
        page_token: str = "",
        read_time: Timestamp | None = None,
    ) -> tuple[list[str], str]:
        """The ids of the collections directly below a document or the root, in order, and the next page's
        token.
        """
        if page_size < 0:
            raise InvalidArgument("page_size must be greater than or equal to zero.")
        _require_admin(caller, "Metadata operations")
        size = listings.checked_page_size(page_size)
        with Reading(self.database(parent.database), Consistency(read_time=read_time)) as reading:
            self._usage(parent.database).asked(1, ())
            return listings.collection_ids(reading, parent, size, page_token)

    async def run_query(self, query: Query, caller: Caller, consistency: Consistency = LATEST) -> QueryResult:
        """The documents of a query, in its order."""
        normal = normalize(query)
        state = await self.begin(normal.database)
        await self._prepare(state, normal)
        await state.transactions.until_unclaimed(consistency, collection_ids={query.collection})
        with Reading(state, consistency) as reading:
            self._let_in(query, normal, normal, caller, reading)
            found = await self.turns.take(execution(Matcher(normal), reading.view))
            self._usage(state.id).queried(found.documents, found.skipped)
            documents = await self.turns.take(_projected(query, found))
            return QueryResult(documents, reading.time, found.skipped, reading.began)

    async def run_aggregation(
        self,
        query: Query,
        aggregations: Sequence[Aggregation],
        caller: Caller,
        consistency: Consistency = LATEST,
    ) -> AggregationResult:
        """Counts, sums and averages over the documents of a query."""
        named = with_aliases(aggregations)
        normal = normalize(query)
        state = await self.begin(normal.database)
        fields = {each.field for each in named if each.field is not None}
        over = over_fields(normal, fields, query.order_by) if fields else normal
        cut = normal.limit is not None or normal.offset or normal.find_nearest is not None
        walked = over if cut else normal
        await self._prepare(state, walked)
        await state.transactions.until_unclaimed(consistency, collection_ids={query.collection})
        with Reading(state, consistency) as reading:
            self._let_in(query, normal, over, caller, reading)
            found = await self.turns.take(execution(Matcher(walked), reading.view))
            self._usage(state.id).aggregated(len(found.documents) + found.skipped)
            values = await self.turns.take(aggregate(named, found.documents))
            return AggregationResult(values, reading.time, reading.began)

    def _let_in(
        self, query: Query, normal: NormalQuery, indexed: NormalQuery, caller: Caller, reading: Reading
    ) -> None:
        """What stands before a query: rules, the locks of its transaction, and the index it must have.

        `normal` is the query normalized, `indexed` the one that an index answers.
        """
        self.authorization(normal.database, caller).check_list(
            normal, query, reading.view, in_transaction=reading.in_transaction
        )
        reading.lock_query(normal)
        self.check_indexes(indexed)

    async def _prepare(self, state: Database, query: NormalQuery) -> None:
        await self.turns.take(prepare(shelf_for(state.store, query), query))

    def _usage(self, database: DatabaseId) -> Usage:
        return self.meter.of(database.project)

    def check_indexes(self, query: NormalQuery) -> None:
        """FailedPrecondition where an index must be there and is not."""
        if self.indexes is not None:
            self.indexes(query.database).check(query)

    async def partition_query(
        self,
        query: Query,
        caller: Caller,
        *,
        partition_count: int,
        page_size: int = 0,
        page_token: str = "",
        read_time: Timestamp | None = None,
    ) -> tuple[list[Cursor], str]:
        """Names that cut a collection group into parts of about equal size, in order. The official
        emulator lacks this.
        """
        _require_admin(caller, "Partition queries")
        with Reading(self.database(query.parent.database), Consistency(read_time=read_time)) as reading:
            self._usage(query.parent.database).asked(1, ())
            steps = listings.partitions(reading, query, partition_count, page_size, page_token)
            return await self.turns.take(steps)

    # --- writes

    def begin_transaction(self, database: DatabaseId, options: TransactionOptions, caller: Caller) -> bytes:
        """A new transaction's id. Anyone may begin one; what it reads and writes is judged."""
        state = self.database(database)
        if options.read_time is not None:
            state.check_read_time(options.read_time)
        return state.transactions.begin(options).id

    def rollback(self, database: DatabaseId, transaction: bytes) -> None:
        self.database(database).transactions.rollback(transaction)

    async def commit(
        self,
        database: DatabaseId,
        writes: Sequence[Write],
        caller: Caller,
        transaction: bytes | None = None,
    ) -> CommitResult:
        """Make all writes at once, or none. Waits for transactions that have read what it writes."""
        state = await self.begin(database)
        for write in writes:
            check_database(database, write.path.database)
            check_write(write)
        check_sequence(writes)
        mine = state.transactions.get(transaction) if transaction else None
        if not writes:
            if mine is not None:
                state.transactions.end(mine)
            return CommitResult((), None)
        if mine is not None and mine.read_only:
            raise InvalidArgument("Cannot modify entities in a read-only transaction.")
        await _wait_for_locks(state, writes, mine)
        result = self._write(state, writes, caller, mine)
        if mine is not None:
            state.transactions.end(mine)
        return result

    def _write(
        self, state: Database, writes: Sequence[Write], caller: Caller, mine: Transaction | None
    ) -> CommitResult:
        """The synchronous heart of a commit: nothing else runs between looking and storing."""
        time = self._clock.commit_time()
        # One reading for both, since rules compare server timestamps with request.time.
        request_time = self._clock.request_time()
        plan = WritePlanner(state.latest, request_time, time).plan(writes)
        after = Altered(state.store, plan.after)
        self.authorization(state.id, caller, request_time).check_writes(plan.writes, state.latest, after)
        if plan.failure is not None:
            if mine is not None:
                state.transactions.end(mine)
            raise plan.failure
        if mine is not None and mine.stale:
            state.transactions.end(mine)
            raise Aborted("Too much contention on these documents. Please try again.")
        self._store(state, time, plan.changes, caller, plan.rewritten)
        _count_writes(self._usage(state.id), writes)
        return CommitResult(plan.results, time)

    def _store(
        self,
        state: Database,
        time: Timestamp,
        changes: tuple[DocumentChange, ...],
        caller: Caller,
        rewritten: tuple[Document, ...] = (),
    ) -> None:
        state.apply(time, changes, rewritten)
        if changes:
            event = CommitEvent(state.id, time, changes, caller)
            for observe in self.commit_observers:
                observe(event)

    async def batch_write(
        self, database: DatabaseId, writes: Sequence[Write], caller: Caller
    ) -> list[WriteResult | FirestoreError]:
        """Each write on its own: its result or its error, in request order. For admins."""
        names = {write.path.key for write in writes}
        if len(names) < len(writes):
            raise InvalidArgument("the same document cannot be written more than once in a single request")
        _require_admin(caller, "Batch writes")
        for write in writes:
            check_database(database, write.path.database)
            check_write(write)
        outcomes: list[WriteResult | FirestoreError] = []
        for write in writes:
            try:
                outcomes.append((await self.commit(database, [write], caller)).results[0])
            except FirestoreError as failure:
                outcomes.append(failure)
        return outcomes

    # --- the emulator's own routes

    def clear(self, database: DatabaseId, below: PathKey = ()) -> None:
        """Delete everything, or a document or a collection and all below it. Listeners see it, triggers do
        not.
        """
        state = self.database(database)
        names = list(state.store.everything().below(below))
        changes = tuple(
            DocumentChange(document.path, document, None)
            for document in map(state.store.everything().get, names)
        )
        state.apply(self._clock.commit_time(), changes)

    async def reset(self) -> None:
        """Clear every database and seed it again, each at once."""
        for database, state in list(self._databases.items()):
            seed = await self._seed(database)
            state.transactions.end_all()
            self._replace(state, seed, state.store.everything().names)

    def load(self, database: DatabaseId, documents: Iterable[Document]) -> int:
        """Store documents as they are, times included; the number of them. No rules, no triggers;
        listeners see it.

        Clients take no step back in time, so a document that somebody wrote or deleted after the time it
        brings gets the time of the load.
        """
        return self._replace(self.database(database), documents)

    def _replace(self, state: Database, documents: Iterable[Document], gone: Iterable[PathKey] = ()) -> int:
        """Documents take the place of those that are there, and of the `gone`, in one commit."""
        time = self._clock.commit_time()
        loaded = {document.path.key: _measured(document) for document in documents}
        for name in state.changed_since(min((each.update_time for each in loaded.values()), default=time)):
            if name in loaded:
                loaded[name] = replace(loaded[name], update_time=time, encoding=None)
        left = [state.store.get(name) for name in gone if name not in loaded]
        changes = (
            *(DocumentChange(each.path, state.store.get(name), each) for name, each in loaded.items()),
            *(DocumentChange(each.path, each, None) for each in left if each is not None),
        )
        state.apply(time, changes)
        return len(loaded)

    def contents(self, database: DatabaseId) -> dict[PathKey, Document]:
        """Every document by its name."""
        everything = self.database(database).store.everything()
        return {name: everything.get(name) for name in everything.names}

    def documents(self, database: DatabaseId) -> Iterator[Document]:
        """Every document in name order, as of the call."""
        everything = self.database(database).store.everything()
        return iter([everything.get(name) for name in everything.names])

    def databases(self) -> list[DatabaseId]:
        """The databases touched so far, in the order of their first access."""
        return list(self._databases)

    def everything(self) -> dict[DatabaseId, Sequence[Document]]:
        """The documents of every database as of the call, those included that only the seed has so far."""
        unopened = [each for each in self.seeded if each not in self._databases]
        found = {each: list(self.documents(each)) for each in self._databases}
        return found | {each: self.seed(each) for each in unopened if self.seed is not None}

    # --- listening

    def listen(self, database: DatabaseId, caller: Caller) -> ListenSession:
        """A stream of changes; close it when the client is gone."""
        session = ListenSession(
            self.database(database),
            self.authorization,
            self.check_indexes,
            self._usage(database),
            caller,
            self._epoch,
            self.turns,
            self._forget,
        )
        self._sessions[session] = None
        return session

    def _forget(self, session: ListenSession) -> None:
        self._sessions.pop(session, None)


async def _wait_for_locks(state: Database, writes: Sequence[Write], mine: Transaction | None) -> None:
    """A transaction that waits in vain is over, which is what lets the other side of a deadlock go on."""
    paths = [write.path for write in writes]
    try:
        await state.transactions.until_free(paths, mine)
    except Aborted:
        if mine is not None:
            state.transactions.end(mine)
        raise


def _count_writes(usage: Usage, writes: Sequence[Write]) -> None:
    """Every write of a commit, also one that changes nothing or deletes what is not there."""
    kinds = [write.kind for write in writes]
    usage.deletes += kinds.count(WriteKind.DELETE)
    usage.writes += sum(kind not in (WriteKind.DELETE, WriteKind.VERIFY) for kind in kinds)


def _creations(documents: Iterable[Document]) -> tuple[DocumentChange, ...]:
    """The last document of each name, as new."""
    named = {document.path.key: document for document in documents}
    return tuple(DocumentChange(each.path, None, _measured(each)) for each in named.values())


def _measured(document: Document) -> Document:
    if document.size:
        return document
    return replace(document, size=document_size(document.path, document.fields))


def _require_admin(caller: Caller, what: str) -> None:
    if not caller.admin:
        raise PermissionDenied(f"{what} require admin authentication.")


def _projected(query: Query, found: Found) -> Steps[tuple[Document, ...]]:
    """The selected fields only; `select __name__` leaves none."""
    if query.select is None:
        return found.documents
    mask = [field for field in query.select if field != NAME]
    documents: list[Document] = []
    for piece in pieces(found.documents):
        documents += (
            Document(each.path, apply_mask(each.fields, mask), each.create_time, each.update_time)
            for each in piece
        )
        yield
    return tuple(documents)
