"""Listen and Write messages as the JSON that WebChannel carries."""

from __future__ import annotations

import json
import math
from typing import Any

from emulator.errors import FirestoreError
from emulator.firestore.documents import CommitResult
from emulator.firestore.listen import (
    DocumentChanged,
    DocumentDeleted,
    DocumentRemoved,
    ExistenceFilter,
    ListenEvent,
    TargetChanged,
    TargetChangeKind,
)
from emulator.wire.json_documents import json_bytes, json_commit_result, json_document, json_status
from emulator.wire.rest_json import Json
from emulator.wire.timestamps import format_timestamp
from emulator.wire.webchannel import error_array

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def print_compact(tree: Json) -> str:
    """One line of JSON. Doubles JSON has no number for are spelled as protobuf's JSON mapping does."""
    try:
        return _ENCODER.encode(tree)
    except ValueError:
        return _ENCODER.encode(_spell_doubles(tree))


def _spell_doubles(tree: Any) -> Any:
    match tree:
        case dict():
            return {name: _spell_doubles(value) for name, value in tree.items()}
        case list():
            return [_spell_doubles(value) for value in tree]
        case float() if math.isnan(tree):
            return "NaN"
        case float() if math.isinf(tree):
            return "Infinity" if tree > 0 else "-Infinity"
    return tree


def json_listen_event(event: ListenEvent) -> Json:
    """google.firestore.v1.ListenResponse."""
    match event:
        case TargetChanged():
            return {"targetChange": _target_change(event)}
        case DocumentChanged():
            return {"documentChange": _document_change(event)}
        case DocumentDeleted():
            return {"documentDelete": _without_document(event)}
        case DocumentRemoved():
            return {"documentRemove": _without_document(event)}
        case ExistenceFilter():
            return {"filter": {"targetId": event.target_id, "count": event.count}}


def _target_change(event: TargetChanged) -> Json:
    tree: Json = {}
    if event.kind is not TargetChangeKind.NO_CHANGE:
        tree["targetChangeType"] = event.kind.name
    if event.target_ids:
        tree["targetIds"] = list(event.target_ids)
    if event.cause is not None:
        tree["cause"] = json_status(event.cause)
    if event.resume_token:
        tree["resumeToken"] = json_bytes(event.resume_token)
    if event.read_time is not None:
        tree["readTime"] = format_timestamp(event.read_time)
    return tree


def _document_change(event: DocumentChanged) -> Json:
    tree: Json = {"document": json_document(event.document)}
    if event.target_ids:
        tree["targetIds"] = list(event.target_ids)
    if event.removed_target_ids:
        tree["removedTargetIds"] = list(event.removed_target_ids)
    return tree


def _without_document(event: DocumentDeleted | DocumentRemoved) -> Json:
    tree: Json = {"document": event.path.name}
    if event.removed_target_ids:
        tree["removedTargetIds"] = list(event.removed_target_ids)
    tree["readTime"] = format_timestamp(event.read_time)
    return tree


def json_write_response(stream_token: bytes, stream_id: str, commit: CommitResult | None) -> Json:
    """google.firestore.v1.WriteResponse."""
    tree: Json = {"streamId": stream_id} if stream_id else {}
    tree["streamToken"] = json_bytes(stream_token)
    if commit is not None:
        tree |= json_commit_result(commit)
    return tree


def stream_error(error: FirestoreError) -> str:
    """The array that ends a stream with that error."""
    return error_array(error.code.http_status, error.message, error.code.name)
