"""A commit as one record of the journal: a google.firestore.v1.CommitRequest whose documents carry their
times.

A record without writes says that the database was begun. A commit of many documents is several records, so
that damage costs few of them: all but the last are marked by a transaction and count only when something
follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from emulator.errors import FirestoreError
from emulator.firestore.documents import Document
from emulator.firestore.paths import DatabaseId, DocumentPath, parse_database_name, parse_document_name
from emulator.wire import protos
from emulator.wire.documents import embed, encode_document
from emulator.wire.timestamps import decode_timestamp
from emulator.wire.values import decode_fields

_DATABASE, _WRITES, _TRANSACTION = 1, 2, 3  # fields of CommitRequest
_UPDATE, _DELETE = 1, 2  # fields of Write

_GOES_ON = b"\x01"

#: What a commit left: the new version of each document it changed, None for one it deleted.
Left = tuple[DocumentPath, Document | None]


class RecordError(Exception):
    """The bytes are no record of a journal."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a commit left, or with `goes_on` the first part of it."""

    database: DatabaseId
    left: tuple[Left, ...]
    goes_on: bool = False


def encode_record(database: DatabaseId, left: Iterable[Left], *, goes_on: bool = False) -> bytes:
    parts = [embed(_DATABASE, database.name.encode())]
    if goes_on:
        parts.append(embed(_TRANSACTION, _GOES_ON))
    for path, document in left:
        if document is None:
            write = embed(_DELETE, path.name.encode())
        else:
            write = embed(_UPDATE, encode_document(document))
        parts.append(embed(_WRITES, write))
    return b"".join(parts)


def decode_record(data: bytes) -> Record:
    """Raises RecordError."""
    try:
        message = protos.CommitRequest.FromString(data)
        database = parse_database_name(message.database)
        left = tuple(map(_decode_write, message.writes))
        return Record(database, left, bool(message.transaction))
    except (DecodeError, FirestoreError) as error:
        raise RecordError(str(error)) from error


def _decode_write(message: protos.Message) -> Left:
    if message.WhichOneof("operation") == "delete":
        return parse_document_name(message.delete), None
    stored = message.update
    path = parse_document_name(stored.name)
    document = Document(
        path,
        decode_fields(stored.fields),
        decode_timestamp(stored.create_time),
        decode_timestamp(stored.update_time),
    )
    return path, document
