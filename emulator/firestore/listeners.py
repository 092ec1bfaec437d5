"""Who listens to what in one database, so that a commit only meets the targets it may concern."""

from __future__ import annotations

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
        for change in changes:
            for concern in self._concerns(change.path, concerned):
                concern.changes.append(change)
            for concern in self._concerns_at(rules_place(change.path.segments), concerned):
                concern.rules = True
        for document in rewritten:
            for concern in self._concerns(document.path, concerned):
                concern.rewritten.append(document)
        for session, targets in concerned.items():
            session.committed(time, targets)

    def _concerns(
        self, path: DocumentPath, concerned: dict[Session, dict[Listener, Concern]]
    ) -> Iterator[Concern]:
        for place in places_of(path):
            yield from self._concerns_at(place, concerned)

    def _concerns_at(
        self, place: Place, concerned: dict[Session, dict[Listener, Concern]]
    ) -> Iterator[Concern]:
        for listener in self._by_place.get(place, ()):
            targets = concerned.setdefault(listener.session, {})
            yield targets.setdefault(listener, Concern())
