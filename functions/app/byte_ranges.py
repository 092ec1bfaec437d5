"""The `Range` header of HTTP, one range of bytes at a time (https://www.rfc-editor.org/rfc/rfc9110#section-14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.IGNORECASE)


class Unsatisfiable(Exception):
    """The range lies outside of what there is."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The bytes that are asked for; None without the header, or with one that is to be ignored.

    Raises Unsatisfiable.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        length = min(int(last), size)
        asked = ByteRange(size - length, size - 1)
    else:
        asked = ByteRange(int(first), min(int(last), size - 1) if last else size - 1)
        if last and int(last) < int(first):
            return None
    if asked.first >= size or asked.length < 1:
        raise Unsatisfiable
    return asked
