"""Requests of google.firestore.v1 as bytes, made before the clock starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.wire import protos

DATABASE = "projects/demo-bench/databases/(default)"
DOCUMENTS = f"{DATABASE}/documents"

EQUAL, GREATER_OR_EQUAL = "EQUAL", "GREATER_THAN_OR_EQUAL"

Fields = Mapping[str, int | str]


def commit(documents: Mapping[str, Fields]) -> bytes:
    """Set these documents; names are relative to the root."""
    request = protos.CommitRequest(database=DATABASE)
    for name, fields in documents.items():
        update = request.writes.add().update
        update.name = f"{DOCUMENTS}/{name}"
        for field, value in fields.items():
            _set(update.fields[field], value)
    return serialized(request)


def delete(name: str) -> bytes:
    request = protos.CommitRequest(database=DATABASE)
    request.writes.add().delete = f"{DOCUMENTS}/{name}"
    return serialized(request)


def batch_get(names: Iterable[str]) -> bytes:
    request = protos.BatchGetDocumentsRequest(
        database=DATABASE, documents=[f"{DOCUMENTS}/{name}" for name in names]
    )
    return serialized(request)


def run_query(
    collection: str,
    where: tuple[str, str, int | str] | None = None,
    *,
    order_by: str | None = None,
    limit: int | None = None,
) -> bytes:
    query = _query(collection, where, order_by, limit)
    return serialized(protos.RunQueryRequest(parent=DOCUMENTS, structured_query=query))


def listen(collection: str, resume_token: bytes = b"") -> bytes:
    """Listen to a collection as target 1."""
    request = protos.ListenRequest(database=DATABASE)
    target = request.add_target
    target.target_id = 1
    target.query.parent = DOCUMENTS
    target.query.structured_query.CopyFrom(_query(collection, None, None, None))
    if resume_token:
        target.resume_token = resume_token
    return serialized(request)


def _query(
    collection: str, where: tuple[str, str, int | str] | None, order_by: str | None, limit: int | None
) -> Any:
    query = protos.StructuredQuery()
    query.from_.add().collection_id = collection
    if where is not None:
        field, operator, value = where
        found = query.where.field_filter
        found.field.field_path = field
        found.op = protos.StructuredQuery.FieldFilter.Operator.Value(operator)
        _set(found.value, value)
    if order_by is not None:
        order = query.order_by.add()
        order.field.field_path = order_by
        order.direction = protos.StructuredQuery.Direction.Value("ASCENDING")
    if limit is not None:
        query.limit.value = limit
    return query


def _set(message: Any, value: int | str) -> None:
    if isinstance(value, int):
        message.integer_value = value
    else:
        message.string_value = value


def serialized(message: Any) -> bytes:
    return bytes(message.SerializeToString())
