"""The emulator's own routes: several databases, clearing, loading, seeds."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.firestore.callers import ADMIN
from emulator.firestore.documents import Document, Write, WriteKind
from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId, DocumentPath
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
        (None, []),
        ("c/a", ["c/a\0", "c/ab", "c/b"]),
        ("c/none", ["c/a", "c/a/s/x", "c/a\0", "c/ab", "c/b"]),
    ],
    ids=["everything", "a document and all below", "nothing there"],
)
async def test_clear_takes_what_it_names(world: World, below: str | None, left: list[str]) -> None:
    for name in ("c/a", "c/a/s/x", "c/ab", "c/b", "c/a\0"):
        await world.commit(update(name, {}))
    events: list[Any] = []
    world.engine.commit_observers.append(events.append)

    world.engine.clear(DATABASE, None if below is None else path(below))

    assert sorted(_names(world)) == sorted(left)
    assert events == []


async def test_loaded_documents_keep_their_times_and_replace_what_is_there(world: World) -> None:
    await world.put(d={"old": True}, kept={})
    document = Document(path("c/d"), {"n": 1}, Timestamp(10), Timestamp(20))
    events: list[Any] = []
    world.engine.commit_observers.append(events.append)

    assert world.engine.load(DATABASE, [document]) == 1

    found = await world.engine.get_document(path("c/d"), ADMIN)
    assert (found.fields, found.create_time, found.update_time) == ({"n": 1}, Timestamp(10), Timestamp(20))
    assert await world.fields("c/kept") == {}
    assert events == []


async def test_export_is_a_snapshot_in_name_order(world: World) -> None:
    await world.put(b={}, a={})
    documents = world.engine.documents(DATABASE)
    await world.put(e={})

    assert [document.path.id for document in documents] == ["a", "b"]


async def test_seed_comes_with_the_first_access_of_each_database_and_after_a_reset(world: World) -> None:
    seeded: list[DatabaseId] = []

    def seed(engine: Engine, database: DatabaseId) -> None:
        seeded.append(database)
        engine.load(
            database, [Document(DocumentPath(database, ("c", "seed")), {}, Timestamp(1), Timestamp(1))]
        )

    world.engine.seed = seed
    await world.put(d={})
    assert _names(world) == ["c/d", "c/seed"]

    world.engine.reset()

    assert _names(world) == ["c/seed"]
    assert _names(world, OTHER) == ["c/seed"]
    assert seeded == [DATABASE, DATABASE, OTHER]


async def test_document_keeps_one_encoding_that_equality_ignores(world: World) -> None:
    await world.put(d={"n": 1})
    document = await world.engine.get_document(path("c/d"), ADMIN)
    twin = Document(document.path, document.fields, document.create_time, document.update_time)

    document.keep_encoding(b"bytes")

    assert document.encoding == b"bytes"
    assert (await world.engine.get_document(path("c/d"), ADMIN)).encoding == b"bytes"
    assert document == twin
