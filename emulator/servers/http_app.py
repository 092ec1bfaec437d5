"""HTTP/1.1 without a framework: requests, responses and the routing table, as an ASGI application.

CORS is applied to every answer, also to those of mounted applications.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from emulator.errors import FirestoreError, Internal, PermissionDenied
from emulator.servers.allowed_hosts import LOOPBACK, AllowedHosts
from emulator.wire.rest_json import print_error

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 16 * 1024 * 1024

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON = ((b"content-type", b"application/json"),)
_ALLOWED_METHODS = b"DELETE,GET,HEAD,PATCH,POST,PUT"


class BodyTooLarge(Exception):
    """A request body above MAX_BODY_BYTES."""


class ClientGone(Exception):
    """The connection ended before the whole request had come; nobody waits for an answer."""


@dataclass(frozen=True)
class Request:
    """`params` are the parts of the path that the route names."""

    scope: Scope
    receive: Receive
    params: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def headers(self) -> dict[str, str]:
        """Names in lower case; of repeated headers the first."""
        headers: dict[str, str] = {}
        for name, value in self.scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
        return headers

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """Query parameters in order; names repeat."""
        return parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)

    async def body(self) -> bytes:
        if int(self.headers.get("content-length", "0")) > MAX_BODY_BYTES:
            raise BodyTooLarge
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > MAX_BODY_BYTES:
                raise BodyTooLarge
            more = message.get("more_body", False)
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Response:
    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send) -> None:
        length = (b"content-length", str(len(self.body)).encode())
        start = {"type": "http.response.start", "status": self.status, "headers": [*self.headers, length]}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


def text(body: str, status: int = 200) -> Response:
    return Response(body.encode(), status)


def json_body(body: str | bytes, status: int = 200) -> Response:
    return Response(body.encode() if isinstance(body, str) else body, status, _JSON)


def error_body(error: FirestoreError) -> Response:
    return json_body(print_error(error), error.code.http_status)


NOT_FOUND = text("Not Found\n", 404)

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class Route:
    """A method, a path template and what answers it.

    In the template `{name}` is one segment without a colon, `{name*}` one or more segments, `{name?}` any
    number of them.
    """

    def __init__(self, method: str, template: str, handler: Handler) -> None:
        self.method = method
        self.handler = handler
        pattern = re.escape(template)
        pattern = re.sub(r"\\{(\w+)\\\*\\}", r"(?P<\1>.+)", pattern)
        pattern = re.sub(r"\\{(\w+)\\\?\\}", r"(?P<\1>.*)", pattern)
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/:]+)", pattern)
        self._path = re.compile(pattern, re.DOTALL)

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The named parts, None when the route is not for this request."""
        found = self._path.fullmatch(path) if method == self.method else None
        return None if found is None else found.groupdict()


@dataclass(frozen=True, slots=True)
class Mount:
    """Every path with this prefix, whatever the method, goes to another ASGI application."""

    prefix: str
    app: AsgiApp


class HttpApp:
    """The first route that matches answers; an FirestoreError becomes an error body. Before any of it, who
    asks must be in `allowed`.
    """

    def __init__(
        self, routes: Sequence[Route], mounts: Sequence[Mount] = (), allowed: AllowedHosts = LOOPBACK
    ) -> None:
        self._routes = routes
        self._mounts = mounts
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} here")
        own_address, _ = scope.get("server") or (None, None)
        refusal = self._allowed.refusal(scope["headers"], own_address, scope["method"])
        if refusal is not None:
            await _refused(refusal).send(send)
            return
        send = _with_cors(Request(scope, receive).headers, send)
        if scope["method"] == "OPTIONS":
            await Response().send(send)
            return
        try:
            await self._dispatch(scope, receive, send)
        except ClientGone:
            pass  # half a request is none: nothing was done and nobody is there to be told

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        for mount in self._mounts:
            if scope["path"].startswith(mount.prefix):
                await mount.app(scope, receive, send)
                return
        response = await self._respond(scope, receive)
        await response.send(send)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        for route in self._routes:
            params = route.match(scope["method"], scope["path"])
            if params is not None:
                return await _guarded(route.handler, Request(scope, receive, params))
        return NOT_FOUND


def _refused(reason: str) -> Response:
    """No CORS headers, so that a page cannot even read the reason; and no wait for the body."""
    body = print_error(PermissionDenied(reason)).encode()
    return Response(body, 403, (*_JSON, (b"connection", b"close")))


async def _guarded(handler: Handler, request: Request) -> Response:
    try:
        return await handler(request)
    except FirestoreError as error:
        return error_body(error)
    except BodyTooLarge:
        return Response(status=413, headers=((b"connection", b"close"),))
    except ClientGone:
        raise
    except Exception:
        logger.exception("unexpected failure of %s %s", request.scope["method"], request.scope["path"])
        return error_body(Internal("Internal error."))


def _with_cors(headers: Mapping[str, str], send: Send) -> Send:
    """Adds the CORS headers of the official emulator, which answers only requests that have an Origin."""
    origin = headers.get("origin")
    if origin is None:
        return send
    added = [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-allow-methods", _ALLOWED_METHODS),
    ]
    asked = headers.get("access-control-request-headers")
    if asked is not None:
        added.append((b"access-control-allow-headers", asked.encode("latin-1")))
    if "access-control-request-private-network" in headers:
        added.append((b"access-control-allow-private-network", b"true"))

    async def send_with_cors(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *added]
        await send(message)

    return send_with_cors
