"""gRPC: google.firestore.v1.Firestore, also as v1beta1, on a Unix socket behind the shared port.

Requests and responses cross grpcio as bytes. Requests are parsed here, so that bytes that are no message
get a status of their own; responses come serialized, most of them assembled around documents that were
encoded before.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from emulator.errors import FirestoreError, Internal, InvalidArgument
from emulator.firestore.engine import Engine
from emulator.servers import grpc_responses as responses
from emulator.servers.reflection import reflection_handlers
from emulator.servers.service import FirestoreService
from emulator.servers.streams import ListenStream, WriteStream, encode_write_reply
from emulator.wire import protos
from emulator.wire.documents import encode_document
from emulator.wire.identity import identify
from emulator.wire.listen import encode_event
from emulator.wire.protos import Message, MessageClass
from emulator.wire.service_methods import SERVICE

logger = logging.getLogger(__name__)

SERVICES = tuple(f"{package}.{SERVICE}" for package in protos.PACKAGES)
MAX_REQUEST_BYTES = 100 * 1024 * 1024

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"
Call: TypeAlias = Callable[[Message, str | None], Any]

#: Clients of an emulator ping as often as they like; the server never closes a connection for it.
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 1024 * 1024),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 0),
)


def create_grpc_server(service: FirestoreService, new_stream_id: Callable[[], str]) -> grpc.aio.Server:
    """A server without an address; add one and start it."""
    server = grpc.aio.server(options=_OPTIONS)
    methods = _methods(service, new_stream_id)
    server.add_generic_rpc_handlers(
        [
            *(grpc.method_handlers_generic_handler(name, methods) for name in SERVICES),
            *reflection_handlers(SERVICES),
        ]
    )
    return server


def _methods(service: FirestoreService, new_stream_id: Callable[[], str]) -> dict[str, Handler]:
    """Every method of the service."""
    p = protos
    return {
        "GetDocument": _unary(service.get_document, p.GetDocumentRequest, encode_document),
        "ListDocuments": _unary(
            service.list_documents,
            p.ListDocumentsRequest,
            lambda result: service.engine.turns.take(responses.list_documents_response(result)),
        ),
        "CreateDocument": _unary(service.create_document, p.CreateDocumentRequest, encode_document),
        "UpdateDocument": _unary(service.update_document, p.UpdateDocumentRequest, encode_document),
        "DeleteDocument": _unary(service.delete_document, p.DeleteDocumentRequest, _empty),
        "BatchGetDocuments": _stream(
            service.batch_get, p.BatchGetDocumentsRequest, responses.batch_get_responses
        ),
        "BeginTransaction": _unary(
            service.begin_transaction, p.BeginTransactionRequest, responses.begin_transaction_response
        ),
        "Commit": _unary(service.commit, p.CommitRequest, responses.commit_response),
        "Rollback": _unary(service.rollback, p.RollbackRequest, _empty),
        "RunQuery": _stream(service.run_query, p.RunQueryRequest, responses.run_query_responses),
        "RunAggregationQuery": _stream(
            service.run_aggregation_query, p.RunAggregationQueryRequest, responses.run_aggregation_responses
        ),
        "PartitionQuery": _unary(
            service.partition_query, p.PartitionQueryRequest, responses.partition_query_response
        ),
        "ListCollectionIds": _unary(
            service.list_collection_ids, p.ListCollectionIdsRequest, responses.list_collection_ids_response
        ),
        "BatchWrite": _unary(service.batch_write, p.BatchWriteRequest, responses.batch_write_response),
        "ExecutePipeline": _stream(service.execute_pipeline, p.ExecutePipelineRequest, _no_responses),
        "Listen": grpc.stream_stream_rpc_method_handler(_listen(service.engine)),
        "Write": grpc.stream_stream_rpc_method_handler(_write(service.engine, new_stream_id)),
    }


def _empty(result: None) -> bytes:
    return b""


def _no_responses(result: None) -> Iterator[bytes]:
    return iter(())


def _unary(
    call: Call, request_class: MessageClass, encode: Callable[[Any], bytes | Awaitable[bytes]]
) -> Handler:
    async def handle(data: bytes, context: Context) -> bytes:
        try:
            encoded = encode(await _answer(call, request_class, data, context))
            return encoded if isinstance(encoded, bytes) else await encoded
        except Exception as error:
            await _abort(context, error)
            raise

    return grpc.unary_unary_rpc_method_handler(handle)


def _stream(call: Call, request_class: MessageClass, encode: Callable[[Any], Iterator[bytes]]) -> Handler:
    async def handle(data: bytes, context: Context) -> None:
        try:
            for response in encode(await _answer(call, request_class, data, context)):
                await context.write(response)
        except Exception as error:
            await _abort(context, error)

    return grpc.unary_stream_rpc_method_handler(handle)


async def _answer(call: Call, request_class: MessageClass, data: bytes, context: Context) -> Any:
    result = call(_parse(request_class, data), _authorization(context))
    return await result if inspect.isawaitable(result) else result


def _parse(message_class: MessageClass, data: bytes) -> Message:
    try:
        return message_class.FromString(data)
    except DecodeError:
        raise InvalidArgument("Invalid protobuf byte sequence") from None


def _authorization(context: Context) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization":
            return value if isinstance(value, str) else value.decode("latin-1")
    return None


async def _abort(context: Context, error: Exception) -> None:
    """End the call with the status of the error; what is not ours is logged and never told."""
    if isinstance(error, grpc.aio.BaseError):
        return  # the client ended the call while it was answered
    if not isinstance(error, FirestoreError):
        logger.error("unexpected failure of a gRPC call", exc_info=error)
        error = Internal("Internal error.")
    await context.abort(grpc.StatusCode[error.code.name], error.message)


def _listen(engine: Engine) -> Callable[[AsyncIterator[bytes], Context], Awaitable[None]]:
    async def handle(requests: AsyncIterator[bytes], context: Context) -> None:
        try:
            stream = ListenStream(engine, identify(_authorization(context)))
        except FirestoreError as error:
            await _abort(context, error)
            return
        reader = asyncio.ensure_future(_read_targets(requests, stream))
        try:
            await _write_events(stream, reader, context)
        except Exception as error:
            await _abort(context, error)
        finally:
            reader.cancel()
            stream.close()

    return handle


async def _read_targets(requests: AsyncIterator[bytes], stream: ListenStream) -> None:
    async for data in requests:
        await stream.request(_parse(protos.ListenRequest, data))


async def _write_events(stream: ListenStream, reader: asyncio.Future[None], context: Context) -> None:
    """Send events until the client has sent its last request and got what it caused, or one side fails."""
    events = asyncio.ensure_future(stream.events())
    try:
        while True:
            await asyncio.wait((events, reader), return_when=asyncio.FIRST_COMPLETED)
            if not events.done():
                reader.result()
                await asyncio.wait((events,), timeout=0)
                if not events.done():
                    return
            for event in events.result():
                await context.write(encode_event(event))
            events = asyncio.ensure_future(stream.events())
    finally:
        events.cancel()
        with suppress(asyncio.CancelledError, FirestoreError):
            await events


def _write(
    engine: Engine, new_stream_id: Callable[[], str]
) -> Callable[[AsyncIterator[bytes], Context], Awaitable[None]]:
    async def handle(requests: AsyncIterator[bytes], context: Context) -> None:
        try:
            stream = WriteStream(engine, identify(_authorization(context)), new_stream_id)
            async for data in requests:
                reply = await stream.request(_parse(protos.WriteRequest, data))
                await context.write(encode_write_reply(reply).SerializeToString())
                if reply.last:
                    return
        except Exception as error:
            await _abort(context, error)

    return handle
