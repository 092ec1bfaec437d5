"""Which indexes a query needs, as the documentation of production says (index merging, exemptions):
https://firebase.google.com/docs/firestore/query-data/index-overview
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from emulator.errors import FailedPrecondition, PermissionDenied
from emulator.firestore.callers import Caller
from emulator.firestore.index_requirements import (
    EVERY_FIELD,
    FieldOverride,
    IndexCatalog,
    IndexChecker,
    IndexDefinition,
    IndexField,
    Mode,
    missing_indexes,
)
from emulator.firestore.listen import Target, TargetChanged, TargetChangeKind
from emulator.firestore.normalization import normalize, over_fields
from emulator.firestore.paths import DatabaseId, parse_field_path
from emulator.firestore.queries import CompositeFilter, DistanceMeasure, FieldFilter, FindNearest, Query
from tests.emulator.firestore.world import World, order, query, queued, where

MODES = {"asc": Mode.ASCENDING, "desc": Mode.DESCENDING, "contains": Mode.CONTAINS}


def index(text: str, *, group: bool = False) -> IndexDefinition:
    """`"a asc, b desc"` on the collection `c`."""
    fields = []
    for part in text.split(", "):
        name, mode = part.split(" ")
        path = ("__name__",) if name == "__name__" else parse_field_path(name)
        fields.append(IndexField(path, MODES[mode]))
    return IndexDefinition("c", group, tuple(fields))


def both(*filters: FieldFilter | CompositeFilter) -> CompositeFilter:
    return CompositeFilter("AND", filters)


def either(*filters: FieldFilter | CompositeFilter) -> CompositeFilter:
    return CompositeFilter("OR", filters)


def asking(*filters: Any, by: tuple[Any, ...] = (), group: bool = False) -> Query:
    asked = query("c", where=both(*filters) if filters else None, order_by=by)
    return replace(asked, all_descendants=group)


def missing(asked: Query, *defined: str, group: bool = False) -> list[IndexDefinition]:
    catalog = IndexCatalog.of([index(text, group=group) for text in defined], [])
    return list(missing_indexes(normalize(asked), catalog))


A, B = where("a", "==", 1), where("b", "==", 1)
TAG = where("tags", "array-contains", "x")


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(asking(), id="everything"),
        pytest.param(asking(A), id="one equality"),
        pytest.param(asking(A, B, TAG), id="equalities and an array, merged"),
        pytest.param(asking(where("a", ">", 1)), id="one inequality"),
        pytest.param(
            asking(where("a", ">", 1), where("a", "<", 9), by=(order("a", "DESC"),)),
            id="a range and its order",
        ),
        pytest.param(asking(by=(order("a", "DESC"),)), id="one order"),
        pytest.param(asking(where("a", "in", [1, 2]), B), id="in is equalities"),
        pytest.param(asking(A, by=(order("a", "DESC"),)), id="the order of a fixed field"),
        pytest.param(asking(either(A, B)), id="or of equalities"),
        pytest.param(asking(where("a", "!=", None)), id="not null"),
        pytest.param(asking(by=(order("__name__", "DESC"),)), id="names backwards"),
    ],
)
def test_query_on_single_fields_needs_no_index_of_its_own(asked: Query):
    assert missing(asked) == []


@pytest.mark.parametrize(
    ("asked", "needed"),
    [
        pytest.param(asking(A, by=(order("t", "DESC"),)), "a asc, t desc", id="equality and order"),
        pytest.param(asking(TAG, by=(order("t"),)), "tags contains, t asc", id="array and order"),
        pytest.param(asking(A, where("n", ">", 1)), "a asc, n asc", id="equality and inequality"),
        pytest.param(
            asking(B, TAG, A, by=(order("t"),)),
            "tags contains, a asc, b asc, t asc",
            id="array, equalities, order",
        ),
        pytest.param(asking(by=(order("a"), order("b", "DESC"))), "a asc, b desc", id="two orders"),
        pytest.param(asking(where("a", ">", 1), where("b", ">", 1)), "a asc, b asc", id="two inequalities"),
        pytest.param(asking(where("a", "in", [1, 2]), by=(order("t"),)), "a asc, t asc", id="in and order"),
        pytest.param(
            asking(A, by=(order("__name__", "DESC"),)), "a asc, __name__ desc", id="names backwards"
        ),
        pytest.param(
            asking(by=(order("a"), order("__name__", "DESC"))),
            "a asc, __name__ desc",
            id="name against the order",
        ),
    ],
)
def test_query_needs_exactly_this_composite_index(asked: Query, needed: str):
    assert missing(asked) == [index(needed)]
    assert missing(asked, needed) == []


def test_directions_of_orders_matter_and_those_of_equalities_do_not():
    asked = asking(A, by=(order("t", "DESC"),))
    assert missing(asked, "a asc, t asc") == [index("a asc, t desc")]
    assert missing(asked, "a desc, t desc") == []


def test_indexes_with_the_same_orders_are_merged_until_every_equality_is_in_one():
    asked = asking(A, B, TAG, by=(order("t"),))
    assert missing(asked, "a asc, t asc", "tags contains, t asc") != []
    assert missing(asked, "a asc, t asc", "tags contains, t asc", "b asc, t asc") == []
    assert missing(asked, "a asc, b asc, t asc", "tags contains, t asc") == []


def test_index_with_more_orders_or_other_equalities_does_not_serve():
    asked = asking(A, by=(order("t"),))
    assert missing(asked, "a asc, t asc, z asc") != []
    assert missing(asked, "a asc, b asc, t asc") != []
    assert missing(asked, "a contains, t asc") != []


def test_each_disjunct_needs_its_own_index_for_the_common_order():
    asked = asking(either(A, B), by=(order("t"),))
    assert missing(asked) == [index("a asc, t asc"), index("b asc, t asc")]
    assert missing(asked, "a asc, t asc") == [index("b asc, t asc")]


def test_collection_group_has_no_index_by_itself():
    asked = asking(A, group=True)
    assert missing(asked) == [index("a asc", group=True)]
    assert missing(asking(group=True)) == []
    ordered = asking(A, by=(order("t"),), group=True)
    assert missing(ordered, "a asc, t asc") == [index("a asc, t asc", group=True)]
    assert missing(ordered, "a asc, t asc", group=True) == []


def test_override_takes_the_automatic_indexes_away_also_below_a_map():
    nothing = FieldOverride("c", ("m",), frozenset())
    catalog = IndexCatalog.of([], [nothing])
    asked = normalize(asking(where("m.x", "==", 1)))
    assert missing_indexes(asked, catalog) == (index("m.x asc"),)
    assert missing_indexes(normalize(asking(A)), catalog) == ()
    every = IndexCatalog.of([], [replace(nothing, path=EVERY_FIELD)])
    assert missing_indexes(normalize(asking(A)), every) == (index("a asc"),)


def test_exempted_equality_is_served_by_a_composite_index():
    catalog = IndexCatalog.of([index("a asc, b asc")], [FieldOverride("c", ("a",), frozenset())])
    assert missing_indexes(normalize(asking(A, B)), catalog) == ()
    assert missing_indexes(normalize(asking(A)), catalog) == (index("a asc"),)


def test_sum_over_a_field_needs_that_field_in_the_index():
    asked = asking(A)
    summed = over_fields(normalize(asked), {("n",)}, asked.order_by)
    assert missing_indexes(summed, IndexCatalog()) == (index("a asc, n asc"),)


def test_nearest_vectors_need_a_vector_index_of_their_dimension():
    find = FindNearest(("v",), (1.0, 2.0), DistanceMeasure.COSINE, 3)
    asked = normalize(replace(asking(A), find_nearest=find))
    needed = IndexDefinition(
        "c", False, (IndexField(("a",), Mode.ASCENDING), IndexField(("v",), Mode.VECTOR, 2))
    )
    assert missing_indexes(asked, IndexCatalog()) == (needed,)
    assert missing_indexes(asked, IndexCatalog.of([needed], [])) == ()
    wider = replace(needed, fields=(needed.fields[0], IndexField(("v",), Mode.VECTOR, 3)))
    assert missing_indexes(asked, IndexCatalog.of([wider], [])) == (needed,)


def test_query_over_all_collections_asks_for_nothing():
    everything = Query(query("c").parent, None, all_descendants=True)
    assert missing_indexes(normalize(everything), IndexCatalog()) == ()


def no_indexes() -> Callable[[DatabaseId], IndexChecker]:
    checker = IndexChecker(IndexCatalog, lambda database, index: "no index", strict=True)
    return lambda database: checker


async def test_listener_without_its_index_ends_with_the_reason_and_the_stream_stays_open(world: World):
    world.engine.indexes = no_indexes()
    session = world.listen()
    await session.add_target(Target(1, query=asking(A, by=(order("t"),))))
    await session.add_target(Target(2, query=asking(A)))
    events = queued(session)
    refused = events[1]
    assert isinstance(refused, TargetChanged)
    assert refused.kind is TargetChangeKind.REMOVE
    assert isinstance(refused.cause, FailedPrecondition)
    assert any(isinstance(each, TargetChanged) and each.target_ids == (2,) for each in events[2:])


async def test_denied_query_is_not_told_which_index_it_lacks():
    closed = World("match /other/{id} { allow read; }")
    closed.engine.indexes = no_indexes()
    with pytest.raises(PermissionDenied):
        await closed.engine.run_query(asking(A, by=(order("t"),)), Caller(uid="alice", token={}))
