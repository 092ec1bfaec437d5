"""Places in a rules file: which allow statement stands where, and what its condition is made of."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from emulator.rules import ast
from emulator.rules.parser import parse
from emulator.rules.scopes import Block, Program, Scope, program_of
from emulator.rules.source import Source
from testing.rules.excerpts import excerpt

_SIMPLE = {"read": ("get", "list"), "write": ("create", "update", "delete")}


@dataclass(frozen=True, slots=True)
class AllowPlace:
    """An allow statement: the path of the match around it without the service's root, and its methods."""

    match: str
    methods: tuple[str, ...]
    line: int


class RulesText:
    """A parsed rules file."""

    def __init__(self, text: str) -> None:
        self._source = Source(text, "rules")
        self.program: Program = program_of(parse(self._source))
        self.allows = tuple(self._allow_places())

    def line(self, offset: int) -> int:
        return self._source.line(offset)

    def text(self, node: ast.Node) -> str:
        return excerpt(self._source, node)

    def blocks(self) -> Iterator[Block]:
        for blocks in self.program.blocks.values():
            yield from blocks

    def lines_of(self, match: str, method: str) -> tuple[int, ...]:
        """The lines of the allows for a method whose match path ends as given. Raises ValueError."""
        wanted = match.strip("/").split("/")
        same = [allow for allow in self.allows if allow.match.strip("/").split("/")[-len(wanted) :] == wanted]
        lines = tuple(allow.line for allow in same if method in allow.methods)
        if not same:
            raise ValueError(f"no match statement {match!r}{self._similar(match)}")
        if not lines:
            raise ValueError(f"no allow for {method!r} in match {match!r}")
        return lines

    @cached_property
    def conditions(self) -> dict[str, set[int]]:
        """Every sub-expression of a condition by its text, with the lines of the allows that depend on it."""
        found: dict[str, set[int]] = {}
        for block in self.blocks():
            for allow in block.match.allows:
                if allow.condition is None:
                    continue
                for node in self._reachable(allow.condition, block.scope, set()):
                    found.setdefault(self.text(node), set()).add(self.line(allow.start))
        return found

    def check_condition(self, text: str) -> None:
        """Raises ValueError when the file has no such expression."""
        known = self.conditions
        if text not in known:
            close = difflib.get_close_matches(text, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"no condition of the rules reads {text!r}{hint}")

    def _similar(self, match: str) -> str:
        known = sorted({allow.match for allow in self.allows})
        return f"; there are {', '.join(known)}" if known else ""

    def _reachable(self, root: ast.Expression, scope: Scope, seen: set[str]) -> Iterator[ast.Expression]:
        """The expression, all below it, and those of the functions it calls."""
        for node, _ in ast.walk(root):
            yield node
            if isinstance(node, ast.Call):
                symbol = scope.function(node.name)
                if symbol is not None and node.name not in seen:
                    bodies = [let.value for let in symbol.declaration.lets]
                    for body in [*bodies, symbol.declaration.result]:
                        yield from self._reachable(body, symbol.scope, seen | {node.name})

    def _allow_places(self) -> Iterator[AllowPlace]:
        for block in self.blocks():
            segments = [_segment(segment) for segment in block.path]
            match = "/" + "/".join(segments)
            for allow in block.match.allows:
                methods = tuple(m for method in allow.methods for m in _SIMPLE.get(method, (method,)))
                yield AllowPlace(match, methods, self.line(allow.start))


def _segment(segment: ast.Segment) -> str:
    if segment.is_glob:
        return f"{{{segment.text}=**}}"
    return f"{{{segment.text}}}" if segment.is_capture else segment.text


@lru_cache(maxsize=64)
def rules_text(text: str) -> RulesText:
    return RulesText(text)
