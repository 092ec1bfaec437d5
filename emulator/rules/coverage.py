"""Which expressions were evaluated, how often, and to what: counters, the JSON report and an HTML page.

The report has the form of the official emulator's. Lists, maps and the like are counted together by type,
with the first one seen as the sample, so that no decision hashes documents.
"""

import html
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from emulator.rules import ast
from emulator.rules.environment import Environment, Evaluate, Locals
from emulator.rules.errors import RulesError
from emulator.rules.limits import MAX_COVERAGE_VALUES
from emulator.rules.scopes import Program
from emulator.rules.source import Source
from emulator.rules.types import Value
from emulator.rules.types.typed import typed_value

_SCALARS = frozenset({bool, int, float, str, type(None)})


@dataclass(slots=True)
class Seen:
    """One value of an expression, or one kind of values with the first of them as the sample."""

    sample: Value
    count: int = 0


Counter: TypeAlias = dict[object, Seen]
"""The values of one expression, by what tells them apart. A failed evaluation counts as its RulesError.

A dict and no class of its own: a file has thousands, and they are made whenever it is compiled.
"""


def _total(counter: Counter) -> int:
    return sum(seen.count for seen in counter.values())


def _add(counter: Counter, key: object, kind: type, value: Value) -> None:
    """Count a value. `key` tells it from others; when there are too many, those of one kind are one."""
    if key not in counter and len(counter) >= MAX_COVERAGE_VALUES:
        key = kind
    counter.setdefault(key, Seen(value)).count += 1


class Coverage:
    """The counters of one ruleset since it was compiled."""

    def __init__(self, source: Source, program: Program) -> None:
        self._source = source
        self._roots = _roots(program)
        self._counters: dict[int, Counter] = {}

    def observe(self, expression: ast.Expression, run: Evaluate) -> Evaluate:
        """The closure, counted. The tree is kept by `_roots`, so an id stays that of its expression."""
        counter = self._counters.get(id(expression))
        if counter is None:
            counter = self._counters[id(expression)] = {}

        def observed(env: Environment, slots: Locals) -> Value:
            try:
                value = run(env, slots)
            except RulesError as error:
                _add(counter, (RulesError, error.message), RulesError, error)
                raise
            kind = type(value)
            key = (kind, value) if kind in _SCALARS else kind
            if key in counter:
                counter[key].count += 1
            else:
                _add(counter, key, kind, value)
            return value

        return observed

    def report(self) -> dict[str, Any]:
        """The answer of the emulator's `ruleCoverage` route."""
        files = [{"name": self._source.file_name, "content": self._source.text}]
        nodes = [self._node(root, None) for root in self._roots if type(root) is not ast.Literal]
        return {"rules": {"files": files}} | ({"report": nodes} if nodes else {})

    def report_html(self) -> str:
        """A page of its own: the source, each line marked by whether its expressions were evaluated."""
        marks = self._line_marks()
        rows = []
        for number, text in enumerate(self._source.text.split("\n"), start=1):
            mark, note = marks.get(number, ("", ""))
            rows.append(
                f'<tr class="{mark}"><td>{number}</td><td><code>{html.escape(text)}</code></td>'
                f"<td>{html.escape(note)}</td></tr>"
            )
        return _PAGE.format(name=html.escape(self._source.file_name), rows="\n".join(rows))

    def _node(self, expression: ast.Expression, around: int | None) -> dict[str, Any]:
        """`around` is how often the surrounding expression was evaluated, None for a root."""
        counter = self._counters.get(id(expression)) or {}
        values = [{"value": self._value(seen.sample), "count": seen.count} for seen in counter.values()]
        skipped = (around or 0) - _total(counter)
        if skipped > 0:
            values.append({"value": {}, "count": skipped})
        node: dict[str, Any] = {"sourcePosition": self._position(expression.start, expression.end)}
        if values:
            node["values"] = values
        inner = [child for child in ast.children(expression) if type(child) is not ast.Literal]
        if inner:
            node["children"] = [self._node(child, _total(counter)) for child in inner]
        return node

    def _value(self, value: Value) -> dict[str, Any]:
        if not isinstance(value, RulesError):
            return typed_value(value)
        position = self._position(value.offset, value.offset + 1) if value.offset >= 0 else {}
        return {"undefined": {"causeMessage": value.message, "sourcePosition": position}}

    def _position(self, start: int, end: int) -> dict[str, int]:
        return {
            "line": self._source.line(start),
            "column": self._source.column(start),
            "currentOffset": start,
            "endOffset": max(start, end - 1),
        }

    def _line_marks(self) -> dict[int, tuple[str, str]]:
        """By line: "hit", "part" or "miss", and the values of the expressions that begin there."""
        notes: dict[int, list[str]] = {}
        missed: dict[int, list[bool]] = {}
        for root in self._roots:
            for expression, _ in ast.walk(root):
                if type(expression) is ast.Literal:
                    continue
                counter = self._counters.get(id(expression), {})
                line = self._source.line(expression.start)
                missed.setdefault(line, []).append(not counter)
                text = self._source.text[expression.start : expression.end].split("\n")[0]
                notes.setdefault(line, []).append(f"{text[:60]}: {self._summary(counter)}")
        return {
            line: ("miss" if all(flags) else "part" if any(flags) else "hit", "\n".join(notes[line]))
            for line, flags in missed.items()
        }

    def _summary(self, counter: Counter) -> str:
        if not counter:
            return "never evaluated"
        parts = []
        for seen in counter.values():
            text = json.dumps(self._value(seen.sample), ensure_ascii=False)
            parts.append(f"{text[:80]} ({seen.count}x)")
        return ", ".join(parts)


def _roots(program: Program) -> list[ast.Expression]:
    """Conditions, lets and function results, in source order."""
    blocks = [block for blocks in program.blocks.values() for block in blocks]
    allows = [allow for block in blocks for allow in block.match.allows]
    found = [allow.condition for allow in allows if allow.condition is not None]
    for symbol in program.functions:
        found.extend(let.value for let in symbol.declaration.lets)
        found.append(symbol.declaration.result)
    return sorted(found, key=lambda expression: expression.start)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Coverage of {name}</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1f24; background: #fff; }}
table {{ border-collapse: collapse; width: 100%; }}
td {{ vertical-align: top; padding: 0 .6rem; white-space: pre-wrap; }}
td:first-child {{ text-align: right; color: #57606a; }}
td:last-child {{ color: #57606a; font-size: 12px; }}
.hit {{ background: #e6ffec; }} .part {{ background: #fff8c5; }} .miss {{ background: #ffebe9; }}
</style></head><body>
<h1>Coverage of {name}</h1>
<p>Green lines were evaluated, yellow ones in part, red ones never.</p>
<table>
{rows}
</table>
</body></html>
"""
