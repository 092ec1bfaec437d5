"""JSON as the REST surface reads and writes it: protobuf's JSON mapping in the official emulator's dress.

Bodies are printed as protobuf-java's JsonFormat does (two spaces, `{` newline `}` for nothing, list items
inline, doubles as Java prints them); errors are one line with `/` escaped. Reading is lenient where the
mapping is: numbers for int64, text for doubles, snake_case keys.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, TypeAlias

from google.protobuf import json_format

from emulator.errors import FirestoreError, InvalidArgument
from emulator.wire.protos import Message, MessageClass

#: A JSON object to print. Its doubles are floats, its int64 strings.
Json: TypeAlias = dict[str, Any]

_BAD_PAYLOAD = "Payload isn't valid for request."

#: Every `bytes` field of the service, as a body may spell it. json_format skips what is not base64.
_BYTES_FIELDS = frozenset(
    (
        *("bytesValue", "bytes_value", "transaction", "retryTransaction", "retry_transaction"),
        *("resumeToken", "resume_token", "streamToken", "stream_token"),
    )
)
#: Every repeated field of a body, the files of rules included. json_format takes an empty list for a message,
#: too.
_REPEATED_FIELDS = frozenset(
    (
        *("writes", "documents", "values", "filters", "fields", "from", "aggregations", "args", "stages"),
        *("fieldPaths", "field_paths", "orderBy", "order_by", "requestTags", "request_tags"),
        *("fieldTransforms", "field_transforms", "updateTransforms", "update_transforms", "files"),
    )
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}", re.ASCII)

_encode = json.JSONEncoder(ensure_ascii=False).encode

#: JSON text escapes that Java prints and Python does not.
_LINE_SEPARATORS = {0x2028: "\\u2028", 0x2029: "\\u2029"}


def parse_json(body: bytes) -> Json:
    """The JSON object of a request body, {} for none. InvalidArgument for anything else."""
    if not body.strip():
        return {}
    try:
        value = json.loads(body, object_pairs_hook=_checked_object)
    except (ValueError, RecursionError):
        raise InvalidArgument(_BAD_PAYLOAD) from None
    if not isinstance(value, dict):
        raise InvalidArgument(_BAD_PAYLOAD)
    return value


def _checked_object(pairs: list[tuple[str, Any]]) -> Json:
    for name, value in pairs:
        if name in _BYTES_FIELDS and isinstance(value, str) and not _is_base64(value):
            raise ValueError(f"{name} is not base64")
        if value == [] and name not in _REPEATED_FIELDS:
            raise ValueError(f"{name} is no list")
    return dict(pairs)


def _is_base64(text: str) -> bool:
    return _BASE64.fullmatch(text) is not None and len(text.rstrip("=")) % 4 != 1


def to_message(tree: Json, message_class: MessageClass) -> Message:
    """A request message from parsed JSON. InvalidArgument for unknown fields and wrong types."""
    try:
        return json_format.ParseDict(tree, message_class())
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError):
        raise InvalidArgument(_BAD_PAYLOAD) from None


def print_json(tree: Json) -> str:
    """A response body."""
    parts: list[str] = []
    _print_object(tree, "", parts)
    parts.append("\n")
    return "".join(parts)


class Printed(str):
    """A value that has been printed already, with `print_inner`."""

    __slots__ = ()


def print_inner(tree: Json, indent: str = "") -> Printed:
    """An object within another one, whose own lines are indented so far."""
    parts: list[str] = []
    _print_object(tree, indent, parts)
    return Printed("".join(parts))


def print_json_stream(printed: Iterable[bytes]) -> bytes:
    """The body of a streaming method: one JSON array of encoded objects."""
    return b"[\n%b\n]\n" % b",\n".join(printed)


def _print_object(tree: Json, indent: str, parts: list[str]) -> None:
    inner = indent + "  "
    separator = "{\n"
    for name, value in tree.items():
        parts.append(f"{separator}{inner}{_print_text(name)}: ")
        _print_value(value, inner, parts)
        separator = ",\n"
    parts.append(f"\n{indent}}}" if tree else f"{{\n{indent}}}")


def _print_list(items: list[Any], indent: str, parts: list[str]) -> None:
    parts.append("[")
    for position, item in enumerate(items):
        if position:
            parts.append(", ")
        _print_value(item, indent, parts)
    parts.append("]")


def _print_value(value: Any, indent: str, parts: list[str]) -> None:
    match value:
        case dict():
            _print_object(value, indent, parts)
        case list():
            _print_list(value, indent, parts)
        case Printed():
            parts.append(value)
        case str():
            parts.append(_print_text(value))
        case float():
            parts.append(java_double(value))
        case _:
            parts.append(_encode(value))


def _print_text(text: str) -> str:
    printed = _encode(text)
    return printed if printed.isascii() else printed.translate(_LINE_SEPARATORS)


def java_double(number: float) -> str:
    """Java's Double.toString as JSON; NaN and infinities are quoted, negative zero loses its sign."""
    if math.isnan(number):
        return '"NaN"'
    if math.isinf(number):
        return '"Infinity"' if number > 0 else '"-Infinity"'
    if number == 0:
        return "0.0"
    if 1e-3 <= abs(number) < 1e7:
        return repr(number)
    sign = "-" if number < 0 else ""
    digits, exponent = _scientific(abs(number))
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def _scientific(number: float) -> tuple[str, int]:
    """Shortest decimal digits and the exponent of the first one."""
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    leading = len(digits) - len(digits.lstrip("0"))
    point = len(whole) + int(exponent or 0)
    return digits.strip("0"), point - leading - 1


def print_error(error: FirestoreError) -> str:
    """The one-line error body; an error without a message prints none."""
    details: Json = {"code": error.code.http_status}
    if error.message:
        details["message"] = error.message
    details["status"] = error.code.name
    text = json.dumps({"error": details}, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_LINE_SEPARATORS).replace("/", "\\/")
