"""REST: the service's HTTP mapping (google.api.http of google.firestore.v1.Firestore), one function a call.

A handler makes the request message from path, query and body, asks the service and prints the answer.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from emulator.errors import FirestoreError, InvalidArgument
from emulator.firestore.results import ListDocumentsResult, QueryResult
from emulator.firestore.steps import Steps
from emulator.servers.http_app import NOT_FOUND, Request, Response, json_body
from emulator.servers.service import FirestoreService
from emulator.wire import protos
from emulator.wire.json_documents import (
    json_bytes,
    json_commit_result,
    json_document,
    json_fields,
    json_status,
    json_value,
    json_write_result,
)
from emulator.wire.protos import Message, MessageClass
from emulator.wire.rest_json import (
    Json,
    Printed,
    parse_json,
    print_inner,
    print_json,
    print_json_stream,
    to_message,
)
from emulator.wire.timestamps import encode_timestamp, format_timestamp, parse_timestamp

_EMPTY: Json = {}


class RestHandlers:
    """Every REST call; `routes` says which path reaches which."""

    def __init__(self, service: FirestoreService) -> None:
        self._service = service
        self._turns = service.engine.turns

    async def get_or_list(self, request: Request) -> Response:
        """A path with an even number of segments is a document, an odd one a collection. A slash behind a
        document, or behind the root, asks for all collections below it.
        """
        if _names_a_collection(request):
            return await self._list_documents(request, *_parent_and_collection(request))
        if _names_what_is_below(request):
            return await self._list_documents(request, _document_name(request).removesuffix("/"), "")
        message = protos.GetDocumentRequest(name=_document_name(request))
        _read_parameters(message, request)
        document = await self._service.get_document(message, request.authorization)
        return _printed(json_document(document))

    async def _list_documents(self, request: Request, parent: str, collection: str) -> Response:
        message = protos.ListDocumentsRequest(parent=parent, collection_id=collection)
        _read_parameters(message, request)
        result = await self._service.list_documents(message, request.authorization)
        return await self._turns.take(_printed_list(result))

    async def create_document(self, request: Request) -> Response:
        if not _names_a_collection(request):
            return NOT_FOUND
        parent, collection = _parent_and_collection(request)
        body = parse_json(await request.body())
        document = to_message(body, protos.Document)
        message = protos.CreateDocumentRequest(parent=parent, collection_id=collection, document=document)
        _read_parameters(message, request)
        return _printed(
            json_document(await self._service.create_document(message, request.authorization, body))
        )

    async def update_document(self, request: Request) -> Response:
        body = parse_json(await request.body())
        message = protos.UpdateDocumentRequest(document=to_message(body, protos.Document))
        message.document.name = _document_name(request)
        _read_parameters(message, request)
        return _printed(
            json_document(await self._service.update_document(message, request.authorization, body))
        )

    async def delete_document(self, request: Request) -> Response:
        message = protos.DeleteDocumentRequest(name=_document_name(request))
        _read_parameters(message, request)
        await self._service.delete_document(message, request.authorization)
        return _printed(_EMPTY)

    async def batch_get(self, request: Request) -> Response:
        message, _ = await _database_request(request, protos.BatchGetDocumentsRequest)
        result = await self._service.batch_get(message, request.authorization)
        read_time = {"readTime": format_timestamp(result.read_time)}
        answers: Iterator[Json] = (
            {"missing": path.name, **read_time}
            if document is None
            else {"found": json_document(document), **read_time}
            for path, document in result.found
        )
        return await self._turns.take(_printed_stream(result.transaction, answers))

    async def begin_transaction(self, request: Request) -> Response:
        message, _ = await _database_request(request, protos.BeginTransactionRequest)
        transaction = await self._service.begin_transaction(message, request.authorization)
        return _printed({"transaction": json_bytes(transaction)})

    async def commit(self, request: Request) -> Response:
        message, body = await _database_request(request, protos.CommitRequest)
        return _printed(json_commit_result(await self._service.commit(message, request.authorization, body)))

    async def rollback(self, request: Request) -> Response:
        message, _ = await _database_request(request, protos.RollbackRequest)
        await self._service.rollback(message, request.authorization)
        return _printed(_EMPTY)

    async def batch_write(self, request: Request) -> Response:
        message, body = await _database_request(request, protos.BatchWriteRequest)
        results = await self._service.batch_write(message, request.authorization, body)
        failed = [result if isinstance(result, FirestoreError) else None for result in results]
        answer = {
            "writeResults": [
                {} if isinstance(result, FirestoreError) else json_write_result(result) for result in results
            ],
            "status": [{} if error is None else json_status(error) for error in failed],
        }
        return _printed(answer if results else _EMPTY)

    async def run_query(self, request: Request) -> Response:
        message = await _parent_request(request, protos.RunQueryRequest)
        result = await self._service.run_query(message, request.authorization)
        return await self._turns.take(_printed_stream(result.transaction, _query_answers(result)))

    async def run_aggregation_query(self, request: Request) -> Response:
        message = await _parent_request(request, protos.RunAggregationQueryRequest)
        result = await self._service.run_aggregation_query(message, request.authorization)
        answer: Json = {
            "result": {"aggregateFields": json_fields(result.values)},
            "readTime": format_timestamp(result.read_time),
            "done": True,
        }
        return await self._turns.take(_printed_stream(result.transaction, [answer]))

    async def partition_query(self, request: Request) -> Response:
        message = await _parent_request(request, protos.PartitionQueryRequest)
        cursors, token = await self._service.partition_query(message, request.authorization)
        partitions = [
            {"values": [json_value(value) for value in cursor.values]}
            | ({"before": True} if cursor.before else {})
            for cursor in cursors
        ]
        return _printed(_without_defaults({"partitions": partitions, "nextPageToken": token}))

    async def list_collection_ids(self, request: Request) -> Response:
        message = await _parent_request(request, protos.ListCollectionIdsRequest)
        ids, token = await self._service.list_collection_ids(message, request.authorization)
        return _printed(_without_defaults({"collectionIds": ids, "nextPageToken": token}))

    async def execute_pipeline(self, request: Request) -> Response:
        message = protos.ExecutePipelineRequest(database=_database_name(request))
        self._service.execute_pipeline(message, request.authorization)
        return NOT_FOUND


def _printed(tree: Json) -> Response:
    return json_body(print_json(tree))


def _printed_stream(transaction: bytes | None, answers: Iterable[Json]) -> Steps[Response]:
    """A new transaction comes as the first element."""
    began: list[Json] = [] if transaction is None else [{"transaction": json_bytes(transaction)}]
    printed: list[bytes] = []
    for answer in chain(began, answers):
        printed.append(print_inner(answer).encode())
        yield
    return json_body(print_json_stream(printed))


def _query_answers(result: QueryResult) -> Iterator[Json]:
    """One answer a document, or one without. The last one is `done`; with an offset all others say so."""
    read_time = {"readTime": format_timestamp(result.read_time)}
    skipped: Json = {"skippedResults": result.skipped} if result.skipped else {}
    for document in result.documents[:-1]:
        yield {"document": json_document(document), **read_time, **skipped}
    last = {"document": json_document(result.documents[-1])} if result.documents else {}
    yield {**last, **read_time, "done": True}


def _printed_list(result: ListDocumentsResult) -> Steps[Response]:
    documents: list[Printed] = []
    for document in result.documents:
        documents.append(print_inner(json_document(document), "  "))
        yield
    return _printed(_without_defaults({"documents": documents, "nextPageToken": result.next_page_token}))


def _without_defaults(tree: Json) -> Json:
    return {name: value for name, value in tree.items() if value}


def _database_name(request: Request) -> str:
    return f"projects/{request.params['project']}/databases/{request.params['database']}"


def _document_name(request: Request) -> str:
    return f"{_database_name(request)}/documents/{request.params['path']}"


def _parent_name(request: Request) -> str:
    """The document before a `:verb`, or the root of the database."""
    path = request.params.get("path")
    return f"{_database_name(request)}/documents" + (f"/{path}" if path else "")


def _names_a_collection(request: Request) -> bool:
    path = request.params["path"]
    return path.count("/") % 2 == 0 and not path.endswith("/")


def _names_what_is_below(request: Request) -> bool:
    path = request.params["path"]
    return path == "" or (path.endswith("/") and path.count("/") % 2 == 0 and all(path[:-1].split("/")))


def _parent_and_collection(request: Request) -> tuple[str, str]:
    parent, _, collection = _document_name(request).rpartition("/")
    return parent, collection


async def _database_request(request: Request, message_class: MessageClass) -> tuple[Message, Json]:
    body = parse_json(await request.body())
    message = to_message(body, message_class)
    message.database = _database_name(request)
    return message, body


async def _parent_request(request: Request, message_class: MessageClass) -> Message:
    message = to_message(parse_json(await request.body()), message_class)
    message.parent = _parent_name(request)
    return message


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)


def _set_current_document(name: str, parse: Callable[[str], Any]) -> Callable[[Message, str], None]:
    def set_value(message: Message, text: str) -> None:
        setattr(message.current_document, name, parse(text))

    return set_value


def _set_update_time(message: Message, text: str) -> None:
    encode_timestamp(message.current_document.update_time, parse_timestamp(text))


def _set_read_time(message: Message, text: str) -> None:
    encode_timestamp(message.read_time, parse_timestamp(text))


def _set(name: str, parse: Callable[[str], Any]) -> Callable[[Message, str], None]:
    def set_value(message: Message, text: str) -> None:
        setattr(message, name, parse(text))

    return set_value


def _add_path(name: str) -> Callable[[Message, str], None]:
    def add(message: Message, text: str) -> None:
        getattr(message, name).field_paths.append(text)

    return add


#: Query parameters: the field a message needs for the parameter to mean something, and how it is set.
_PARAMETERS: dict[str, tuple[str, Callable[[Message, str], None]]] = {
    "mask.fieldPaths": ("mask", _add_path("mask")),
    "updateMask.fieldPaths": ("update_mask", _add_path("update_mask")),
    "currentDocument.exists": ("current_document", _set_current_document("exists", _boolean)),
    "currentDocument.updateTime": ("current_document", _set_update_time),
    "documentId": ("document_id", _set("document_id", str)),
    "pageSize": ("page_size", _set("page_size", int)),
    "pageToken": ("page_token", _set("page_token", str)),
    "orderBy": ("order_by", _set("order_by", str)),
    "showMissing": ("show_missing", _set("show_missing", _boolean)),
    "transaction": ("transaction", _set("transaction", _bytes)),
    "readTime": ("read_time", _set_read_time),
}


def _read_parameters(message: Message, request: Request) -> None:
    """Query parameters into the message; those it has no field for are ignored."""
    fields = message.DESCRIPTOR.fields_by_name
    for name, text in request.query:
        field, set_value = _PARAMETERS.get(name, ("", _ignore))
        if field in fields:
            try:
                set_value(message, text)
            except (ValueError, binascii.Error):
                raise InvalidArgument("Payload isn't valid for request.") from None


def _ignore(message: Message, text: str) -> None:
    return None
