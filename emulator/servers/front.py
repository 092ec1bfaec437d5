"""One TCP port for everything: the first bytes of a connection say where it goes.

`PRI` begins the HTTP/2 preface (RFC 9113, 3.4): the connection is forwarded byte by byte to the gRPC
server's Unix socket. Anything else is HTTP/1.1 and is handed to uvicorn's protocol in this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import cast

from emulator.servers.open_files import OpenFiles

HTTP2_PREFACE = b"PRI"

#: Seconds a connection has to say which protocol it speaks, and to take what is left when its other side has
#: ended.
PATIENCE = 60.0


class Front:
    """Makes the protocol of every accepted connection and knows the open ones that are not HTTP."""

    def __init__(
        self, grpc_socket: str, make_http: Callable[[], asyncio.Protocol], patience: float = PATIENCE
    ) -> None:
        self._grpc_socket = grpc_socket
        self._make_http = make_http
        self.patience = patience
        self._transports: set[asyncio.Transport] = set()
        self._files = OpenFiles(monotonic)

    def __call__(self) -> asyncio.Protocol:
        return _Sniffer(self)

    def opened(self, transport: asyncio.Transport) -> None:
        self._transports.add(transport)
        self._files.opened(transport.get_extra_info("socket").fileno())

    def closed(self, transport: asyncio.Transport) -> None:
        self._transports.discard(transport)

    def abort_all(self) -> None:
        """Close every connection at once."""
        for transport in list(self._transports):
            transport.abort()

    def dispatch(self, transport: asyncio.Transport, data: bytes) -> None:
        """Give a connection whose first bytes are known to its protocol."""
        if data.startswith(HTTP2_PREFACE):
            _Forwarder(self).begin(transport, self._grpc_socket, data)
        else:
            self.closed(transport)
            protocol = self._make_http()
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            protocol.data_received(data)


class _Sniffer(asyncio.Protocol):
    """Reads until it is clear whether the bytes begin the HTTP/2 preface."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._front.opened(self._transport)
        self._impatience = asyncio.get_running_loop().call_later(self._front.patience, transport.close)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if len(self._seen) >= len(HTTP2_PREFACE) or not HTTP2_PREFACE.startswith(self._seen):
            self._impatience.cancel()
            self._front.dispatch(self._transport, self._seen)

    def connection_lost(self, exc: Exception | None) -> None:
        self._impatience.cancel()
        self._front.closed(self._transport)


class _Forwarder(asyncio.Protocol):
    """One direction of a forwarded connection: what its transport reads, the peer's transport writes.

    A full write buffer on one side pauses reading on the other. When one side ends, the other is closed after
    what it still has to send.
    """

    _transport: asyncio.Transport

    def __init__(self, front: Front, peer: _Forwarder | None = None) -> None:
        """With a `peer` this is the side of the gRPC server, without one the client's."""
        self._front = front
        self._peer = peer
        self._is_client = peer is None
        self._end: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport, socket_path: str, data: bytes) -> None:
        """Take the client's connection and open the one to the gRPC server."""
        self._transport = transport
        transport.set_protocol(self)
        transport.pause_reading()
        self._connecting = asyncio.ensure_future(self._connect(socket_path, data))

    async def _connect(self, socket_path: str, data: bytes) -> None:
        """The server's first bytes may come before this returns; its protocol is complete from the start."""
        loop = asyncio.get_running_loop()
        try:
            _, peer = await loop.create_unix_connection(lambda: _Forwarder(self._front, self), socket_path)
        except OSError:
            self._transport.abort()
            return
        if self._transport.is_closing() or peer._transport.is_closing():
            peer._transport.abort()
            self._transport.abort()
            return
        self._peer = peer
        peer._transport.write(data)
        self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._front.opened(self._transport)

    def data_received(self, data: bytes) -> None:
        # A peer that is closing has lost its connection already and is told so in a moment.
        if self._peer is not None and not self._peer._transport.is_closing():
            self._peer._transport.write(data)

    def pause_writing(self) -> None:
        if self._peer is not None and not self._peer._transport.is_closing():
            self._peer._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._peer is not None and not self._peer._transport.is_closing():
            self._peer._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._front.closed(self._transport)
        if self._end is not None:
            self._end.cancel()
        peer, self._peer = self._peer, None
        if peer is not None:
            peer._peer = None
            peer._finish()

    def _finish(self) -> None:
        """The other side has ended: send what is left, and wait a while for it to be taken.

        The gRPC server stops reading while its answers are not read, so those are read on and dropped.
        """
        if self._transport.is_closing():
            return
        self._end = asyncio.get_running_loop().call_later(self._front.patience, self._transport.abort)
        if self._is_client:
            self._transport.close()
        else:
            self._transport.write_eof()
            self._transport.resume_reading()
