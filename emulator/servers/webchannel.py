"""WebChannel over ASGI: the Listen and Write streams of browsers.

One session is one stream. Its messages wait in `Outgoing` until the client says it has them; a client that
stops reading stops the stream from producing, and one that went away is forgotten after a while.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from emulator.errors import FirestoreError, Internal, Unavailable
from emulator.firestore.callers import ANONYMOUS, Caller
from emulator.firestore.engine import Engine
from emulator.firestore.listen import ListenEvent
from emulator.servers.http_app import NOT_FOUND, BodyTooLarge, Receive, Request, Response, Scope, Send
from emulator.servers.streams import ListenStream, WriteStream
from emulator.servers.turns import Turns
from emulator.wire import protos
from emulator.wire.identity import identify
from emulator.wire.rest_json import parse_json, to_message
from emulator.wire.webchannel import (
    CLOSE,
    NOOP,
    ChannelRequest,
    Form,
    Incoming,
    MalformedRequest,
    Outgoing,
    RequestKind,
    forward_reply,
    frame,
    handshake_reply,
    message_array,
    parse_form,
    parse_query,
)
from emulator.wire.webchannel_messages import (
    json_listen_event,
    json_write_response,
    print_compact,
    stream_error,
)

#: Where the application is mounted.
PREFIX = "/google.firestore.v1.Firestore/"
LISTEN_PATH = PREFIX + "Listen/channel"
WRITE_PATH = PREFIX + "Write/channel"

#: Sessions held at once. One page has two; beyond this, somebody opens them and never comes back.
MAX_SESSIONS = 2_000
#: Characters a client may leave unacknowledged before its stream waits.
MAX_OUTSTANDING = 4 * 1024 * 1024
#: Characters after which a back channel ends, so that the client says what it has.
MAX_RESPONSE = 1024 * 1024
#: Characters put in one frame, about.
MAX_FRAME = 64 * 1024

_log = logging.getLogger(__name__)

_HEADERS = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"private, max-age=0"),
    (b"x-content-type-options", b"nosniff"),
    (
        b"access-control-expose-headers",
        b"x-client-wire-protocol,x-http-session-id,x-http-initial-response",
    ),
)

_FULL = b"<html><head><title>429</title></head><body>Too many WebChannel sessions are open.</body></html>\n"
# The client looks for the words anywhere but at the start.
_UNKNOWN_SID = b"<html><head><title>400</title></head><body>Unknown SID</body></html>\n"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: until a silent back channel gets a noop, until a streaming one ends, until a session that has
    none is dropped, and until one of a browser gives way when they take all its connections.
    """

    keep_alive: float = 30.0
    back_channel: float = 60.0
    abandoned: float = 90.0
    turn: float = 0.1


class _BackChannel:
    """One open GET. `event` wakes it up; `open` turns False when the client is gone or opened another,
    `wanted` turns True when its connection is.
    """

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.open = True
        self.wanted = False

    def end(self) -> None:
        self.open = False
        self.event.set()

    def give_way(self) -> None:
        """End after what is queued."""
        self.wanted = True
        self.event.set()


class _Session:
    """One stream and what it owes its client. Subclasses say what the messages are."""

    def __init__(self, forget: Callable[[], None], timing: Timing) -> None:
        self.incoming = Incoming()
        self.outgoing = Outgoing()
        self.back: _BackChannel | None = None
        self.ended = False
        self._forget = forget
        self._timing = timing
        self._turn = asyncio.Lock()
        self._room = asyncio.Event()
        self._expiry: asyncio.TimerHandle | None = None
        self.seen = 0.0  # when the loop's clock saw the client last
        self.touch()

    async def take(self, text: str) -> None:
        """Handle one message of the client."""
        raise NotImplementedError

    def close(self) -> None:
        """End the stream; an open back channel ends after what it still has to send. Safe to call twice."""
        self.ended = True
        if self._expiry is not None:
            self._expiry.cancel()
        self._room.set()
        self._wake()

    async def receive(self, form: Form) -> None:
        """Handle what is new in a form, after everything before it. The answer to the form waits for this."""
        new = self.incoming.accept(form.messages)
        async with self._turn:
            for text in new:
                if self.ended:
                    return
                try:
                    await self.take(text)
                except FirestoreError as error:
                    self.fail(error)
                except Exception:
                    _log.exception("a WebChannel message failed")
                    self.fail(Internal("Internal error."))

    def emit(self, *arrays: str) -> None:
        """Queue arrays for the client and wake its back channel."""
        if not self.ended:
            for array in arrays:
                self.outgoing.add(array)
            self._wake()

    async def room(self) -> None:
        """Wait until the client has taken enough of what is queued, or the stream has ended."""
        while self.outgoing.outstanding > MAX_OUTSTANDING and not self.ended:
            self._room.clear()
            await self._room.wait()

    def fail(self, error: FirestoreError) -> None:
        """Tell the client why the stream ends."""
        self.finish(stream_error(error), CLOSE)

    def finish(self, *arrays: str) -> None:
        """Send the last arrays; nothing follows them."""
        self.emit(*arrays)
        self.ended = True
        self._wake()

    def acknowledge(self, number: int) -> None:
        self.outgoing.acknowledge(number)
        self._room.set()

    def attach(self) -> _BackChannel:
        """A new back channel, which ends the one before."""
        if self.back is not None:
            self.back.end()
        if self._expiry is not None:
            self._expiry.cancel()
        self.back = _BackChannel()
        return self.back

    def detach(self, back: _BackChannel) -> None:
        if self.back is back:
            self.back = None
            self.touch()

    def touch(self) -> None:
        """Without a back channel, wait for the client from now on."""
        if self._expiry is not None:
            self._expiry.cancel()
        loop = asyncio.get_running_loop()
        self.seen = loop.time()
        if self.back is None:
            self._expiry = loop.call_later(self._timing.abandoned, self._forget)

    def _wake(self) -> None:
        if self.back is not None:
            self.back.event.set()


class _ListenSession(_Session):
    def __init__(self, engine: Engine, caller: Caller, forget: Callable[[], None], timing: Timing) -> None:
        super().__init__(forget, timing)
        self._stream = ListenStream(engine, caller)
        self._pump = asyncio.create_task(self._forward_events())

    async def take(self, text: str) -> None:
        await self._stream.request(to_message(parse_json(text.encode()), protos.ListenRequest))

    def close(self) -> None:
        super().close()
        self._pump.cancel()
        self._stream.close()

    def finish(self, *arrays: str) -> None:
        super().finish(*arrays)
        self._pump.cancel()
        self._stream.close()

    async def _forward_events(self) -> None:
        try:
            while not self.ended:
                await self._forward(await self._stream.events())
        except FirestoreError as error:
            self.fail(error)
        except Exception:
            _log.exception("a WebChannel listener failed")
            self.fail(Internal("Internal error."))

    async def _forward(self, events: list[ListenEvent]) -> None:
        """Queue events frame by frame, so that the events of one commit travel together and a large result
        does not block.
        """
        arrays: list[str] = []
        size = 0
        for event in events:
            arrays.append(message_array(print_compact(json_listen_event(event))))
            size += len(arrays[-1])
            if size >= MAX_FRAME:
                self.emit(*arrays)
                arrays, size = [], 0
                await asyncio.sleep(0)
                await self.room()
        self.emit(*arrays)
        await self.room()


class _WriteSession(_Session):
    def __init__(self, engine: Engine, caller: Caller, forget: Callable[[], None], timing: Timing) -> None:
        super().__init__(forget, timing)
        self._stream = WriteStream(engine, caller, lambda: secrets.token_hex(8))

    async def take(self, text: str) -> None:
        body = parse_json(text.encode())
        reply = await self._stream.request(to_message(body, protos.WriteRequest), body)
        response = json_write_response(reply.stream_token, reply.stream_id, reply.commit)
        self.emit(message_array(print_compact(response)))
        await self.room()
        if reply.last:
            self.finish(CLOSE)


_SESSIONS: dict[str, type[_ListenSession | _WriteSession]] = {
    LISTEN_PATH: _ListenSession,
    WRITE_PATH: _WriteSession,
}


class WebChannel:
    """The ASGI application of both channels. CORS is the surrounding application's."""

    def __init__(
        self,
        engine: Engine,
        *,
        timing: Timing = Timing(),
        most: int = MAX_SESSIONS,
        new_sid: Callable[[], str] = lambda: secrets.token_urlsafe(16),
    ) -> None:
        self._engine = engine
        self._timing = timing
        self._most = most
        self._new_sid = new_sid
        self._turns = Turns(timing.turn)
        self._sessions: dict[str, _ListenSession | _WriteSession] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request below PREFIX."""
        try:
            response = await self._respond(scope, receive, send)
        except MalformedRequest as error:
            response = _answer(400, f"Bad request: {error}\n".encode())
        except BodyTooLarge:
            response = _answer(413)
        if response is not None:
            await response.send(send)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """The answer, None when it has been sent already."""
        if scope["path"] not in _SESSIONS or scope["method"] not in ("GET", "POST"):
            return NOT_FOUND
        request = parse_query(scope["method"], scope["query_string"].decode("latin-1"))
        match request.kind:
            case RequestKind.HANDSHAKE:
                return await self._handshake(Request(scope, receive))
            case RequestKind.FORWARD:
                return await self._forward(request, Request(scope, receive))
            case RequestKind.TERMINATE:
                return self._terminate(request)
            case RequestKind.BACK:
                return await self._back_channel(request, Request(scope, receive), send)

    def close(self) -> None:
        """End every session.

        Clients are told: after an answer that merely ends, they wait five seconds or more before they try
        again; after this error the SDKs are back within about one.
        """
        for sid, session in list(self._sessions.items()):
            session.fail(Unavailable("The emulator has stopped."))
            self._drop(sid)

    def __len__(self) -> int:
        """How many sessions are held."""
        return len(self._sessions)

    async def _handshake(self, http: Request) -> Response:
        """A new session. A bad Authorization ends its stream, as it would over gRPC."""
        form = parse_form(await http.body())
        if not self._make_room():
            return _answer(429, _FULL)
        sid = self._new_sid()
        refused: FirestoreError | None = None
        try:
            caller = identify(form.headers.get("authorization", http.authorization))
        except FirestoreError as error:
            caller, refused = ANONYMOUS, error
        make = _SESSIONS[http.scope["path"]]
        session = make(self._engine, caller, lambda: self._drop(sid), self._timing)
        self._sessions[sid] = session
        if refused is not None:
            session.fail(refused)
        await session.receive(form)
        return _answer(200, handshake_reply(sid))

    async def _forward(self, request: ChannelRequest, http: Request) -> Response:
        form = parse_form(await http.body())
        session = self._sessions.get(request.sid)
        if session is None:
            return _answer(400, _UNKNOWN_SID)
        session.acknowledge(request.acknowledged)
        session.touch()
        await session.receive(form)
        outgoing = session.outgoing
        return _answer(200, forward_reply(session.back is not None, outgoing.last, outgoing.outstanding))

    def _make_room(self) -> bool:
        """Let go of the session without a client that has waited longest, when there are too many; whether
        there is room for another.
        """
        if len(self._sessions) < self._most:
            return True
        waiting = [sid for sid, session in self._sessions.items() if session.back is None]
        if not waiting:
            return False
        self._drop(min(waiting, key=lambda sid: self._sessions[sid].seen))
        return True

    def _drop(self, sid: str) -> None:
        session = self._sessions.pop(sid, None)
        if session is not None:
            session.close()

    def _terminate(self, request: ChannelRequest) -> Response:
        known = request.sid in self._sessions
        self._drop(request.sid)
        return _answer(200) if known else _answer(400, _UNKNOWN_SID)

    async def _back_channel(self, request: ChannelRequest, http: Request, send: Send) -> Response | None:
        session = self._sessions.get(request.sid)
        if session is None or not session.outgoing.can_replay(request.acknowledged):
            return _answer(400, _UNKNOWN_SID)
        session.acknowledge(request.acknowledged)
        if session.ended and session.outgoing.last == request.acknowledged:
            self._drop(request.sid)
            return _answer(400, _UNKNOWN_SID)
        back = session.attach()
        watcher = asyncio.create_task(_watch_disconnect(http.receive, back))
        try:
            with self._turns.taken(http, back.give_way):
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                await _stream_arrays(session, back, request, self._timing, send)
                await send({"type": "http.response.body", "body": b""})
        finally:
            watcher.cancel()
            session.detach(back)
        return None


async def _stream_arrays(
    session: _Session, back: _BackChannel, request: ChannelRequest, timing: Timing, send: Send
) -> None:
    """Write frames until the back channel should end. At least one is written unless the client is gone: an
    empty answer is an error to it.
    """
    outgoing = session.outgoing
    now = asyncio.get_running_loop().time
    streaming = request.streaming
    silence = timing.keep_alive
    if not streaming and request.timeout_ms is not None:
        silence = min(silence, request.timeout_ms / 1000)
    deadline = now() + timing.back_channel
    sent, written = request.acknowledged, 0
    while back.open:
        back.event.clear()
        text, sent = outgoing.after(sent, MAX_FRAME)
        if text:
            data = frame(text)
            await send({"type": "http.response.body", "body": data, "more_body": True})
            written += len(data)
            if not streaming or written >= MAX_RESPONSE:
                return
        elif session.ended or (written and (back.wanted or now() >= deadline)):
            return
        elif back.wanted or not await _wait(back.event, min(silence, max(0.0, deadline - now()))):
            session.emit(NOOP)


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came within that time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def _watch_disconnect(receive: Receive, back: _BackChannel) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    back.end()


def _answer(status: int, body: bytes = b"") -> Response:
    return Response(body, status, _HEADERS)
