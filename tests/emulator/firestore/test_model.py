"""Random commits, queries, transactions' snapshots and listeners against a plain dict."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.firestore import planning
from emulator.firestore.callers import ADMIN
from emulator.firestore.documents import Document, Write
from emulator.firestore.events import CommitEvent
from emulator.firestore.listen import (
    DocumentChanged,
    DocumentDeleted,
    DocumentRemoved,
    ListenEvent,
    ListenSession,
    Target,
    TargetChanged,
    TargetChangeKind,
)
from emulator.firestore.queries import Query
from emulator.firestore.reads import Consistency, TransactionOptions
from emulator.firestore.values import Timestamp
from tests.emulator.firestore.brute_force import find
from tests.emulator.firestore.small_steps import small_steps
from tests.emulator.firestore.strategies import commits, queries
from tests.emulator.firestore.world import DATABASE, World, queued

_settings = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(params=["walks", "indexes", "small steps"], autouse=True)
def _planner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small collections are walked, and so are large ones at first; without that every query goes by an
    index. What is done at once here takes many steps in large collections.
    """
    with small_steps() if request.param == "small steps" else nullcontext():
        if request.param == "indexes":
            monkeypatch.setattr(planning, "SMALL", 0)
            monkeypatch.setattr(planning, "PATIENCE", 0)
        yield


class Client:
    """What an SDK would show for each target, and whether the events it got were in order."""

    def __init__(self, session: ListenSession) -> None:
        self.session = session
        self.shown: dict[int, dict[str, Document]] = {}
        self.token = b""
        self.written: set[str] = set()

    def receive(self, *written: Write) -> None:
        """Take what is queued. Only documents just written may come again as they were."""
        self.written = {write.path.relative for write in written}
        events = queued(self.session)
        for event in events:
            self._apply(event)
        if events:
            last = events[-1]
            assert isinstance(last, TargetChanged)
            assert (last.kind, last.target_ids) == (TargetChangeKind.NO_CHANGE, ())
            self.token = last.resume_token

    def _apply(self, event: ListenEvent) -> None:
        match event:
            case TargetChanged(TargetChangeKind.ADD, target_ids):
                for target_id in target_ids:
                    self.shown.setdefault(target_id, {})
            case TargetChanged(TargetChangeKind.RESET, target_ids):
                for target_id in target_ids:
                    self.shown[target_id].clear()
            case DocumentChanged(document, target_ids, removed):
                for target_id in target_ids:
                    name = document.path.relative
                    assert name in self.written or self.shown[target_id].get(name) is not document
                    self.shown[target_id][name] = document
                self._remove(document.path.relative, removed)
            case DocumentDeleted(path, removed) | DocumentRemoved(path, removed):
                self._remove(path.relative, removed)

    def _remove(self, name: str, target_ids: tuple[int, ...]) -> None:
        for target_id in target_ids:
            del self.shown[target_id][name]


class Model:
    """The dict beside the engine, fed by what the engine says it changed, and its past."""

    def __init__(self) -> None:
        self.world = World()
        self.documents: dict[str, Document] = {}
        self.past: list[tuple[Timestamp, dict[str, Document]]] = []
        self.world.engine.commit_observers.append(self.observe)

    def observe(self, event: CommitEvent) -> None:
        for change in event.changes:
            assert self.documents.get(change.path.relative) is change.before
            if change.after is None:
                del self.documents[change.path.relative]
            else:
                assert change.after.update_time == event.commit_time
                self.documents[change.path.relative] = change.after

    async def commit(self, writes: list[Write]) -> None:
        result = await self.world.commit(*writes)
        assert result.commit_time is not None
        self.past.append((result.commit_time, dict(self.documents)))

    async def names(self, query: Query, consistency: Consistency) -> list[str]:
        result = await self.world.engine.run_query(query, ADMIN, consistency)
        return [document.path.relative for document in result.documents]


@_settings
@given(history=st.lists(commits, min_size=1, max_size=6), asked=st.lists(queries, min_size=1, max_size=4))
def test_query_after_random_commits_finds_what_a_plain_search_finds(
    history: list[list[Write]], asked: list[Query]
) -> None:
    async def run() -> None:
        model = Model()
        for writes in history:
            await model.commit(writes)
            for query in asked:
                assert await model.names(query, Consistency()) == find(model.documents, query)

    asyncio.run(run())


@_settings
@given(history=st.lists(commits, min_size=1, max_size=6), asked=queries)
def test_query_at_a_past_time_finds_what_there_was_then(history: list[list[Write]], asked: Query) -> None:
    async def run() -> None:
        model = Model()
        for writes in history:
            await model.commit(writes)
        for time, documents in model.past:
            assert await model.names(asked, Consistency(read_time=time)) == find(documents, asked)

    asyncio.run(run())


@_settings
@given(history=st.lists(commits, min_size=1, max_size=8), asked=st.lists(queries, min_size=1, max_size=3))
def test_listener_after_each_commit_shows_exactly_the_result(
    history: list[list[Write]], asked: list[Query]
) -> None:
    async def run() -> None:
        model = Model()
        client = Client(model.world.listen())
        for target_id, query in enumerate(asked, start=1):
            await client.session.add_target(Target(target_id, query=query))
        client.receive()
        for writes in history:
            await model.commit(writes)
            client.receive(*writes)
            _assert_shows(client, model, asked)

    asyncio.run(run())


@_settings
@given(
    before=st.lists(commits, min_size=1, max_size=4),
    meanwhile=st.lists(commits, max_size=4),
    asked=queries,
)
def test_listener_that_resumes_catches_up_by_the_delta_alone(
    before: list[list[Write]], meanwhile: list[list[Write]], asked: Query
) -> None:
    async def run() -> None:
        model = Model()
        client = Client(model.world.listen())
        await client.session.add_target(Target(1, query=asked))
        for writes in before:
            await model.commit(writes)
        client.receive(*chain.from_iterable(before))
        client.session.close()
        for writes in meanwhile:
            await model.commit(writes)
        client.session = model.world.listen()
        await client.session.add_target(Target(1, query=asked, resume_token=client.token))
        client.receive()
        _assert_shows(client, model, [asked])

    asyncio.run(run())


def _assert_shows(client: Client, model: Model, asked: list[Query]) -> None:
    for target_id, query in enumerate(asked, start=1):
        assert sorted(client.shown[target_id]) == sorted(find(model.documents, query))
        for name, document in client.shown[target_id].items():
            assert document is model.documents[name]


@_settings
@given(
    before=st.lists(commits, min_size=1, max_size=4),
    meanwhile=st.lists(commits, max_size=4),
    asked=queries,
)
def test_query_that_runs_while_others_commit_finds_what_there_was_when_it_began(
    before: list[list[Write]], meanwhile: list[list[Write]], asked: Query
) -> None:
    async def run() -> None:
        model = Model()
        for writes in before:
            await model.commit(writes)
        expected = find(model.documents, asked)
        running = asyncio.ensure_future(model.names(asked, Consistency()))
        for writes in meanwhile:
            await asyncio.sleep(0)
            await model.commit(writes)
        assert await running == expected

    asyncio.run(run())


@_settings
@given(
    before=st.lists(commits, min_size=1, max_size=4),
    meanwhile=st.lists(commits, max_size=4),
    asked=queries,
)
def test_listener_that_begins_or_resumes_while_others_commit_shows_the_result(
    before: list[list[Write]], meanwhile: list[list[Write]], asked: Query
) -> None:
    async def run() -> None:
        model = Model()
        for writes in before:
            await model.commit(writes)
        client = Client(model.world.listen())
        for _ in range(2):
            target = Target(1, query=asked, resume_token=client.token or None)
            running = asyncio.ensure_future(client.session.add_target(target))
            for writes in meanwhile:
                await asyncio.sleep(0)
                await model.commit(writes)
            await running
            client.receive(*chain.from_iterable(meanwhile))
            _assert_shows(client, model, [asked])
            client.session = model.world.listen()

    asyncio.run(run())


@_settings
@given(history=st.lists(commits, min_size=2, max_size=6), asked=queries)
def test_transaction_reads_what_its_first_read_saw(history: list[list[Write]], asked: Query) -> None:
    async def run() -> None:
        model = Model()
        await model.commit(history[0])
        identifier = model.world.engine.begin_transaction(DATABASE, TransactionOptions(read_only=True), ADMIN)
        consistency = Consistency(transaction=identifier)
        first = await model.names(asked, consistency)
        for writes in history[1:]:
            await model.commit(writes)
            assert await model.names(asked, consistency) == first

    asyncio.run(run())
