"""A database as of one moment: now, or a past time that the history can still undo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from emulator.firestore.documents import Document
from emulator.firestore.normalization import NormalQuery
from emulator.firestore.paths import PathKey
from emulator.firestore.store import Shelf, Store


class View(Protocol):
    """What queries and rules read from."""

    def get(self, name: PathKey) -> Document | None: ...

    def shelf(self, query: NormalQuery) -> Shelf | None:
        """The shelf with the indexes for a query; None when only `documents` can answer."""

    def documents(self, query: NormalQuery) -> Iterator[Document]:
        """Every document the query might look at, in no order."""


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

    def documents(self, query: NormalQuery) -> Iterator[Document]:
        shelf = shelf_for(self._store, query)
        return map(shelf.get, shelf.names)


class Altered:
    """The database with some documents as they were, or as they will be: None for those that did not or
    will not exist.
    """

    __slots__ = ("_store", "_altered")

    def __init__(self, store: Store, altered: Mapping[PathKey, Document | None]) -> None:
        self._store = store
        self._altered = altered

    def get(self, name: PathKey) -> Document | None:
        return self._altered[name] if name in self._altered else self._store.get(name)

    def shelf(self, query: NormalQuery) -> Shelf | None:
        return None

    def documents(self, query: NormalQuery) -> Iterator[Document]:
        shelf = shelf_for(self._store, query)
        yield from (shelf.get(name) for name in shelf.names if name not in self._altered)
        yield from (
            document
            for document in self._altered.values()
            if document is not None and query.contains(document.path)
        )
