"""What a target shows now, kept up to date from the changes of each commit.

A query without a limit needs no memory at all: whether a document was in the result follows from its state
before. One with a limit remembers its window and asks the database again only when the window loses a
document that others behind it may replace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from emulator.firestore.documents import Document, DocumentChange
from emulator.firestore.execution import execution, number_of_matches
from emulator.firestore.matching import Matcher, Position
from emulator.firestore.paths import DocumentPath, PathKey
from emulator.firestore.planning import prepare
from emulator.firestore.steps import Steps, at_once
from emulator.firestore.views import View


@dataclass(frozen=True, slots=True)
class Delta:
    """One document entered, changed within or left what a target shows. `document` is its state now, None
    when deleted.
    """

    path: DocumentPath
    document: Document | None
    shown: bool


class Watch(Protocol):
    """The state of one target."""

    def start(self, view: View) -> Steps[None]:
        """Begin anew at a view as it is at the first step, to follow changes from there."""

    def reset(self, view: View) -> Steps[Sequence[Document]]:
        """Begin anew likewise; everything the target shows."""

    def apply(self, changes: Iterable[DocumentChange], view: View) -> list[Delta]:
        """Follow what one commit did where the target looks; `view` is the database after it."""

    def shows(self, document: Document) -> bool:
        """Whether the target shows a stored document."""

    def count(self, view: View) -> Steps[int]:
        """How many documents the target shows in the view at the first step."""


class QueryWatch:
    """All matches of a query without limit."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher

    def start(self, view: View) -> Steps[None]:
        """Nothing to remember."""
        yield from ()

    def reset(self, view: View) -> Steps[Sequence[Document]]:
        return (yield from execution(self._matcher, view)).documents

    def apply(self, changes: Iterable[DocumentChange], view: View) -> list[Delta]:
        matches = self._matcher.admits if self._matcher.query.is_of_one_collection else self._matcher.matches
        deltas: list[Delta] = []
        for change in changes:
            if change.after is not None and matches(change.after):
                deltas.append(Delta(change.path, change.after, True))
            elif change.before is not None and matches(change.before):
                deltas.append(Delta(change.path, change.after, False))
        return deltas

    def shows(self, document: Document) -> bool:
        return self._matcher.matches(document)

    def count(self, view: View) -> Steps[int]:
        return number_of_matches(self._matcher, view)


class WindowWatch:
    """The first matches of a query with a limit, and where they stand."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._ordering = matcher.ordering
        self._limit = matcher.query.limit or 0
        self._shown: dict[PathKey, tuple[Position, Document]] = {}

    def start(self, view: View) -> Steps[None]:
        self._shown = yield from self._ask(view)

    def reset(self, view: View) -> Steps[Sequence[Document]]:
        yield from self.start(view)
        return [document for _, document in self._shown.values()]

    def _ask(self, view: View) -> Steps[dict[PathKey, tuple[Position, Document]]]:
        return self._placed((yield from execution(self._matcher, view)).documents)

    def _ask_again(self, view: View) -> dict[PathKey, tuple[Position, Document]]:
        _prepare_at_once(self._matcher, view)
        return at_once(self._ask(view))

    def _placed(self, documents: Iterable[Document]) -> dict[PathKey, tuple[Position, Document]]:
        placed = ((self._ordering.position(document), document) for document in documents)
        return {
            document.path.key: (position, document) for position, document in placed if position is not None
        }

    def apply(self, changes: Iterable[DocumentChange], view: View) -> list[Delta]:
        before = self._shown
        after = self._followed(changes)
        self._shown = self._ask_again(view) if after is None else after
        deltas = [
            Delta(document.path, document, True)
            for name, (_, document) in self._shown.items()
            if name not in before or before[name][1] is not document
        ]
        gone = (document.path for name, (_, document) in before.items() if name not in self._shown)
        return deltas + [Delta(path, view.get(path.key), False) for path in gone]

    def shows(self, document: Document) -> bool:
        return document.path.key in self._shown

    def count(self, view: View) -> Steps[int]:
        yield from ()
        return len(self._shown)

    def _followed(self, changes: Iterable[DocumentChange]) -> dict[PathKey, tuple[Position, Document]] | None:
        """The window after the changes; None when a document it does not know may have moved up."""
        window = dict(self._shown)
        full = len(window) == self._limit
        last = next(reversed(window.values()))[0] if window else None
        for change in changes:
            name = change.path.key
            left = window.pop(name, None) is not None
            position = self._position(change.after)
            if position is None:
                if left and full:
                    return None
            elif full and last is not None and self._ordering.precedes(last, position):
                if left:
                    return None
            else:
                assert change.after is not None
                window[name] = (position, change.after)
        kept = sorted(window.items(), key=lambda item: item[1][0], reverse=self._ordering.reverse)
        return dict(kept[: self._limit])

    def _position(self, document: Document | None) -> Position | None:
        if document is None or not self._matcher.matches(document):
            return None
        return self._ordering.position(document)


class RepeatedWatch:
    """A query whose result no single document decides about (offset, find_nearest): asked again whenever a
    match changes.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._shown: dict[PathKey, Document] = {}

    def start(self, view: View) -> Steps[None]:
        found = yield from execution(self._matcher, view)
        self._shown = {document.path.key: document for document in found.documents}

    def reset(self, view: View) -> Steps[Sequence[Document]]:
        yield from self.start(view)
        return tuple(self._shown.values())

    def apply(self, changes: Iterable[DocumentChange], view: View) -> list[Delta]:
        before = self._shown
        if not any(self._concerns(change) for change in changes):
            return []
        _prepare_at_once(self._matcher, view)
        at_once(self.start(view))
        deltas = [
            Delta(document.path, document, True)
            for name, document in self._shown.items()
            if name not in before or before[name] != document
        ]
        gone = (document.path for name, document in before.items() if name not in self._shown)
        return deltas + [Delta(path, view.get(path.key), False) for path in gone]

    def shows(self, document: Document) -> bool:
        return document.path.key in self._shown

    def count(self, view: View) -> Steps[int]:
        yield from ()
        return len(self._shown)

    def _concerns(self, change: DocumentChange) -> bool:
        states = (change.before, change.after)
        return any(document is not None and self._matcher.matches(document) for document in states)


class DocumentsWatch:
    """A list of documents, each shown while it exists."""

    def __init__(self, paths: tuple[DocumentPath, ...]) -> None:
        self._paths = tuple(dict.fromkeys(paths))

    def start(self, view: View) -> Steps[None]:
        """Nothing to remember."""
        yield from ()

    def reset(self, view: View) -> Steps[Sequence[Document]]:
        yield from ()
        return [document for path in self._paths if (document := view.get(path.key)) is not None]

    def apply(self, changes: Iterable[DocumentChange], view: View) -> list[Delta]:
        return [Delta(change.path, change.after, change.after is not None) for change in changes]

    def shows(self, document: Document) -> bool:
        return True

    def count(self, view: View) -> Steps[int]:
        yield from ()
        return sum(view.get(path.key) is not None for path in self._paths)


def _prepare_at_once(matcher: Matcher, view: View) -> None:
    """Before a query is asked again after a commit, whose events make one snapshot and so cannot wait."""
    shelf = view.shelf(matcher.query)
    if shelf is not None:
        at_once(prepare(shelf, matcher.query, again=True))


def watch_query(matcher: Matcher) -> Watch:
    query = matcher.query
    if query.offset or query.find_nearest is not None:
        return RepeatedWatch(matcher)
    return QueryWatch(matcher) if query.limit is None else WindowWatch(matcher)
