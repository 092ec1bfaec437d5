"""The request monitor behind the Emulator UI: every decision of the rules, over a websocket.

A client of `/requests` first gets a JSON array of what happened lately, then one object for each evaluation.
The form of the objects was observed on the official emulator.
"""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.http11 import Request, Response

from emulator.firestore.documents import Write
from emulator.firestore.events import RulesEvaluation
from emulator.firestore.paths import DatabaseId, FieldPath, format_field_path
from emulator.rules import Resource, RulesRequest, request_value, resource_value, typed_value
from emulator.rules.types import Value
from emulator.servers.allowed_hosts import LOOPBACK, AllowedHosts
from emulator.wire.rest_json import Json

PATH = "/requests"

#: Evaluations a new client is told about.
HISTORY = 200
#: Bytes a client may be behind before it is dropped.
MAX_BEHIND = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    """An evaluation with the document as it was: `RulesRequest.resource` may look at a later state."""

    id: str
    evaluation: RulesEvaluation
    resource: Resource | None


class RequestMonitor:
    """Put `observe` into `Engine.rules_observers`. What nobody looks at is kept, not printed."""

    def __init__(
        self, allowed: AllowedHosts = LOOPBACK, new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    ) -> None:
        self._allowed = allowed
        self._new_id = new_id
        self._history: deque[_Entry] = deque(maxlen=HISTORY)
        self._observed = 0
        self._clients: set[ServerConnection] = set()

    def observe(self, evaluation: RulesEvaluation) -> None:
        given = evaluation.request.resource if evaluation.request is not None else None
        entry = _Entry(self._new_id(), evaluation, given() if callable(given) else given)
        self._history.append(entry)
        self._observed += 1
        if self._clients:
            self._drop_slow_clients()
            broadcast(self._clients, json.dumps(_json_entry(entry)))

    async def serve(self, host: str, port: int) -> Server:
        """Listen; port 0 chooses one. The caller closes the server."""
        return await serve(self._handle, host, port, process_request=self._admit)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        headers = [
            (name.lower().encode(), value.encode("latin-1")) for name, value in request.headers.raw_items()
        ]
        refusal = self._allowed.refusal(headers, connection.local_address[0])
        if refusal is not None:
            return connection.respond(HTTPStatus.FORBIDDEN, f"{refusal}\n")
        if request.path.partition("?")[0] == PATH:
            return None
        return connection.respond(HTTPStatus.NOT_FOUND, "Not Found\n")

    async def _handle(self, connection: ServerConnection) -> None:
        told = self._observed
        await connection.send(json.dumps([_json_entry(entry) for entry in self._history]))
        for entry in list(self._history)[len(self._history) - (self._observed - told) :]:
            broadcast({connection}, json.dumps(_json_entry(entry)))
        self._clients.add(connection)
        try:
            async for _ in connection:
                pass
        finally:
            self._clients.discard(connection)

    def _drop_slow_clients(self) -> None:
        for client in list(self._clients):
            if client.transport.get_write_buffer_size() > MAX_BEHIND:
                self._clients.discard(client)
                client.transport.abort()


def _json_entry(entry: _Entry) -> Json:
    evaluation = entry.evaluation
    decision, ruleset = evaluation.decision, evaluation.ruleset
    seconds = evaluation.time.micros / 1_000_000
    return {
        "rules": ruleset.source if ruleset is not None else "",
        "time": seconds,
        "rulesReleaseKey": _release(evaluation.database),
        "requestId": entry.id,
        "outcome": _outcome(evaluation),
        "granularAllowOutcomes": [
            {"line": line, "outcome": outcome}
            for line, outcome in (decision.outcomes if decision is not None else ())
        ],
        "rulesContext": {
            "method": evaluation.method,
            "path": f"/databases/{evaluation.database.database}/documents/{evaluation.path}",
            "time": datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z"),
            "request": _typed_request(evaluation.request, evaluation.write),
            "resource": _typed_resource(entry.resource),
        },
    }


def _release(database: DatabaseId) -> str:
    """The name of the release as production has it."""
    of = "" if database.database == "(default)" else f"/{database.database}"
    return f"projects/{database.project}/releases/cloud.firestore{of}"


def _outcome(evaluation: RulesEvaluation) -> str:
    decision = evaluation.decision
    if evaluation.caller.admin:
        return "admin"
    if decision is None or decision.allowed:
        return "allow"
    return "error" if decision.errored else "deny"


def _typed_request(asked: RulesRequest | None, write: Write | None) -> Json:
    """The `request` of the rules and what else the UI shows of it."""
    if asked is None:
        return {"undefined": {}}
    fields: dict[str, Value] = dict(request_value(asked))
    fields["inTransaction"] = asked.in_transaction
    fields["transforms"] = [format_field_path(each.field) for each in write.transforms] if write else []
    fields["writeFields"] = [format_field_path(each) for each in _written(write)] if write else []
    fields["readFields"] = []
    query = fields.pop("query", None)
    if isinstance(query, Mapping):
        fields.update(query)
    fields.pop("resource", None)
    typed = {name: typed_value(value) for name, value in fields.items()}
    typed["resource"] = _typed_resource(asked.request_resource)
    return {"mapValue": {"fields": typed}}


def _written(write: Write) -> list[FieldPath]:
    """The fields a write sets by value: its mask, or without one everything it gives."""
    return list(write.mask) if write.mask is not None else [(name,) for name in write.fields]


def _typed_resource(resource: Resource | None) -> Json:
    if resource is None:
        return {"undefined": {}}
    return typed_value(_with_escaped_names(resource_value(resource)))


def _with_escaped_names(value: Any) -> Any:
    """A dot in a field's name would look like a path."""
    match value:
        case Mapping():
            return {name.replace(".", "\\."): _with_escaped_names(inner) for name, inner in value.items()}
        case list():
            return [_with_escaped_names(item) for item in value]
    return value
