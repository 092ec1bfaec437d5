"""google.firestore.v1 ListenRequest and ListenResponse: targets in, events out."""

from __future__ import annotations

from emulator.errors import InvalidArgument, Unimplemented
from emulator.firestore.listen import (
    DocumentChanged,
    DocumentDeleted,
    DocumentRemoved,
    ExistenceFilter,
    ListenEvent,
    Target,
    TargetChanged,
)
from emulator.firestore.paths import parse_document_name, parse_parent
from emulator.wire import protos
from emulator.wire.documents import embed, encode_document, encode_status
from emulator.wire.protos import Message
from emulator.wire.queries import decode_query
from emulator.wire.timestamps import decode_timestamp, encode_timestamp

# ListenResponse.document_change and DocumentChange.document
_RESPONSE_CHANGE, _CHANGE_DOCUMENT = 3, 1


def decode_target(message: Message) -> Target:
    """google.firestore.v1.Target. What it raises, the stream answers by removing the target."""
    query = documents = None
    match message.WhichOneof("target_type"):
        case "query":
            if message.query.WhichOneof("query_type") != "structured_query":
                raise InvalidArgument("only structured queries are supported")
            query = decode_query(parse_parent(message.query.parent), message.query.structured_query)
        case "documents":
            documents = tuple(map(parse_document_name, message.documents.documents))
        case kind:
            raise Unimplemented(f"Listening to a target of type {kind or 'unset'} is not implemented.")
    return Target(
        target_id=message.target_id,
        query=query,
        documents=documents,
        resume_token=message.resume_token if message.WhichOneof("resume_type") == "resume_token" else None,
        read_time=decode_timestamp(message.read_time) if message.HasField("read_time") else None,
        expected_count=message.expected_count.value if message.HasField("expected_count") else None,
        once=message.once,
    )


def encode_event(event: ListenEvent) -> bytes:
    """A serialized ListenResponse."""
    if isinstance(event, DocumentChanged):
        return _encode_change(event)
    response = protos.ListenResponse()
    match event:
        case TargetChanged():
            _encode_target_change(response.target_change, event)
        case DocumentDeleted():
            _encode_disappearance(response.document_delete, event)
        case DocumentRemoved():
            _encode_disappearance(response.document_remove, event)
        case ExistenceFilter():
            response.filter.target_id = event.target_id
            response.filter.count = event.count
    return bytes(response.SerializeToString())


def _encode_change(event: DocumentChanged) -> bytes:
    """The document's bytes are kept with its version, so a change sent to many listeners is encoded once."""
    targets = protos.DocumentChange(
        target_ids=event.target_ids, removed_target_ids=event.removed_target_ids
    ).SerializeToString()
    return embed(_RESPONSE_CHANGE, embed(_CHANGE_DOCUMENT, encode_document(event.document)) + targets)


def _encode_target_change(message: Message, event: TargetChanged) -> None:
    message.SetInParent()
    message.target_change_type = event.kind.value
    message.target_ids.extend(event.target_ids)
    message.resume_token = event.resume_token
    if event.cause is not None:
        message.cause.SetInParent()
        encode_status(message.cause, event.cause)
    if event.read_time is not None:
        encode_timestamp(message.read_time, event.read_time)


def _encode_disappearance(message: Message, event: DocumentDeleted | DocumentRemoved) -> None:
    message.document = event.path.name
    message.removed_target_ids.extend(event.removed_target_ids)
    encode_timestamp(message.read_time, event.read_time)
