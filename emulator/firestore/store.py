"""The documents of one database.

Documents are kept by name. A shelf is a sorted view of some of them, which is what queries run on: one per
collection, and, made when first asked for, one per collection group and one for the whole database.
`history` undoes commits, which serves past read times, transactions and resume tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from sortedcontainers import SortedList

from emulator.firestore.documents import Document, DocumentChange
from emulator.firestore.indexes import Index, IndexBuild, Indexed
from emulator.firestore.paths import PathKey

#: The segments of a collection, an odd number.
CollectionPath: TypeAlias = tuple[str, ...]

#: Changes from which on sorting new names together is quicker than finding the place of each.
_MANY = 1_000


class Shelf:
    """Names in order, and the indexes queries have asked for."""

    __slots__ = ("_builds", "_documents", "_indexes", "_missed", "names")

    def __init__(self, documents: dict[PathKey, Document], names: Iterable[PathKey] = ()) -> None:
        self._documents = documents
        self.names: SortedList[PathKey] = SortedList(names)
        self._indexes: dict[Indexed, Index] = {}
        self._builds: dict[Indexed, IndexBuild] = {}
        self._missed: Counter[Indexed] = Counter()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def get(self) -> Callable[[PathKey], Document]:
        """Gives the document of a name that stands here."""
        return self._documents.__getitem__

    def replace(self, name: PathKey, before: Document | None, after: Document | None) -> None:
        if before is None:
            self.names.add(name)
        elif after is None:
            self.names.remove(name)
        for index in self._indexes.values():
            index.replace(name, before, after)
        for build in self._builds.values():
            build.replace(name, before, after)

    def add_all(self, documents: Mapping[PathKey, Document]) -> None:
        """Like `replace` for many new documents, in a fraction of the time."""
        self.names.update(documents)
        for index in self._indexes.values():
            for name, document in documents.items():
                index.replace(name, None, document)
        for build in self._builds.values():
            for name, document in documents.items():
                build.replace(name, None, document)

    def remove_all(self, documents: Mapping[PathKey, Document]) -> None:
        """Likewise for many that are gone. A shelf that loses most of what it has forgets its indexes."""
        if 2 * len(documents) < len(self.names):
            for name, document in documents.items():
                self.replace(name, document, None)
            return
        left = [name for name in self.names if name not in documents]
        self.names.clear()
        self.names.update(left)
        self._indexes.clear()
        self._builds.clear()
        self._missed.clear()

    def index(self, of: Indexed) -> Index | None:
        """The index, when it has been built."""
        return self._indexes.get(of)

    def miss(self, of: Indexed) -> None:
        """Remember that a query would have liked an index."""
        self._missed[of] += 1

    def missed(self, of: Indexed) -> int:
        """How many queries have done without an index."""
        return self._missed[of]

    @property
    def complete(self) -> bool:
        """Whether every index that queries have missed is there."""
        return not self._missed

    def build(self, of: Indexed) -> Iterator[None]:
        """Build an index, in as many steps as are taken from this; it is there when none is left."""
        while of not in self._indexes:
            build = self._builds.get(of)
            if build is None:
                build = self._builds[of] = IndexBuild(of, self.names, self.get)
            try:
                build.step()
            except BaseException:
                del self._builds[of]  # it will not go on: the next query that wants the index begins anew
                raise
            if build.finished is not None:
                self._indexes[of] = build.finished
                del self._builds[of], self._missed[of]
            yield

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
        self._held: dict[int, dict[PathKey, Document | None]] = {}

    def __len__(self) -> int:
        return len(self._documents)

    def get(self, name: PathKey) -> Document | None:
        return self._documents.get(name)

    def those(self, names: Iterable[PathKey]) -> Iterable[Document]:
        """The documents of names that are there, in their order."""
        return map(self._documents.__getitem__, names)

    @contextmanager
    def held(self, past: dict[PathKey, Document | None]) -> Iterator[None]:
        """Meanwhile `past` gets the state before it of every document that changes for the first time."""
        self._held[id(past)] = past
        try:
            yield
        finally:
            del self._held[id(past)]

    def apply(self, change: DocumentChange) -> None:
        """Make one change; `before` must be what is stored."""
        name = change.path.key
        before, after = change.before, change.after
        for past in self._held.values():
            past.setdefault(name, before)
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

    def apply_all(self, changes: Sequence[DocumentChange]) -> None:
        """Make the changes of one commit, at most one for a document."""
        if len(changes) < _MANY:
            for change in changes:
                self.apply(change)
            return
        created: dict[CollectionPath, dict[PathKey, Document]] = {}
        deleted: dict[CollectionPath, dict[PathKey, Document]] = {}
        for change in changes:
            if change.before is None and change.after is not None:
                created.setdefault(change.path.collection, {})[change.path.key] = change.after
            elif change.before is not None and change.after is None:
                deleted.setdefault(change.path.collection, {})[change.path.key] = change.before
            else:
                self.apply(change)
        for collection, documents in created.items():
            self._create_all(collection, documents)
        for collection, documents in deleted.items():
            self._delete_all(collection, documents)

    def _create_all(self, collection: CollectionPath, documents: Mapping[PathKey, Document]) -> None:
        for past in self._held.values():
            for name in documents:
                past.setdefault(name, None)
        self._documents.update(documents)
        self._open_collection(collection)
        for shelf in self._shelves_of(collection):
            shelf.add_all(documents)

    def _delete_all(self, collection: CollectionPath, documents: Mapping[PathKey, Document]) -> None:
        for past in self._held.values():
            for name, document in documents.items():
                past.setdefault(name, document)
        for name in documents:
            del self._documents[name]
        for shelf in self._shelves_of(collection):
            shelf.remove_all(documents)
        self._close_collection(collection)

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
            self._groups[collection_id] = self._gathered(self._by_collection_id[collection_id])
        return self._groups[collection_id]

    def everything(self) -> Shelf:
        if self._everything is None:
            self._everything = self._gathered(self._collections)
        return self._everything

    def _gathered(self, collections: Iterable[CollectionPath]) -> Shelf:
        """A shelf of several others: stretches that are in order already take little sorting."""
        names = (name for each in sorted(collections) for name in self._collections[each].names)
        return Shelf(self._documents, names)
