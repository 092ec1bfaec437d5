"""The protobuf messages of google.firestore.v1, as plain upb classes.

The descriptors are those compiled into google-cloud-firestore. They are copied into a pool of our own, for
two reasons: the field `verify` of Write, which the web SDK's transactions send and the public proto lacks,
can be added; and nothing here can collide with a real client in the same process.

google.cloud.firestore_v1's package `__init__` imports the whole client (0.36 s). While the types are
imported an empty package stands in its place, and afterwards every trace is removed, so that a later real
import works.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import google.cloud
from google.protobuf import descriptor_pb2, descriptor_pool, empty_pb2, message_factory

from emulator.wire.service_methods import service_file

#: Messages and their classes are made at run time; their fields are known to the proto files only.
Message: TypeAlias = Any
MessageClass: TypeAlias = Any

_PACKAGE = "google.cloud.firestore_v1"
#: Where the service is found; both take the messages of the first.
PACKAGES = ("google.firestore.v1", "google.firestore.v1beta1")

_FIELD = descriptor_pb2.FieldDescriptorProto


@contextmanager
def _package_without_client() -> Iterator[None]:
    """Let the modules of the package be imported without its `__init__`."""
    if _PACKAGE in sys.modules:
        yield
        return
    spec = importlib.machinery.PathFinder.find_spec(_PACKAGE, google.cloud.__path__)
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(f"{_PACKAGE} is not installed")
    package = types.ModuleType(_PACKAGE)
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules[_PACKAGE] = package
    try:
        yield
    finally:
        del sys.modules[_PACKAGE]
        google.cloud.__dict__.pop("firestore_v1", None)


def _compiled_files() -> list[Any]:
    """Every file descriptor Firestore needs, dependencies first and the messages of its RPCs last."""
    with _package_without_client():
        service = importlib.import_module(f"{_PACKAGE}.types.firestore")
    files: dict[str, Any] = {}

    def visit(file: Any) -> None:
        if file.name not in files:
            for dependency in file.dependencies:
                visit(dependency)
            files[file.name] = file

    visit(service.CommitRequest.pb().DESCRIPTOR.file)
    return list(files.values())


def _add_verify(file: descriptor_pb2.FileDescriptorProto) -> None:
    """`string verify = 5;` in the oneof `operation` of Write."""
    for message in file.message_type:
        if message.name == "Write":
            message.field.add(
                name="verify", number=5, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL, oneof_index=0
            )


def _own_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for compiled in _compiled_files():
        file = descriptor_pb2.FileDescriptorProto.FromString(compiled.serialized_pb)
        if file.package == "google.firestore.v1":
            _add_verify(file)
        pool.Add(file)
    pool.Add(descriptor_pb2.FileDescriptorProto.FromString(empty_pb2.DESCRIPTOR.serialized_pb))
    for package in PACKAGES:
        pool.Add(service_file(package, file.name))
    return pool


POOL = _own_pool()


def _message(name: str, package: str = "google.firestore.v1") -> MessageClass:
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"{package}.{name}"))


Timestamp = _message("Timestamp", "google.protobuf")
Status = _message("Status", "google.rpc")

Cursor = _message("Cursor")
Document = _message("Document")
DocumentChange = _message("DocumentChange")
DocumentMask = _message("DocumentMask")
StructuredAggregationQuery = _message("StructuredAggregationQuery")
StructuredQuery = _message("StructuredQuery")
Value = _message("Value")
Write = _message("Write")
WriteResult = _message("WriteResult")

BatchGetDocumentsRequest = _message("BatchGetDocumentsRequest")
BatchGetDocumentsResponse = _message("BatchGetDocumentsResponse")
BatchWriteRequest = _message("BatchWriteRequest")
BatchWriteResponse = _message("BatchWriteResponse")
BeginTransactionRequest = _message("BeginTransactionRequest")
BeginTransactionResponse = _message("BeginTransactionResponse")
CommitRequest = _message("CommitRequest")
CommitResponse = _message("CommitResponse")
CreateDocumentRequest = _message("CreateDocumentRequest")
DeleteDocumentRequest = _message("DeleteDocumentRequest")
ExecutePipelineRequest = _message("ExecutePipelineRequest")
GetDocumentRequest = _message("GetDocumentRequest")
ListCollectionIdsRequest = _message("ListCollectionIdsRequest")
ListCollectionIdsResponse = _message("ListCollectionIdsResponse")
ListDocumentsRequest = _message("ListDocumentsRequest")
ListDocumentsResponse = _message("ListDocumentsResponse")
ListenRequest = _message("ListenRequest")
ListenResponse = _message("ListenResponse")
PartitionQueryRequest = _message("PartitionQueryRequest")
PartitionQueryResponse = _message("PartitionQueryResponse")
RollbackRequest = _message("RollbackRequest")
RunAggregationQueryRequest = _message("RunAggregationQueryRequest")
RunAggregationQueryResponse = _message("RunAggregationQueryResponse")
RunQueryRequest = _message("RunQueryRequest")
RunQueryResponse = _message("RunQueryResponse")
UpdateDocumentRequest = _message("UpdateDocumentRequest")
WriteRequest = _message("WriteRequest")
WriteResponse = _message("WriteResponse")
