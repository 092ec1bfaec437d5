"""The two bidirectional streams of the service, Listen and Write, as every transport runs them.

A transport hands in requests as messages and sends on what comes out; it ends the stream when a
FirestoreError is raised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from emulator.errors import FirestoreError, InvalidArgument, Unavailable
from emulator.firestore.callers import Caller
from emulator.firestore.documents import CommitResult
from emulator.firestore.engine import Engine
from emulator.firestore.listen import ListenEvent, ListenSession
from emulator.firestore.paths import DatabaseId, parse_database_name
from emulator.wire import protos
from emulator.wire.documents import decode_write, encode_write_result
from emulator.wire.field_order import ordered_writes
from emulator.wire.listen import decode_target
from emulator.wire.protos import Message
from emulator.wire.rest_json import Json
from emulator.wire.timestamps import encode_timestamp


class ListenStream:
    """One Listen stream: the first request names the database, every request adds or removes a target."""

    def __init__(self, engine: Engine, caller: Caller) -> None:
        self._engine = engine
        self._caller = caller
        self._session: asyncio.Future[ListenSession] = asyncio.get_running_loop().create_future()
        self._database: DatabaseId | None = None

    async def request(self, message: Message) -> None:
        """Take one ListenRequest. A bad target is answered by its removal, other faults end the stream."""
        session = await self._open(message.database)
        match message.WhichOneof("target_change"):
            case "add_target":
                try:
                    target = decode_target(message.add_target)
                except FirestoreError as error:
                    session.reject_target(message.add_target.target_id, error)
                else:
                    await session.add_target(target)
            case "remove_target":
                session.remove_target(message.remove_target)
            case _:
                raise InvalidArgument("A listen request must add or remove a target.")

    async def events(self) -> list[ListenEvent]:
        """Wait for the next events, at least one."""
        return await (await asyncio.shield(self._session)).next_events()

    def close(self) -> None:
        """Forget every target; safe to call twice and before the first request."""
        if self._session.done() and not self._session.cancelled():
            self._session.result().close()
        self._session.cancel()

    async def _open(self, name: str) -> ListenSession:
        if self._database is None:
            if not name:
                raise InvalidArgument("'database' must be set on an initial listen request.")
            self._database = parse_database_name(name)
            await self._engine.begin(self._database)
            if self._session.cancelled():
                raise Unavailable("The stream has ended.")
            self._session.set_result(self._engine.listen(self._database, self._caller))
        elif name:
            _same_database(name, self._database)
        return self._session.result()


@dataclass(frozen=True, slots=True)
class WriteReply:
    """What answers one WriteRequest.

    `stream_id` only after the handshake, `commit` only after writes; `last` ends the stream.
    """

    stream_token: bytes
    stream_id: str = ""
    commit: CommitResult | None = None
    last: bool = False


class WriteStream:
    """One Write stream: a handshake, then commits in order, each answered with the next token."""

    def __init__(self, engine: Engine, caller: Caller, new_stream_id: Callable[[], str]) -> None:
        self._engine = engine
        self._caller = caller
        self._new_stream_id = new_stream_id
        self._database: DatabaseId | None = None
        self._token = 0

    async def request(self, message: Message, body: Json | None = None) -> WriteReply:
        """Take one WriteRequest. A failed commit ends the stream.

        `body` is the JSON the request came as, for the order of fields.
        Tokens of requests are not checked, as in the official emulator.
        """
        if self._database is None:
            return self._handshake(message)
        if message.database:
            _same_database(message.database, self._database)
        self._token += 1
        if not message.writes:
            return WriteReply(self._encoded_token(), last=True)
        writes = [decode_write(write) for write in message.writes]
        if body is not None:
            writes = ordered_writes(writes, body)
        commit = await self._engine.commit(self._database, writes, self._caller)
        return WriteReply(self._encoded_token(), commit=commit)

    def _handshake(self, message: Message) -> WriteReply:
        if not message.database:
            raise InvalidArgument("'database' must be set on an initial write request.")
        if message.stream_id:
            raise InvalidArgument("Resuming streams is not supported, do not set stream ID.")
        if message.stream_token:
            raise InvalidArgument(
                "Resuming streams is not supported,"
                " 'stream_token' must not be set on an initial write request."
            )
        if message.writes:
            raise InvalidArgument("'writes' must not be set on an initial write request.")
        self._database = parse_database_name(message.database)
        return WriteReply(self._encoded_token(), stream_id=self._new_stream_id())

    def _encoded_token(self) -> bytes:
        return str(self._token).encode()


def encode_write_reply(reply: WriteReply) -> Message:
    """google.firestore.v1.WriteResponse."""
    response = protos.WriteResponse(stream_id=reply.stream_id, stream_token=reply.stream_token)
    if reply.commit is not None:
        for result in reply.commit.results:
            encode_write_result(response.write_results.add(), result)
        if reply.commit.commit_time is not None:
            response.commit_time.SetInParent()
            encode_timestamp(response.commit_time, reply.commit.commit_time)
    return response


def _same_database(name: str, expected: DatabaseId) -> None:
    if name != expected.name:
        raise InvalidArgument(
            f"Request specified a database ({name})"
            f" that did not match the expected database ({expected.name})"
        )
