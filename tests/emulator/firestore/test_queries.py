from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from emulator.errors import FailedPrecondition, FirestoreError, Internal, InvalidArgument
from emulator.firestore import planning
from emulator.firestore.callers import ADMIN
from emulator.firestore.listen import DocumentChanged, Target, TargetChanged
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.queries import (
    Aggregation,
    CompositeFilter,
    Cursor,
    DistanceMeasure,
    FieldFilter,
    FindNearest,
    Query,
)
from emulator.firestore.store import Shelf
from emulator.firestore.values import Reference
from tests.emulator.firestore.world import World, order, path, query, queued, update, where


@pytest.fixture(params=["walks", "indexes"], autouse=True)
def _planner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small collections are walked, and so are large ones at first; without that every query goes by an
    index.
    """
    if request.param == "indexes":
        monkeypatch.setattr(planning, "SMALL", 0)
        monkeypatch.setattr(planning, "PATIENCE", 0)


def both(*filters: FieldFilter | CompositeFilter) -> CompositeFilter:
    return CompositeFilter("AND", filters)


def either(*filters: FieldFilter | CompositeFilter) -> CompositeFilter:
    return CompositeFilter("OR", filters)


VALUES: dict[str, dict[str, Any]] = {
    "null": {"v": None},
    "true": {"v": True},
    "nan": {"v": math.nan},
    "one": {"v": 1},
    "two": {"v": 2.0},
    "text": {"v": "1"},
    "list": {"v": [1, None, math.nan]},
    "map": {"v": {"x": 1}},
    "absent": {"w": 1},
}


@pytest.mark.parametrize(
    ("leaf", "found"),
    [
        pytest.param(where("v", "==", 1.0), ["one"], id="equal across number types"),
        pytest.param(where("v", "==", None), [], id="equal null"),
        pytest.param(where("v", "==", math.nan), [], id="equal NaN"),
        pytest.param(where("v", "==", [1, None, math.nan]), ["list"], id="equal list"),
        pytest.param(where("v.x", "==", 1), ["map"], id="nested"),
        pytest.param(where("v", "is-null"), ["null"], id="is null"),
        pytest.param(where("v", "is-nan"), ["nan"], id="is NaN"),
        pytest.param(where("v", ">", 1), ["two"], id="greater stays among numbers"),
        pytest.param(where("v", ">=", 1), ["one", "two"], id="at least"),
        pytest.param(where("v", "<", 2), ["one"], id="less has no NaN"),
        pytest.param(where("v", "<=", "2"), ["text"], id="strings"),
        pytest.param(where("v", "<=", None), [], id="range on null"),
        pytest.param(where("v", ">", math.nan), [], id="range on NaN"),
        pytest.param(where("v", "!=", 1), ["true", "nan", "two", "text", "list", "map"], id="not equal"),
        pytest.param(where("v", "!=", None), [], id="not equal null"),
        pytest.param(
            where("v", "!=", math.nan),
            ["true", "nan", "one", "two", "text", "list", "map"],
            id="not equal NaN",
        ),
        pytest.param(
            where("v", "is-not-null"), ["true", "nan", "one", "two", "text", "list", "map"], id="is not null"
        ),
        pytest.param(
            where("v", "is-not-nan"), ["true", "one", "two", "text", "list", "map"], id="is not NaN"
        ),
        pytest.param(where("v", "in", ["1", 1, None, math.nan]), ["one", "text"], id="in"),
        pytest.param(where("v", "not-in", [1, "1"]), ["true", "nan", "two", "list", "map"], id="not in"),
        pytest.param(where("v", "not-in", [1, None]), [], id="not in with null"),
        pytest.param(where("v", "array-contains", 1.0), ["list"], id="array contains"),
        pytest.param(where("v", "array-contains", None), [], id="array contains null"),
        pytest.param(where("v", "array-contains-any", [7, 1]), ["list"], id="array contains any"),
        pytest.param(where("no.such", "==", 1), [], id="no such field"),
        pytest.param(where("__name__", ">", Reference(path("c/one"))), ["text", "true", "two"], id="name"),
        pytest.param(where("__name__", "in", [Reference(path("c/map"))]), ["map"], id="name in"),
    ],
)
async def test_filter_finds(world: World, leaf: FieldFilter, found: list[str]) -> None:
    await world.put(**VALUES)

    assert await world.names(query(where=leaf)) == found


async def test_composite_filters_nest(world: World) -> None:
    await world.put(**{f"{a}{b}": {"a": a, "b": b} for a in range(3) for b in range(3)})

    nested = either(
        both(where("a", "==", 0), where("b", ">", 0)), both(where("a", "==", 2), where("b", "==", 2))
    )

    assert await world.names(query(where=nested)) == ["01", "02", "22"]


async def test_document_of_several_disjuncts_comes_once(world: World) -> None:
    await world.put(x={"a": [1, 2], "b": 1}, y={"a": [2], "b": 0})

    assert await world.names(query(where=where("a", "array-contains-any", [1, 2]))) == ["x", "y"]
    assert await world.names(query(where=either(where("b", "==", 1), where("b", ">", 0)))) == ["x"]


#: By name these are in another order than by `x`, and each disjunct below has some of them.
TURNED: dict[str, dict[str, Any]] = {
    "z": {"x": 1},
    "b": {"x": 2},
    "c": {"x": 3},
    "a": {"x": 3},
    "n": {"x": None},
}

TURNED_QUERIES = [
    pytest.param(where("x", "in", [1, 2, 3]), "ASC", ["z", "b", "a", "c"], id="in"),
    pytest.param(where("x", "in", [1, 2, 3]), "DESC", ["c", "a", "b", "z"], id="in, descending"),
    pytest.param(
        either(where("x", ">", 0), where("x", "is-null")), "ASC", ["n", "z", "b", "a", "c"], id="or null"
    ),
    pytest.param(
        either(where("x", ">", 1), where("x", "==", 1)), "DESC", ["c", "a", "b", "z"], id="range or value"
    ),
    pytest.param(
        either(where("x", "<", 3), where("x", "!=", 2)), "ASC", ["z", "b", "a", "c"], id="range or negation"
    ),
    pytest.param(
        either(where("x", "==", 3), where("__name__", "<", Reference(path("c/c")))),
        "DESC",
        ["c", "a", "b"],
        id="value or name",
    ),
]


@pytest.mark.parametrize(("either_way", "direction", "found"), TURNED_QUERIES)
@pytest.mark.parametrize("group", [False, True], ids=["collection", "group"])
@pytest.mark.parametrize("limit", [None, 3], ids=["whole", "limit"])
async def test_disjuncts_in_an_order_that_some_of_them_fix_come_as_one(
    world: World, either_way: FieldFilter, direction: str, found: list[str], group: bool, limit: int | None
) -> None:
    await world.put(**TURNED)

    asked = query(where=either_way, order_by=(order("x", direction),), all_descendants=group, limit=limit)

    assert await world.names(asked) == found[:limit]


@pytest.mark.parametrize(("either_way", "direction", "found"), TURNED_QUERIES)
async def test_listener_to_disjuncts_shows_each_document_once(
    world: World, either_way: FieldFilter, direction: str, found: list[str]
) -> None:
    await world.put(**TURNED)
    session = world.listen()

    asked = query(where=either_way, order_by=(order("x", direction),))
    await session.add_target(Target(1, query=asked))

    shown = [event.document.path.id for event in queued(session) if isinstance(event, DocumentChanged)]
    assert shown == found


async def test_plan_whose_order_is_not_the_one_it_promises_is_an_error_that_names_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Merged with others it would give documents twice, or never end."""
    await world.put(**TURNED)
    asked = query(where=either(where("x", ">", 1), where("x", "==", 1)), order_by=(order("x"),))
    session = world.listen()

    def lie(shelf: Shelf, *_: object) -> planning.Plan:
        return planning.Plan(iter(list(shelf.names)), planning.Arrangement.SORTED)

    with monkeypatch.context() as patch:
        patch.setattr("emulator.firestore.execution.plan", lie)
        with pytest.raises(Internal, match=r"the filter x > 1, .* in the order x ASC, __name__ ASC, but c/"):
            await world.names(asked)
        await session.add_target(Target(1, query=asked))

    ended = [event for event in queued(session) if isinstance(event, TargetChanged) and event.cause]
    assert [type(event.cause) for event in ended] == [Internal]
    assert await world.names(asked) == ["z", "b", "a", "c"]


async def test_inequality_orders_by_its_field_and_needs_it(world: World) -> None:
    await world.put(x={"n": 3}, y={"n": 1}, z={"m": 1})

    assert await world.names(query(where=where("n", ">", 0))) == ["y", "x"]
    assert await world.names(query(where=either(where("n", ">", 0), where("m", "==", 1)))) == ["y", "x"]


async def test_several_inequality_fields_order_lexicographically_in_the_last_direction(world: World) -> None:
    await world.put(x={"a": 1, "b": 2, "o": 1}, y={"a": 1, "b": 1, "o": 1}, z={"a": 0, "b": 3, "o": 1})
    filters = both(where("b", ">", 0), where("a", ">=", 0))

    assert await world.names(query(where=filters)) == ["z", "y", "x"]
    assert await world.names(query(where=filters, order_by=(order("o", "DESC"),))) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("orders", "found"),
    [
        pytest.param([order("a")], ["y", "z", "x"], id="ascending"),
        pytest.param([order("a", "DESC")], ["x", "z", "y"], id="descending, name too"),
        pytest.param([order("a"), order("b", "DESC")], ["z", "y", "x"], id="mixed"),
        pytest.param([order("a"), order("__name__", "DESC")], ["z", "y", "x"], id="name explicit"),
        pytest.param([order("__name__", "DESC")], ["z", "y", "x", "w"], id="name descending"),
    ],
)
async def test_order_by_leaves_out_documents_without_the_field(
    world: World, orders: list[Any], found: list[str]
) -> None:
    await world.put(x={"a": 2, "b": 0}, y={"a": 1, "b": 1}, z={"a": 1, "b": 2}, w={"b": 1})

    assert await world.names(query(order_by=tuple(orders))) == found


@pytest.mark.parametrize(
    ("cursors", "found"),
    [
        pytest.param({"start_at": Cursor((2,), True)}, ["2a", "2b", "3"], id="start at"),
        pytest.param({"start_at": Cursor((2,), False)}, ["3"], id="start after"),
        pytest.param({"end_at": Cursor((2,), False)}, ["1", "2a", "2b"], id="end at"),
        pytest.param({"end_at": Cursor((2,), True)}, ["1"], id="end before"),
        pytest.param(
            {"start_at": Cursor((2, Reference(path("c/2a"))), False)},
            ["2b", "3"],
            id="start after a document",
        ),
        pytest.param({"start_at": Cursor(("text",), True)}, [], id="behind all numbers"),
        pytest.param({"start_at": Cursor((None,), True)}, ["1", "2a", "2b", "3"], id="before all numbers"),
        pytest.param({"start_at": Cursor((), True)}, ["1", "2a", "2b", "3"], id="empty"),
    ],
)
async def test_cursors_bound_the_result(world: World, cursors: dict[str, Cursor], found: list[str]) -> None:
    await world.put(**{"1": {"n": 1}, "2a": {"n": 2}, "2b": {"n": 2}, "3": {"n": 3}})

    assert await world.names(query(order_by=(order("n"), order("__name__")), **cursors)) == found


async def test_offset_and_limit_cut_the_result_and_count_what_they_skip(world: World) -> None:
    await world.put(**{str(n): {"n": n} for n in range(5)})

    result = await world.engine.run_query(query(order_by=(order("n"),), offset=1, limit=2), ADMIN)
    beyond = await world.engine.run_query(query(offset=9), ADMIN)

    assert [document.path.id for document in result.documents] == ["1", "2"]
    assert result.skipped == 1
    assert (beyond.documents, beyond.skipped) == ((), 5)
    assert await world.names(query(limit=0)) == []


async def test_limit_to_last_as_clients_send_it_takes_the_other_end(world: World) -> None:
    await world.put(**{str(n): {"n": n} for n in range(5)})

    assert await world.names(query(order_by=(order("n", "DESC"),), limit=2)) == ["4", "3"]


async def test_projection_keeps_times_and_selected_paths(world: World) -> None:
    await world.put(d={"a": {"x": 1, "y": 2}, "b": 3})

    async def selected(*fields: tuple[str, ...]) -> dict[str, Any]:
        result = await world.engine.run_query(query(select=fields), ADMIN)
        assert (
            result.documents[0].update_time
            == (await world.engine.get_document(path("c/d"), ADMIN)).update_time
        )
        return result.documents[0].fields

    assert await selected(("a", "x"), ("no",)) == {"a": {"x": 1}}
    assert await selected(("__name__",)) == {}


async def test_scopes_see_their_part_of_the_tree(world: World) -> None:
    for name in ("c/1", "c/1/s/1", "c/1/s/1/s/2", "c/2/s/3", "s/4", "d/1"):
        await world.commit(update(name, {}))

    async def names(asked: Query) -> list[str]:
        return [each.path.relative for each in (await world.engine.run_query(asked, ADMIN)).documents]

    assert await names(query("s", "c/1")) == ["c/1/s/1"]
    assert await names(query("s", all_descendants=True)) == ["c/1/s/1", "c/1/s/1/s/2", "c/2/s/3", "s/4"]
    assert await names(query("s", "c/1", all_descendants=True)) == ["c/1/s/1", "c/1/s/1/s/2"]
    assert await names(query(None)) == ["c/1", "d/1", "s/4"]
    assert await names(query(None, "c/1", all_descendants=True)) == ["c/1/s/1", "c/1/s/1/s/2"]


async def test_collection_that_was_emptied_is_found_again_when_filled(world: World) -> None:
    group = query("s", all_descendants=True)
    await world.commit(update("c/1/s/1", {"n": 1}))
    assert await world.names(group) == ["1/s/1"]
    world.engine.clear(path("").database)
    assert await world.names(group) == []

    await world.commit(update("c/2/s/2", {"n": 1}))

    assert await world.names(group) == ["2/s/2"]


# --- refusals


def _any_of(count: int) -> CompositeFilter:
    return either(*(where("a", "==", n) for n in range(count)))


ELSEWHERE = Reference(DocumentPath(DatabaseId("other"), ("c", "d")))


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        pytest.param(query(limit=-1), InvalidArgument, "limit is negative", id="limit"),
        pytest.param(query(offset=-1), InvalidArgument, "offset is negative", id="offset"),
        pytest.param(
            query("__c__"),
            InvalidArgument,
            'Collection id "__c__" is invalid because it is reserved.',
            id="reserved",
        ),
        pytest.param(
            query("a/b"),
            InvalidArgument,
            'Collection id "a/b" is invalid because it contains "/".',
            id="slash",
        ),
        pytest.param(
            query(where=where("a", "in", 1)),
            InvalidArgument,
            "'IN' requires an ArrayValue.",
            id="in without list",
        ),
        pytest.param(
            query(where=where("a", "not-in", [])),
            InvalidArgument,
            "'NOT_IN' requires an non-empty ArrayValue.",
            id="empty not-in",
        ),
        pytest.param(
            query(where=where("a", "in", list(range(31)))),
            InvalidArgument,
            "'IN' supports up to 30 comparison values.",
            id="long in",
        ),
        pytest.param(
            query(where=where("a", "not-in", list(range(11)))),
            InvalidArgument,
            "'NOT_IN' supports up to 10 comparison values.",
            id="long not-in",
        ),
        pytest.param(
            query(where=both(where("a", "!=", 1), where("b", "is-not-null"))),
            InvalidArgument,
            "Only a single 'NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', or 'IS_NOT_NULL' filter allowed per query.",
            id="two negations",
        ),
        pytest.param(
            query(where=both(where("a", "not-in", [1]), where("b", "in", [1]))),
            InvalidArgument,
            "'NOT_IN' cannot be used in the same query with 'IN', 'ARRAY_CONTAINS_ANY' or 'OR'.",
            id="not-in with in",
        ),
        pytest.param(
            query(where=both(where("a", ">", 1), where("__name__", "==", Reference(path("c/d"))))),
            InvalidArgument,
            "Equality on key is not allowed if there are other inequality fields and key does not appear in"
            " inequalities.",
            id="name beside an inequality",
        ),
        pytest.param(
            query(where=both(where("a", "array-contains", 1), where("b", "array-contains", 1))),
            FailedPrecondition,
            "Only a single array-contains clause is allowed in a query",
            id="two array-contains",
        ),
        pytest.param(
            query(where=where("__name__", "==", "c/d")),
            InvalidArgument,
            "__key__ filter value must be a Key",
            id="name as text",
        ),
        pytest.param(
            query(where=where("__name__", "array-contains", Reference(path("c/d")))),
            InvalidArgument,
            "the name __key__ is reserved",
            id="name as array",
        ),
        pytest.param(
            query(where=where("__name__", "==", ELSEWHERE)),
            InvalidArgument,
            "The request was for database 'projects/demo-test/databases/(default)'"
            " but was attempting to access database 'projects/other/databases/(default)'",
            id="name elsewhere",
        ),
        pytest.param(
            query(order_by=(order("__name__"), order("a"))),
            InvalidArgument,
            "order by clause cannot contain more fields after the key",
            id="order after name",
        ),
        pytest.param(
            query(where=where("a", ">", 1), order_by=(order("__name__"),)),
            InvalidArgument,
            "order by clause cannot contain more fields after the key",
            id="inequality field behind the name",
        ),
        pytest.param(
            query(order_by=(order("a"), order("a", "DESC"))),
            InvalidArgument,
            "order by clause cannot contain duplicate fields a",
            id="order twice",
        ),
        pytest.param(
            query(order_by=(order("a"),), start_at=Cursor((1, 2), True)),
            InvalidArgument,
            "Cursor has too many values.",
            id="long cursor",
        ),
        pytest.param(
            query(order_by=(order("__name__"),), end_at=Cursor(("d",), True)),
            InvalidArgument,
            "Cursor __key__ value is not a document reference.",
            id="name cursor",
        ),
        pytest.param(
            query(None, where=where("a", "==", 1)),
            InvalidArgument,
            "kind is required for filter: a",
            id="kindless",
        ),
        pytest.param(
            query(None, order_by=(order("__name__", "DESC"),)),
            InvalidArgument,
            "kind is required for all orders except __key__ ascending",
            id="kindless order",
        ),
    ],
)
async def test_query_is_refused(
    world: World, asked: Query, error: type[FirestoreError], message: str
) -> None:
    with pytest.raises(error) as refused:
        await world.names(asked)
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("filters", "count"),
    [(_any_of(31), 31), (both(_any_of(6), _any_of(6)), 36), (both(*[_any_of(10)] * 40), 10**40)],
    ids=["sum", "product", "explosion"],
)
async def test_too_many_disjunctions_are_refused_before_they_are_made(
    world: World, filters: CompositeFilter, count: int
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await world.names(query(where=filters))
    assert refused.value.message == (
        "Too many disjunctions after normalization."
        f" Result had {count} disjunctions which is more than the maximum of 30"
    )


@pytest.mark.parametrize("op", ["AND", "OR"])
async def test_composite_filter_of_nothing_filters_nothing(world: World, op: str) -> None:
    await world.put(x={"a": 1}, y={"a": 2})
    nothing = CompositeFilter(op, ())

    assert await world.names(query(where=nothing)) == ["x", "y"]
    assert await world.names(query(where=both(nothing, where("a", "==", 2)))) == ["y"]


async def test_thirty_disjunctions_are_allowed(world: World) -> None:
    await world.put(x={"a": 29})

    assert await world.names(query(where=_any_of(30))) == ["x"]


# --- find nearest


def vector(*elements: float) -> dict[str, Any]:
    return {"__type__": "__vector__", "value": list(elements)}


PLACES = {
    "near": {"v": vector(1.0, 0.0), "k": 1},
    "far": {"v": vector(0.0, 10.0), "k": 1},
    "mid": {"v": vector(3.0, 1.0), "k": 2},
    "other": {"v": vector(1.0, 1.0, 1.0)},
    "none": {"v": [1.0, 0.0]},
}


@pytest.mark.parametrize(
    ("measure", "found", "distance"),
    [
        pytest.param(DistanceMeasure.EUCLIDEAN, ["near", "mid", "far"], 0.0, id="euclidean"),
        pytest.param(DistanceMeasure.COSINE, ["near", "mid", "far"], 0.0, id="cosine"),
        pytest.param(DistanceMeasure.DOT_PRODUCT, ["mid", "near", "far"], 3.0, id="dot product"),
    ],
)
async def test_find_nearest_ranks_vectors_of_the_same_dimension(
    world: World, measure: DistanceMeasure, found: list[str], distance: float
) -> None:
    await world.put(**PLACES)
    asked = query(find_nearest=FindNearest(("v",), (1.0, 0.0), measure, 10, distance_result_field="d"))

    result = await world.engine.run_query(asked, ADMIN)

    assert [document.path.id for document in result.documents] == found
    assert result.documents[0].fields["d"] == pytest.approx(distance)


async def test_find_nearest_with_filter_threshold_and_limit(world: World) -> None:
    await world.put(**PLACES)
    nearest = FindNearest(("v",), (1.0, 0.0), DistanceMeasure.EUCLIDEAN, 10)

    assert await world.names(query(where=where("k", "==", 1), find_nearest=nearest)) == ["near", "far"]
    assert await world.names(query(find_nearest=replace(nearest, distance_threshold=3.0))) == ["near", "mid"]
    assert await world.names(query(find_nearest=replace(nearest, limit=1))) == ["near"]


async def test_find_nearest_dot_product_threshold_is_a_lower_bound(world: World) -> None:
    await world.put(**PLACES)
    nearest = FindNearest(("v",), (1.0, 0.0), DistanceMeasure.DOT_PRODUCT, 10, distance_threshold=1.0)

    assert await world.names(query(find_nearest=nearest)) == ["mid", "near"]


async def test_find_nearest_puts_what_has_no_distance_last_and_keeps_the_order_of_ties(world: World) -> None:
    await world.put(
        a={"v": vector(0.0, 0.0), "k": 1},
        b={"v": vector(0.0, 2.0), "k": 1},
        c={"v": vector(0.0, 1.0), "k": 2},
        d={"v": vector(1.0, 1.0), "k": 1},
    )
    nearest = FindNearest(("v",), (1.0, 1.0), DistanceMeasure.COSINE, 10)

    assert await world.names(query(find_nearest=nearest)) == ["d", "b", "c", "a"]
    assert await world.names(query(find_nearest=nearest, order_by=(order("k", "DESC"),))) == [
        *("d", "c", "b", "a")
    ]


async def test_find_nearest_measures_cosines_as_the_official_emulator_does(world: World) -> None:
    await world.put(x={"v": vector(2.0, 2.0)}, y={"v": vector(0.0, 1.0)}, z={"v": vector(-1.0, -1.0)})
    nearest = FindNearest(("v",), (1.0, 1.0), DistanceMeasure.COSINE, 10, distance_result_field="d")

    result = await world.engine.run_query(query(find_nearest=nearest), ADMIN)

    assert [document.fields["d"] for document in result.documents] == [0.0, 0.29289321881345254, 2.0]


async def test_find_nearest_survives_infinite_vectors(world: World) -> None:
    await world.put(near={"v": vector(1.0, 1.0)}, far={"v": vector(math.inf, -math.inf)})

    for measure in DistanceMeasure:
        nearest = FindNearest(("v",), (1.0, 1.0), measure, 10)
        assert (await world.names(query(find_nearest=nearest)))[0] == "near"


async def test_find_nearest_writes_the_distance_into_the_field_of_that_very_name(world: World) -> None:
    await world.put(**PLACES)
    nearest = FindNearest(("v",), (1.0, 0.0), DistanceMeasure.EUCLIDEAN, 1, distance_result_field="a.b")

    (found,) = (await world.engine.run_query(query(find_nearest=nearest), ADMIN)).documents

    assert found.fields == PLACES["near"] | {"a.b": 0.0}


async def test_sum_over_the_nearest_leaves_out_those_without_the_field(world: World) -> None:
    await world.put(a={"v": vector(1.0)}, b={"v": vector(2.0), "k": 2}, c={"v": vector(4.0), "k": 3})
    nearest = FindNearest(("v",), (1.0,), DistanceMeasure.EUCLIDEAN, 2)

    total = await world.engine.run_aggregation(
        query(find_nearest=nearest), [Aggregation("s", "sum", ("k",))], ADMIN
    )

    assert total.values == {"s": 5}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 1}, "A query limit cannot be used with FindNearest"),
        ({"offset": 1}, "A query offset cannot be used with FindNearest"),
        (
            {"order_by": (order("k"),), "end_at": Cursor((1,), before=True)},
            "A cursor cannot be used with FindNearest",
        ),
    ],
    ids=["limit", "offset", "cursor"],
)
async def test_find_nearest_is_refused_beside_what_would_cut_the_result(
    world: World, options: dict[str, Any], message: str
) -> None:
    nearest = FindNearest(("v",), (1.0,), DistanceMeasure.EUCLIDEAN, 1)

    with pytest.raises(InvalidArgument) as refused:
        await world.names(query(find_nearest=nearest, **options))
    assert refused.value.message == message


@pytest.mark.parametrize("limit", [0, 1001])
async def test_find_nearest_of_too_few_or_too_many_is_refused(world: World, limit: int) -> None:
    nearest = FindNearest(("v",), (1.0,), DistanceMeasure.EUCLIDEAN, limit)

    with pytest.raises(InvalidArgument) as refused:
        await world.names(query(find_nearest=nearest))
    assert refused.value.message == "FindNearest.limit must be a positive integer of no more than 1000"


@pytest.mark.parametrize("name", ["__name__", "__x__"])
async def test_find_nearest_into_a_reserved_field_is_refused(world: World, name: str) -> None:
    nearest = FindNearest(("v",), (1.0,), DistanceMeasure.EUCLIDEAN, 1, distance_result_field=name)

    with pytest.raises(InvalidArgument) as refused:
        await world.names(query(find_nearest=nearest))
    assert refused.value.message == f'The distanceResultField.property.name "{name}" is reserved.'
