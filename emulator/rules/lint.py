"""What is most likely not meant in a ruleset that compiles."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from emulator.rules import ast
from emulator.rules.compiler import simple_methods
from emulator.rules.issues import Issue, issue_at
from emulator.rules.outcomes import LISTED_DATA, Findings, findings
from emulator.rules.overlap import covers, names_something, shape
from emulator.rules.scopes import STORAGE, Block, FunctionSymbol, Program, Scope
from emulator.rules.source import Source

MAX_COMPARED: Final = 200
"""How many match statements of a service, and allows of a match statement, others are compared with."""


MAX_STEPS_PER_FILE: Final = 1_000_000
"""Expressions looked at in one service before every further condition counts as satisfiable."""


class Lint(StrEnum):
    """The names of the findings."""

    UNREACHABLE_ALLOW = "unreachable-allow"
    SHADOWED_MATCH = "shadowed-match"
    SHADOWED_WILDCARD = "shadowed-wildcard"
    INEFFECTIVE_DENY = "ineffective-deny"
    UNUSED_FUNCTION = "unused-function"
    UNUSED_VARIABLE = "unused-variable"
    NO_CONDITION = "allow-without-condition"
    RESOURCE_IN_DELETE = "request-resource-in-delete"
    UNSATISFIABLE_LIST = "unsatisfiable-list"


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt about the text."""

    lint: Lint
    issue: Issue


def lint(source: Source, program: Program) -> tuple[Finding, ...]:
    """The findings in source order. The program must be free of errors."""
    found = [*_Names(source, program).findings()]
    for service, blocks in program.blocks.items():
        found.extend(_Blocks(source, program.file.version, service, blocks).findings())
    unique = dict.fromkeys(found)

    return tuple(sorted(unique, key=_place))


def _place(finding: Finding) -> tuple[int, str, str]:
    return finding.issue.current_offset, finding.lint, finding.issue.description


def _finding(source: Source, lint: Lint, node: ast.Node, text: str, end: int = 0) -> Finding:
    return Finding(lint, issue_at(source, node.start, end or node.end, text, "WARNING"))


# ---- names


class _Names:
    """Functions and variables without a use. Lets and never-called functions are the checker's warnings."""

    def __init__(self, source: Source, program: Program) -> None:
        self._source = source
        self._program = program

    def findings(self) -> Iterator[Finding]:
        reached = self._reached()
        called = {callee for symbol in self._program.functions for callee in _callees(symbol)}
        for symbol in self._program.functions:
            name = symbol.declaration.name
            if symbol in called and symbol not in reached:
                text = f"Function {name} is called by unused functions only."
                yield _finding(self._source, Lint.UNUSED_FUNCTION, symbol.declaration, text)
            for parameter in _unused_parameters(symbol):
                text = f"Unused parameter: {parameter} of function {name}."
                yield _finding(self._source, Lint.UNUSED_VARIABLE, symbol.declaration, text)

    def _reached(self) -> set[FunctionSymbol]:
        """The functions that some condition calls, directly or not."""
        pending = [
            symbol
            for blocks in self._program.blocks.values()
            for block in blocks
            for allow in block.match.allows
            if allow.condition is not None
            for symbol in _called_in(allow.condition, block.scope)
        ]
        reached: set[FunctionSymbol] = set()
        while pending:
            symbol = pending.pop()
            if symbol not in reached:
                reached.add(symbol)
                pending.extend(_callees(symbol))
        return reached


def _called_in(expression: ast.Expression, scope: Scope) -> Iterator[FunctionSymbol]:
    for node, _ in ast.walk(expression):
        if isinstance(node, ast.Call):
            symbol = scope.function(node.name)
            if symbol is not None:
                yield symbol


def _parts(symbol: FunctionSymbol) -> Iterator[tuple[ast.Expression, Scope]]:
    """The expressions of a function with the scopes they stand in."""
    for let, scope in zip(symbol.declaration.lets, symbol.let_scopes, strict=True):
        yield let.value, scope
    yield symbol.declaration.result, symbol.scope


def _callees(symbol: FunctionSymbol) -> Iterator[FunctionSymbol]:
    for expression, scope in _parts(symbol):
        yield from _called_in(expression, scope)


def _unused_parameters(symbol: FunctionSymbol) -> list[str]:
    used = set()
    for expression, scope in _parts(symbol):
        for node, _ in ast.walk(expression):
            if isinstance(node, ast.Variable):
                variable = scope.variable(node.name)
                if variable is not None and variable.kind == "parameter":
                    used.add(node.name)
    return [name for name in symbol.declaration.parameters if name not in used]


# ---- match and allow


@dataclass(frozen=True, slots=True)
class _Grant:
    """An allow statement for one simple method. `number` counts the match statements of the service."""

    number: int
    block: Block
    allow: ast.Allow
    method: str


class _Blocks:
    """The match statements of one service."""

    def __init__(self, source: Source, version: int, service: str, blocks: tuple[Block, ...]) -> None:
        self._source = source
        self._version = version
        self._service = service
        self._blocks = blocks
        self._found: dict[tuple[int, str], Findings] = {}
        self._steps = 0
        self._grants = [
            _Grant(number, block, allow, method)
            for number, block in enumerate(blocks[:MAX_COMPARED])
            for allow in block.match.allows
            for method in simple_methods(allow)
        ]
        self._open_grants = [grant for grant in self._grants if self._always_allows(grant.allow, grant.block)]

    def findings(self) -> Iterator[Finding]:
        first: dict[tuple[str, ...], Block] = {}
        for number, block in enumerate(self._blocks):
            yield from self._wildcards(block)
            if not block.match.allows:
                continue
            if not names_something(self._service, block.path):
                yield self._at_path(block, Lint.UNREACHABLE_ALLOW, _NO_SUCH_PATH[self._service == STORAGE])
                continue
            twin = first.setdefault(shape(block.path), block)
            if twin is not block:
                text = f"The match on {self._line(twin.match)} has the same path; their allows add up."
                yield self._at_path(block, Lint.SHADOWED_MATCH, text)
            cover = self._cover(number, block, block.match.allows)
            if cover is not None:
                text = f"The match on {self._line(cover.block.match)} already allows all of this to everyone."
                yield self._at_path(block, Lint.SHADOWED_MATCH, text)
            for allow in block.match.allows:
                yield from self._allow(number, block, allow, shadowed=cover is not None)

    def _findings(self, condition: ast.Expression, block: Block, method: str) -> Findings:
        """What the condition can come to; anything, once the file as a whole took too many steps."""
        key = (id(condition), method)
        if key not in self._found:
            found = Findings()
            if self._steps < MAX_STEPS_PER_FILE:
                found = findings(condition, block.scope, self._service, method)
                self._steps += found.steps
            self._found[key] = found
        return self._found[key]

    def _always_allows(self, allow: ast.Allow, block: Block) -> bool:
        if allow.condition is None:
            return True
        outcome = self._findings(allow.condition, block, "").outcome
        return outcome.true and not (outcome.false or outcome.other or outcome.error)

    def _at_path(self, block: Block, lint: Lint, text: str) -> Finding:
        path = block.match.path
        start = path[0].start - 1
        return Finding(lint, issue_at(self._source, start, path[-1].end, text, "WARNING"))

    def _line(self, node: ast.Node) -> str:
        return f"L{self._source.line(node.start)}"

    def _wildcards(self, block: Block) -> Iterator[Finding]:
        outer = {segment.text for segment in block.path[: -len(block.match.path)] if segment.is_capture}
        for segment in block.match.path:
            if segment.is_capture and segment.text in outer:
                text = f"The wildcard {segment.text} hides the one of an outer match."
                yield _finding(self._source, Lint.SHADOWED_WILDCARD, segment, text)

    def _cover(self, number: int, block: Block, allows: Iterable[ast.Allow]) -> _Grant | None:
        """An open allow of another match statement, where such allow all of this to everyone."""
        covers = [
            self._open_grant(number, block, method) for allow in allows for method in simple_methods(allow)
        ]
        return None if None in covers else covers[0]

    def _open_grant(self, number: int, block: Block, method: str) -> _Grant | None:
        """Of two match statements with the same path, the first covers the second."""
        for grant in self._open_grants:
            if grant.method != method or grant.number == number:
                continue
            if covers(grant.block.path, block.path, self._version):
                is_twin = shape(grant.block.path) == shape(block.path)
                if grant.number < number or not is_twin:
                    return grant
        return None

    def _allow(self, number: int, block: Block, allow: ast.Allow, *, shadowed: bool) -> Iterator[Finding]:
        methods = simple_methods(allow)
        if allow.condition is None:
            text = f"This allows {', '.join(allow.methods)} to everyone; if that is meant, say `if true`."
            yield _finding(self._source, Lint.NO_CONDITION, allow, text)
        elif is_false(allow.condition):
            yield from self._denial(block, allow, methods)
            return
        earlier = self._earlier(block, allow)
        if earlier is not None:
            yield _finding(self._source, Lint.UNREACHABLE_ALLOW, allow, earlier)
            return
        cover = None if shadowed else self._cover(number, block, [allow])
        if cover is not None:
            text = f"The match on {self._line(cover.block.match)} already allows this to everyone."
            yield _finding(self._source, Lint.UNREACHABLE_ALLOW, allow, text)
            return
        if allow.condition is not None:
            yield from self._condition(block, allow, allow.condition, methods)

    def _earlier(self, block: Block, allow: ast.Allow) -> str | None:
        """Which allow before it in the same match leaves this one nothing to do."""
        methods = set(simple_methods(allow))
        for other in block.match.allows[:MAX_COMPARED]:
            if other is allow:
                return None
            if not methods <= set(simple_methods(other)):
                continue
            if self._always_allows(other, block):
                return f"The allow on {self._line(other)} already allows this to everyone."
            if other.condition and allow.condition and same_tree(other.condition, allow.condition):
                return f"The allow on {self._line(other)} has the same condition."
        return None

    def _denial(self, block: Block, allow: ast.Allow, methods: list[str]) -> Iterator[Finding]:
        """`if false` takes nothing back: rules only ever add."""
        for grant in self._grants:
            if grant.method not in methods or is_false(grant.allow.condition):
                continue
            if covers(grant.block.path, block.path, self._version):
                text = f"`if false` takes nothing back: the allow on {self._line(grant.allow)} covers"
                yield _finding(self._source, Lint.INEFFECTIVE_DENY, allow, f"{text} {grant.method} here.")
                return

    # ---- conditions

    def _condition(
        self, block: Block, allow: ast.Allow, condition: ast.Expression, methods: list[str]
    ) -> Iterator[Finding]:
        by_method = {method: self._findings(condition, block, method) for method in methods}
        reports = 0
        for finding in self._deletes(allow, by_method):
            reports += 1
            yield finding
        impossible = [method for method, found in by_method.items() if not found.outcome.true]
        if "list" in impossible and not _names_method(condition, block.scope):
            reports += 1
            yield self._list(allow, condition, by_method["list"])
        if len(impossible) == len(methods) and not reports:
            where = " or ".join(map(_one, impossible))
            text = f"This condition is never true in {where}{self._because(by_method)}."
            yield _finding(self._source, Lint.UNREACHABLE_ALLOW, allow, text, condition.end)

    def _deletes(self, allow: ast.Allow, by_method: dict[str, Findings]) -> Iterator[Finding]:
        found = by_method.get("delete")
        if found is None or (found.outcome.true and len(by_method) > 1):
            return
        for name, node in found.missing:
            if name.startswith("request.resource"):
                text = "A delete has no request.resource"
                if not found.outcome.true:
                    text += f", so the allow on {self._line(allow)} never allows one"
                yield _finding(self._source, Lint.RESOURCE_IN_DELETE, node, f"{text}.")
                return

    def _list(self, allow: ast.Allow, condition: ast.Expression, found: Findings) -> Finding:
        text = f"No query satisfies this condition{self._because({'list': found})}."
        if "list" not in allow.methods:
            text += " If only single reads are meant, allow get."
        return _finding(self._source, Lint.UNSATISFIABLE_LIST, condition, text)

    def _because(self, by_method: dict[str, Findings]) -> str:
        for method, found in by_method.items():
            for name, node in found.missing:
                return f": {self._missing(name, method)} (read on {self._line(node)})"
        return ""

    def _missing(self, name: str, method: str) -> str:
        if name == LISTED_DATA and method == "list":
            return "a query determines single fields, not the whole of resource.data"
        if name == "resource":
            return f"resource is null in {_one(method)}"
        return f"{_one(method)} has no {name}"


_NO_SUCH_PATH = (
    "No document has such a path: after /databases/{database}/documents it has to end in a document.",
    "No object has such a path: it has to begin with /b/{bucket}/o.",
)


def _one(method: str) -> str:
    return f"an {method}" if method == "update" else f"a {method}"


def _names_method(condition: ast.Expression, scope: Scope) -> bool:
    """Whether the condition itself tells methods apart, so that one it refuses is refused on purpose."""
    pending = [condition]
    seen: set[FunctionSymbol] = set()
    while pending:
        expression = pending.pop()
        for node, _ in ast.walk(expression):
            if isinstance(node, ast.Member) and node.name == "method" and _is_request(node.target):
                return True
        for symbol in _called_in(expression, scope):
            if symbol not in seen:
                seen.add(symbol)
                pending.extend(part for part, _ in _parts(symbol))
    return False


def _is_request(expression: ast.Expression) -> bool:
    return isinstance(expression, ast.Variable) and expression.name == "request"


def is_false(condition: ast.Expression | None) -> bool:
    """Whether it is the literal `false`, with which authors write down that nothing is allowed."""
    return isinstance(condition, ast.Literal) and condition.value is False


def same_tree(one: object, other: object) -> bool:
    """Whether two trees are the same but for where they stand in the text."""
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple):
        skipped = 2 if hasattr(one, "_fields") else 0
        pairs = zip(one[skipped:], other[skipped:], strict=False)
        return len(one) == len(other) and all(same_tree(mine, its) for mine, its in pairs)
    return one == other
