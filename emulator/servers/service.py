"""The calls of google.firestore.v1.Firestore that answer once: from a request message to a domain result.

gRPC and REST share them; each encodes the answer in its own way. Listen and Write are in `streams`. Every
call checks in the order of the official emulator: names in the request first, then who is asking, then
everything else.
"""

from __future__ import annotations

import random
import string

from emulator.errors import FirestoreError, Internal, InvalidArgument, Unimplemented
from emulator.firestore.documents import (
    CommitResult,
    Document,
    MissingDocument,
    Precondition,
    Write,
    WriteKind,
    WriteResult,
)
from emulator.firestore.engine import Engine
from emulator.firestore.paths import (
    check_collection_id,
    check_document_id,
    parse_database_name,
    parse_document_name,
    parse_parent,
)
from emulator.firestore.queries import Cursor
from emulator.firestore.results import AggregationResult, BatchGetResult, ListDocumentsResult, QueryResult
from emulator.wire.documents import decode_precondition, decode_write, masked, optional_mask
from emulator.wire.field_order import ordered_fields, ordered_writes
from emulator.wire.identity import identify
from emulator.wire.protos import Message
from emulator.wire.queries import decode_aggregations, decode_query
from emulator.wire.reads import decode_consistency, decode_transaction_options
from emulator.wire.rest_json import Json
from emulator.wire.timestamps import decode_timestamp
from emulator.wire.values import decode_fields

_AUTO_ID_LENGTH = 20
_AUTO_ID_ALPHABET = string.ascii_letters + string.digits


class FirestoreService:
    """`body` in the writing calls is the JSON a request was read from, which knows the order of fields."""

    def __init__(self, engine: Engine, random: random.Random) -> None:
        self.engine = engine
        self._random = random

    async def get_document(self, request: Message, authorization: str | None) -> Document:
        path = parse_document_name(request.name)
        caller = identify(authorization)
        mask = optional_mask(request, "mask")
        return masked(await self.engine.get_document(path, caller, decode_consistency(request)), mask)

    async def list_documents(self, request: Message, authorization: str | None) -> ListDocumentsResult:
        """With show_missing the mask is ignored, as the official emulator does."""
        parent = parse_parent(request.parent)
        caller = identify(authorization)
        mask = None if request.show_missing else optional_mask(request, "mask")
        result = await self.engine.list_documents(
            parent,
            request.collection_id or None,
            caller,
            page_size=request.page_size,
            page_token=request.page_token,
            order_by=request.order_by,
            show_missing=request.show_missing,
            consistency=decode_consistency(request),
        )
        if mask is None:
            return result
        documents = tuple(
            each if isinstance(each, MissingDocument) else masked(each, mask) for each in result.documents
        )
        return ListDocumentsResult(documents, result.next_page_token)

    async def create_document(
        self, request: Message, authorization: str | None, body: Json | None = None
    ) -> Document:
        parent = parse_parent(request.parent)
        if request.collection_id:
            _check_new_collection_id(request.collection_id)
        if request.document_id:
            _check_new_document_id(request.document_id)
        identify(authorization)
        if not request.collection_id:
            raise InvalidArgument("Collection id must be set.")
        path = parent.child(request.collection_id, request.document_id or self._auto_id())
        fields = decode_fields(request.document.fields)
        if body is not None:
            fields = ordered_fields(fields, body.get("fields") or {})
        write = Write(WriteKind.UPDATE, path, fields, precondition=Precondition(exists=False))
        return await self._write_and_read(write, request, authorization)

    async def update_document(
        self, request: Message, authorization: str | None, body: Json | None = None
    ) -> Document:
        path = parse_document_name(request.document.name)
        identify(authorization)
        fields = decode_fields(request.document.fields)
        if body is not None:
            fields = ordered_fields(fields, body.get("fields") or {})
        write = Write(
            WriteKind.UPDATE,
            path,
            fields,
            optional_mask(request, "update_mask"),
            precondition=decode_precondition(request.current_document),
        )
        return await self._write_and_read(write, request, authorization)

    async def _write_and_read(self, write: Write, request: Message, authorization: str | None) -> Document:
        """Commit one write and give the document it left.

        Nothing runs between the commit's return and the look at the store, and a look is no read that rules
        or the request monitor should hear of.
        """
        mask = optional_mask(request, "mask")
        await self.engine.commit(write.path.database, [write], identify(authorization))
        document = self.engine.database(write.path.database).latest.get(write.path.key)
        if document is None:
            raise Internal(f"Document ({write.path.name}) was written and is not there.")
        return masked(document, mask)

    def _auto_id(self) -> str:
        return "".join(self._random.choices(_AUTO_ID_ALPHABET, k=_AUTO_ID_LENGTH))

    async def delete_document(self, request: Message, authorization: str | None) -> None:
        path = parse_document_name(request.name)
        caller = identify(authorization)
        write = Write(WriteKind.DELETE, path, precondition=decode_precondition(request.current_document))
        await self.engine.commit(path.database, [write], caller)

    async def batch_get(self, request: Message, authorization: str | None) -> BatchGetResult:
        """A document named twice is answered once, as the proto says and the Go client insists on."""
        database = parse_database_name(request.database)
        caller = identify(authorization)
        paths = [parse_document_name(name) for name in dict.fromkeys(request.documents)]
        mask = optional_mask(request, "mask")
        result = await self.engine.batch_get(database, paths, caller, decode_consistency(request))
        if mask is None:
            return result
        found = tuple((path, document and masked(document, mask)) for path, document in result.found)
        return BatchGetResult(found, result.read_time, result.transaction)

    async def begin_transaction(self, request: Message, authorization: str | None) -> bytes:
        database = parse_database_name(request.database)
        caller = identify(authorization)
        await self.engine.begin(database)
        return self.engine.begin_transaction(database, decode_transaction_options(request.options), caller)

    async def commit(
        self, request: Message, authorization: str | None, body: Json | None = None
    ) -> CommitResult:
        database = parse_database_name(request.database)
        caller = identify(authorization)
        writes = _decode_writes(request, body)
        return await self.engine.commit(database, writes, caller, request.transaction or None)

    async def rollback(self, request: Message, authorization: str | None) -> None:
        database = parse_database_name(request.database)
        identify(authorization)
        await self.engine.begin(database)
        self.engine.rollback(database, request.transaction)

    async def batch_write(
        self, request: Message, authorization: str | None, body: Json | None = None
    ) -> list[WriteResult | FirestoreError]:
        database = parse_database_name(request.database)
        caller = identify(authorization)
        return await self.engine.batch_write(database, _decode_writes(request, body), caller)

    async def run_query(self, request: Message, authorization: str | None) -> QueryResult:
        parent = parse_parent(request.parent)
        caller = identify(authorization)
        _require_structured(request, "structured_query")
        query = decode_query(parent, request.structured_query)
        return await self.engine.run_query(query, caller, decode_consistency(request))

    async def run_aggregation_query(self, request: Message, authorization: str | None) -> AggregationResult:
        parent = parse_parent(request.parent)
        caller = identify(authorization)
        _require_structured(request, "structured_aggregation_query")
        structured = request.structured_aggregation_query
        query = decode_query(parent, structured.structured_query)
        aggregations = decode_aggregations(structured)
        return await self.engine.run_aggregation(query, aggregations, caller, decode_consistency(request))

    async def partition_query(self, request: Message, authorization: str | None) -> tuple[list[Cursor], str]:
        """The official emulator has none and says so; here only a request without a query is told that."""
        if request.WhichOneof("query_type") is None:
            raise Unimplemented("Method google.firestore.v1.Firestore/PartitionQuery is unimplemented")
        parent = parse_parent(request.parent)
        caller = identify(authorization)
        await self.engine.begin(parent.database)
        return await self.engine.partition_query(
            decode_query(parent, request.structured_query),
            caller,
            partition_count=request.partition_count,
            page_size=request.page_size,
            page_token=request.page_token,
            read_time=decode_timestamp(request.read_time) if request.HasField("read_time") else None,
        )

    async def list_collection_ids(self, request: Message, authorization: str | None) -> tuple[list[str], str]:
        parent = parse_parent(request.parent)
        caller = identify(authorization)
        await self.engine.begin(parent.database)
        return self.engine.list_collection_ids(
            parent,
            caller,
            page_size=request.page_size,
            page_token=request.page_token,
            read_time=decode_timestamp(request.read_time) if request.HasField("read_time") else None,
        )

    def execute_pipeline(self, request: Message, authorization: str | None) -> None:
        parse_database_name(request.database)
        raise InvalidArgument("ExecutePipeline requires the Database Edition to be `enterprise`.")


def _decode_writes(request: Message, body: Json | None) -> list[Write]:
    writes = [decode_write(write) for write in request.writes]
    return writes if body is None else ordered_writes(writes, body)


def _require_structured(request: Message, kind: str) -> None:
    if request.WhichOneof("query_type") != kind:
        raise InvalidArgument("only structured queries are supported")


def _check_new_collection_id(collection_id: str) -> None:
    """An id given to CreateDocument by itself: what separates the parts of a name is refused here."""
    if collection_id in (".", ".."):
        raise InvalidArgument(f'Collection id "{collection_id}" is invalid because it is reserved.')
    check_collection_id(collection_id)


def _check_new_document_id(document_id: str) -> None:
    if "/" in document_id:
        raise InvalidArgument(f'Resource id "{document_id}" is invalid because it contains "/".')
    if document_id in (".", ".."):
        raise InvalidArgument(f'Resource id "{document_id}" is invalid because it is reserved.')
    check_document_id(document_id)
