"""Text, counted in code points."""

from emulator.rules.errors import EvaluationError
from emulator.rules.limits import MAX_TEXT_LENGTH
from emulator.rules.types import regex
from emulator.rules.types.number import float_text
from emulator.rules.types.path import Path
from emulator.rules.types.registry import Value, function, method, type_name


def checked(text: str) -> str:
    """The text, or an error when a rule has built one that is too long."""
    if len(text) > MAX_TEXT_LENGTH:
        raise EvaluationError("String is too long.")
    return text


@function("", "string", (type(None), bool, int, float, str, Path))
def to_string(value: bool | float | str | Path | None) -> str:
    """Paths are converted as the official emulator does; production refuses them."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    return str(value)


def element_text(value: Value) -> str:
    """How `list.join` writes an element."""
    if value is None or isinstance(value, bool | int | float | str | Path):
        return to_string(value)
    raise EvaluationError(f"Unsupported operation error. Received: string({type_name(value)}).")


@method(str, "size")
def size(text: str) -> int:
    return len(text)


@method(str, "lower")
def lower(text: str) -> str:
    return text.lower()


@method(str, "upper")
def upper(text: str) -> str:
    return text.upper()


@method(str, "trim")
def trim(text: str) -> str:
    return text.strip()


@method(str, "matches", str)
def matches(text: str, pattern: str) -> bool:
    return regex.matches(pattern, text)


@method(str, "split", str)
def split(text: str, pattern: str) -> list[str]:
    return regex.pieces(pattern, text)


@method(str, "replace", str, str)
def replace(text: str, pattern: str, replacement: str) -> str:
    return regex.replaced(pattern, text, replacement)


@method(str, "toUtf8")
def to_utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise EvaluationError("String is not valid Unicode.") from None
