"""The first queries on a large collection: one walks, the next builds an index while others go on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.firestore import indexes, steps
from emulator.firestore.documents import Document
from emulator.firestore.indexes import Indexed
from emulator.firestore.listen import Target
from emulator.firestore.paths import PathKey
from emulator.firestore.queries import CompositeFilter, Query
from emulator.firestore.store import Shelf
from emulator.firestore.value_order import ValueKey, value_key
from emulator.firestore.values import Timestamp
from tests.emulator.firestore.brute_force import find
from tests.emulator.firestore.world import DATABASE, World, order, path, query, queued, where

LARGE = 1_000
MATCHES = [f"{number:04}" for number in range(0, LARGE, 100)]
LOW = CompositeFilter("OR", (where("a", "<", 2), where("b", "<", 2)))


@pytest.fixture
async def large(monkeypatch: pytest.MonkeyPatch) -> World:
    """A collection that takes twenty steps to read."""
    monkeypatch.setattr(indexes, "STEP", LARGE // 20)
    monkeypatch.setattr(steps, "SLICE", 0)
    world = World()
    await world.put(**{f"{number:04}": {"n": number % 100} for number in range(LARGE)})
    return world


def shelf_of(world: World) -> Shelf:
    return world.engine.database(DATABASE).store.collection(("c",))


async def turns_while(world: World, asked: Query) -> int:
    """How often others had a turn while a query ran."""
    running = asyncio.ensure_future(world.names(asked))
    turns = 0
    while not running.done():
        await asyncio.sleep(0)
        turns += 1
    assert await running == MATCHES
    return turns


async def test_first_query_of_a_large_collection_walks_and_the_second_builds_an_index(large: World) -> None:
    found = [await large.names(query(where=where("n", "==", 0)))]
    assert shelf_of(large).index(Indexed(("n",))) is None

    found.append(await large.names(query(where=where("n", "==", 0))))
    assert shelf_of(large).index(Indexed(("n",))) is not None

    assert found == [MATCHES, MATCHES]


async def test_index_is_built_in_steps_that_let_others_go_on(large: World) -> None:
    asked = query(where=where("n", "==", 0))
    await large.names(asked)

    assert await turns_while(large, asked) > 20
    assert await turns_while(large, asked) < 5, "the index is there"


async def test_target_whose_client_left_while_its_index_was_built_is_not_opened(large: World) -> None:
    stayed, left = large.listen(), large.listen()
    left.close()
    for session in (stayed, left):
        await session.add_target(Target(1, query(where=where("n", "==", 0))))

    assert queued(stayed)
    assert not queued(left)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(query(where=where("n", ">", 40), limit=7), id="range"),
        pytest.param(query(order_by=(order("n"),), limit=250), id="order"),
        pytest.param(query(order_by=(order("n", "DESC"),), limit=250), id="descending"),
        pytest.param(
            query(order_by=(order("n", "DESC"), order("__name__")), limit=30, offset=5), id="mixed directions"
        ),
        pytest.param(query(where=where("n", "in", [3, 5, 99]), limit=50), id="in"),
        pytest.param(query(where=LOW, order_by=(order("b"),), limit=50), id="or"),
        pytest.param(query(where=where("tags", "array-contains", 1), limit=50), id="array contains"),
        pytest.param(query(where=where("m.x", ">=", 4), limit=50), id="nested"),
        pytest.param(query(where=where("n", "!=", 0), limit=50), id="not equal"),
    ],
)
async def test_walk_and_index_find_the_same(asked: Query) -> None:
    world = World()

    def fields(number: int) -> dict[str, Any]:
        some = {"a": number % 7, "b": number % 3} if number % 11 else {"a": 1}
        return {"n": number * 37 % 101, "m": {"x": number % 5}, "tags": [number % 2, "t"], **some}

    await world.put(**{f"{number:04}": fields(number) for number in range(LARGE)})
    everything = {each.path.relative: each for each in world.engine.documents(DATABASE)}
    expected = [name.removeprefix("c/") for name in find(everything, asked)]

    assert [await world.names(asked) for _ in range(3)] == [expected] * 3


_names = st.integers(0, 9).map(lambda number: ("c", f"{number:02}"))
_values = st.none() | st.booleans() | st.integers(0, 3) | st.floats(0, 1) | st.sampled_from(["a", "b"])
_fields = st.fixed_dictionaries({}, optional={"v": _values | st.lists(_values, max_size=2)})
_changes = st.lists(st.tuples(_names, st.none() | _fields), max_size=30)


@given(before=_changes, meanwhile=st.lists(_changes, max_size=8), elements=st.booleans())
def test_index_built_while_documents_change_has_the_entries_of_the_end(
    before: list[tuple[PathKey, dict[str, Any] | None]],
    meanwhile: list[list[tuple[PathKey, dict[str, Any] | None]]],
    elements: bool,
) -> None:
    documents: dict[PathKey, Document] = {}
    shelf, of = Shelf(documents), Indexed(("v",), elements)

    def make(changes: list[tuple[PathKey, dict[str, Any] | None]]) -> None:
        for name, fields in changes:
            old, new = documents.pop(name, None), None
            if fields is not None:
                new = documents[name] = Document(path("/".join(name)), fields, Timestamp(0), Timestamp(0))
            if old or new:
                shelf.replace(name, old, new)

    def entries(name: PathKey, document: Document) -> set[tuple[ValueKey, PathKey]]:
        if "v" not in document.fields:
            return set()
        value = document.fields["v"]
        values = value if elements and isinstance(value, list) else [] if elements else [value]
        return {(value_key(each), name) for each in values}

    make(before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexes, "STEP", 2)
        for changes, _ in zip(meanwhile, shelf.build(of), strict=False):
            make(changes)
        for _ in shelf.build(of):
            pass

    index = shelf.index(of)
    assert index is not None
    expected = set().union(*(entries(name, document) for name, document in documents.items()))
    assert list(index.entries(0, len(index))) == sorted(expected)
