"""Expressions of a rules file as text on one line: what reasons are compared with."""

from __future__ import annotations

import re
from typing import Final

_STRING_OR_PARENTHESIS: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[()]""")


def excerpt(text: str, start: int, end: int) -> str:
    """An expression of a file. Offsets leave out parentheses around its first and its last operand, so those
    are added where they are wanting.
    """
    missing_left, missing_right = _unbalanced(text[start:end])
    for _ in range(missing_left):
        start = text.rindex("(", 0, start)
    for _ in range(missing_right):
        end = text.index(")", end) + 1
    return one_line(text[start:end])


def one_line(text: str) -> str:
    """Without the line breaks and the indentation of the file, and without comments."""
    return " ".join(" ".join(line.partition(" //")[0] for line in text.split("\n")).split())


def _unbalanced(text: str) -> tuple[int, int]:
    """How many parentheses are closed but not opened, and opened but not closed."""
    closed_only = opened = 0
    for match in _STRING_OR_PARENTHESIS.finditer(text):
        if match[0] == "(":
            opened += 1
        elif match[0] == ")" and opened:
            opened -= 1
        elif match[0] == ")":
            closed_only += 1
    return closed_only, opened
