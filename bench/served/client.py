"""A client that costs little: raw gRPC stubs that take and give bytes, with several requests in flight."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio

from emulator.wire import protos

SERVICE = "/google.firestore.v1.Firestore/"
ADMIN = (("authorization", "Bearer owner"),)
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),  # every channel is a connection of its own
)
_PATIENCE = 120.0


class Client:
    """A connection. Any failure of a request is raised."""

    def __init__(self, target: str) -> None:
        self._channel = grpc.insecure_channel(target, options=_OPTIONS)
        self._commit = self._channel.unary_unary(SERVICE + "Commit")
        self._streams = {
            name: self._channel.unary_stream(SERVICE + name) for name in ("BatchGetDocuments", "RunQuery")
        }

    def close(self) -> None:
        self._channel.close()

    def commit(self, request: bytes) -> bytes:
        return bytes(self._commit(request, metadata=ADMIN, timeout=_PATIENCE))

    def commits(self, all_requests: Sequence[bytes], in_flight: int) -> None:
        """Send all, never more than `in_flight` at once, and wait for every answer."""
        room, failures = threading.Semaphore(in_flight), list[BaseException]()

        def answered(call: Any) -> None:
            failure = call.exception()
            if failure is not None:
                failures.append(failure)
            room.release()

        for request in all_requests:
            room.acquire()
            self._commit.future(request, metadata=ADMIN, timeout=_PATIENCE).add_done_callback(answered)
        for _ in range(in_flight):
            room.acquire()
        if failures:
            raise failures[0]

    def stream(self, method: str, request: bytes) -> int:
        """How many messages a streaming method answers."""
        return sum(1 for _ in self._streams[method](request, metadata=ADMIN, timeout=_PATIENCE))

    def streams(self, method: str, all_requests: Sequence[bytes], in_flight: int) -> int:
        """How many messages all the answers have together."""
        with ThreadPoolExecutor(in_flight) as threads:
            return sum(threads.map(lambda request: self.stream(method, request), all_requests))


class Listener:
    """A Listen stream for target 1. `heard` gets every response, in order."""

    def __init__(self, channel: grpc.aio.Channel, request: bytes, heard: Callable[[Any], None]) -> None:
        self._call = channel.stream_stream(SERVICE + "Listen")(metadata=ADMIN)
        self._request = request
        self._heard = heard
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        await self._call.write(self._request)
        parse = protos.ListenResponse.FromString
        async for data in self._call:
            self._heard(parse(data))

    async def close(self) -> None:
        """Say that no more requests come, as a client does that leaves, and take what still comes."""
        await self._call.done_writing()
        await asyncio.wait((self._reading,), timeout=1)
        self._call.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def vanish(self) -> None:
        """Go without a word, also after the connection has been closed."""
        self._call.cancel()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    def check(self) -> None:
        """Raise what ended the stream."""
        if self._reading.done():
            self._reading.result()
            raise ConnectionError("the server ended a Listen stream")


@asynccontextmanager
async def channels(target: str, number: int) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Connections for listeners."""
    opened = [grpc.aio.insecure_channel(target, options=_OPTIONS) for _ in range(number)]
    try:
        yield opened
    finally:
        await asyncio.gather(*(channel.close() for channel in opened))


def is_boundary(response: Any) -> bool:
    """Whether a snapshot is complete: TargetChange NO_CHANGE for every target, with a read time."""
    change = response.target_change
    return (
        response.WhichOneof("response_type") == "target_change"
        and not change.target_change_type
        and not change.target_ids
        and change.HasField("read_time")
    )
