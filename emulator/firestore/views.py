"""A database as of one moment: now, or a past time that the history can still undo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from emulator.firestore.documents import Document, DocumentChange
from emulator.firestore.normalization import NormalQuery
from emulator.firestore.paths import PathKey
from emulator.firestore.store import Shelf, Store


class View(Protocol):
    """What queries and rules read from."""

    def get(self, name: PathKey) -> Document | None: ...

    def shelf(self, query: NormalQuery) -> Shelf | None:
        """The shelf with the indexes for a query; None when only `names` can answer."""

    def names(self, query: NormalQuery) -> Iterator[PathKey]:
        """Of every document the query might look at, in no order. Some may have none."""

    def held(self) -> AbstractContextManager[Altered]:
        """The documents of this moment, also when others are committed before the context ends."""


def shelf_for(store: Store, query: NormalQuery) -> Shelf:
    if query.collection is None:
        return store.everything()
    if query.all_descendants:
        return store.group(query.collection)
    return store.collection((*query.parent.segments, query.collection))


class Latest:
    """The database as it is."""

    __slots__ = ("_store",)

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, name: PathKey) -> Document | None:
        return self._store.get(name)

    def shelf(self, query: NormalQuery) -> Shelf | None:
        return shelf_for(self._store, query)

    def names(self, query: NormalQuery) -> Iterator[PathKey]:
        return iter(shelf_for(self._store, query).names)

    @contextmanager
    def held(self) -> Iterator[Altered]:
        past: dict[PathKey, Document | None] = {}
        with self._store.held(past):
            yield Altered(self._store, past)


class Altered:
    """The database with some documents as they were, or as they will be: None for those that did not or
    will not exist.
    """

    __slots__ = ("_altered", "_store")

    def __init__(self, store: Store, altered: Mapping[PathKey, Document | None]) -> None:
        self._store = store
        self._altered = altered

    def get(self, name: PathKey) -> Document | None:
        return self._altered[name] if name in self._altered else self._store.get(name)

    def shelf(self, query: NormalQuery) -> Shelf | None:
        return None

    def names(self, query: NormalQuery) -> Iterator[PathKey]:
        yield from shelf_for(self._store, query).names
        for name, document in self._altered.items():
            if document is not None and query.contains(document.path) and self._store.get(name) is None:
                yield name

    def those(self, names: Iterable[PathKey]) -> Iterable[Document]:
        """The documents of these names, in their order, without those that do not exist."""
        if not self._altered:
            return self._store.those(names)
        return [document for name in names if (document := self.get(name)) is not None]

    def changes(self) -> list[DocumentChange]:
        """What is different now."""
        changes: list[DocumentChange] = []
        for name, before in self._altered.items():
            after = self._store.get(name)
            document = after or before
            if document is not None and before is not after:
                changes.append(DocumentChange(document.path, before, after))
        return changes

    @contextmanager
    def held(self) -> Iterator[Altered]:
        past = dict(self._altered)
        with self._store.held(past):
            yield Altered(self._store, past)
