"""The emulator's own routes: several databases, clearing, loading, seeds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emulator.errors import Unavailable
from emulator.firestore.callers import ADMIN
from emulator.firestore.documents import Document, Write, WriteKind
from emulator.firestore.paths import DatabaseId, DocumentPath, PathKey
from emulator.firestore.queries import Query
from emulator.firestore.values import Timestamp
from tests.emulator.firestore.world import DATABASE, World, path, update

OTHER = DatabaseId("demo-test", "Second")


def _names(world: World, database: DatabaseId = DATABASE) -> list[str]:
    return [document.path.relative for document in world.engine.documents(database)]


async def test_databases_are_apart(world: World) -> None:
    await world.put(d={"n": 1})
    write = Write(WriteKind.UPDATE, DocumentPath(OTHER, ("c", "other")))
    await world.engine.commit(OTHER, [write], ADMIN)

    world.engine.clear(DATABASE)

    assert (_names(world), _names(world, OTHER)) == ([], ["c/other"])
    assert world.engine.databases() == [DATABASE, OTHER]


@pytest.mark.parametrize(
    ("below", "left"),
    [
        ((), []),
        (("c", "a"), ["c/a\0", "c/ab", "c/b"]),
        (("c",), []),
        (("c", "none"), ["c/a", "c/a/s/x", "c/a\0", "c/ab", "c/b"]),
    ],
    ids=["everything", "a document and all below", "a collection", "nothing there"],
)
async def test_clear_takes_what_it_names(world: World, below: PathKey, left: list[str]) -> None:
    for name in ("c/a", "c/a/s/x", "c/ab", "c/b", "c/a\0"):
        await world.commit(update(name, {}))
    events: list[Any] = []
    world.engine.commit_observers.append(events.append)

    world.engine.clear(DATABASE, below)

    assert sorted(_names(world)) == sorted(left)
    assert events == []


async def test_loaded_documents_keep_their_times_and_replace_what_is_there(world: World) -> None:
    await world.put(d={"old": True}, kept={})
    now = world.engine.database(DATABASE).clock.read_time().micros
    events: list[Any] = []
    world.engine.commit_observers.append(events.append)

    assert world.engine.load(DATABASE, [_document("c/d", now), _document("c/e", now)]) == 2

    for name in ("c/d", "c/e"):
        found = await world.engine.get_document(path(name), ADMIN)
        assert found == _document(name, now)
    assert await world.fields("c/kept") == {}
    assert events == []


@pytest.mark.parametrize("deleted", [False, True], ids=["written", "deleted"])
async def test_loaded_document_is_newer_than_what_happened_to_it_before(world: World, deleted: bool) -> None:
    """Clients drop a version that is older than the one they have."""
    await world.put(d={"n": 1})
    if deleted:
        await world.engine.commit(DATABASE, [Write(WriteKind.DELETE, path("c/d"))], ADMIN)
    before = world.engine.database(DATABASE).clock.read_time()

    world.engine.load(DATABASE, [_document("c/d", 20)])

    assert (await world.engine.get_document(path("c/d"), ADMIN)).update_time > before


def _document(name: str, time: int) -> Document:
    return Document(path(name), {"n": time}, Timestamp(1), Timestamp(time))


@pytest.mark.parametrize("many", [10, 3_000])
async def test_load_of_any_size_is_found_by_every_query(world: World, many: int) -> None:
    """Beyond some number documents are shelved together and not one by one."""
    everything, group = Query(path(""), None), Query(path(""), "c", all_descendants=True)
    await world.put(d={"n": -1}, stays={"n": -2})
    for query in (everything, group):
        await world.engine.run_query(query, ADMIN)  # makes the shelf

    world.engine.load(
        DATABASE, [_document(f"c/{name}", name) for name in range(many)] + [_document("c/d", 5)]
    )

    for query in (everything, group, Query(path(""), "c")):
        found = (await world.engine.run_query(query, ADMIN)).documents
        assert [each.path.id for each in found] == sorted([*map(str, range(many)), "d", "stays"])


async def test_export_is_a_snapshot_in_name_order(world: World) -> None:
    await world.put(b={}, a={})
    documents = world.engine.documents(DATABASE)
    await world.put(e={})

    assert [document.path.id for document in documents] == ["a", "b"]


async def test_seed_comes_with_the_first_access_of_each_database_and_after_a_reset(world: World) -> None:
    seeded: list[DatabaseId] = []

    def seed(database: DatabaseId) -> list[Document]:
        seeded.append(database)
        return [Document(DocumentPath(database, ("c", "seed")), {}, Timestamp(1), Timestamp(1))]

    world.engine.seed = seed
    await world.put(d={})
    assert _names(world) == ["c/d", "c/seed"]

    await world.engine.reset()

    assert _names(world) == ["c/seed"]
    assert _names(world, OTHER) == ["c/seed"]
    assert seeded == [DATABASE, DATABASE, OTHER]


async def test_others_are_served_while_a_seed_is_made_ready_and_it_is_made_once(world: World) -> None:
    asked: list[DatabaseId] = []
    ready = asyncio.Event()

    async def seed(database: DatabaseId) -> list[Document]:
        asked.append(database)
        if database == DATABASE:
            await ready.wait()
        return [Document(DocumentPath(database, ("c", "seed")), {}, Timestamp(1), Timestamp(1))]

    world.engine.seed_aside = seed
    first = [asyncio.ensure_future(world.engine.get_document(path("c/seed"), ADMIN)) for _ in range(2)]
    served = await world.engine.get_document(DocumentPath(OTHER, ("c", "seed")), ADMIN)
    assert served.path.database == OTHER
    assert world.engine.databases() == [OTHER], "half a database is seen by nobody"

    first[0].cancel()
    ready.set()

    assert (await first[1]).path == path("c/seed")
    assert len(asked) == 2
    assert set(asked) == {DATABASE, OTHER}


async def test_database_that_cannot_be_recorded_has_not_begun_and_is_seeded_at_the_next_try(
    world: World,
) -> None:
    def full(database: DatabaseId, changes: object) -> None:
        raise Unavailable("The journal cannot be written.")

    world.engine.seed = lambda database: [_document("c/seed", 1)]
    world.engine.journal = full
    with pytest.raises(Unavailable):
        await world.engine.get_document(path("c/seed"), ADMIN)
    assert world.engine.databases() == []

    world.engine.journal = None
    assert (await world.engine.get_document(path("c/seed"), ADMIN)).fields == {"n": 1}


async def test_document_keeps_one_encoding_that_equality_ignores(world: World) -> None:
    await world.put(d={"n": 1})
    document = await world.engine.get_document(path("c/d"), ADMIN)
    twin = Document(document.path, document.fields, document.create_time, document.update_time)

    document.keep_encoding(b"bytes")

    assert document.encoding == b"bytes"
    assert (await world.engine.get_document(path("c/d"), ADMIN)).encoding == b"bytes"
    assert document == twin
