"""Who listens to what in one database, so that a commit only meets the targets it may concern."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

from emulator.firestore.documents import Document, DocumentChange
from emulator.firestore.normalization import NormalQuery
from emulator.firestore.paths import DocumentPath, PathKey
from emulator.firestore.values import Timestamp


class Listener(Protocol):
    """A target of a session."""

    @property
    def session(self) -> Session: ...


class Session(Protocol):
    """What receives the changes."""

    def committed(self, time: Timestamp, concerned: dict[Listener, Concern]) -> None: ...


class Concern:
    """What a commit did where a target looks. `rules` says that it changed what rules read to allow it."""

    __slots__ = ("changes", "rewritten", "rules")

    def __init__(self) -> None:
        self.rules = False
        self.changes: list[DocumentChange] = []
        self.rewritten: list[Document] = []

    def add(self, other: Concern) -> None:
        """A target may look at several places."""
        self.rules = self.rules or other.rules
        self.changes += other.changes
        self.rewritten += other.rewritten


#: Where a target looks: a document, a collection, a collection group, or everything; or a document that rules
#: looked at to allow it.
Place: TypeAlias = tuple[str, PathKey]

EVERYTHING: Place = ("everything", ())


def place_of(query: NormalQuery) -> Place:
    if query.collection is None:
        return EVERYTHING
    if query.all_descendants:
        return ("group", (query.collection,))
    return ("collection", (*query.parent.segments, query.collection))


def document_place(path: DocumentPath) -> Place:
    return ("document", path.segments)


def rules_place(segments: tuple[str, ...]) -> Place:
    return ("rules", segments)


def places_of(path: DocumentPath) -> Iterator[Place]:
    """Everywhere a target may look and see this document."""
    yield ("collection", path.collection)
    yield ("document", path.segments)
    yield ("group", (path.collection_id,))
    yield EVERYTHING


class Listeners:
    """The open targets of one database, by place and in the order they were opened."""

    def __init__(self) -> None:
        self._by_place: dict[Place, dict[Listener, None]] = {}

    def add(self, listener: Listener, places: Iterable[Place]) -> None:
        for place in places:
            self._by_place.setdefault(place, {})[listener] = None

    def remove(self, listener: Listener, places: Iterable[Place]) -> None:
        for place in places:
            here = self._by_place.get(place)
            if here is not None:
                here.pop(listener, None)
                if not here:
                    del self._by_place[place]

    def notify(
        self, time: Timestamp, changes: tuple[DocumentChange, ...], rewritten: tuple[Document, ...]
    ) -> None:
        """Hand each session, once, what the commit did where its targets look."""
        if not self._by_place:
            return
        concerned: dict[Session, dict[Listener, Concern]] = {}
        for place, here in self._watched(changes, rewritten).items():
            for listener in self._by_place[place]:
                targets = concerned.setdefault(listener.session, {})
                if listener not in targets:
                    targets[listener] = Concern()
                targets[listener].add(here)
        for session, targets in concerned.items():
            session.committed(time, targets)

    def _watched(
        self, changes: tuple[DocumentChange, ...], rewritten: tuple[Document, ...]
    ) -> dict[Place, Concern]:
        """What happened at each place where somebody looks."""
        watched: defaultdict[Place, Concern] = defaultdict(Concern)
        for change in changes:
            for place in self._where(places_of(change.path)):
                watched[place].changes.append(change)
            for place in self._where([rules_place(change.path.segments)]):
                watched[place].rules = True
        for document in rewritten:
            for place in self._where(places_of(document.path)):
                watched[place].rewritten.append(document)
        return watched

    def _where(self, places: Iterable[Place]) -> Iterator[Place]:
        return filter(self._by_place.__contains__, places)
