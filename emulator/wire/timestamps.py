"""Timestamps as protobuf messages and as RFC 3339 text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from emulator.errors import InvalidArgument
from emulator.firestore.values import Timestamp
from emulator.wire.protos import Message

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: RFC 3339, section 5.6; a fraction has one to nine digits.
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


def decode_timestamp(message: Message) -> Timestamp:
    """Digits below a microsecond are cut off, as Firestore does."""
    return Timestamp(message.seconds * 1_000_000 + message.nanos // 1000)


def encode_timestamp(message: Message, timestamp: Timestamp) -> None:
    seconds, micros = divmod(timestamp.micros, 1_000_000)
    message.seconds = seconds
    message.nanos = micros * 1000


@lru_cache(maxsize=1024)
def format_timestamp(timestamp: Timestamp) -> str:
    """RFC 3339 in UTC with no, three or six digits of fraction, as protobuf's JSON mapping prints it."""
    seconds, micros = divmod(timestamp.micros, 1_000_000)
    moment = (_EPOCH + timedelta(seconds=seconds)).strftime("%m-%dT%H:%M:%S")
    text = f"{(_EPOCH + timedelta(seconds=seconds)).year:04d}-{moment}"
    if micros == 0:
        return f"{text}Z"
    if micros % 1000 == 0:
        return f"{text}.{micros // 1000:03d}Z"
    return f"{text}.{micros:06d}Z"


def parse_timestamp(text: str) -> Timestamp:
    """The inverse, with any offset."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InvalidArgument(f"Invalid timestamp: {text!r}")
    moment, fraction, offset = match.groups()
    try:
        instant = datetime.fromisoformat(moment + offset.replace("Z", "+00:00"))
    except ValueError as error:
        raise InvalidArgument(f"Invalid timestamp: {text!r}") from error
    since = instant - _EPOCH
    micros = int((fraction or "0").ljust(9, "0")) // 1000
    return Timestamp((since.days * 86_400 + since.seconds) * 1_000_000 + micros)
