"""WebChannel, version 8: the protocol browsers speak where they have no gRPC, as a state machine without I/O.

A session carries messages both ways over plain HTTP requests:

- the handshake, a POST without session, opens it and may carry the first messages;
- the forward channel, POSTs with form-encoded messages, each numbered by the client (`ofs` and its place);
- the back channel, a GET whose answer is a stream of frames. Every array in it has a number of the server;
  the client says the last one it saw (`AID`) with its next request, and everything above is sent again on
  the next back channel;
- terminate, a GET or POST, ends it.

There is no specification. The source is Closure's `goog.labs.net.webChannel` as bundled in
@firebase/webchannel-wrapper 1.0.7, and the official emulator's answers.

MalformedRequest
  a query or form that no client sends
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import parse_qsl

VERSION = 8
#: Milliseconds after which a silent back channel looks dead to the client (it waits 1.5 times as long).
KEEP_ALIVE_MS = 30_000
_SERVER_VERSION = 12

#: Messages a client puts in one form at most.
MAX_MESSAGES = 1000
#: Numbers above a gap that are remembered to recognise repetitions; beyond it the gap counts as lost.
MAX_AHEAD = 1000

# The key of one message in a form: `req`, its place counted from `ofs`, `___data__`.
_MESSAGE_KEY = re.compile(r"req([0-9]{1,9})___data__", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)


class MalformedRequest(Exception):
    """The text says what is wrong with the request."""


class RequestKind(Enum):
    HANDSHAKE = auto()
    FORWARD = auto()
    BACK = auto()
    TERMINATE = auto()


@dataclass(frozen=True, slots=True)
class ChannelRequest:
    """What one HTTP request asks for.

    `sid` is empty for a handshake. `acknowledged` is the last array the client has seen. `streaming` and
    `timeout_ms` belong to a back channel: keep the answer open, or end it with the first data and at the
    latest after that time.
    """

    kind: RequestKind
    sid: str = ""
    acknowledged: int = 0
    streaming: bool = True
    timeout_ms: int | None = None


def parse_query(method: str, query: str) -> ChannelRequest:
    """What the request is, from its method and query string."""
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    if parameters.get("VER", str(VERSION)) != str(VERSION):
        raise MalformedRequest(f"unsupported version {parameters['VER']}")
    sid = parameters.get("SID", "")
    if parameters.get("TYPE") == "terminate":
        return ChannelRequest(RequestKind.TERMINATE, sid)
    acknowledged = _number(parameters, "AID", 0)
    if method == "POST":
        kind = RequestKind.FORWARD if sid else RequestKind.HANDSHAKE
        return ChannelRequest(kind, sid, acknowledged)
    if method != "GET" or parameters.get("TYPE", "xmlhttp") != "xmlhttp":
        raise MalformedRequest("neither a forward nor a back channel")
    timeout = _number(parameters, "TO", 0) or None
    return ChannelRequest(RequestKind.BACK, sid, acknowledged, parameters.get("CI", "0") == "0", timeout)


@dataclass(frozen=True, slots=True)
class Form:
    """The body of a POST: initial headers, their names in lower case, and messages by number."""

    headers: Mapping[str, str]
    messages: tuple[tuple[int, str], ...]


def parse_form(body: bytes) -> Form:
    """The form of a POST; an empty body has no messages."""
    pairs = _parse_pairs(body)
    fields = dict(pairs)
    offset = _number(fields, "ofs", 0)
    messages = tuple(
        sorted(
            (offset + int(match[1]), text) for key, text in pairs if (match := _MESSAGE_KEY.fullmatch(key))
        )
    )
    if len(messages) != _number(fields, "count", 0):
        raise MalformedRequest("count does not match the messages")
    return Form(dict(_parse_headers(fields.get("headers", ""))), messages)


def _parse_pairs(body: bytes) -> list[tuple[str, str]]:
    """application/x-www-form-urlencoded, strictly.

    urllib.parse needs a microsecond for every escaped byte, which is a second for a megabyte of Korean; the
    codec that reads Python's own escapes does the same work in C.
    """
    if body.count(b"&") > 2 * MAX_MESSAGES + 8:
        raise MalformedRequest("too many fields")
    spelled = body.replace(b"+", b" ").replace(b"\\", rb"\\").replace(b"%", rb"\x")
    try:
        halves = [pair.partition(b"=") for pair in spelled.split(b"&")]
        return [(_unescape(name), _unescape(value)) for name, _, value in halves]
    except UnicodeError as error:
        raise MalformedRequest("not a form in UTF-8") from error


def _unescape(spelled: bytes) -> str:
    return spelled.decode("unicode_escape").encode("latin-1").decode()


def _parse_headers(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def _number(fields: Mapping[str, str], name: str, default: int) -> int:
    text = fields.get(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text):
        raise MalformedRequest(f"{name} is not a number")
    return int(text)


def frame(payload: str) -> bytes:
    """The payload with its length before it, in UTF-16 code units: what a browser's strings count."""
    units = len(payload.encode("utf-16-le")) // 2
    return f"{units}\n{payload}".encode()


class Incoming:
    """Which numbered messages of a client are new."""

    def __init__(self) -> None:
        self._floor = 0
        self._ahead: set[int] = set()

    def accept(self, messages: Iterable[tuple[int, str]]) -> list[str]:
        """The texts not seen before, in order. A gap does not hold up what follows it."""
        new = []
        for number, text in messages:
            if number >= self._floor and number not in self._ahead:
                self._ahead.add(number)
                new.append(text)
                self._advance()
        return new

    def _advance(self) -> None:
        if len(self._ahead) > MAX_AHEAD:
            self._floor = min(self._ahead)
        while self._floor in self._ahead:
            self._ahead.remove(self._floor)
            self._floor += 1


@dataclass(frozen=True, slots=True)
class _Array:
    number: int
    text: str


class Outgoing:
    """The arrays of the server that the client has not acknowledged yet."""

    def __init__(self) -> None:
        self._arrays: deque[_Array] = deque()
        self._acknowledged = 0
        self.last = 0
        self.outstanding = 0  # characters not acknowledged yet

    def add(self, payload: str) -> None:
        """Queue one array; `payload` is its JSON."""
        self.last += 1
        self._arrays.append(_Array(self.last, payload))
        self.outstanding += len(payload)

    def acknowledge(self, number: int) -> None:
        """Forget everything up to that array. A number lower than before, or never sent, changes nothing."""
        if number > self.last:
            return
        self._acknowledged = max(self._acknowledged, number)
        while self._arrays and self._arrays[0].number <= number:
            self.outstanding -= len(self._arrays.popleft().text)

    def can_replay(self, after: int) -> bool:
        """Whether everything above that array is still here."""
        return self._acknowledged <= after <= self.last

    def after(self, number: int, most: int) -> tuple[str, int]:
        """A JSON array of the arrays above `number`, and the last number in it.

        At least one and about `most` characters; empty text when there is none.
        """
        parts: list[str] = []
        size = 0
        start = max(0, number - self._arrays[0].number + 1) if self._arrays else 0
        for index in range(start, len(self._arrays)):
            array = self._arrays[index]
            parts.append(f"[{array.number},{array.text}]")
            number = array.number
            size += len(array.text)
            if size >= most:
                break
        return (f"[{','.join(parts)}]" if parts else "", number)


NOOP = '["noop"]'
#: Ends the channel without an error.
CLOSE = '["close"]'


def message_array(message: str) -> str:
    """The payload that carries one JSON message."""
    return f"[{message}]"


def error_array(http_status: int, message: str, status: str) -> str:
    """The payload that ends a stream with an error."""
    return json.dumps([{"error": {"code": http_status, "message": message, "status": status}}])


def handshake_reply(sid: str) -> bytes:
    """The answer to a handshake: array 0, which names the session."""
    opened = ["c", sid, "", VERSION, _SERVER_VERSION, KEEP_ALIVE_MS]
    return frame(json.dumps([[0, opened]], separators=(",", ":")))


def forward_reply(back_channel: bool, last: int, outstanding: int) -> bytes:
    """The answer to a POST: is a back channel there, the last array, how much is not acknowledged."""
    return frame(json.dumps([int(back_channel), last, outstanding], separators=(",", ":")))
