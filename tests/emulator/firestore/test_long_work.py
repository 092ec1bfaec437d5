"""Work over many documents: others have their turn meanwhile, and what comes out is of one moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeAlias

import pytest

from emulator.firestore.callers import ADMIN
from emulator.firestore.documents import Document
from emulator.firestore.indexes import IndexBuild
from emulator.firestore.listen import DocumentChanged, DocumentDeleted, ListenSession, Target, TargetChanged
from emulator.firestore.queries import (
    Aggregation,
    CompositeFilter,
    DistanceMeasure,
    FindNearest,
    Query,
)
from tests.emulator.firestore.brute_force import find
from tests.emulator.firestore.small_steps import small_steps
from tests.emulator.firestore.world import DATABASE, World, delete, order, path, query, queued, update, where

NUMBER = 24
NAMES = [f"{number:02}" for number in range(NUMBER)]

Work: TypeAlias = Callable[[World], Coroutine[Any, Any, object]]


@pytest.fixture(autouse=True)
def _small_steps() -> Iterator[None]:
    with small_steps():
        yield


@pytest.fixture
async def filled(world: World) -> World:
    def fields(number: int) -> dict[str, Any]:
        vector = {"__type__": "__vector__", "value": [float(number), 1.0]}
        return {"n": number, "half": number % 2, "back": -number, "tags": [number % 3], "v": vector}

    await world.put(**{name: fields(int(name)) for name in NAMES})
    return world


async def with_others(
    work: Awaitable[object], meanwhile: Callable[[int], Awaitable[object]]
) -> tuple[object, int]:
    """What long work gives, and how often others had a turn; `meanwhile` is what they do in it."""
    running = asyncio.ensure_future(work)
    turns = 0
    await asyncio.sleep(0)
    while not running.done():
        await meanwhile(turns)
        await asyncio.sleep(0)
        turns += 1
    return await running, turns


async def idle(turn: int) -> None:
    return None


def aggregation(kind: str) -> Aggregation:
    return Aggregation(kind, kind, None if kind == "count" else ("n",))


def run(asked: Query) -> Work:
    return lambda world: world.names(asked)


def aggregated(asked: Query, *kinds: str) -> Work:
    async def work(world: World) -> object:
        result = await world.engine.run_aggregation(asked, [aggregation(kind) for kind in kinds], ADMIN)
        return dict(result.values)

    return work


async def listed(world: World) -> object:
    result = await world.engine.list_documents(path(""), "c", ADMIN, order_by="half desc")
    return [document.path for document in result.documents if isinstance(document, Document)]


async def partitioned(world: World) -> object:
    group = query("c", all_descendants=True)
    return await world.engine.partition_query(group, ADMIN, partition_count=3)


EITHER = CompositeFilter("OR", (where("n", "<", 20), where("back", "<", -3)))
NEAREST = FindNearest(("v",), (0.0, 1.0), DistanceMeasure.EUCLIDEAN, 5)

LONG_WORK = [
    pytest.param(run(query()), id="whole collection"),
    pytest.param(run(query("c", all_descendants=True)), id="group"),
    pytest.param(run(query(select=(("n",),))), id="projection"),
    pytest.param(run(query(where=where("n", ">", 1))), id="filter"),
    pytest.param(run(query(where=where("half", "in", [0, 1]))), id="in"),
    pytest.param(run(query(where=where("tags", "array-contains-any", [0, 1]))), id="array contains any"),
    pytest.param(run(query(where=EITHER)), id="or"),
    pytest.param(run(query(where=EITHER, order_by=(order("n", "DESC"),))), id="or in order"),
    pytest.param(run(query(order_by=(order("back"),))), id="order"),
    pytest.param(run(query(order_by=(order("half"), order("n", "DESC")))), id="two orders"),
    pytest.param(run(query(offset=NUMBER - 2, limit=1)), id="offset"),
    pytest.param(run(query(find_nearest=NEAREST)), id="nearest"),
    pytest.param(aggregated(query(), "count"), id="count"),
    pytest.param(aggregated(query(), "sum", "avg"), id="sum"),
    pytest.param(aggregated(query(limit=NUMBER - 2), "sum"), id="sum with a limit"),
    pytest.param(listed, id="list"),
    pytest.param(partitioned, id="partitions"),
]


@pytest.mark.parametrize("work", LONG_WORK)
async def test_work_over_many_documents_lets_others_go_on(filled: World, work: Work) -> None:
    _, turns = await with_others(work(filled), idle)

    assert turns > NUMBER // 2


@pytest.mark.parametrize("work", LONG_WORK)
async def test_work_over_many_documents_sees_none_of_the_commits_made_meanwhile(
    filled: World, work: Work
) -> None:
    for _ in range(3):
        before = await work(filled)  # with all indexes it wants

    async def change(turn: int) -> None:
        name = NAMES[-1 - turn % NUMBER]
        await filled.commit(
            update(f"c/{name}", {"n": -turn, "half": 7, "back": turn, "tags": [turn]})
            if turn % 3
            else delete(f"c/{name}"),
            update(f"c/new-{turn}", {"n": 3, "half": 1, "back": -9, "tags": [1]}),
        )

    assert (await with_others(work(filled), change))[0] == before


async def test_of_several_who_have_long_work_one_goes_on_at_a_time(filled: World) -> None:
    """Otherwise the wait of everybody else would grow with their number."""
    alone = (await with_others(filled.names(query()), idle))[1]

    together = (await with_others(asyncio.gather(*(filled.names(query()) for _ in range(5))), idle))[1]

    assert together >= 5 * alone - 5


async def test_client_that_goes_while_its_query_runs_leaves_nothing_behind(filled: World) -> None:
    running = asyncio.ensure_future(filled.names(query()))
    for _ in range(3):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    await filled.put(new={"n": 99})
    assert await filled.names(query(where=where("n", "==", 99))) == ["new"]


async def test_index_that_could_not_be_built_is_built_for_the_next_query(
    filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed build takes no further step: who waits for its last would wait for good."""
    asked = query(where=where("half", "in", [1, 7]), order_by=(order("back"),), limit=2)
    with monkeypatch.context() as patch:
        patch.setattr(IndexBuild, "_entries", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await filled.names(asked)

    assert await filled.names(asked) == ["23", "21"]


# --- listeners


def shown_by(session: ListenSession) -> dict[str, dict[str, Any]]:
    """What a client of target 1 shows after its first snapshot."""
    shown: dict[str, dict[str, Any]] = {}
    for event in queued(session):
        match event:
            case DocumentChanged(document, (1,)):
                shown[document.path.id] = document.fields
            case DocumentDeleted(path, _):
                del shown[path.id]
    return shown


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(query(), id="collection"),
        pytest.param(query(where=where("n", ">", 4)), id="filter"),
        pytest.param(query(order_by=(order("back"),), limit=20), id="limit"),
        pytest.param(query(order_by=(order("n"),), offset=2), id="offset"),
    ],
)
async def test_first_snapshot_of_a_listener_has_what_was_committed_while_it_was_gathered(
    filled: World, asked: Query
) -> None:
    session = filled.listen()

    async def change(turn: int) -> None:
        await filled.commit(
            update(f"c/{NAMES[turn % NUMBER]}", {"n": 100 + turn, "back": -turn}),
            update(f"c/new-{turn:03}", {"n": turn, "back": turn}),
            delete(f"c/{NAMES[-1 - turn % NUMBER]}"),
        )
        assert not any(isinstance(event, DocumentChanged) for event in queued(session))

    _, turns = await with_others(session.add_target(Target(1, query=asked)), change)

    assert turns >= NUMBER // 2
    documents = {each.path.relative: each for each in filled.engine.documents(DATABASE)}
    expected = {name.removeprefix("c/"): documents[name].fields for name in find(documents, asked)}
    assert shown_by(session) == expected


async def test_target_removed_while_its_first_snapshot_is_gathered_sends_nothing(filled: World) -> None:
    session = filled.listen()

    async def remove(turn: int) -> None:
        if turn == 3:
            session.remove_target(1)

    await with_others(session.add_target(Target(1, query=query())), remove)

    kinds = [event.kind.name for event in queued(session) if isinstance(event, TargetChanged)]
    assert kinds == ["ADD", "REMOVE"]


async def test_listener_that_fell_behind_gets_everything_as_of_the_end(
    filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.firestore.listen.MAX_QUEUED_EVENTS", 5)
    session = filled.listen()
    await session.add_target(Target(1, query=query()))
    queued(session)
    for turn in range(7):
        await filled.put(**{f"new-{turn}": {"n": turn}})

    async def change(turn: int) -> None:
        await filled.put(**{f"later-{turn}": {"n": turn}, NAMES[-1]: {"n": -turn}})

    events, turns = await with_others(session.next_events(), change)

    assert turns >= NUMBER
    assert isinstance(events, list)
    shown = {
        event.document.path.id: event.document.fields
        for event in events
        if isinstance(event, DocumentChanged)
    }
    assert shown == {each.path.id: each.fields for each in filled.engine.documents(DATABASE)}
