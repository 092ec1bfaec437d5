"""Domain objects as JSON trees (protobuf's JSON mapping of google.firestore.v1), fields in stored order.

Printing does not go through protobuf messages: their maps forget the order of fields.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from emulator.errors import FirestoreError
from emulator.firestore.documents import CommitResult, Document, MissingDocument, WriteResult
from emulator.firestore.values import GeoPoint, Reference, Timestamp, Value
from emulator.wire.rest_json import Json
from emulator.wire.timestamps import format_timestamp


def _geo_point(point: GeoPoint) -> Json:
    parts = (("latitude", float(point.latitude)), ("longitude", float(point.longitude)))
    return {name: number for name, number in parts if number != 0}


def _array(items: list[Value]) -> Json:
    return {"values": [json_value(item) for item in items]} if items else {}


def _map(values: dict[str, Value]) -> Json:
    return {"fields": json_fields(values)} if values else {}


_PRINTERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    type(None): ("nullValue", lambda value: None),
    bool: ("booleanValue", bool),
    int: ("integerValue", str),
    float: ("doubleValue", float),
    str: ("stringValue", str),
    bytes: ("bytesValue", lambda value: base64.b64encode(value).decode("ascii")),
    Timestamp: ("timestampValue", format_timestamp),
    Reference: ("referenceValue", lambda value: value.path.name),
    GeoPoint: ("geoPointValue", _geo_point),
    list: ("arrayValue", _array),
    dict: ("mapValue", _map),
}


def json_value(value: Value) -> Json:
    name, printer = _PRINTERS[type(value)]
    return {name: printer(value)}


def json_fields(fields: Mapping[str, Value]) -> Json:
    return {name: json_value(value) for name, value in fields.items()}


def json_document(document: Document | MissingDocument) -> Json:
    tree: Json = {"name": document.path.name}
    if isinstance(document, MissingDocument):
        return tree
    if document.fields:
        tree["fields"] = json_fields(document.fields)
    tree["createTime"] = format_timestamp(document.create_time)
    tree["updateTime"] = format_timestamp(document.update_time)
    return tree


def json_write_result(result: WriteResult) -> Json:
    tree: Json = {}
    if result.update_time is not None:
        tree["updateTime"] = format_timestamp(result.update_time)
    if result.transform_results:
        tree["transformResults"] = [json_value(value) for value in result.transform_results]
    return tree


def json_commit_result(result: CommitResult) -> Json:
    tree: Json = {}
    if result.results:
        tree["writeResults"] = [json_write_result(each) for each in result.results]
    if result.commit_time is not None:
        tree["commitTime"] = format_timestamp(result.commit_time)
    return tree


def json_status(error: FirestoreError) -> Json:
    """google.rpc.Status."""
    tree: Json = {"code": error.code.number}
    if error.message:
        tree["message"] = error.message
    return tree


def json_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
