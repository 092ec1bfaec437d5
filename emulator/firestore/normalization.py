"""From the query a client sent to the one that runs: checked, in disjunctive normal form, with every
implicit order.

Limits and messages are those of the official emulator; a descending scan by name is allowed, as in
production.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from emulator.errors import FailedPrecondition, InvalidArgument
from emulator.firestore.nearest import check_find_nearest
from emulator.firestore.paths import (
    DatabaseId,
    DocumentPath,
    FieldPath,
    check_collection_id,
    format_field_path,
)
from emulator.firestore.queries import (
    NAME,
    CompositeFilter,
    Cursor,
    Direction,
    FieldFilter,
    Filter,
    FindNearest,
    Operator,
    Order,
    Query,
)
from emulator.firestore.values import Reference

MAX_DISJUNCTIONS = 30
MAX_IN_VALUES = 30
MAX_NOT_IN_VALUES = 10

#: Operators that order a query by their field when the client did not.
INEQUALITIES = frozenset(
    {
        Operator.LESS_THAN,
        Operator.LESS_THAN_OR_EQUAL,
        Operator.GREATER_THAN,
        Operator.GREATER_THAN_OR_EQUAL,
        Operator.NOT_EQUAL,
        Operator.NOT_IN,
        Operator.IS_NOT_NAN,
        Operator.IS_NOT_NULL,
    }
)
_NEGATIONS = frozenset({Operator.NOT_EQUAL, Operator.NOT_IN, Operator.IS_NOT_NAN, Operator.IS_NOT_NULL})
_ARRAY_OPERANDS = {
    Operator.IN: ("IN", MAX_IN_VALUES),
    Operator.ARRAY_CONTAINS_ANY: ("ARRAY_CONTAINS_ANY", MAX_IN_VALUES),
    Operator.NOT_IN: ("NOT_IN", MAX_NOT_IN_VALUES),
}
_FIELDS_AFTER_KEY = "order by clause cannot contain more fields after the key"

#: Operators that are a disjunction of another one over their values.
_SPLIT = {Operator.IN: Operator.EQUAL, Operator.ARRAY_CONTAINS_ANY: Operator.ARRAY_CONTAINS}

#: Filters that must all hold. IN and ARRAY_CONTAINS_ANY do not occur: they have been split.
Conjunction = tuple[FieldFilter, ...]


@dataclass(frozen=True, slots=True)
class NormalQuery:
    """A query ready to run: a document matches when it is in scope, has every order field, and one
    disjunct holds.
    """

    parent: DocumentPath
    collection: str | None
    all_descendants: bool
    disjuncts: tuple[Conjunction, ...]
    orders: tuple[Order, ...]
    start_at: Cursor | None
    end_at: Cursor | None
    offset: int
    limit: int | None
    find_nearest: FindNearest | None

    @property
    def database(self) -> DatabaseId:
        return self.parent.database

    @property
    def is_of_one_collection(self) -> bool:
        """Whether it looks at all documents of a single collection and nothing else."""
        return self.collection is not None and not self.all_descendants

    def contains(self, path: DocumentPath) -> bool:
        """Whether a document is where the query looks."""
        segments, above = path.segments, self.parent.segments
        if len(segments) < len(above) + 2 or segments[: len(above)] != above:
            return False
        if not self.all_descendants and len(segments) != len(above) + 2:
            return False
        return self.collection is None or segments[-2] == self.collection


def normalize(query: Query) -> NormalQuery:
    """InvalidArgument or FailedPrecondition when the query is not allowed."""
    if query.limit is not None and query.limit < 0:
        raise InvalidArgument("limit is negative")
    if query.offset < 0:
        raise InvalidArgument("offset is negative")
    if query.collection:
        check_collection_id(query.collection)
    if query.find_nearest is not None:
        check_find_nearest(query, query.find_nearest)
    filters = tuple(_leaves(query.where))
    _check_filters(query, filters)
    _check_orders(query.order_by)
    _check_kindless(query, filters)
    disjuncts = _disjuncts(query.where)
    for disjunct in disjuncts:
        if sum(leaf.op is Operator.ARRAY_CONTAINS for leaf in disjunct) > 1:
            raise FailedPrecondition("Only a single array-contains clause is allowed in a query")
    return NormalQuery(
        parent=query.parent,
        collection=query.collection or None,
        all_descendants=query.all_descendants,
        disjuncts=disjuncts,
        orders=_with_implicit_orders(query.order_by, filters),
        start_at=_checked_cursor(query, query.start_at),
        end_at=_checked_cursor(query, query.end_at),
        offset=query.offset,
        limit=query.limit,
        find_nearest=query.find_nearest,
    )


def over_fields(query: NormalQuery, fields: Iterable[FieldPath], asked: tuple[Order, ...]) -> NormalQuery:
    """The query of an aggregation over fields: which documents are within its offset and limit.

    As in production they come from an index of those fields: documents without one of them do not count, and
    the fields order what the client's own orders (`asked`) leave open, unless those go by name (observed
    through the system tests of google-cloud-firestore).
    """
    if any(order.field == NAME for order in asked):
        return query
    *orders, last = query.orders
    ordered = {order.field for order in orders}
    more = [Order(field, last.direction) for field in sorted(set(fields) - ordered)]
    return replace(query, orders=(*orders, *more, last))


def _leaves(where: Filter | None) -> Iterator[FieldFilter]:
    if isinstance(where, CompositeFilter):
        for inner in where.filters:
            yield from _leaves(inner)
    elif where is not None:
        yield where


def _has_or(where: Filter | None) -> bool:
    return isinstance(where, CompositeFilter) and (
        (where.op == "OR" and len(where.filters) > 1) or any(map(_has_or, where.filters))
    )


def _check_filters(query: Query, filters: tuple[FieldFilter, ...]) -> None:
    for leaf in filters:
        _check_array_operand(leaf)
        if leaf.field == NAME:
            _check_name_filter(query.parent.database, leaf)
    if sum(leaf.op in _NEGATIONS for leaf in filters) > 1:
        raise InvalidArgument(
            "Only a single 'NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', or 'IS_NOT_NULL' filter allowed per query."
        )
    operators = {leaf.op for leaf in filters}
    if Operator.NOT_IN in operators and (operators & _SPLIT.keys() or _has_or(query.where)):
        raise InvalidArgument(
            "'NOT_IN' cannot be used in the same query with 'IN', 'ARRAY_CONTAINS_ANY' or 'OR'."
        )
    unequal = {leaf.field for leaf in filters if leaf.op in INEQUALITIES}
    names = any(leaf.field == NAME and leaf.op is Operator.EQUAL for leaf in filters)
    if names and unequal and NAME not in unequal and not _has_or(query.where):
        # From the integration tests of the JavaScript SDK, which run against the official emulator.
        raise InvalidArgument(
            "Equality on key is not allowed if there are other inequality fields and key does not appear in"
            " inequalities."
        )


def _check_array_operand(leaf: FieldFilter) -> None:
    if leaf.op not in _ARRAY_OPERANDS:
        return
    name, most = _ARRAY_OPERANDS[leaf.op]
    if not isinstance(leaf.value, list):
        raise InvalidArgument(f"'{name}' requires an ArrayValue.")
    if not leaf.value:
        raise InvalidArgument(f"'{name}' requires an non-empty ArrayValue.")
    if len(leaf.value) > most:
        raise InvalidArgument(f"'{name}' supports up to {most} comparison values.")


def _check_name_filter(database: DatabaseId, leaf: FieldFilter) -> None:
    if leaf.op in (Operator.ARRAY_CONTAINS, Operator.ARRAY_CONTAINS_ANY):
        raise InvalidArgument("the name __key__ is reserved")
    operands = leaf.value if leaf.op in _ARRAY_OPERANDS else [leaf.value]
    assert isinstance(operands, list)
    for operand in operands:
        if not isinstance(operand, Reference):
            raise InvalidArgument("__key__ filter value must be a Key")
        check_database(database, operand.path.database)


def check_database(asked: DatabaseId, named: DatabaseId) -> None:
    """A request may only name documents of the database it was made for."""
    if asked != named:
        raise InvalidArgument(
            f"The request was for database '{asked.name}'"
            f" but was attempting to access database '{named.name}'"
        )


def _check_orders(orders: tuple[Order, ...]) -> None:
    seen: set[FieldPath] = set()
    for position, order in enumerate(orders):
        if order.field in seen:
            raise InvalidArgument(
                f"order by clause cannot contain duplicate fields {format_field_path(order.field)}"
            )
        seen.add(order.field)
        if order.field == NAME and position + 1 < len(orders):
            raise InvalidArgument(_FIELDS_AFTER_KEY)


def _check_kindless(query: Query, filters: tuple[FieldFilter, ...]) -> None:
    """A query over all collections knows names only."""
    if query.collection:
        return
    for leaf in filters:
        if leaf.field != NAME:
            raise InvalidArgument(f"kind is required for filter: {format_field_path(leaf.field)}")
    if any(order != Order(NAME) for order in query.order_by):
        raise InvalidArgument("kind is required for all orders except __key__ ascending")


def _checked_cursor(query: Query, cursor: Cursor | None) -> Cursor | None:
    if cursor is None:
        return None
    if len(cursor.values) > len(query.order_by):
        raise InvalidArgument("Cursor has too many values.")
    for order, value in zip(query.order_by, cursor.values, strict=False):
        if order.field == NAME and not isinstance(value, Reference):
            raise InvalidArgument("Cursor __key__ value is not a document reference.")
    return cursor if cursor.values else None


def _with_implicit_orders(orders: tuple[Order, ...], filters: Iterable[FieldFilter]) -> tuple[Order, ...]:
    """Inequality fields in lexicographic order, then the name, all in the last explicit direction.

    They cannot come after a name that is ordered by explicitly.
    """
    direction = orders[-1].direction if orders else Direction.ASCENDING
    explicit = {order.field for order in orders}
    implicit = {leaf.field for leaf in filters if leaf.op in INEQUALITIES} - explicit - {NAME}
    if NAME in explicit:
        if implicit:
            raise InvalidArgument(_FIELDS_AFTER_KEY)
        return orders
    return (*orders, *(Order(field, direction) for field in sorted(implicit)), Order(NAME, direction))


def _disjuncts(where: Filter | None) -> tuple[Conjunction, ...]:
    if where is None:
        return ((),)
    count = _count(where)
    if count > MAX_DISJUNCTIONS:
        raise InvalidArgument(
            f"Too many disjunctions after normalization. Result had {count} disjunctions"
            f" which is more than the maximum of {MAX_DISJUNCTIONS}"
        )
    return tuple(_expand(where))


def _count(where: Filter) -> int:
    """How many disjuncts `_expand` will give; counted first, since the product can explode."""
    if isinstance(where, FieldFilter):
        return len(where.value) if where.op in _SPLIT and isinstance(where.value, list) else 1
    counts = [_count(inner) for inner in where.filters]
    if where.op == "OR":
        return sum(counts) or 1
    total = 1
    for count in counts:
        total *= count
    return total


def _expand(where: Filter) -> Iterator[Conjunction]:
    """A composite filter of nothing, of either kind, filters nothing."""
    if isinstance(where, FieldFilter):
        if where.op in _SPLIT:
            assert isinstance(where.value, list)
            yield from ((FieldFilter(where.field, _SPLIT[where.op], value),) for value in where.value)
        else:
            yield (where,)
    elif where.op == "OR" and where.filters:
        for inner in where.filters:
            yield from _expand(inner)
    else:
        for combination in product(*(tuple(_expand(inner)) for inner in where.filters)):
            yield tuple(leaf for conjunction in combination for leaf in conjunction)
