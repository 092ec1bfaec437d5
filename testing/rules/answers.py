"""What came of a request: data, a denial with its reasons, or another failure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from testing.rules.tracing import Blame

_FALSE: Final = re.compile(r"false for '(?P<method>\w+)' @ L(?P<line>\d+)")
_ERROR: Final = re.compile(
    r"evaluation error at L(?P<error_line>\d+):(?P<column>\d+) for '(?P<method>\w+)' @ L(?P<line>\d+)"
)
_CAUSE: Final = re.compile(r"(?P<cause>[^\n]+?) for '(?P<method>\w+)' @ L(?P<line>\d+)")
NO_MATCH: Final = "No matching allow statements"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one allow statement did not allow. `cause` is "" where its condition was false."""

    method: str
    line: int
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Denial:
    """`message` is what the client is told; Storage says nothing to clients, so it is None over the wire.

    `blame` names the sub-expressions that made the conditions false, where the rules ran in this process.
    """

    message: str | None
    blame: tuple[Blame, ...] | None = None

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """By allow statement, in the order of the message."""
        return tuple(_refusals(self.message or ""))

    @property
    def nothing_matched(self) -> bool:
        return self.message is not None and NO_MATCH in self.message

    def __str__(self) -> str:
        if self.message is None:
            return "permission denied (Storage does not tell clients why)"
        lines = [self.message.strip(), *(f"  {blame}" for blame in self.blame or ())]
        return "\n".join(lines)


def _refusals(message: str) -> list[Refusal]:
    """Positions of errors come first in a message, then what was false, then the causes of the errors."""
    found: dict[tuple[str, int], Refusal] = {}
    for match in _FALSE.finditer(message):
        found[match["method"], int(match["line"])] = Refusal(match["method"], int(match["line"]))
    rest = _FALSE.sub("", message)
    for match in _ERROR.finditer(rest):
        place = match["method"], int(match["line"])
        found[place] = Refusal(*place, cause=f"evaluation error at L{match['error_line']}:{match['column']}")
    for match in _CAUSE.finditer(_ERROR.sub("", rest)):
        place = match["method"], int(match["line"])
        cause = match["cause"].lstrip(", ")
        known = found.get(place)
        found[place] = Refusal(*place, cause=f"{known.cause}: {cause}" if known and known.cause else cause)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that is not the rules' doing, such as NOT_FOUND."""

    status: str
    message: str

    def __str__(self) -> str:
        return f"{self.status}: {self.message}"


class RequestDenied(AssertionError):
    """The data of a denied request was asked for."""


class Answer:
    """What one request came to. A denial that a test never looks at fails the test when it ends."""

    __slots__ = ("_data", "_denial", "_failure", "backend", "looked_at", "request", "rules")

    def __init__(
        self,
        request: str,
        backend: str,
        rules: str | None,
        *,
        data: Any = None,
        denial: Denial | None = None,
        failure: Failure | None = None,
    ) -> None:
        self.request = request
        """As a sentence: `alice: update users/alice`."""
        self.backend = backend
        self.rules = rules
        """The text of the rules file that judged it."""
        self.looked_at = False
        self._data = data
        self._denial = denial
        self._failure = failure

    @property
    def went_well(self) -> bool:
        """Whether it was allowed and succeeded. Asking this is no look at the answer."""
        return self._denial is None and self._failure is None

    @property
    def denial(self) -> Denial | None:
        self.looked_at = True
        return self._denial

    @property
    def failure(self) -> Failure | None:
        self.looked_at = True
        return self._failure

    @property
    def allowed(self) -> bool:
        """Whether the rules allowed it; the request may have failed for another reason."""
        return self.denial is None

    @property
    def data(self) -> Any:
        """A document's fields or None, a list of (path, fields), an object's metadata or None.

        Raises RequestDenied, or RuntimeError for any other failure.
        """
        if self.denial is not None:
            raise RequestDenied(f"{self.request} was denied: {self.denial}")
        if self.failure is not None:
            raise RuntimeError(f"{self.request} failed: {self.failure}")
        return self._data

    def __repr__(self) -> str:
        outcome = "denied" if self._denial else f"failed, {self._failure}" if self._failure else "allowed"
        return f"<{self.request}: {outcome}>"
