"""Random queries against a plain search: in small and large collections, by walks and by indexes.

`KINDLING_QUERIES=50000 pytest tests/emulator/firestore/test_random_queries.py` asks as many; each planner
gets its share. A failure names the number from which documents and query are drawn again.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

import pytest

from emulator.firestore import planning
from emulator.firestore.callers import ADMIN
from emulator.firestore.documents import Document, Write
from emulator.firestore.execution import number_of_matches
from emulator.firestore.matching import Matcher
from emulator.firestore.normalization import normalize
from emulator.firestore.queries import Aggregation, DistanceMeasure, FindNearest, Query
from emulator.firestore.reads import LATEST, Consistency
from emulator.firestore.steps import at_once
from tests.emulator.firestore.brute_force import find
from tests.emulator.firestore.random_queries import Draw
from tests.emulator.firestore.small_steps import small_steps
from tests.emulator.firestore.world import DATABASE, World, update

QUERIES = int(os.environ.get("KINDLING_QUERIES", "800"))

#: Queries that are asked of the same documents.
ASKED = 20

ELSEWHERE = ("c/1/s/1", "c/1/s/2", "c/1/c/1", "c/2/s/1", "d/1", "d/1/c/2", "s/1")
COUNT = Aggregation("count", "count")
NEAREST = FindNearest(("v",), (1.0, 0.0), DistanceMeasure.EUCLIDEAN, 4)


@dataclass(frozen=True)
class Planner:
    """How queries are planned, and how many documents there are, which decides it."""

    documents: tuple[int, int]
    small: int = planning.SMALL
    patience: int = planning.PATIENCE
    steps: bool = False
    share: float = 1.0

    @contextmanager
    def used(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch, small_steps() if self.steps else nullcontext():
            patch.setattr(planning, "SMALL", self.small)
            patch.setattr(planning, "PATIENCE", self.patience)
            yield


PLANNERS = {
    "walks": Planner((0, 14)),
    "indexes": Planner((0, 14), small=0, patience=0),
    "walks at first, then indexes": Planner((3, 16), small=5),
    "small steps": Planner((0, 14), small=1, steps=True),
    "large collections": Planner((190, 260), share=0.05),
}


@pytest.mark.parametrize("planner", PLANNERS.values(), ids=PLANNERS)
def test_random_queries_find_what_a_plain_search_finds(planner: Planner) -> None:
    shares = sum(each.share for each in PLANNERS.values())
    worlds = max(1, round(QUERIES * planner.share / shares / ASKED))
    with planner.used(), asyncio.Runner() as runner:
        for seed in range(worlds):
            runner.run(_ask(random.Random(seed), planner))


async def _ask(draws: random.Random, planner: Planner) -> None:
    """Queries about random documents, now and as of a time since when some of them have changed."""
    size = draws.randint(*planner.documents)
    names = [f"c/{number}" for number in range(size)] + list(ELSEWHERE)
    draw = Draw(draws, names)
    world = World()
    past = await world.commit(*(_update(draw, draws, name) for name in names))
    before = _stored(world)
    await world.commit(*(_update(draw, draws, name) for name in draws.sample(names, 3)))
    now = _stored(world)
    for _ in range(ASKED):
        query = draw.query()
        for _ in range(3):  # what misses an index may get it for the second or the third
            assert await _found(world, query) == find(now, query), query
        assert await _found(world, query, Consistency(read_time=past.commit_time)) == find(before, query), (
            query
        )
        assert await _count(world, query) == len(find(now, query)), query
        whole = replace(query, start_at=None, end_at=None, offset=0, limit=None)
        assert _number(world, whole) == len(find(now, whole)), whole
        await _check_nearest(world, whole, now)


def _update(draw: Draw, draws: random.Random, name: str) -> Write:
    vector = [float(draws.randint(0, 2)) for _ in range(draws.choice((1, 2, 2)))]
    return update(name, draw.fields() | {"v": {"__type__": "__vector__", "value": vector}})


def _stored(world: World) -> dict[str, Document]:
    return {document.path.relative: document for document in world.engine.documents(DATABASE)}


async def _found(world: World, query: Query, consistency: Consistency = LATEST) -> list[str]:
    result = await world.engine.run_query(query, ADMIN, consistency)
    return [document.path.relative for document in result.documents]


async def _count(world: World, query: Query) -> object:
    return (await world.engine.run_aggregation(query, [COUNT], ADMIN)).values["count"]


def _number(world: World, query: Query) -> int:
    """How many a listener counts, which needs them in no order."""
    return at_once(number_of_matches(Matcher(normalize(query)), world.engine.database(DATABASE).latest))


async def _check_nearest(world: World, whole: Query, stored: Mapping[str, Document]) -> None:
    """The same filter and orders, for neighbours: of those as near, the first in the order of the query."""
    vectors = {name: document.fields["v"]["value"] for name, document in stored.items()}
    near = [name for name in find(stored, whole) if len(vectors[name]) == len(NEAREST.vector)]
    near.sort(key=lambda name: math.dist(vectors[name], NEAREST.vector))
    assert await _found(world, replace(whole, find_nearest=NEAREST)) == near[: NEAREST.limit], whole
