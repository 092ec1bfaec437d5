"""Single-field indexes of a shelf, built when queries want them, in steps short enough to let others go on in
between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

from sortedcontainers import SortedList

from emulator.firestore.documents import Document
from emulator.firestore.paths import FieldPath, PathKey
from emulator.firestore.steps import Steps, sort
from emulator.firestore.value_order import Rank, ValueKey, value_key
from emulator.firestore.values import MISSING, get_field

#: A value's key and the name of the document that has it, so equal values are in name order.
Entry: TypeAlias = tuple[ValueKey, PathKey]

#: Documents that one step of building reads.
STEP = 500

#: Ranks whose keys are (rank, payload) with payloads that compare by themselves.
_PLAIN = frozenset({Rank.NUMBER, Rank.TIMESTAMP, Rank.STRING, Rank.BYTES})


@dataclass(frozen=True, slots=True)
class Indexed:
    """What an index is of: the values of a field, for equality, ranges and order, or the elements of its
    arrays, for array-contains.
    """

    field: FieldPath
    elements: bool = False

    def keys(self, document: Document) -> Iterable[ValueKey]:
        """What one document contributes: nothing when the field is absent, each distinct element once."""
        value = get_field(document.fields, self.field)
        if value is MISSING:
            return ()
        if not self.elements:
            return (value_key(value),)
        return {value_key(element) for element in value} if isinstance(value, list) else ()


class Index:
    """Sorted entries of one field of one shelf."""

    __slots__ = ("_entries", "_of")

    def __init__(self, of: Indexed, entries: Iterable[Entry]) -> None:
        """`entries` in order, which is what makes this fast."""
        self._of = of
        self._entries: SortedList[Entry] = SortedList(entries)

    def replace(self, path: PathKey, before: Document | None, after: Document | None) -> None:
        """Follow one change; costs nothing more than two keys when the field kept its value."""
        old = set(self._of.keys(before)) if before is not None else set()
        new = set(self._of.keys(after)) if after is not None else set()
        for key in old - new:
            self._entries.remove((key, path))
        for key in new - old:
            self._entries.add((key, path))

    def __len__(self) -> int:
        return len(self._entries)

    def span(self, low: ValueKey, high: ValueKey) -> tuple[int, int]:
        """Positions of the entries with low <= value < high."""
        start: int = self._entries.bisect_left((low,))
        return start, max(start, self._entries.bisect_left((high,)))

    def at(self, key: ValueKey, path: PathKey, *, after: bool) -> int:
        """The position of an entry, or just after it."""
        entry = (key, path)
        position: int = self._entries.bisect_right(entry) if after else self._entries.bisect_left(entry)
        return position

    def entries(self, start: int, end: int, reverse: bool = False) -> Iterator[Entry]:
        """Entries in order. The index must not change while this runs."""
        entries: Iterator[Entry] = self._entries.islice(start, max(start, end), reverse)
        return entries


class IndexBuild:
    """An index on its way, of documents that may change meanwhile."""

    def __init__(self, of: Indexed, names: SortedList[PathKey], get: Callable[[PathKey], Document]) -> None:
        self._of = of
        self._names = names
        self._get = get
        self._read_up_to: PathKey = ()
        self._all_read = False
        self._changes: list[tuple[PathKey, Document | None, Document | None]] = []
        self._steps = self._build()
        self.finished: Index | None = None

    def step(self) -> None:
        """Some milliseconds of work; the last, which makes the index of sorted entries, takes longest."""
        next(self._steps, None)

    def replace(self, path: PathKey, before: Document | None, after: Document | None) -> None:
        """Follow a change; documents that were not read yet will be read as they are by then."""
        if self._all_read or path <= self._read_up_to:
            self._changes.append((path, before, after))

    def _build(self) -> Steps[None]:
        entries: list[Entry] = []
        while names := self._next_names():
            entries += self._entries(names)
            self._read_up_to = names[-1]
            yield
        self._all_read = True
        # The documents come by name and sorting is stable, so nothing but values needs to be compared.
        entries = yield from sort(entries, _sort_key(entries))
        index = Index(self._of, entries)
        for change in self._changes:
            index.replace(*change)
        self.finished = index

    def _entries(self, names: Iterable[PathKey]) -> list[Entry]:
        field, get = self._of.field, self._get
        if self._of.elements or len(field) > 1:
            return [(key, name) for name in names for key in self._of.keys(get(name))]
        values = ((get(name).fields.get(field[0], MISSING), name) for name in names)
        return [(value_key(value), name) for value, name in values if value is not MISSING]

    def _next_names(self) -> list[PathKey]:
        start = self._names.bisect_right(self._read_up_to)
        return list(self._names.islice(start, start + STEP))


def _sort_key(entries: Iterable[Entry]) -> Callable[[Entry], Any]:
    """Payloads alone sort several times as fast as whole keys."""
    ranks = {key[0] for key, _ in entries}
    if len(ranks) == 1 and ranks <= _PLAIN:
        return lambda entry: entry[0][1]
    return itemgetter(0)
