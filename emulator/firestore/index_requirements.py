"""Which indexes production needs for a query, and whether they are there. Google's emulator never asks.

Every field has an ascending, a descending and an array index of its own within its collection, unless an
override says otherwise; across a collection group there is none by itself. A query that orders by more than
its equalities fix needs composite indexes: each begins with some of its equality fields, in any order and
direction, and goes on with exactly its orders; several are merged until every equality field is in one.
Source: https://firebase.google.com/docs/firestore/query-data/index-overview (index merging, exemptions).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum

from emulator.errors import FailedPrecondition
from emulator.firestore.normalization import Conjunction, NormalQuery
from emulator.firestore.paths import DatabaseId, FieldPath
from emulator.firestore.queries import NAME, Direction, Operator, Order

_POINTS = frozenset({Operator.EQUAL, Operator.IS_NULL, Operator.IS_NAN})

#: Shapes of queries whose answer is remembered.
_MAX_SHAPES = 10_000


class Mode(Enum):
    """How an index holds a field (google.firestore.admin.v1.Index.IndexField)."""

    ASCENDING = "ASCENDING"
    DESCENDING = "DESCENDING"
    CONTAINS = "CONTAINS"
    VECTOR = "VECTOR"


_DIRECTIONS = {Direction.ASCENDING: Mode.ASCENDING, Direction.DESCENDING: Mode.DESCENDING}


@dataclass(frozen=True, slots=True)
class IndexField:
    """`dimension` belongs to a vector."""

    path: FieldPath
    mode: Mode
    dimension: int | None = None


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """A composite index, or one field's own when `fields` has one. The document's name comes last by itself,
    in the direction of the field before it, and is only in `fields` when it goes the other way.
    """

    collection: str
    group: bool
    fields: tuple[IndexField, ...]


@dataclass(frozen=True, slots=True)
class FieldOverride:
    """What replaces the automatic indexes of a field and of the fields below it: (mode, group) pairs."""

    collection: str
    path: FieldPath
    indexes: frozenset[tuple[Mode, bool]]


_AUTOMATIC = frozenset({(Mode.ASCENDING, False), (Mode.DESCENDING, False), (Mode.CONTAINS, False)})
#: The override of all fields of a collection.
EVERY_FIELD: FieldPath = ("*",)


@dataclass(frozen=True, slots=True)
class IndexCatalog:
    """What firestore.indexes.json defines."""

    composites: frozenset[IndexDefinition] = frozenset()
    overrides: dict[tuple[str, FieldPath], FieldOverride] = field(default_factory=dict)

    @classmethod
    def of(cls, composites: Iterable[IndexDefinition], overrides: Iterable[FieldOverride]) -> IndexCatalog:
        return cls(frozenset(composites), {(each.collection, each.path): each for each in overrides})

    def of_field(self, collection: str, path: FieldPath) -> frozenset[tuple[Mode, bool]]:
        """A field's own indexes. An override of a map holds for what is in it."""
        for length in range(len(path), 0, -1):
            found = self.overrides.get((collection, path[:length]))
            if found is not None:
                return found.indexes
        every = self.overrides.get((collection, EVERY_FIELD))
        return _AUTOMATIC if every is None else every.indexes

    def has(self, index: IndexDefinition) -> bool:
        """Whether this very index is there."""
        if index in self.composites:
            return True
        if len(index.fields) > 1:
            return False
        only = index.fields[0]
        return (only.mode, index.group) in self.of_field(index.collection, only.path)


def missing_indexes(query: NormalQuery, catalog: IndexCatalog) -> tuple[IndexDefinition, ...]:
    """What to add so that production serves the query; empty when it does already. Each one once."""
    if query.collection is None:
        return ()  # only names can be asked for, and those are always in order
    found = (_Requirement(query, disjunct).missing(catalog) for disjunct in query.disjuncts)
    return tuple(dict.fromkeys(index for missing in found for index in missing))


class _Requirement:
    """What one conjunction of a query needs."""

    def __init__(self, query: NormalQuery, conjunction: Conjunction) -> None:
        assert query.collection is not None
        self.collection, self.group = query.collection, query.all_descendants
        self.equal = {leaf.field for leaf in conjunction if leaf.op in _POINTS and leaf.field != NAME}
        self.contains = {leaf.field for leaf in conjunction if leaf.op is Operator.ARRAY_CONTAINS}
        self.vector = query.find_nearest
        self.orders = () if self.vector is not None else self._orders(query.orders)

    def _orders(self, orders: tuple[Order, ...]) -> tuple[IndexField, ...]:
        """The orders that tell documents apart. The name is left out where every index has it anyway."""
        left = [order for order in orders if order.field not in self.equal]
        if left and left[-1].field == NAME:
            usual = left[-2].direction if len(left) > 1 else Direction.ASCENDING
            # All names, or all of one value: a collection and a field's own indexes go both ways.
            both_ways = not self.contains and self.equal == {order.field for order in orders} - {NAME}
            if left[-1].direction is usual or (len(left) == 1 and both_ways):
                left.pop()
        return tuple(IndexField(order.field, _DIRECTIONS[order.direction]) for order in left)

    def missing(self, catalog: IndexCatalog) -> tuple[IndexDefinition, ...]:
        if self.vector is None and not self.orders:
            return self._missing_for_equalities(catalog)
        ending = self._ending()
        wanted = self._equalities()
        definition = self._index((*wanted, *ending))
        if not wanted:
            return () if catalog.has(definition) else (definition,)
        served: set[FieldPath] = set()
        for index in catalog.composites:
            served |= self._served_by(index, ending)
        return () if served == {each.path for each in wanted} else (definition,)

    def _missing_for_equalities(self, catalog: IndexCatalog) -> tuple[IndexDefinition, ...]:
        """Equalities alone are merged from the fields' own indexes, or from composite ones of them."""
        served: set[FieldPath] = set()
        for index in catalog.composites:
            served |= self._served_by(index, ())
        rest = [each for each in self._equalities() if each.path not in served]
        return tuple(index for each in rest if not catalog.has(index := self._index((each,))))

    def _ending(self) -> tuple[IndexField, ...]:
        if self.vector is None:
            return self.orders
        return (IndexField(self.vector.field, Mode.VECTOR, len(self.vector.vector)),)

    def _equalities(self) -> tuple[IndexField, ...]:
        arrays = (IndexField(path, Mode.CONTAINS) for path in sorted(self.contains))
        return (*arrays, *(IndexField(path, Mode.ASCENDING) for path in sorted(self.equal)))

    def _served_by(self, index: IndexDefinition, ending: tuple[IndexField, ...]) -> set[FieldPath]:
        """The equality fields that an index brings; none when it does not fit the query."""
        cut = len(index.fields) - len(ending)
        if (index.collection, index.group) != (self.collection, self.group) or index.fields[cut:] != ending:
            return set()
        beginning = index.fields[:cut]
        fits = all(
            each.path in (self.contains if each.mode is Mode.CONTAINS else self.equal) for each in beginning
        )
        return {each.path for each in beginning} if fits else set()

    def _index(self, fields: tuple[IndexField, ...]) -> IndexDefinition:
        return IndexDefinition(self.collection, self.group, fields)


@dataclass(slots=True)
class IndexChecker:
    """Compares queries with the catalog, and remembers what was missing.

    `read` gives the catalog as it is now; it is called again before something is reported as missing, so an
    index counts as soon as it is written into the file. It gives None where there is nothing to compare with,
    and nothing is missing then. `describe` makes the text about an index.
    """

    read: Callable[[], IndexCatalog | None]
    describe: Callable[[DatabaseId, IndexDefinition], str]
    strict: bool = False
    report: Callable[[str], None] = lambda message: None
    found: dict[IndexDefinition, int] = field(default_factory=dict)
    _catalog: IndexCatalog | None = None
    _served: set[object] = field(default_factory=set)

    def check(self, query: NormalQuery) -> None:
        """FailedPrecondition in strict mode when production would refuse the query; otherwise a report, once
        per index.
        """
        shape = _shape(query)
        if shape in self._served:
            return
        if self._catalog is None or missing_indexes(query, self._catalog):
            self._read_again()
        if self._catalog is None:
            return
        missing = missing_indexes(query, self._catalog)
        for index in missing:
            if index not in self.found and not self.strict:
                self.report(self.describe(query.database, index))
            self.found[index] = self.found.get(index, 0) + 1
        if missing and self.strict:
            raise FailedPrecondition(self.describe(query.database, missing[0]))
        if not missing and len(self._served) < _MAX_SHAPES:
            self._served.add(shape)

    def still_missing(self) -> dict[IndexDefinition, int]:
        """What queries needed and the file still lacks, with how many queries each."""
        self._read_again()
        catalog = self._catalog
        if catalog is None:
            return {}
        return {index: count for index, count in self.found.items() if not catalog.has(index)}

    def _read_again(self) -> None:
        catalog = self.read()
        if catalog != self._catalog:
            self._served.clear()
        self._catalog = catalog


def _shape(query: NormalQuery) -> object:
    """What of a query decides about indexes."""
    nearest = query.find_nearest and (query.find_nearest.field, len(query.find_nearest.vector))
    disjuncts = frozenset(
        frozenset((leaf.field, leaf.op) for leaf in disjunct) for disjunct in query.disjuncts
    )
    return query.collection, query.all_descendants, disjuncts, query.orders, nearest
