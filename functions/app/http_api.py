"""The HTTP function behind `/api/**`.

An answer is JSON, but for the bytes of a shared file and its preview. An error has one form, the one of
Google's APIs:

    {"error": {"code": 404, "status": "NOT_FOUND", "message": "There is nothing at /api/nowhere."}}

The Functions emulator probes a starting worker with `GET /`, which is a plain 404 here and does no work.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

from flask import Request, Response
from werkzeug.exceptions import RequestEntityTooLarge

from app import clients, logs, public_shares
from app.client_limits import client_of
from app.http_answers import Answer, ApiError
from app.public_shares import Asked, Route
from app.request_bodies import MAX_BODY, read_body

NAME = "kindling"
VERSION = "0.1.0"

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
_JSON = "application/json; charset=utf-8"


def health(asked: Asked) -> Answer:
    return Answer(200, {"status": "ok"})


def version(asked: Asked) -> Answer:
    """What runs here. `revision` is the deployed revision, null on a machine of one's own."""
    return Answer(
        200,
        {
            "name": NAME,
            "version": VERSION,
            "runtime": "python311",
            "revision": os.environ.get("K_REVISION"),
        },
    )


ROUTES: Mapping[str, Mapping[str, Route]] = {
    "/health": {"GET": health},
    "/version": {"GET": version},
    "/shares/{share}": {"GET": public_shares.describe},
    "/shares/{share}/preview": {"GET": public_shares.preview},
    "/shares/{share}/downloads": {"POST": public_shares.start_download},
    "/shares/{share}/content": {"GET": public_shares.content},
}

_SHARE = re.compile(r"(/shares/)([^/]+)(.*)")


def handle(request: Request) -> Response:
    """Answers one request. Nothing it raises reaches the caller as more than "internal error"."""
    with logs.of_request(request.headers) as request_id:
        try:
            answer = answer_to(request)
        except ApiError as error:
            answer = error.answer
        except Exception as error:
            logs.error("request failed", method=request.method, path=request.path, cause=repr(error))
            answer = _failure(error).answer
    body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body)
    headers = {**_HEADERS, "Content-Type": _JSON, logs.HEADER: request_id, **answer.headers}
    return Response(body, answer.status, headers)


def _failure(error: Exception) -> ApiError:
    """What is told of an error that nobody expected."""
    if clients.will_pass(error):
        message = "This is not possible right now. Try again in a moment."
        return ApiError(503, "UNAVAILABLE", message, {"Retry-After": "1"})
    return ApiError(500, "INTERNAL", "Something went wrong on our side.")


def answer_to(request: Request) -> Answer:
    """The answer to a request. Raises ApiError."""
    methods, share_id = _find_route(request.path)
    route = methods.get("GET" if request.method == "HEAD" else request.method)
    if route is None:
        allowed = ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))
        raise ApiError(405, "METHOD_NOT_ALLOWED", f"Use {allowed}.", {"Allow": allowed})
    _check_body(request)
    return route(
        Asked(
            share_id=share_id,
            query=request.args,
            range_header=request.headers.get("Range"),
            client=client_of(request.headers.get("X-Forwarded-For"), request.remote_addr),
        )
    )


def _find_route(path: str) -> tuple[Mapping[str, Route], str]:
    """The methods of a path and the id of a link in it. Raises ApiError when there is nothing.

    A path begins with `/api` behind Hosting and without it when the function is called by its own address.
    """
    plain = path.removeprefix("/api").rstrip("/")
    match = _SHARE.fullmatch(plain)
    template = f"{match[1]}{{share}}{match[3]}" if match else plain
    methods = ROUTES.get(template)
    if methods is None:
        raise ApiError(404, "NOT_FOUND", f"There is nothing at {path[:200]}.")
    return methods, match[2] if match else ""


def _check_body(request: Request) -> None:
    """Refuses a body that says it is JSON and is not, also where nobody reads it: it is a mistake worth
    telling.
    """
    try:
        body = read_body(request, MAX_BODY)
    except RequestEntityTooLarge as error:
        raise ApiError(413, "INVALID_ARGUMENT", f"The body is larger than {MAX_BODY} bytes.") from error
    if not body or "json" not in (request.content_type or ""):
        return
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "INVALID_ARGUMENT", "The body is not valid JSON.") from error
