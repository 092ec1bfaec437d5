"""Document changes as the events that functions receive: 1st generation JSON and 2nd generation CloudEvents.

Sources: google/events/cloud/firestore/v1/data.proto, and what the official emulator posts to the functions
emulator.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from urllib.parse import quote

from emulator.firestore.callers import Caller
from emulator.firestore.documents import DocumentChange
from emulator.firestore.paths import FieldPath, format_field_path
from emulator.firestore.values import Timestamp, Value
from emulator.wire import protos
from emulator.wire.documents import embed, encode_document
from emulator.wire.json_documents import json_document
from emulator.wire.rest_json import Json
from emulator.wire.timestamps import format_timestamp

#: Fields of DocumentEventData.
_VALUE, _OLD_VALUE, _UPDATE_MASK = 1, 2, 3

_DATA_SCHEMA = (
    "https://github.com/googleapis/google-cloudevents/blob/main"
    "/proto/google/events/cloud/firestore/v1/data.proto"
)
_LOCATION = "us-central1"
_SERVICE = "firestore.googleapis.com"

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))

#: Ends the type of an event that says who caused it.
WITH_AUTH_CONTEXT = ".withAuthContext"


@dataclass(frozen=True, slots=True)
class TriggerEvent:
    """A change that happened: what every trigger that matches it is told."""

    event_id: str
    change: DocumentChange
    commit_time: Timestamp
    caller: Caller


def v1_body(event: TriggerEvent, event_type: str) -> bytes:
    """The JSON `{data, context}` of a 1st generation background function."""
    change = event.change
    data: Json = {}
    if change.after is not None:
        data["value"] = json_document(change.after)
    if change.before is not None:
        data["oldValue"] = json_document(change.before)
    if change.after is not None:
        paths = [format_field_path(path) for path in changed_fields(change)]
        data["updateMask"] = {"fieldPaths": paths} if paths else {}
    context = {
        "eventId": event.event_id,
        "timestamp": format_timestamp(event.commit_time),
        "eventType": event_type,
        "resource": {"name": change.path.name, "service": _SERVICE},
    }
    return json.dumps({"data": data, "context": context}, ensure_ascii=False, separators=(",", ":")).encode()


def v2_body(event: TriggerEvent) -> bytes:
    """DocumentEventData as the base64 text the functions emulator decodes before it hands the bytes on.

    The mask is present also when it is empty.
    """
    change = event.change
    paths = [format_field_path(path) for path in changed_fields(change)]
    data = b""
    if change.after is not None:
        data += embed(_VALUE, encode_document(change.after))
    if change.before is not None:
        data += embed(_OLD_VALUE, encode_document(change.before))
    data += embed(_UPDATE_MASK, protos.DocumentMask(field_paths=paths).SerializeToString())
    return base64.b64encode(data)


def v2_headers(event: TriggerEvent, event_type: str) -> dict[str, str]:
    """The CloudEvent's attributes in binary mode; with who caused it for a type `….withAuthContext`.

    The doubled `projects/` in the source is the official emulator's.
    """
    path = event.change.path
    relative = "/".join(path.segments)
    attributes = {
        "specversion": "1.0",
        "type": event_type,
        "source": f"//{_SERVICE}/projects/{path.database.name}",
        "id": event.event_id,
        "subject": f"documents/{relative}",
        "time": format_timestamp(Timestamp(event.commit_time.micros // 1_000_000 * 1_000_000)),
        "datacontenttype": "application/protobuf",
        "dataschema": _DATA_SCHEMA,
        "location": _LOCATION,
        "project": path.database.project,
        "database": path.database.database,
        "namespace": "(default)",
        "document": relative,
    }
    if event_type.endswith(WITH_AUTH_CONTEXT):
        attributes |= _auth_context(event.caller)
    headers = {f"ce-{name}": _header_text(value) for name, value in attributes.items()}
    return headers | {"content-type": "application/protobuf"}


def _auth_context(caller: Caller) -> dict[str, str]:
    """Production reports an app's user as `unknown`; what the official emulator says is not known.

    The id is always there, since the Python functions SDK insists on it.
    """
    if caller.admin:
        return {"authtype": "system", "authid": "system"}
    if caller.token is None:
        return {"authtype": "unauthenticated", "authid": "unauthenticated"}
    return {"authtype": "unknown", "authid": caller.uid or "unknown"}


def _header_text(text: str) -> str:
    """Text that a header can hold: other than printable ASCII is percent-encoded as UTF-8.

    Source: CloudEvents HTTP binding, 3.1.3.2. A departure: spaces, quotes and percent signs stay, since
    the functions SDKs do not decode.
    """
    return quote(text, safe=_PRINTABLE)


def changed_fields(change: DocumentChange) -> list[FieldPath]:
    """The paths an update changed, down into maps that were there before; empty for a create or a delete."""
    if change.before is None or change.after is None:
        return []
    return _changed(change.before.fields, change.after.fields, ())


def _changed(before: dict[str, Value], after: dict[str, Value], prefix: FieldPath) -> list[FieldPath]:
    paths: list[FieldPath] = []
    for name in {**before, **after}:
        path = (*prefix, name)
        old, new = before.get(name), after.get(name)
        if name in before and name in after and _same(old, new):
            continue
        if isinstance(old, dict) and isinstance(new, dict) and old and new:
            paths += _changed(old, new, path)
        else:
            paths.append(path)
    return paths


def _same(one: Value, other: Value) -> bool:
    """Equality that tells an integer from a double and a boolean, and takes NaN for itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other or (one != one and other != other)
