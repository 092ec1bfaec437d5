"""JSON files as the Firebase CLI reads them: with comments and byte order marks, and with nothing else that
JSON forbids.

The CLI reads firebase.json, .firebaserc and the files of indexes with one function (`loadCJSON`, observed in
firebase-tools 15.34): bytes that are no UTF-8 become U+FFFD, byte order marks are removed wherever they
stand, comments of both kinds are removed outside of strings, and the rest must be JSON. Trailing commas,
single quotes and an empty file are errors.

Standard library only: ./kit reads firebase.json before anything is installed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

_STRING_OR_COMMENT: Final = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"\ufeff]+', re.DOTALL)
_NOT_NEWLINE: Final = re.compile(r"[^\n]")
_COMMA_AT_END: Final = re.compile(r",\s*\Z")
_MOST_DIGITS: Final = 400
"""A number of more digits is infinite for JavaScript, and an error of another kind for Python."""


class ConfigFileError(Exception):
    """A file that cannot be used, and where: `str()` is `firebase.json:3:7: what is wrong`."""

    def __init__(self, name: str, reason: str, line: int = 0, column: int = 0) -> None:
        place = f":{line}:{column}" if line else ""
        super().__init__(f"{name}{place}: {reason}")
        self.name, self.reason, self.line, self.column = name, reason, line, column


def load(path: Path, name: str = "") -> Any:
    """What the file holds. `name` is what errors call it. Raises ConfigFileError."""
    return parse(read_text(path, name), name or str(path))


def read_text(path: Path, name: str = "") -> str:
    """The text of a file. Raises ConfigFileError when it cannot be read."""
    shown = name or str(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigFileError(shown, "there is no such file") from None
    except OSError as error:
        raise ConfigFileError(shown, f"the file cannot be read ({error.strerror})") from error
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigFileError(shown, "the file is UTF-16; save it as UTF-8", 1, 1)
    return content.decode("utf-8", "replace")


def parse(text: str, name: str) -> Any:
    """What the text means. Raises ConfigFileError with the place."""
    plain = without_comments(text)
    if not plain.strip(" \t\r\n"):
        nothing = "holds nothing but comments" if text.strip(" \t\r\n\ufeff") else "is empty"
        raise ConfigFileError(name, f"the file {nothing}", 1, 1)
    try:
        return json.loads(plain, parse_constant=_refuse, parse_int=_integer)
    except json.JSONDecodeError as error:
        reason, at = _reason(plain, error)
        raise ConfigFileError(name, reason, *line_and_column(plain, at)) from None
    except RecursionError:
        raise ConfigFileError(name, "the file is nested too deeply") from None
    except _NotANumber as error:
        place = line_and_column(plain, max(plain.find(str(error)), 0))
        raise ConfigFileError(name, f"{error} is not JSON", *place) from None


def without_comments(text: str) -> str:
    """The text with blanks in the place of comments, so that lines and columns stay what they are."""
    return _blanked(text).replace("\ufeff", "")


def _blanked(text: str) -> str:
    return _STRING_OR_COMMENT.sub(lambda found: found[1] or _NOT_NEWLINE.sub(" ", found[0]), text)


def place_of(text: str, where: str) -> tuple[int, int]:
    """Line and column of a value, named as in `indexes[0].fields[1].order`; of what holds it where the value
    is not there. The text must be one that `parse` accepts.
    """
    text = text.replace("\ufeff", "")
    found = spans(text)
    while where and where not in found:
        where = where[: max(where.rfind("."), where.rfind("["), 0)]
    return line_and_column(text, found[where].start if where in found else 0)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands in a text, and where the last one inside of it ends, if it holds any."""

    start: int
    end: int
    last: int | None = None


def spans(text: str) -> dict[str, Span]:
    """The place of every value by its name, that of the whole being "". Byte order marks count."""
    found: dict[str, Span] = {}
    holders: list[_Holder] = [_Holder("", 0, is_list=True)]
    for token in _TOKEN.finditer(_blanked(text)):
        word, holder = token[0], holders[-1]
        if word in "}]":
            closed = holders.pop()
            found[closed.name] = Span(closed.start, token.end(), closed.last)
            holders[-1].last = token.end()
        elif word == ",":
            holder.key = None
        elif word == ":":
            pass
        elif not holder.is_list and holder.key is None:
            holder.key = json.loads(word)
        else:
            name = holder.next_name() if len(holders) > 1 else ""
            if word in "{[":
                holders.append(_Holder(name, token.start(), is_list=word == "["))
            else:
                found[name] = Span(token.start(), token.end())
                holder.last = token.end()
    return found


@dataclass(slots=True)
class _Holder:
    """An object or a list that has begun."""

    name: str
    start: int
    is_list: bool
    key: str | None = None
    count: int = 0
    last: int | None = None

    def next_name(self) -> str:
        if self.is_list:
            self.count += 1
            return f"{self.name}[{self.count - 1}]"
        return f"{self.name}.{self.key}" if self.name else str(self.key)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


class _NotANumber(ValueError):
    """Python reads NaN and Infinity, which JSON does not have."""


def _refuse(constant: str) -> NoReturn:
    raise _NotANumber(constant)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _reason(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """What is wrong, and at which offset. Python's own words but for commas, which its versions tell
    differently.
    """
    at = error.pos
    if "trailing comma" in error.msg or (
        text[at : at + 1] in ("}", "]") and _COMMA_AT_END.search(text, 0, at)
    ):
        return "a comma with nothing behind it is not JSON", text.rfind(",", 0, at + 1)
    if error.msg == "Expecting ',' delimiter" and text[at:] and text[at] not in "}]":
        return "a comma is missing before this", at
    return f"not JSON: {error.msg[0].lower()}{error.msg[1:]}", at
