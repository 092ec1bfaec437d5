"""Background triggers: what functions emulators registered, and the delivery of committed changes to them.

Events are sent after the commit, at least once. Each trigger has a few lanes; a document's events always
take the same lane, one after the other, so their order is kept, and no more workers start for a function
than it has lanes. A lane does not wait for ever: the functions emulator never answers when a worker did not
start in time, so the lane goes on after a while and the event is sent once more. Nothing is dropped while
events wait, and a functions emulator that is not there yet is tried again for a while.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from emulator.errors import InvalidArgument
from emulator.firestore.documents import DocumentChange
from emulator.firestore.events import CommitEvent
from emulator.firestore.paths import DocumentPath
from emulator.wire.trigger_events import TriggerEvent, v1_body, v2_body, v2_headers

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)

#: Deliveries of one trigger at a time. The functions emulator answers when the function has run, and starts
#: a worker for each.
LANES = 4

#: Seconds a lane waits for an answer before its next event goes out beside the unanswered one.
LANE_PATIENCE = 5.0

#: Seconds until a delivery without an answer is sent again, once: longer than a function's default timeout.
#: firebase-tools 15 gives a worker 30 s to start and drops the request without an answer when it has not.
ANSWER_TIMEOUT = 70.0

#: Seconds until the second delivery is given up: the longest an event function may run.
DELIVERY_TIMEOUT = 540.0

#: Seconds before each further try while nobody answers at the functions emulator's address.
RETRY_DELAYS = (0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0)


class ChangeKind(Enum):
    """What a trigger fires on: the verb of the 1st generation and the past form of the 2nd."""

    CREATE = ("create", "created")
    UPDATE = ("update", "updated")
    DELETE = ("delete", "deleted")
    WRITE = ("write", "written")


_V1_TYPE = re.compile(
    r"(?:providers/cloud\.firestore/eventTypes|google\.firestore)[./]?document\.(\w+)", re.ASCII
)
_V2_TYPE = re.compile(r"google\.cloud\.firestore\.document\.v1\.(\w+?)(?:\.withAuthContext)?", re.ASCII)
_V1_RESOURCE = re.compile(r"projects/[^/]+/databases/([^/]+)/documents/(.+)", re.DOTALL)

#: In a path pattern `{name}` captures a segment and `{name=glob}` what matches: `*` within one, `**` any
#: number of them.
_CAPTURE = re.compile(r"\{\w+(?:=([^{}/]*))?\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Trigger:
    """One function that wants to hear of changes. `generation` is 1 or 2; `documents` matches `/path`."""

    project: str
    key: str
    generation: int
    event_type: str
    kind: ChangeKind
    database: str
    documents: re.Pattern[str]

    def wants(self, path: DocumentPath, kind: ChangeKind) -> bool:
        return (
            self.kind in (kind, ChangeKind.WRITE)
            and self.project == path.database.project
            and self.database == path.database.database
            and self.documents.fullmatch("/" + "/".join(path.segments)) is not None
        )


def v1_trigger(project: str, key: str, *, event_type: str, resource: str) -> Trigger:
    """`resource` is the full name of a document, with wildcards."""
    kind = _kind(_V1_TYPE, event_type, form=0)
    parts = _V1_RESOURCE.fullmatch(resource)
    if parts is None:
        raise InvalidArgument(f"Invalid trigger resource: {resource}")
    database, document = parts.groups()
    return Trigger(project, key, 1, event_type, kind, database, _path_pattern(document))


def v2_trigger(
    project: str, key: str, *, event_type: str, database: str, document: str, is_pattern: bool
) -> Trigger:
    kind = _kind(_V2_TYPE, event_type, form=1)
    path = document.strip("/")
    documents = _path_pattern(path) if is_pattern else re.compile(re.escape("/" + path))
    return Trigger(project, key, 2, event_type, kind, database, documents)


def _kind(types: re.Pattern[str], event_type: str, *, form: int) -> ChangeKind:
    match = types.fullmatch(event_type)
    for kind in ChangeKind:
        if match is not None and kind.value[form] == match[1]:
            return kind
    raise InvalidArgument(f"Unsupported trigger event type: {event_type}")


def _path_pattern(text: str) -> re.Pattern[str]:
    """What lies between two `**` is taken where it first fits, and what lies between two `*` likewise. The
    groups are atomic: with looks back, a few stars would spend minutes on one long path.
    """
    first, *others = _between_double_stars(text)
    pattern = first
    if others:
        *middle, last = others
        pattern += "".join(f"(?>{_ANY_SEGMENTS}?{each})" for each in middle)
        pattern += _ANY_SEGMENTS + last
    return re.compile(pattern, re.DOTALL)


_ANY_SEGMENTS = "(?:/[^/]+)*"


def _between_double_stars(text: str) -> list[str]:
    patterns = [""]
    for segment in text.strip("/").split("/"):
        glob = _CAPTURE.sub(lambda capture: capture[1] or "*", segment)
        if glob == "**":
            patterns.append("")
        else:
            patterns[-1] += rf"/{_segment_pattern(glob)}(?=/|\Z)"
    return patterns


def _segment_pattern(glob: str) -> str:
    first, *others = map(re.escape, re.split(r"\*+", glob))
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>[^/]*?{each})" for each in middle) + f"[^/]*{last}"


def _change_kind(change: DocumentChange) -> ChangeKind:
    if change.before is None:
        return ChangeKind.CREATE
    return ChangeKind.DELETE if change.after is None else ChangeKind.UPDATE


class _Busy(Exception):
    """The functions emulator is there and cannot take the event now."""


class _Undelivered(Exception):
    """Every try at an event failed; says how the last one did."""


class TriggerDispatcher:
    """Observes commits and posts them to the functions emulator at `host:port`, None when there is none."""

    def __init__(self, functions_emulator: str | None, new_event_id: Callable[[], str]) -> None:
        self._address = functions_emulator
        self._new_event_id = new_event_id
        self._triggers: dict[tuple[str, str], Trigger] = {}
        self._lanes: dict[tuple[str, str, int], asyncio.Queue[tuple[Trigger, TriggerEvent]]] = {}
        self._workers: list[asyncio.Task[None]] = []
        self._unanswered: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def register(self, trigger: Trigger) -> None:
        self._triggers[trigger.project, trigger.key] = trigger
        if self._address is None:
            logger.warning("no --functions_emulator was given, so %s will not be called", trigger.key)

    def observe(self, commit: CommitEvent) -> None:
        """Queue what the commit means to every trigger; a change is one event, whoever hears of it."""
        if not self._triggers or self._address is None:
            return
        for change in commit.changes:
            wanted = [
                trigger
                for trigger in self._triggers.values()
                if trigger.wants(change.path, _change_kind(change))
            ]
            if wanted:
                event = TriggerEvent(self._new_event_id(), change, commit.commit_time, commit.caller)
                for trigger in wanted:
                    self._lane(trigger, change.path).put_nowait((trigger, event))

    def _lane(self, trigger: Trigger, path: DocumentPath) -> asyncio.Queue[tuple[Trigger, TriggerEvent]]:
        number = zlib.crc32("/".join(path.segments).encode("utf-8", "replace")) % LANES
        key = (trigger.project, trigger.key, number)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = asyncio.Queue()
            self._workers.append(asyncio.ensure_future(self._deliver_all(lane)))
        return lane

    async def _deliver_all(self, lane: asyncio.Queue[tuple[Trigger, TriggerEvent]]) -> None:
        while True:
            trigger, event = await lane.get()
            delivery = asyncio.ensure_future(self._deliver(trigger, event))
            self._unanswered.add(delivery)
            delivery.add_done_callback(self._unanswered.discard)
            await asyncio.wait([delivery], timeout=LANE_PATIENCE)

    async def _deliver(self, trigger: Trigger, event: TriggerEvent) -> None:
        try:
            await self._post_until_answered(trigger, event)
        except _Undelivered as reason:
            logger.warning("event %s was not delivered to %s: %s", event.event_id, trigger.key, reason)
        except Exception:
            logger.exception("event %s was not delivered to %s", event.event_id, trigger.key)

    async def _post_until_answered(self, trigger: Trigger, event: TriggerEvent) -> None:
        """Post until somebody answers; what the function makes of it is its own affair."""
        import httpx  # costs 0.1 s, and most emulators never deliver anything

        body, headers = _message(trigger, event)
        path = f"/functions/projects/{trigger.project}/triggers/{trigger.key}"
        patience = ANSWER_TIMEOUT
        delays = iter(RETRY_DELAYS)
        while True:
            try:
                return await self._post(path, body, headers, patience)
            except httpx.ReadTimeout:
                if patience == DELIVERY_TIMEOUT:
                    raise _Undelivered(f"no answer within {patience:.0f} s") from None
                logger.warning("no answer from %s; event %s is sent again", path, event.event_id)
                patience = DELIVERY_TIMEOUT
            except (httpx.TransportError, _Busy) as error:
                delay = next(delays, None)
                if delay is None:
                    raise _Undelivered(f"{type(error).__name__} {error}") from error
                await asyncio.sleep(delay)

    async def _post(self, path: str, body: bytes, headers: dict[str, str], patience: float) -> None:
        """One delivery. An error of httpx, or _Busy, says that it is worth another try."""
        import httpx

        if self._client is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
            self._client = httpx.AsyncClient(
                base_url=f"http://{self._address}", limits=limits, trust_env=False
            )
        waits = httpx.Timeout(patience, connect=5)
        response = await self._client.post(path, content=body, headers=headers, timeout=waits)
        if response.status_code == 503:
            raise _Busy("the functions emulator answered 503")
        if response.is_error:
            logger.warning("%s answered %d", path, response.status_code)

    async def close(self) -> None:
        """Stop delivering; events that still wait are lost, as they are when the official emulator stops."""
        tasks = [*self._workers, *self._unanswered]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()


def _message(trigger: Trigger, event: TriggerEvent) -> tuple[bytes, dict[str, str]]:
    if trigger.generation == 1:
        return v1_body(event, trigger.event_type), {"content-type": "application/json"}
    return v2_body(event), v2_headers(event, trigger.event_type)


def random_event_id() -> str:
    return str(uuid.uuid4())
