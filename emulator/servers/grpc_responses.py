"""Answers of the service as serialized response messages, in the order a stream sends them."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.errors import FirestoreError
from emulator.firestore.documents import CommitResult, Document, MissingDocument, WriteResult
from emulator.firestore.queries import Cursor
from emulator.firestore.results import AggregationResult, BatchGetResult, ListDocumentsResult, QueryResult
from emulator.firestore.steps import Steps
from emulator.wire import protos
from emulator.wire.documents import embed, encode_document, encode_status, encode_write_result
from emulator.wire.queries import encode_cursor
from emulator.wire.timestamps import encode_timestamp
from emulator.wire.values import encode_value

#: Field number of the document in BatchGetDocumentsResponse, RunQueryResponse and ListDocumentsResponse.
_DOCUMENT = 1

EMPTY = b""


def batch_get_responses(result: BatchGetResult) -> Iterator[bytes]:
    """The new transaction first, then one message a document, in request order."""
    if result.transaction is not None:
        yield protos.BatchGetDocumentsResponse(transaction=result.transaction).SerializeToString()
    response = protos.BatchGetDocumentsResponse()
    encode_timestamp(response.read_time, result.read_time)
    read_time = response.SerializeToString()
    for path, document in result.found:
        if document is None:
            yield protos.BatchGetDocumentsResponse(missing=path.name).SerializeToString() + read_time
        else:
            yield embed(_DOCUMENT, encode_document(document)) + read_time


def run_query_responses(result: QueryResult) -> Iterator[bytes]:
    """The new transaction first, then one message a document, or one without when there is none.

    The last one is `done`; with an offset all others carry `skipped_results`.
    """
    if result.transaction is not None:
        yield protos.RunQueryResponse(transaction=result.transaction).SerializeToString()
    response = protos.RunQueryResponse(skipped_results=result.skipped)
    encode_timestamp(response.read_time, result.read_time)
    between = response.SerializeToString()
    response.skipped_results = 0
    response.done = True
    last = response.SerializeToString()
    documents = result.documents
    for document in documents[:-1]:
        yield embed(_DOCUMENT, encode_document(document)) + between
    yield (embed(_DOCUMENT, encode_document(documents[-1])) if documents else b"") + last


def run_aggregation_responses(result: AggregationResult) -> Iterator[bytes]:
    if result.transaction is not None:
        yield protos.RunAggregationQueryResponse(transaction=result.transaction).SerializeToString()
    response = protos.RunAggregationQueryResponse()
    for alias, value in result.values.items():
        encode_value(response.result.aggregate_fields[alias], value)
    encode_timestamp(response.read_time, result.read_time)
    yield response.SerializeToString()


def list_documents_response(result: ListDocumentsResult) -> Steps[bytes]:
    parts: list[bytes] = []
    for document in result.documents:
        parts.append(embed(_DOCUMENT, _encode_listed(document)))
        yield
    parts.append(protos.ListDocumentsResponse(next_page_token=result.next_page_token).SerializeToString())
    return b"".join(parts)


def _encode_listed(document: Document | MissingDocument) -> bytes:
    if isinstance(document, MissingDocument):
        encoded: bytes = protos.Document(name=document.path.name).SerializeToString()
        return encoded
    return encode_document(document)


def commit_response(result: CommitResult) -> bytes:
    response = protos.CommitResponse()
    for write_result in result.results:
        encode_write_result(response.write_results.add(), write_result)
    if result.commit_time is not None:
        encode_timestamp(response.commit_time, result.commit_time)
    encoded: bytes = response.SerializeToString()
    return encoded


def batch_write_response(results: list[WriteResult | FirestoreError]) -> bytes:
    """One result and one status a write, in order; a failed write has an empty result."""
    response = protos.BatchWriteResponse()
    for result in results:
        write_result, status = response.write_results.add(), response.status.add()
        if isinstance(result, FirestoreError):
            encode_status(status, result)
        else:
            encode_write_result(write_result, result)
    encoded: bytes = response.SerializeToString()
    return encoded


def begin_transaction_response(transaction: bytes) -> bytes:
    encoded: bytes = protos.BeginTransactionResponse(transaction=transaction).SerializeToString()
    return encoded


def list_collection_ids_response(result: tuple[list[str], str]) -> bytes:
    ids, token = result
    response = protos.ListCollectionIdsResponse(collection_ids=ids, next_page_token=token)
    encoded: bytes = response.SerializeToString()
    return encoded


def partition_query_response(result: tuple[list[Cursor], str]) -> bytes:
    cursors, token = result
    response = protos.PartitionQueryResponse(next_page_token=token)
    for cursor in cursors:
        encode_cursor(response.partitions.add(), cursor)
    encoded: bytes = response.SerializeToString()
    return encoded
