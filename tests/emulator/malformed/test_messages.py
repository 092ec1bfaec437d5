"""Messages that make no sense, to every method: an answer, or an error that says why and is not INTERNAL."""

from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from emulator.errors import Code, FirestoreError
from emulator.firestore.callers import ADMIN
from emulator.firestore.engine import Engine
from emulator.firestore.values import Timestamp
from emulator.servers import grpc_responses as responses
from emulator.servers.service import FirestoreService
from emulator.servers.streams import ListenStream, WriteStream, encode_write_reply
from emulator.wire import protos
from emulator.wire.documents import encode_document
from emulator.wire.listen import encode_event
from emulator.wire.protos import MessageClass
from tests.emulator.firestore.fast_loop import run
from tests.emulator.malformed.messages import random_message

MESSAGES = 150
"""How many each method gets; always the same ones."""
OWNER = "Bearer owner"


def _encode_nothing(result: Any) -> bytes:
    return b""


def _joined(encode: Callable[[Any], Iterator[bytes]]) -> Callable[[Any], bytes]:
    return lambda result: b"".join(encode(result))


METHODS: list[tuple[str, MessageClass, Callable[[Any], bytes]]] = [
    ("get_document", protos.GetDocumentRequest, encode_document),
    ("list_documents", protos.ListDocumentsRequest, responses.list_documents_response),
    ("create_document", protos.CreateDocumentRequest, encode_document),
    ("update_document", protos.UpdateDocumentRequest, encode_document),
    ("delete_document", protos.DeleteDocumentRequest, _encode_nothing),
    ("batch_get", protos.BatchGetDocumentsRequest, _joined(responses.batch_get_responses)),
    ("begin_transaction", protos.BeginTransactionRequest, responses.begin_transaction_response),
    ("commit", protos.CommitRequest, responses.commit_response),
    ("rollback", protos.RollbackRequest, _encode_nothing),
    ("batch_write", protos.BatchWriteRequest, responses.batch_write_response),
    ("run_query", protos.RunQueryRequest, _joined(responses.run_query_responses)),
    (
        "run_aggregation_query",
        protos.RunAggregationQueryRequest,
        _joined(responses.run_aggregation_responses),
    ),
    ("partition_query", protos.PartitionQueryRequest, responses.partition_query_response),
    ("list_collection_ids", protos.ListCollectionIdsRequest, responses.list_collection_ids_response),
]


@pytest.fixture
def engine() -> Engine:
    ticks = iter(range(1_700_000_000_000_000, 1_800_000_000_000_000, 1_000))
    return Engine(clock=lambda: Timestamp(next(ticks)), random=random.Random(1))


@contextmanager
def refused_at_most(*messages: Any) -> Iterator[None]:
    """What stands inside succeeds, or raises an error for the client that has a reason."""
    try:
        yield
    except FirestoreError as error:
        if error.code is Code.INTERNAL or not error.message:
            pytest.fail(f"{error!r} for\n{messages}")
    except Exception as error:
        raise AssertionError(f"{error!r} for\n{messages}") from error


@pytest.mark.parametrize(("method", "message_class", "encode"), METHODS, ids=[name for name, _, _ in METHODS])
def test_message_without_sense_is_answered_or_refused(
    engine: Engine, method: str, message_class: MessageClass, encode: Callable[[Any], bytes]
) -> None:
    service, source = FirestoreService(engine, random.Random(2)), random.Random(method)

    async def ask(message: Any) -> None:
        with refused_at_most(message):
            result = getattr(service, method)(message, OWNER)
            encode(await result if inspect.isawaitable(result) else result)

    async def ask_all() -> None:
        for _ in range(MESSAGES):
            await ask(random_message(message_class, source))

    run(ask_all())


def test_listen_request_without_sense_ends_its_stream_or_is_answered(engine: Engine) -> None:
    source = random.Random("listen")

    async def listen(message: Any) -> None:
        with closing(ListenStream(engine, ADMIN)) as stream, refused_at_most(message):
            await stream.request(message)
            events = asyncio.ensure_future(stream.events())
            await asyncio.wait((events,), timeout=0)
            if not events.cancel():
                for event in events.result():
                    encode_event(event)

    async def listen_all() -> None:
        for _ in range(3 * MESSAGES):
            await listen(random_message(protos.ListenRequest, source))

    run(listen_all())


def test_write_request_without_sense_ends_its_stream_or_is_answered(engine: Engine) -> None:
    source = random.Random("write")

    async def write(*messages: Any) -> None:
        stream = WriteStream(engine, ADMIN, lambda: "stream")
        with refused_at_most(*messages):
            for message in messages:
                encode_write_reply(await stream.request(message)).SerializeToString()

    async def write_all() -> None:
        for _ in range(MESSAGES):
            handshake = protos.WriteRequest(database="projects/demo-malformed/databases/(default)")
            first, second = (random_message(protos.WriteRequest, source) for _ in range(2))
            await write(first)
            second.database = second.stream_id = ""
            await write(handshake, second)

    run(write_all())
