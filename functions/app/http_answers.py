"""What the routes of the HTTP function answer with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a status, a JSON value or bytes, and headers beside the usual ones. Bytes need a
    `Content-Type`.
    """

    status: int
    body: Mapping[str, Any] | bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """A refusal, in the form of Google's APIs. `message` is shown to the caller; programs look at `reason`
    where a status has several.
    """

    def __init__(
        self,
        code: int,
        status: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        error: dict[str, Any] = {"code": code, "status": status, "message": message}
        if reason is not None:
            error["details"] = {"reason": reason}
        self.answer = Answer(code, {"error": error}, headers or {})
