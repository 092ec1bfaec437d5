from __future__ import annotations

import math
from typing import Any

import pytest

from emulator.errors import InvalidArgument
from emulator.firestore.callers import ADMIN
from emulator.firestore.queries import Aggregation
from emulator.firestore.values import identical
from tests.emulator.firestore.world import World, order, query, where

TOP = 2**63 - 1


async def _aggregate(world: World, *aggregations: Aggregation, **rest: Any) -> dict[str, Any]:
    return dict((await world.engine.run_aggregation(query(**rest), aggregations, ADMIN)).values)


@pytest.mark.parametrize(
    ("stored", "total", "average"),
    [
        pytest.param([], 0, None, id="nothing"),
        pytest.param(["text", None, True], 0, None, id="no numbers"),
        pytest.param([1, 2, "text"], 3, 1.5, id="integers"),
        pytest.param([1, 2.5], 3.5, 1.75, id="mixed"),
        pytest.param([TOP, 1], float(2**63), 2.0**62, id="overflow becomes a double"),
        pytest.param([TOP, 1, -1], TOP, TOP / 3, id="overflow that comes back stays an integer"),
        pytest.param([2**53, 1], 2**53 + 1, 2.0**52, id="exact beyond doubles"),
        pytest.param([1, math.nan], math.nan, math.nan, id="NaN"),
        pytest.param([1, math.inf], math.inf, math.inf, id="infinity"),
        pytest.param([math.inf, -math.inf], math.nan, math.nan, id="both infinities"),
        pytest.param([1e308, 1e308], math.inf, math.inf, id="double overflow"),
        pytest.param([0.1] * 10, 1.0, 0.1, id="no rounding drift"),
    ],
)
async def test_sum_and_average(world: World, stored: list[Any], total: Any, average: Any) -> None:
    await world.put(**{str(n): {"n": value} for n, value in enumerate(stored)})

    result = await _aggregate(world, Aggregation("s", "sum", ("n",)), Aggregation("a", "avg", ("n",)))

    assert identical(result["s"], total)
    assert identical(result["a"], average)


async def test_count_honours_filter_offset_limit_cursor_and_its_bound(world: World) -> None:
    await world.put(**{str(n): {"n": n} for n in range(5)})
    count = Aggregation("", "count")

    assert await _aggregate(world, count) == {"field_1": 5}
    assert await _aggregate(world, count, where=where("n", ">", 1)) == {"field_1": 3}
    assert await _aggregate(world, count, offset=1, limit=2) == {"field_1": 2}
    assert await _aggregate(world, Aggregation("c", "count", up_to=2), order_by=(order("n"),)) == {"c": 2}
    assert await _aggregate(world, Aggregation("c", "count", up_to=0)) == {"c": 0}


async def test_count_beside_a_sum_counts_documents_with_the_field(world: World) -> None:
    await world.put(x={"n": 1}, y={"n": "text"}, z={"m": 1})

    result = await _aggregate(world, Aggregation("c", "count"), Aggregation("s", "sum", ("n",)))

    assert result == {"c": 2, "s": 1}


@pytest.mark.parametrize(
    ("options", "total"),
    [
        pytest.param({"limit": 2}, 3, id="limit takes the smallest"),
        pytest.param({"offset": 1, "limit": 2}, 5, id="offset"),
        pytest.param({"limit": 2, "order_by": (order("k"),)}, 4, id="own order"),
        pytest.param({"limit": 1, "order_by": (order("same", "DESC"),)}, 5, id="direction of the own order"),
        pytest.param({"limit": 2, "where": where("k", ">", 1)}, 6, id="inequality first"),
        pytest.param({"limit": 3, "order_by": (order("__name__"),)}, 4, id="own order by name"),
    ],
)
async def test_limited_sum_goes_by_the_summed_field(
    world: World, options: dict[str, Any], total: int
) -> None:
    await world.put(
        a={"same": 0, "k": 0},
        b={"same": 0, "k": 1, "n": 3},
        c={"same": 0, "k": 2, "n": 1},
        d={"same": 0, "k": 3, "n": 5},
        e={"same": 0, "k": 4, "n": 2},
    )

    assert await _aggregate(world, Aggregation("s", "sum", ("n",)), **options) == {"s": total}


@pytest.mark.parametrize(
    ("aggregations", "message"),
    [
        ([], "Aggregations can not be empty."),
        (
            [Aggregation("", "count")] * 6,
            "The maximum number of aggregations allowed in an aggregation query is 5. Received: 6",
        ),
        ([Aggregation("x", "count")] * 2, "Aggregation aliases contain duplicate alias: x."),
        (
            [Aggregation("", "sum", ("__name__",))],
            "Aggregations are not supported for the property: __key__",
        ),
        ([Aggregation("__x__", "count")], 'The property.name "__x__" is reserved.'),
        (
            [Aggregation("", "count", up_to=-1)],
            "The `up_to` value in a COUNT aggregation must be greater than or equal to zero.",
        ),
    ],
    ids=["none", "six", "alias twice", "name", "reserved alias", "negative bound"],
)
async def test_bad_aggregation_is_refused(
    world: World, aggregations: list[Aggregation], message: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await _aggregate(world, *aggregations)
    assert refused.value.message == message
