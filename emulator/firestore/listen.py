"""Listen: targets of one stream and the events they cause (google.firestore.v1 ListenRequest,
ListenResponse).

Every commit costs a listener what the commit changed. All events of one commit are followed by one global
boundary (TargetChanged NO_CHANGE without ids), which is when clients raise a snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import TypeAlias

from emulator.errors import FirestoreError, InvalidArgument, PermissionDenied
from emulator.firestore.authorization import Authorization
from emulator.firestore.callers import Caller
from emulator.firestore.database import Database
from emulator.firestore.documents import Document
from emulator.firestore.listeners import (
    Concern,
    Listener,
    Place,
    document_place,
    place_of,
    places_of,
    rules_place,
)
from emulator.firestore.matching import Matcher
from emulator.firestore.normalization import NormalQuery, check_database, normalize
from emulator.firestore.paths import DatabaseId, DocumentPath, PathKey
from emulator.firestore.planning import prepare
from emulator.firestore.queries import Query
from emulator.firestore.steps import Steps, Turns, at_once, pieces
from emulator.firestore.usage import RESUMED_MICROS, Usage
from emulator.firestore.values import Timestamp
from emulator.firestore.views import Altered, View, shelf_for
from emulator.firestore.watches import Delta, DocumentsWatch, Watch, watch_query


@dataclass(frozen=True, slots=True)
class Target:
    """What to listen to: a query or a list of documents. `target_id` 0 lets the session choose."""

    target_id: int
    query: Query | None = None
    documents: tuple[DocumentPath, ...] | None = None
    resume_token: bytes | None = None
    read_time: Timestamp | None = None
    expected_count: int | None = None
    once: bool = False


class TargetChangeKind(Enum):
    """TargetChange.TargetChangeType, with its numbers."""

    NO_CHANGE = 0
    ADD = 1
    REMOVE = 2
    CURRENT = 3
    RESET = 4


@dataclass(frozen=True, slots=True)
class TargetChanged:
    """`target_ids` empty means every target; `cause` only with REMOVE."""

    kind: TargetChangeKind
    target_ids: tuple[int, ...] = ()
    cause: FirestoreError | None = None
    resume_token: bytes = b""
    read_time: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class DocumentChanged:
    """A document now matches `target_ids` and no longer matches `removed_target_ids`."""

    document: Document
    target_ids: tuple[int, ...]
    removed_target_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentDeleted:
    """A document does not exist (any more)."""

    path: DocumentPath
    removed_target_ids: tuple[int, ...]
    read_time: Timestamp


@dataclass(frozen=True, slots=True)
class DocumentRemoved:
    """A document left the targets and its new state may not be seen."""

    path: DocumentPath
    removed_target_ids: tuple[int, ...]
    read_time: Timestamp


@dataclass(frozen=True, slots=True)
class ExistenceFilter:
    """How many documents match a target now; a client that knows another number asks again."""

    target_id: int
    count: int


ListenEvent: TypeAlias = TargetChanged | DocumentChanged | DocumentDeleted | DocumentRemoved | ExistenceFilter

#: What a target shows first, by name.
Shown: TypeAlias = dict[PathKey, DocumentChanged]

#: Changes a client may leave unread before it gets everything anew instead.
MAX_QUEUED_EVENTS = 20_000
MAX_QUEUED_BYTES = 64 * 1024 * 1024

_TOKEN_LENGTH = 12

#: Where rules are asked for one request of a caller.
Authorize: TypeAlias = Callable[[DatabaseId, Caller], Authorization]


class _OpenTarget:
    """A target that is being served. One that `is_loading` has not sent its first answer, which will have all
    that is committed until then.
    """

    __slots__ = ("id", "is_loading", "matcher", "places", "rules_places", "session", "target", "watch")

    def __init__(self, session: ListenSession, target_id: int, target: Target) -> None:
        self.session = session
        self.id = target_id
        self.target = target
        self.is_loading = True
        self.matcher: Matcher | None = None
        if target.query is not None:
            query = normalize(target.query)
            self.matcher = Matcher(query)
            self.places: tuple[Place, ...] = (place_of(query),)
        else:
            self.places = tuple(document_place(path) for path in dict.fromkeys(target.documents or ()))
        self.rules_places: set[Place] = set()
        self.watch: Watch = DocumentsWatch(target.documents or ())
        if self.matcher is not None:
            self.watch = watch_query(self.matcher)


class ListenSession:
    """The targets of one Listen stream. Made by `Engine.listen`."""

    def __init__(
        self,
        state: Database,
        authorize: Authorize,
        check_indexes: Callable[[NormalQuery], None],
        usage: Usage,
        caller: Caller,
        epoch: bytes,
        turns: Turns,
        forget: Callable[[ListenSession], None],
    ) -> None:
        self._state = state
        self._authorize = authorize
        self._check_indexes = check_indexes
        self._usage = usage
        self._caller = caller
        self._epoch = epoch
        self._turns = turns
        self._forget = forget
        self._targets: dict[int, _OpenTarget] = {}
        self._queue: list[ListenEvent] = []
        self._pending = 0
        self._pending_bytes = 0
        self._behind = False
        self._closed = False
        self._failure: FirestoreError | None = None
        self._arrived = asyncio.Event()

    @property
    def database(self) -> DatabaseId:
        return self._state.id

    # --- what the client asks

    async def add_target(self, target: Target) -> None:
        """Begin a target and queue its first answer. A bad query or a denial is answered by REMOVE with its
        cause; the stream stays open. Does nothing once the session is closed.
        """
        if self._closed:
            return
        target_id = target.target_id or self._free_id()
        if target_id in self._targets:
            self._fail(InvalidArgument(f"Target id {target_id} is already in use."))
            return
        try:
            opened = self._open(target_id, target)
            self._resume_time(target)
        except FirestoreError as failure:
            self.reject_target(target_id, failure)
            return
        self._targets[target_id] = opened
        self._state.listeners.add(opened, opened.places)
        self._state.listeners.add(opened, opened.rules_places)
        self._put(TargetChanged(TargetChangeKind.ADD, (target_id,)))
        try:
            await self._turns.take(self._load(opened))
        except FirestoreError as failure:
            if self._targets.get(target_id) is opened:
                self._put(self._end(opened, failure))

    def reject_target(self, target_id: int, cause: FirestoreError) -> None:
        """Answer a target that does not begin; also one that the transport could not read."""
        self._put(TargetChanged(TargetChangeKind.ADD, (target_id,)))
        self._put(TargetChanged(TargetChangeKind.REMOVE, (target_id,), cause))

    def _free_id(self) -> int:
        return next(number for number in count(1) if number not in self._targets)

    def _open(self, target_id: int, target: Target) -> _OpenTarget:
        if target.query is None and not target.documents:
            raise InvalidArgument("A target must have a query or documents.")
        opened = _OpenTarget(self, target_id, target)
        for path in target.documents or ():
            check_database(self._state.id, path.database)
        if target.query is not None:
            check_database(self._state.id, target.query.parent.database)
        self._judge(opened)
        if opened.matcher is not None:
            self._check_indexes(opened.matcher.query)
        return opened

    def _judge(self, opened: _OpenTarget) -> None:
        """PermissionDenied when the rules do not let the caller listen."""
        if opened.matcher is None:
            self._judge_documents(opened, opened.target.documents or ())
            return
        assert opened.target.query is not None
        authorization = self._authorize(self._state.id, self._caller)
        authorization.check_list(opened.matcher.query, opened.target.query, self._state.latest)
        opened.rules_places.update(map(rules_place, authorization.read))

    def _judge_documents(self, opened: _OpenTarget, paths: Sequence[DocumentPath]) -> None:
        authorization = self._authorize(self._state.id, self._caller)
        authorization.check_get(paths, self._state.latest)
        opened.rules_places.update(map(rules_place, authorization.read))

    def remove_target(self, target_id: int) -> None:
        """End a target; unknown ids are ignored."""
        if self._drop(target_id):
            self._put(TargetChanged(TargetChangeKind.REMOVE, (target_id,)))

    def _drop(self, target_id: int) -> bool:
        opened = self._targets.pop(target_id, None)
        if opened is None:
            return False
        self._state.listeners.remove(opened, opened.places)
        self._state.listeners.remove(opened, opened.rules_places)
        return True

    def _end(self, opened: _OpenTarget, cause: FirestoreError) -> TargetChanged:
        """End a target for a reason of ours; what tells the client."""
        self._drop(opened.id)
        return TargetChanged(TargetChangeKind.REMOVE, (opened.id,), cause)

    def close(self) -> None:
        """Forget every target; safe to call twice."""
        self._closed = True
        for target_id in list(self._targets):
            self._drop(target_id)
        self._queue.clear()
        self._forget(self)

    # --- what the client hears

    async def next_events(self) -> list[ListenEvent]:
        """Wait for at least one event and give all that are queued, in order.

        Raises FirestoreError when the stream must end.
        """
        await self._arrived.wait()
        if self._behind:
            await self._turns.take(self._catch_up())
        events, self._queue = self._queue, []
        self._pending = self._pending_bytes = 0
        if not events and self._failure is not None:
            raise self._failure
        if self._failure is None:
            self._arrived.clear()
        return events

    def _put(self, *events: ListenEvent) -> None:
        if events:
            self._queue += events
            self._arrived.set()

    def _fail(self, failure: FirestoreError) -> None:
        self._failure = failure
        self._arrived.set()

    # --- the first answer

    def _load(self, opened: _OpenTarget) -> Steps[None]:
        """Send everything the target shows, or what changed since the client last looked."""
        state = self._state
        if opened.matcher is not None:
            query = opened.matcher.query
            again = query.limit is not None or query.offset > 0
            yield from prepare(shelf_for(state.store, query), query, again=again)
        since = self._resume_time(opened.target)
        view = state.latest if since is None else state.view_at(since)
        shown: Shown = {}
        with view.held() as moment:
            if since is None:
                shown = yield from self._shown(opened, view)
            else:
                yield from opened.watch.start(view)
            opened.is_loading = False
            if self._targets.get(opened.id) is not opened or self._behind:
                return
            deltas = self._since(opened, moment)
        time = state.clock.read_time()
        if since is not None:
            self._send_missed(opened, deltas, since, time)
        else:
            if opened.target.resume_token or opened.target.read_time is not None:
                self._put(TargetChanged(TargetChangeKind.RESET, (opened.id,)))
            self._send_shown(opened, shown, deltas, time)
        self._send_current((opened.id,), time)

    def _shown(self, opened: _OpenTarget, view: View) -> Steps[Shown]:
        """Everything the target shows, as of the view at the first step."""
        shown: Shown = {}
        for piece in pieces((yield from opened.watch.reset(view))):
            shown.update((document.path.key, DocumentChanged(document, (opened.id,))) for document in piece)
            yield
        return shown

    def _since(self, opened: _OpenTarget, moment: Altered) -> list[Delta]:
        """What all commits since then did to the target, as if they had been one."""
        places = set(opened.places)
        changes = [change for change in moment.changes() if not places.isdisjoint(places_of(change.path))]
        return opened.watch.apply(changes, self._state.latest) if changes else []

    def _send_missed(
        self, opened: _OpenTarget, deltas: list[Delta], since: Timestamp, time: Timestamp
    ) -> None:
        for delta in deltas:
            self._put(self._event(delta.path, delta.document, *_split(opened.id, delta), time))
        self._bill_missed(opened, [each.document for each in deltas if each.document], since, time)
        if opened.matcher is not None and opened.target.expected_count is not None:
            # A client that counts has a cache that may have lost documents; with another number it asks anew.
            self._put(ExistenceFilter(opened.id, at_once(opened.watch.count(self._state.latest))))

    def _bill_missed(
        self, opened: _OpenTarget, missed: Sequence[Document], since: Timestamp, time: Timestamp
    ) -> None:
        if time.micros - since.micros > RESUMED_MICROS:
            self._usage.resumed(missed, at_once(opened.watch.count(self._state.latest)))
            return
        for document in missed:
            self._usage.heard(document, 1)

    def _send_shown(self, opened: _OpenTarget, shown: Shown, deltas: list[Delta], time: Timestamp) -> None:
        """What the target showed and what changed meanwhile, as one snapshot."""
        ids = (opened.id,)
        for delta in deltas:
            if delta.shown and delta.document is not None:
                shown[delta.path.key] = DocumentChanged(delta.document, ids)
            else:
                shown.pop(delta.path.key, None)
        self._put(*shown.values())
        named = dict.fromkeys(opened.target.documents or ())
        missing = [path for path in named if self._state.latest.get(path.key) is None]
        for path in missing:
            self._put(DocumentDeleted(path, ids, time))
        self._usage.queried((event.document for event in shown.values()), len(missing))

    def _send_current(self, target_ids: tuple[int, ...], time: Timestamp) -> None:
        self._put(TargetChanged(TargetChangeKind.CURRENT, target_ids, None, self._token(time), time))
        self._send_boundary(time)

    def _send_boundary(self, time: Timestamp) -> None:
        self._put(TargetChanged(TargetChangeKind.NO_CHANGE, (), None, self._token(time), time))

    def _token(self, time: Timestamp) -> bytes:
        """Which engine, and up to when: after a restart or beyond the history everything is sent again."""
        return self._epoch + time.micros.to_bytes(8, "big")

    def _resume_time(self, target: Target) -> Timestamp | None:
        """From when on the client misses changes; None when only a new start can help."""
        time = target.read_time
        if target.resume_token:
            if len(target.resume_token) != _TOKEN_LENGTH:
                raise InvalidArgument("bad resume token")
            if target.resume_token[:4] != self._epoch:
                return None
            time = Timestamp(int.from_bytes(target.resume_token[4:], "big"))
        if time is None or time > self._state.clock.read_time() or not self._state.history.knows(time):
            return None
        return time

    # --- commits

    def committed(self, time: Timestamp, concerned: dict[Listener, Concern]) -> None:
        """Queue what one commit means for the targets, as one snapshot; while behind, what it forbids."""
        seen: dict[PathKey, tuple[Delta, list[int], list[int]]] = {}
        ended: list[TargetChanged] = []
        for opened in self._targets_of(concerned):
            concern = concerned[opened]
            try:
                self._judge_changed(opened, concern)
                waits = opened.is_loading or self._behind
                deltas = [] if waits else list(self._deltas(opened, concern))
            except FirestoreError as failure:
                # A denial, or a failure of this target, which must not fail the commit.
                ended.append(self._end(opened, failure))
                continue
            for delta in deltas:
                name = delta.path.segments
                if name not in seen:
                    seen[name] = delta, [], []
                _, shown, hidden = seen[name]
                (shown if delta.shown else hidden).append(opened.id)
        self._put_changes(seen.values(), time)
        self._put(*ended)
        if seen:
            self._send_boundary(time)
        if self._pending > MAX_QUEUED_EVENTS or self._pending_bytes > MAX_QUEUED_BYTES:
            self._fall_behind()

    def _targets_of(self, concerned: dict[Listener, Concern]) -> list[_OpenTarget]:
        return [opened for opened in concerned if isinstance(opened, _OpenTarget)]

    def _judge_changed(self, opened: _OpenTarget, concern: Concern) -> None:
        """As in production, a target is judged again when a document changed that the rules had read for it.

        A document that changed may now be one the caller may not read; that it is gone may be told.
        """
        if concern.rules:
            self._state.listeners.remove(opened, opened.rules_places)
            opened.rules_places.clear()
        if opened.matcher is not None:
            if concern.rules:
                self._judge(opened)
        else:
            judged = (
                opened.target.documents or () if concern.rules else [each.path for each in concern.changes]
            )
            there = [path for path in judged if self._state.latest.get(path.key) is not None]
            if there:
                self._judge_documents(opened, there)
        self._state.listeners.add(opened, opened.rules_places)

    def _deltas(self, opened: _OpenTarget, concern: Concern) -> Iterator[Delta]:
        if concern.changes:
            yield from opened.watch.apply(concern.changes, self._state.latest)
        for document in concern.rewritten:
            if opened.watch.shows(document):
                yield Delta(document.path, document, True)

    def _event(
        self,
        path: DocumentPath,
        document: Document | None,
        shown: tuple[int, ...],
        hidden: tuple[int, ...],
        time: Timestamp,
    ) -> ListenEvent:
        if document is None:
            return DocumentDeleted(path, hidden, time)
        if shown or self._may_see(path):
            return DocumentChanged(document, shown, hidden)
        return DocumentRemoved(path, hidden, time)

    def _may_see(self, path: DocumentPath) -> bool:
        """Whether a document that left every target may still be shown to the caller."""
        try:
            self._authorize(self._state.id, self._caller).check_get([path], self._state.latest)
        except PermissionDenied:
            return False
        return True

    # --- slow clients

    def _put_changes(self, changes: Collection[tuple[Delta, list[int], list[int]]], time: Timestamp) -> None:
        """Queue what one commit did, for each document with the targets that show it and those it left."""
        events: list[ListenEvent] = []
        for delta, shown, hidden in changes:
            document = delta.document
            if document is not None:
                self._usage.heard(document, len(shown) + len(hidden))
                self._pending_bytes += document.size
            events.append(self._event(delta.path, document, tuple(shown), tuple(hidden), time))
        self._put(*events)
        self._pending += len(events)

    def _fall_behind(self) -> None:
        """Drop the changes nobody fetched; only which targets came and went is kept."""
        kept = (TargetChangeKind.ADD, TargetChangeKind.REMOVE)
        self._queue = [
            event for event in self._queue if isinstance(event, TargetChanged) and event.kind in kept
        ]
        self._behind = True

    def _catch_up(self) -> Steps[None]:
        """Everything anew, as of the end."""
        shown: dict[_OpenTarget, tuple[Altered, Shown]] = {}
        with ExitStack() as holding:
            while (opened := self._next_without(shown)) is not None:
                moment = holding.enter_context(self._state.latest.held())
                shown[opened] = moment, (yield from self._shown(opened, self._state.latest))
            self._behind = False
            time = self._state.clock.read_time()
            there = [opened for opened in shown if self._targets.get(opened.id) is opened]
            for opened in there:
                moment, events = shown[opened]
                self._put(TargetChanged(TargetChangeKind.RESET, (opened.id,)))
                self._send_shown(opened, events, self._since(opened, moment), time)
        if there:
            self._send_current(tuple(opened.id for opened in there), time)

    def _next_without(self, shown: Collection[_OpenTarget]) -> _OpenTarget | None:
        """A target that has sent its first answer and is not among these."""
        targets = self._targets.values()
        return next((each for each in targets if not each.is_loading and each not in shown), None)

    # --- rules

    def judge_again(self) -> None:
        """After a change of rules: targets that are no longer allowed end with PERMISSION_DENIED."""
        for opened in list(self._targets.values()):
            try:
                self._judge(opened)
                self._state.listeners.add(opened, opened.rules_places)
            except PermissionDenied as denial:
                self._put(self._end(opened, denial))


def _split(target_id: int, delta: Delta) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return ((target_id,), ()) if delta.shown else ((), (target_id,))
