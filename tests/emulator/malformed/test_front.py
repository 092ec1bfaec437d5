"""The byte forwarder between the shared port and the gRPC server, where one side stops reading or ends."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from emulator.servers.front import HTTP2_PREFACE, Front

DEADLINE = 30
MUCH = b"x" * 20_000_000

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def forwarding(handle: Handler, patience: float = 60.0) -> AsyncIterator[tuple[Front, int]]:
    """A front before a server that treats its connections as `handle` does; with the front's port."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "socket")
        behind = await asyncio.start_unix_server(handle, path)
        front = Front(path, asyncio.Protocol, patience)
        server = await asyncio.get_running_loop().create_server(front, "127.0.0.1", 0)
        try:
            yield front, server.sockets[0].getsockname()[1]
        finally:
            front.abort_all()
            server.close()
            behind.close()


def test_client_that_ends_while_neither_side_reads_leaves_no_connection() -> None:
    async def scenario() -> None:
        received = asyncio.get_running_loop().create_future()

        async def answer_before_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(MUCH)
            await writer.drain()
            data = await reader.read(-1)
            received.set_result(len(data))
            writer.close()

        async with forwarding(answer_before_reading) as (front, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HTTP2_PREFACE + MUCH)
            await _standstill(writer)
            writer.transport.abort()
            async with asyncio.timeout(DEADLINE):
                assert await received > 0
                while front._transports:  # noqa: ASYNC110 - a connection that ends wakes nobody
                    await asyncio.sleep(0.001)

    uvloop.run(scenario())


async def _standstill(writer: asyncio.StreamWriter) -> None:
    """Wait until no more bytes are taken."""
    size = -1
    while size != (size := writer.transport.get_write_buffer_size()):  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0.2)
    assert size > 0
