"""HTTP/1.1 connections: uvicorn's protocol, with limits for clients that send slowly, too much, or half."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from emulator.servers.http_app import HttpApp

_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes.

    `keep_alive` is how long an idle connection stays open: longer than most clients keep theirs. `head` is
    how long the head of a request may take, and how long a body may stand still. `around_body` is how many
    bytes of a request are not its body: the head, and what frames chunks.
    """

    keep_alive: int = 75
    head: float = 60.0
    around_body: int = 1024 * 1024


class _HttpConnection(HttpToolsProtocol):
    """Ends with 408 when a request does not go on, with 431 when its head has no end."""

    def __init__(self, config: Config, state: ServerState, limits: Limits) -> None:
        super().__init__(config, state, {})
        self._limits = limits
        self._around_body = 0
        self._in_head = True
        self._impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        self._around_body += len(data)  # on_body takes its part off again
        super().data_received(data)
        if self._around_body > self._limits.around_body:
            self._refuse(b"431 Request Header Fields Too Large")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()
        # uvicorn leaves this timer running when a connection was reset; it would keep it in memory.
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._around_body = 0
        self._in_head = True
        self._wait()

    def on_headers_complete(self) -> None:
        target = _ABSOLUTE.match(self.url)
        if target is not None:
            self.headers.append((b"host", target[1]))  # it counts as one (RFC 9112, 3.2.2)
        self._in_head = False
        self._wait()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._around_body -= len(body)
        self._wait()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_waiting()
        super().on_message_complete()

    def _wait(self) -> None:
        """Wait for the rest of the request from now on."""
        self._stop_waiting()
        self._impatience = self.loop.call_later(self._limits.head, self._give_up)

    def _stop_waiting(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None

    def _give_up(self) -> None:
        if self.flow.read_paused:
            self._wait()  # it is us who do not read
        else:
            self._refuse(b"408 Request Timeout")

    def _refuse(self, status: bytes) -> None:
        """Close the connection, after a status where the client can take it for the answer."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self._nothing_under_way():
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
        self.transport.close()

    def _nothing_under_way(self) -> bool:
        """Whether the next bytes the client reads begin the answer to what it is sending."""
        if self._in_head:
            return self.cycle is None or self.cycle.response_complete
        return not self.pipeline and not self.cycle.response_started


class HttpConnections:
    """Makes the protocol of each connection the front accepted, and knows the open ones."""

    def __init__(self, app: HttpApp, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._config = Config(
            app,
            http=_HttpConnection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            timeout_keep_alive=limits.keep_alive,
        )
        self._config.load()
        self._state = ServerState()

    def make_protocol(self) -> asyncio.Protocol:
        return _HttpConnection(self._config, self._state, self._limits)

    async def close(self, grace: float) -> None:
        """Let answers that are on their way finish within `grace` seconds, then close what is left."""
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=grace)
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.abort()
