"""Regular expressions with RE2's syntax and its linear running time."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from emulator.rules.errors import EvaluationError
from emulator.rules.limits import (
    MAX_REGEX_MEMORY,
    MAX_REGEX_SEARCHED,
    MAX_REGEXES_CACHED,
    MAX_TEXT_LENGTH,
)


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_REGEX_MEMORY
    return options


class TooLarge(EvaluationError):
    """A pattern that takes more than MAX_REGEX_MEMORY, which it takes RE2 a while to find out."""


@lru_cache(maxsize=MAX_REGEXES_CACHED)
def compiled(pattern: str) -> Any:
    """The compiled pattern. Raises EvaluationError for one that RE2 refuses."""
    try:
        return re2.compile(pattern, _options())
    except (re2.error, UnicodeEncodeError) as error:
        kind = TooLarge if "too large" in str(error) else EvaluationError
        raise kind(f"Invalid regular expression pattern. Pattern: {pattern[:200]}.") from None


def instructions(pattern: str) -> int:
    """How long its program is. Raises EvaluationError."""
    length: int = compiled(pattern).programsize
    return length


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches."""
    # As bytes, because of text the library first works out where each character begins.
    return compiled(pattern).fullmatch(_encoded(text)) is not None


def pieces(pattern: str, text: str) -> list[str]:
    """The text between matches, without empty pieces at the end. An empty match at the start is none."""
    found, last = [], 0
    for match in _every_match(pattern, text):
        if match.end() == 0:
            continue
        found.append(text[last : match.start()])
        last = match.end()
    found.append(text[last:])
    while len(found) > 1 and not found[-1]:
        found.pop()
    return found


def replaced(pattern: str, text: str, replacement: str) -> str:
    """Every match replaced. In the replacement `$1` is a group; a backslash makes a dollar sign literal."""
    parts = _replacement_parts(replacement, compiled(pattern).groups)
    result, last, length = [], 0, 0
    for match in _every_match(pattern, text):
        piece = text[last : match.start()]
        piece += "".join(part if isinstance(part, str) else (match[part] or "") for part in parts)
        last = match.end()
        length += len(piece)
        if length > MAX_TEXT_LENGTH:
            raise EvaluationError("String is too long.")
        result.append(piece)
    return "".join(result) + text[last:]


def _every_match(pattern: str, text: str) -> Iterator[Any]:
    """The matches from left to right. Each takes linear time, so all of them up to the square of it."""
    _encoded(text)
    searched = 0
    for match in compiled(pattern).finditer(text):
        searched += len(text) - match.start()
        if searched > MAX_REGEX_SEARCHED:
            raise EvaluationError("The regular expression matches too often in so long a string.")
        yield match


def _replacement_parts(replacement: str, groups: int) -> list[str | int]:
    parts: list[str | int] = []
    index = 0
    while index < len(replacement):
        char, after = replacement[index], replacement[index + 1 : index + 2]
        if char == "\\" and after:
            parts.append(after)
            index += 2
        elif char == "$" and after.isascii() and after.isdigit():
            if int(after) > groups:
                raise EvaluationError(f"No group {after} in the regular expression.")
            parts.append(int(after))
            index += 2
        else:
            parts.append(char)
            index += 1
    return parts


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise EvaluationError("String is not valid Unicode.") from None
