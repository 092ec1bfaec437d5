"""The HTTP function behind `/api/**`.

An answer is JSON. An error has one form, the one of Google's APIs:

    {"error": {"code": 404, "status": "NOT_FOUND", "message": "There is nothing at /api/nowhere."}}

The Functions emulator probes a starting worker with `GET /`, which is a plain 404 here and does no work.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firebase_functions import logger
from flask import Request, Response

NAME = "kindling"
VERSION = "0.1.0"

# Nothing here takes more than a few fields.
MAX_BODY = 64 * 1024

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a status, a JSON value, and headers beside the usual ones."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """A refusal. `message` is shown to the caller."""

    def __init__(
        self, code: int, status: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.answer = Answer(
            code, {"error": {"code": code, "status": status, "message": message}}, headers or {}
        )


Route = Callable[[], dict[str, Any]]


def health() -> dict[str, Any]:
    return {"status": "ok"}


def version() -> dict[str, Any]:
    """What runs here. `revision` is the deployed revision, null on a machine of one's own."""
    return {
        "name": NAME,
        "version": VERSION,
        "runtime": "python311",
        "revision": os.environ.get("K_REVISION"),
    }


ROUTES: Mapping[str, Mapping[str, Route]] = {
    "/health": {"GET": health},
    "/version": {"GET": version},
}


def handle(request: Request) -> Response:
    """Answers one request. Nothing it raises reaches the caller as more than "internal error"."""
    try:
        answer = answer_to(request.method, request.path, request.content_type, lambda: _body(request))
    except ApiError as error:
        answer = error.answer
    except Exception as error:
        logger.error("request failed", method=request.method, path=request.path, cause=repr(error))
        answer = ApiError(500, "INTERNAL", "Something went wrong on our side.").answer
    response = Response(
        json.dumps(answer.body), answer.status, content_type="application/json; charset=utf-8"
    )
    response.headers.update({**_HEADERS, **answer.headers})
    return response


def answer_to(method: str, path: str, content_type: str | None, read_body: Callable[[], bytes]) -> Answer:
    """The answer to a request. Raises ApiError.

    `path` begins with `/api` behind Hosting and without it when the function is called by its own address.
    """
    methods = ROUTES.get(path.removeprefix("/api").rstrip("/"))
    if methods is None:
        raise ApiError(404, "NOT_FOUND", f"There is nothing at {path[:200]}.")
    route = methods.get("GET" if method == "HEAD" else method)
    if route is None:
        allowed = ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))
        raise ApiError(405, "METHOD_NOT_ALLOWED", f"Use {allowed}.", {"Allow": allowed})
    _check_json(content_type, read_body())
    return Answer(200, route())


def _check_json(content_type: str | None, body: bytes) -> None:
    """Refuses a body that says it is JSON and is not, also where nobody reads it: it is a mistake worth
    telling.
    """
    if not body or "json" not in (content_type or ""):
        return
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "INVALID_ARGUMENT", "The body is not valid JSON.") from error


def _body(request: Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY:
        raise ApiError(413, "INVALID_ARGUMENT", f"The body is larger than {MAX_BODY} bytes.")
    return request.get_data(cache=False)
