"""Random values, writes and queries, from small alphabets so that they meet."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from emulator.firestore.documents import FieldTransform, TransformKind, Write
from emulator.firestore.normalization import INEQUALITIES
from emulator.firestore.paths import FieldPath
from emulator.firestore.queries import (
    NAME,
    CompositeFilter,
    Cursor,
    Direction,
    FieldFilter,
    Filter,
    Operator,
    Order,
    Query,
)
from emulator.firestore.values import GeoPoint, Reference, Timestamp
from tests.emulator.firestore.world import ROOT, delete, path, update

FIELDS = ("a", "b", "m")
NAMES = ("c/1", "c/2", "c/3", "c/4", "c/5", "c/1/s/1", "c/1/s/2", "c/2/s/1", "d/1", "s/1")

scalars: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        False,
        True,
        math.nan,
        -math.inf,
        -1,
        0,
        -0.0,
        1,
        1.0,
        1.5,
        2,
        2**53,
        2**53 + 1,
        float(2**53),
        Timestamp(0),
        Timestamp(1),
        "",
        "a",
        "b",
        "\ue000",
        "\U00010000",
        b"",
        b"\x00",
        Reference(path("c/1")),
        GeoPoint(0.0, 1.0),
    ]
)
maps: st.SearchStrategy[Any] = st.dictionaries(st.sampled_from(["x", "y"]), scalars, max_size=2)
values: st.SearchStrategy[Any] = st.one_of(scalars, st.lists(st.one_of(scalars, maps), max_size=2), maps)
documents = st.dictionaries(st.sampled_from(FIELDS), values, max_size=3)

transforms = st.builds(
    FieldTransform,
    st.sampled_from([("a",), ("m", "x")]),
    st.just(TransformKind.INCREMENT),
    st.sampled_from([1, 0.5]),
) | st.builds(
    FieldTransform, st.just(("b",)), st.just(TransformKind.ARRAY_UNION), st.lists(scalars, max_size=2)
)

writes: st.SearchStrategy[Write] = st.one_of(
    st.builds(update, st.sampled_from(NAMES), documents),
    st.builds(update, st.sampled_from(NAMES), documents),
    st.builds(
        lambda name, fields, mask, extra: update(name, fields, mask=mask, transforms=extra),
        st.sampled_from(NAMES),
        documents,
        st.lists(st.sampled_from(["a", "b", "m", "m.x"]), max_size=2, unique=True),
        st.lists(transforms, max_size=1),
    ),
    st.builds(delete, st.sampled_from(NAMES)),
)
commits = st.lists(writes, min_size=1, max_size=4)

_fields = st.sampled_from([("a",), ("b",), ("m",), ("m", "x")])
_ordinary = [
    Operator.EQUAL,
    Operator.LESS_THAN,
    Operator.LESS_THAN_OR_EQUAL,
    Operator.GREATER_THAN,
    Operator.GREATER_THAN_OR_EQUAL,
]
_leaves: st.SearchStrategy[Filter] = st.one_of(
    st.builds(FieldFilter, _fields, st.sampled_from(_ordinary), values),
    st.builds(FieldFilter, _fields, st.sampled_from([Operator.IS_NULL, Operator.IS_NAN])),
    st.builds(FieldFilter, _fields, st.just(Operator.IN), st.lists(scalars, min_size=1, max_size=3)),
    st.builds(
        FieldFilter,
        st.just(NAME),
        st.sampled_from(_ordinary),
        st.sampled_from([Reference(path(name)) for name in NAMES]),
    ),
)
_containing = st.builds(FieldFilter, _fields, st.just(Operator.ARRAY_CONTAINS), scalars) | st.builds(
    FieldFilter, _fields, st.just(Operator.ARRAY_CONTAINS_ANY), st.lists(scalars, min_size=1, max_size=3)
)
_negations = st.one_of(
    st.builds(FieldFilter, _fields, st.just(Operator.NOT_EQUAL), values),
    st.builds(FieldFilter, _fields, st.just(Operator.NOT_IN), st.lists(scalars, min_size=1, max_size=3)),
    st.builds(FieldFilter, _fields, st.sampled_from([Operator.IS_NOT_NULL, Operator.IS_NOT_NAN])),
)


def _both(filters: list[Filter], operator: str) -> Filter:
    return CompositeFilter(operator, tuple(filters))


def _leaves_of(where: Filter | None) -> list[FieldFilter]:
    filters = where.filters if isinstance(where, CompositeFilter) else (where,)
    return [leaf for leaf in filters if isinstance(leaf, FieldFilter)]


def _unequal(where: Filter | None) -> set[FieldPath]:
    return {leaf.field for leaf in _leaves_of(where) if leaf.op in INEQUALITIES}


def _allowed(where: Filter | None) -> bool:
    """A name beside inequalities of other fields alone is refused."""
    if not isinstance(where, CompositeFilter) or where.op == "OR":
        return True
    unequal = _unequal(where)
    named = any(leaf.field == NAME and leaf.op is Operator.EQUAL for leaf in _leaves_of(where))
    return not (named and unequal) or NAME in unequal


filters: st.SearchStrategy[Filter | None] = st.one_of(
    st.none(),
    _leaves,
    _containing,
    _negations,
    st.builds(_both, st.lists(_leaves, min_size=1, max_size=3), st.sampled_from(["AND", "OR"])),
    st.builds(lambda one, rest: _both([one, *rest], "AND"), _containing, st.lists(_leaves, max_size=2)),
).filter(_allowed)

_orders = st.lists(
    st.builds(Order, _fields, st.sampled_from(Direction)), max_size=2, unique_by=lambda order: order.field
)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Allowed queries of every shape. An order by name leaves no place for inequality fields behind it."""
    orders, where = tuple(draw(_orders)), draw(filters)
    if _unequal(where) <= {NAME, *(order.field for order in orders)} and draw(st.booleans()):
        orders = (*orders, Order(NAME, draw(st.sampled_from(Direction))))
    scope = draw(
        st.sampled_from([(ROOT, "c", False), (ROOT, "c", False), (ROOT, "s", True), (path("c/1"), "s", True)])
    )
    return Query(
        *scope,
        where=where,
        order_by=orders,
        start_at=draw(st.none() | _cursors(orders)),
        end_at=draw(st.none() | _cursors(orders)),
        offset=draw(st.sampled_from([0, 0, 0, 1])),
        limit=draw(st.sampled_from([None, None, 1, 2, 3])),
    )


def _cursors(orders: tuple[Order, ...]) -> st.SearchStrategy[Cursor]:
    references = st.sampled_from([Reference(path(name)) for name in NAMES])
    each = [references if order.field == NAME else values for order in orders]
    return st.builds(Cursor, st.tuples(*each), st.booleans())
