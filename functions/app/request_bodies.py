"""How much of a request's body is read.

Cloud Run takes 32 MiB, and a body that is sent in chunks does not say its length. Twenty of them at a time
are more than an instance has.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

MAX_BODY = 64 * 1024
"""Of the API and of callables, which take a few fields."""
MAX_BLOCKING_BODY = 1024 * 1024
"""Of blocking functions: a token with what an identity provider says of a user."""

F = TypeVar("F", bound=Callable[..., Any])


def read_body(request: Request, limit: int) -> bytes:
    """Read the body, which is kept for the next who wants it. Raises RequestEntityTooLarge."""
    # A body in chunks ends for werkzeug at its maximum, so one byte more is let through to be seen.
    request.max_content_length = limit + 1
    try:
        body = request.get_data()
        if len(body) > limit:
            raise RequestEntityTooLarge
    except RequestEntityTooLarge:
        # functions-framework reads what is left of every body after the answer.
        request.stream = io.BytesIO()
        raise
    return body


def bounded(limit: int) -> Callable[[F], F]:
    """Refuse larger bodies before the function reads them. Goes above the SDK's decorator."""

    def decorate(function: F) -> F:
        answer: Any = function

        @wraps(answer)
        def read_first(request: Request) -> Any:
            try:
                read_body(request, limit)
            except RequestEntityTooLarge as error:
                return error.get_response()
            return answer(request)

        return cast("F", read_first)

    return decorate
