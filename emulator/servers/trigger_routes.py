"""Background triggers as the functions emulator registers them, again on each reload; the later one wins."""

from __future__ import annotations

from typing import Any

from emulator.errors import InvalidArgument
from emulator.servers.http_app import Request, Response, json_body
from emulator.servers.triggers import Trigger, TriggerDispatcher, v1_trigger, v2_trigger
from emulator.wire.identity import identify
from emulator.wire.rest_json import Json, parse_json, print_json


class TriggerHandlers:
    def __init__(self, dispatcher: TriggerDispatcher) -> None:
        self._dispatcher = dispatcher

    async def register_v1(self, request: Request) -> Response:
        """1st generation: `{eventTrigger: {eventType, resource, service}}`."""
        body = await _registration(request)
        event_trigger = _part(body, "eventTrigger")
        trigger = v1_trigger(
            request.params["project"],
            request.params["key"],
            event_type=_text(event_trigger, "eventType"),
            resource=_text(event_trigger, "resource"),
        )
        self._dispatcher.register(trigger)
        return json_body(print_json({}))

    async def register_v2(self, request: Request) -> Response:
        """2nd generation: `{eventType, database, namespace, document: {value, matchType}}`, echoed."""
        body = await _registration(request)
        document = _part(body, "document")
        self._dispatcher.register(_v2_trigger(request, body, document))
        return json_body(print_json(body))


def _v2_trigger(request: Request, body: Json, document: Json) -> Trigger:
    key = dict(request.query).get("eventarcTriggerId")
    if not key:
        raise InvalidArgument("eventarcTriggerId is required.")
    return v2_trigger(
        request.params["project"],
        key,
        event_type=_text(body, "eventType"),
        database=_text(body, "database"),
        document=_text(document, "value"),
        is_pattern=document.get("matchType") == "PATH_PATTERN",
    )


async def _registration(request: Request) -> Json:
    body = parse_json(await request.body())
    identify(request.authorization)
    return body


def _part(body: Json, name: str) -> Json:
    part = body.get(name)
    if not isinstance(part, dict):
        raise InvalidArgument(f"{name} is required.")
    return part


def _text(body: dict[str, Any], name: str) -> str:
    text = body.get(name)
    if not isinstance(text, str) or not text:
        raise InvalidArgument(f"{name} is required.")
    return text
