"""Single-field indexes of a shelf, built when a query first wants one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import TypeAlias

from sortedcontainers import SortedList

from emulator.firestore.documents import Document
from emulator.firestore.paths import FieldPath, PathKey
from emulator.firestore.value_order import ValueKey, value_key
from emulator.firestore.values import MISSING, Value, get_field

#: A value's key and the name of the document that has it, so equal values are in name order.
Entry: TypeAlias = tuple[ValueKey, PathKey]

#: The keys one document contributes to an index.
KeysOf: TypeAlias = Callable[[Document], Iterable[ValueKey]]


def field_keys(field: FieldPath) -> KeysOf:
    """Keys for equality, ranges and order: the field's value, nothing when it is absent."""

    def keys(document: Document) -> tuple[ValueKey, ...]:
        value = get_field(document.fields, field)
        return () if value is MISSING else (value_key(value),)

    return keys


def element_keys(field: FieldPath) -> KeysOf:
    """Keys for array-contains: each distinct element once."""

    def keys(document: Document) -> Iterable[ValueKey]:
        value: Value | object = get_field(document.fields, field)
        return {value_key(element) for element in value} if isinstance(value, list) else ()

    return keys


class Index:
    """Sorted entries of one field of one shelf."""

    __slots__ = ("_keys_of", "_entries")

    def __init__(self, keys_of: KeysOf, documents: Iterable[tuple[PathKey, Document]]) -> None:
        """`documents` in name order."""
        self._keys_of = keys_of
        # The documents come by name and sorting is stable, so nothing but values needs to be compared.
        entries = [(key, path) for path, document in documents for key in keys_of(document)]
        entries.sort(key=itemgetter(0))
        self._entries: SortedList[Entry] = SortedList(entries)

    def replace(self, path: PathKey, before: Document | None, after: Document | None) -> None:
        """Follow one change; costs nothing more than two keys when the field kept its value."""
        old = set(self._keys_of(before)) if before is not None else set()
        new = set(self._keys_of(after)) if after is not None else set()
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
