"""Documents, writes and their results as google.firestore.v1 messages."""

from __future__ import annotations

from emulator.errors import FirestoreError, InvalidArgument
from emulator.firestore.documents import (
    NO_PRECONDITION,
    Document,
    FieldTransform,
    Precondition,
    TransformKind,
    Write,
    WriteKind,
    WriteResult,
)
from emulator.firestore.masks import apply_mask
from emulator.firestore.paths import FieldPath, parse_document_name, parse_field_path
from emulator.firestore.values import Value
from emulator.wire import protos
from emulator.wire.protos import Message
from emulator.wire.timestamps import decode_timestamp, encode_timestamp
from emulator.wire.values import decode_fields, decode_value, encode_fields, encode_value

#: Mask path that selects no field (sent by the Emulator UI).
NO_FIELD = "_none_"

_REQUEST_TIME = 1


def encode_document(document: Document) -> bytes:
    """The document as a serialized Document; kept with the version, so that it is encoded once."""
    kept = document.encoding
    if isinstance(kept, bytes):
        return kept
    message = protos.Document(name=document.path.name)
    encode_fields(message.fields, document.fields)
    encode_timestamp(message.create_time, document.create_time)
    encode_timestamp(message.update_time, document.update_time)
    encoded: bytes = message.SerializeToString()
    document.keep_encoding(encoded)
    return encoded


def embed(field_number: int, payload: bytes) -> bytes:
    """An already serialized message as a field of the message around it.

    Serialized messages concatenate to their merge (protobuf encoding, "Last One Wins"), so the rest of the
    message can follow.
    """
    size = len(payload)
    header = bytearray((field_number << 3 | 2,))
    while size > 0x7F:
        header.append(size & 0x7F | 0x80)
        size >>= 7
    header.append(size)
    return bytes(header) + payload


def masked(document: Document, mask: tuple[FieldPath, ...] | None) -> Document:
    """The document with the fields the mask names, in stored order; the same object when there is no mask."""
    if mask is None:
        return document
    selected = apply_mask(document.fields, mask)
    fields = {name: selected[name] for name in document.fields if name in selected}
    return Document(document.path, fields, document.create_time, document.update_time)


def decode_mask(message: Message) -> tuple[FieldPath, ...]:
    """google.firestore.v1.DocumentMask; `_none_` adds nothing."""
    return tuple(parse_field_path(path) for path in message.field_paths if path != NO_FIELD)


def optional_mask(request: Message, field: str) -> tuple[FieldPath, ...] | None:
    """The mask in that field of a request, None when it is not set."""
    return decode_mask(getattr(request, field)) if request.HasField(field) else None


def decode_precondition(message: Message) -> Precondition:
    match message.WhichOneof("condition_type"):
        case "exists":
            return Precondition(exists=message.exists)
        case "update_time":
            return Precondition(update_time=decode_timestamp(message.update_time))
    return NO_PRECONDITION


def _decode_operand(message: Message, kind: TransformKind) -> Value:
    match kind:
        case TransformKind.SERVER_TIMESTAMP:
            if message.set_to_server_value != _REQUEST_TIME:
                raise InvalidArgument("set_to_server_value must be REQUEST_TIME.")
            return None
        case TransformKind.ARRAY_UNION:
            return [decode_value(item) for item in message.append_missing_elements.values]
        case TransformKind.ARRAY_REMOVE:
            return [decode_value(item) for item in message.remove_all_from_array.values]
    return decode_value(getattr(message, kind.value))


def decode_transform(message: Message) -> FieldTransform:
    """google.firestore.v1.DocumentTransform.FieldTransform."""
    kind = message.WhichOneof("transform_type")
    if kind is None:
        raise InvalidArgument(f"Field transform of {message.field_path!r} has no transform type.")
    transform = TransformKind(kind)
    return FieldTransform(
        parse_field_path(message.field_path), transform, _decode_operand(message, transform)
    )


def decode_write(message: Message) -> Write:
    """google.firestore.v1.Write. InvalidArgument when it says nothing or too much."""
    kind = message.WhichOneof("operation")
    if kind is None:
        raise InvalidArgument("empty write operation")
    operation = WriteKind(kind)
    precondition = decode_precondition(message.current_document)
    if operation is WriteKind.UPDATE:
        return Write(
            operation,
            parse_document_name(message.update.name),
            decode_fields(message.update.fields),
            optional_mask(message, "update_mask"),
            tuple(map(decode_transform, message.update_transforms)),
            precondition,
        )
    _refuse_update_parts(message, kind)
    if operation is WriteKind.TRANSFORM:
        return Write(
            operation,
            parse_document_name(message.transform.document),
            transforms=tuple(map(decode_transform, message.transform.field_transforms)),
            precondition=precondition,
        )
    return Write(operation, parse_document_name(getattr(message, kind)), precondition=precondition)


def _refuse_update_parts(message: Message, kind: str) -> None:
    if message.HasField("update_mask"):
        raise InvalidArgument(f"a {kind} must not specify a document mask.")
    if message.update_transforms:
        raise InvalidArgument(f"a {kind} must not specify a update transform.")


def encode_write_result(message: Message, result: WriteResult) -> None:
    if result.update_time is not None:
        message.update_time.SetInParent()
        encode_timestamp(message.update_time, result.update_time)
    for value in result.transform_results:
        encode_value(message.transform_results.add(), value)


def encode_status(message: Message, error: FirestoreError) -> None:
    """google.rpc.Status."""
    message.code = error.code.number
    message.message = error.message
