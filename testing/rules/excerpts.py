"""Expressions of a rules file as text on one line: what reasons are compared with."""

from __future__ import annotations

from emulator.rules import ast
from emulator.rules.source import Source


def excerpt(source: Source, node: ast.Node) -> str:
    """The node as it stands in the file."""
    return one_line(source.text[node.start : node.end])


def one_line(text: str) -> str:
    """Without the line breaks and the indentation of the file, and without comments."""
    return " ".join(" ".join(line.partition(" //")[0] for line in text.split("\n")).split())
