"""Log lines that say which request they belong to.

The id is the caller's `X-Request-Id` when it looks like one, else the trace the platform gave the request,
else a new one. Everything written while the request is answered carries it as `requestId`; a task carries on
the id of the request that enqueued it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from firebase_functions import logger
from werkzeug.datastructures import Headers

HEADER = "X-Request-Id"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}")
# https://www.w3.org/TR/trace-context/#traceparent-header and the older header of Google Cloud.
_TRACES = {
    "traceparent": re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-"),
    "X-Cloud-Trace-Context": re.compile(r"([0-9a-f]{32})"),
}

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


@contextmanager
def of_request(headers: Headers) -> Iterator[str]:
    """Marks the lines written inside with the id of the request that has these headers; gives the id."""
    request_id = id_of(headers)
    token = _current.set(request_id)
    try:
        yield request_id
    finally:
        _current.reset(token)


def id_of(headers: Headers) -> str:
    given = headers.get(HEADER, "")
    if _REQUEST_ID.fullmatch(given):
        return given
    matches = (pattern.match(headers.get(name, "")) for name, pattern in _TRACES.items())
    return next((match[1] for match in matches if match), "") or uuid.uuid4().hex


def current_id() -> str | None:
    """The id of the request that is being answered, None outside of one."""
    return _current.get()


def info(message: str, **fields: Any) -> None:
    logger.info(message, **_with_id(fields))


def error(message: str, **fields: Any) -> None:
    logger.error(message, **_with_id(fields))


def _with_id(fields: dict[str, Any]) -> dict[str, Any]:
    request_id = current_id()
    return fields if request_id is None else {"requestId": request_id, **fields}
