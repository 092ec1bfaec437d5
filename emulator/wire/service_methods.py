"""The service google.firestore.v1.Firestore as a descriptor, which the messages compiled into
google-cloud-firestore come without. Server reflection shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf import descriptor_pb2

SERVICE = "Firestore"

_EMPTY = "google.protobuf.Empty"


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC. Messages without a package are those of google.firestore.v1."""

    name: str
    request: str
    response: str
    client_streams: bool = False
    server_streams: bool = False


METHODS = (
    Method("GetDocument", "GetDocumentRequest", "Document"),
    Method("ListDocuments", "ListDocumentsRequest", "ListDocumentsResponse"),
    Method("CreateDocument", "CreateDocumentRequest", "Document"),
    Method("UpdateDocument", "UpdateDocumentRequest", "Document"),
    Method("DeleteDocument", "DeleteDocumentRequest", _EMPTY),
    Method("BatchGetDocuments", "BatchGetDocumentsRequest", "BatchGetDocumentsResponse", server_streams=True),
    Method("BeginTransaction", "BeginTransactionRequest", "BeginTransactionResponse"),
    Method("Commit", "CommitRequest", "CommitResponse"),
    Method("Rollback", "RollbackRequest", _EMPTY),
    Method("RunQuery", "RunQueryRequest", "RunQueryResponse", server_streams=True),
    Method("ExecutePipeline", "ExecutePipelineRequest", "ExecutePipelineResponse", server_streams=True),
    Method(
        "RunAggregationQuery",
        "RunAggregationQueryRequest",
        "RunAggregationQueryResponse",
        server_streams=True,
    ),
    Method("PartitionQuery", "PartitionQueryRequest", "PartitionQueryResponse"),
    Method("Write", "WriteRequest", "WriteResponse", client_streams=True, server_streams=True),
    Method("Listen", "ListenRequest", "ListenResponse", client_streams=True, server_streams=True),
    Method("ListCollectionIds", "ListCollectionIdsRequest", "ListCollectionIdsResponse"),
    Method("BatchWrite", "BatchWriteRequest", "BatchWriteResponse"),
)


def service_file(package: str, messages: str) -> descriptor_pb2.FileDescriptorProto:
    """A proto file with the service of a package, whose messages come from the file `messages`."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package.replace('.', '/')}/firestore_service.proto",
        package=package,
        syntax="proto3",
        dependency=[messages, "google/protobuf/empty.proto"],
    )
    service = file.service.add(name=SERVICE)
    for method in METHODS:
        service.method.add(
            name=method.name,
            input_type=_full_name(method.request),
            output_type=_full_name(method.response),
            client_streaming=method.client_streams,
            server_streaming=method.server_streams,
        )
    return file


def _full_name(message: str) -> str:
    return f".{message}" if "." in message else f".google.firestore.v1.{message}"
