"""Coverage of conditions: whether each has been true and has been false.

A condition is what stands between `&&`, `||`, `!` and `?:` in an allow statement, or in a function whose
result stands in such a place. Counts come from coverage reports in the form of the emulator's `ruleCoverage`
route, so they add up over the engine in this process and emulators on the wire.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.rules import ast
from emulator.rules.scopes import FunctionSymbol, Scope
from testing.rules.rules_text import RulesText

_SHOWN: Final = 70


@dataclass(frozen=True, slots=True)
class Condition:
    """`was_true` and `was_false` count evaluations; one that failed to evaluate is neither."""

    line: int
    text: str
    was_true: int
    was_false: int

    @property
    def both_ways(self) -> bool:
        return self.was_true > 0 and self.was_false > 0

    @property
    def lack(self) -> str:
        """What was not seen, in words; empty when both were."""
        if self.both_ways:
            return ""
        if not self.was_true and not self.was_false:
            return "never true, never false"
        return "never false" if self.was_true else "never true"


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """The conditions of one rules file in source order."""

    name: str
    conditions: tuple[Condition, ...]

    @property
    def covered(self) -> int:
        return sum(condition.both_ways for condition in self.conditions)

    @property
    def percent(self) -> float:
        return 100.0 * self.covered / len(self.conditions) if self.conditions else 100.0

    def lines(self) -> Iterator[str]:
        """The file's own line, and one for each condition that lacks something."""
        count = f"{self.covered} of {len(self.conditions)} conditions both ways"
        yield f"{self.name}: {count} ({self.percent:.1f} %)"
        for condition in self.conditions:
            if not condition.both_ways:
                text = condition.text if len(condition.text) <= _SHOWN else condition.text[: _SHOWN - 1] + "…"
                yield f"  L{condition.line:<4} {condition.lack:<24} {text}"


class Tally:
    """Counts of true and false by the place of an expression, over any number of reports."""

    def __init__(self, start: Tally | None = None) -> None:
        self._counts: Counter[tuple[int, int, bool]] = Counter(start._counts if start else {})

    def add(self, report: Mapping[str, Any]) -> None:
        pending = list(report.get("report", []))
        while pending:
            node = pending.pop()
            pending.extend(node.get("children", []))
            place = node["sourcePosition"]
            for seen in node.get("values", []):
                value = seen["value"].get("boolValue")
                if value is not None:
                    self._counts[place["currentOffset"], place["endOffset"], value] += seen["count"]

    @property
    def is_empty(self) -> bool:
        return not self._counts

    def exported(self) -> list[list[int | bool]]:
        """What JSON can hold; see add_exported."""
        return [[*place, count] for place, count in self._counts.items()]

    def add_exported(self, rows: Iterable[list[Any]]) -> None:
        for start, end, value, count in rows:
            self._counts[start, end, value] += count

    def count(self, node: ast.Expression, value: bool) -> int:
        return self._counts[node.start, max(node.start, node.end - 1), value]


def file_coverage(name: str, rules: RulesText, tally: Tally) -> FileCoverage:
    conditions = [
        Condition(rules.line(node.start), rules.text(node), tally.count(node, True), tally.count(node, False))
        for node in _conditions(rules)
    ]
    return FileCoverage(name, tuple(conditions))


def _conditions(rules: RulesText) -> list[ast.Expression]:
    """In source order, each once however many places call its function."""
    found: dict[int, ast.Expression] = {}
    called: dict[int, FunctionSymbol] = {}
    for block in rules.blocks():
        for allow in block.match.allows:
            if allow.condition is not None:
                _collect(allow.condition, block.scope, found, called)
    return sorted(found.values(), key=lambda node: (node.start, -node.end))


def _collect(
    node: ast.Expression, scope: Scope, found: dict[int, ast.Expression], called: dict[int, FunctionSymbol]
) -> None:
    """The conditions of an expression that is used as a truth."""
    match node:
        case ast.Literal():
            return
        case ast.Logical(operands=operands):
            for operand in operands:
                _collect(operand, scope, found, called)
            return
        case ast.Unary(operator="!", operand=operand):
            _collect(operand, scope, found, called)
            return
        case ast.Conditional():
            for part in (node.condition, node.when_true, node.when_false):
                _collect(part, scope, found, called)
            return
    found[id(node)] = node
    symbol = scope.function(node.name) if isinstance(node, ast.Call) else None
    if symbol is not None and id(symbol) not in called:
        called[id(symbol)] = symbol
        _collect(symbol.declaration.result, symbol.scope, found, called)
