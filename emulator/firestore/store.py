"""The documents of one database.

Documents are kept by name. A shelf is a sorted view of some of them, which is what queries run on: one per
collection, and, made when first asked for, one per collection group and one for the whole database.
`history` undoes commits, which serves past read times, transactions and resume tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from sortedcontainers import SortedList

from emulator.firestore.documents import Document, DocumentChange
from emulator.firestore.indexes import Index, element_keys, field_keys
from emulator.firestore.paths import FieldPath, PathKey

#: The segments of a collection, an odd number.
CollectionPath: TypeAlias = tuple[str, ...]


class Shelf:
    """Names in order, and the indexes queries have asked for."""

    __slots__ = ("_documents", "names", "_fields", "_elements")

    def __init__(self, documents: dict[PathKey, Document], names: Iterable[PathKey] = ()) -> None:
        self._documents = documents
        self.names: SortedList[PathKey] = SortedList(names)
        self._fields: dict[FieldPath, Index] = {}
        self._elements: dict[FieldPath, Index] = {}

    def __len__(self) -> int:
        return len(self.names)

    def get(self, name: PathKey) -> Document:
        return self._documents[name]

    def replace(self, name: PathKey, before: Document | None, after: Document | None) -> None:
        if before is None:
            self.names.add(name)
        elif after is None:
            self.names.remove(name)
        for index in self._fields.values():
            index.replace(name, before, after)
        for index in self._elements.values():
            index.replace(name, before, after)

    def field_index(self, field: FieldPath) -> Index:
        """The index for equality, ranges and order on a field."""
        if field not in self._fields:
            self._fields[field] = Index(field_keys(field), self._items())
        return self._fields[field]

    def element_index(self, field: FieldPath) -> Index:
        """The index for array-contains on a field."""
        if field not in self._elements:
            self._elements[field] = Index(element_keys(field), self._items())
        return self._elements[field]

    def _items(self) -> Iterator[tuple[PathKey, Document]]:
        return ((name, self._documents[name]) for name in self.names)

    def below(self, prefix: PathKey) -> Iterator[PathKey]:
        """Names that begin with `prefix`, in order."""
        for name in self.names.islice(self.names.bisect_left(prefix)):
            if name[: len(prefix)] != prefix:
                return
            yield name


class Store:
    """All documents of one database and the shelves they stand on."""

    def __init__(self) -> None:
        self._documents: dict[PathKey, Document] = {}
        self._collections: dict[CollectionPath, Shelf] = {}
        self._by_collection_id: dict[str, set[CollectionPath]] = {}
        self._groups: dict[str, Shelf] = {}
        self._everything: Shelf | None = None
        self._empty = Shelf(self._documents)

    def __len__(self) -> int:
        return len(self._documents)

    def get(self, name: PathKey) -> Document | None:
        return self._documents.get(name)

    def apply(self, change: DocumentChange) -> None:
        """Make one change; `before` must be what is stored."""
        name = change.path.key
        before, after = change.before, change.after
        if after is not None:
            self._documents[name] = after
        else:
            del self._documents[name]
        if before is None:
            self._open_collection(change.path.collection)
        for shelf in self._shelves_of(change.path.collection):
            shelf.replace(name, before, after)
        if after is None:
            self._close_collection(change.path.collection)

    def _shelves_of(self, collection: CollectionPath) -> Iterator[Shelf]:
        yield self._collections[collection]
        if collection[-1] in self._groups:
            yield self._groups[collection[-1]]
        if self._everything is not None:
            yield self._everything

    def _open_collection(self, collection: CollectionPath) -> None:
        if collection not in self._collections:
            self._collections[collection] = Shelf(self._documents)
            self._by_collection_id.setdefault(collection[-1], set()).add(collection)

    def _close_collection(self, collection: CollectionPath) -> None:
        if not self._collections[collection]:
            del self._collections[collection]
            siblings = self._by_collection_id[collection[-1]]
            siblings.discard(collection)
            if not siblings:
                del self._by_collection_id[collection[-1]]
                self._groups.pop(collection[-1], None)

    def collection(self, collection: CollectionPath) -> Shelf:
        return self._collections.get(collection, self._empty)

    def group(self, collection_id: str) -> Shelf:
        """Every document whose collection has this id, wherever it is."""
        if collection_id not in self._by_collection_id:
            return self._empty
        if collection_id not in self._groups:
            collections = self._by_collection_id[collection_id]
            names = (name for collection in collections for name in self._collections[collection].names)
            self._groups[collection_id] = Shelf(self._documents, names)
        return self._groups[collection_id]

    def everything(self) -> Shelf:
        if self._everything is None:
            self._everything = Shelf(self._documents, self._documents)
        return self._everything
