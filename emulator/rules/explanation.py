"""Why a request is allowed or not: the match and allow statements it meets, the value of every expression."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from emulator.rules import ast
from emulator.rules.checker import check
from emulator.rules.compiler import CompiledBlock, compile_service, simple_methods
from emulator.rules.environment import Environment, Evaluate, Locals
from emulator.rules.errors import RulesError
from emulator.rules.issues import RulesCompileError
from emulator.rules.limits import MAX_EXPLAINED_DEPTH
from emulator.rules.matching import Token
from emulator.rules.parser import parse
from emulator.rules.printer import print_expression, print_path, print_string
from emulator.rules.queries import listed_path
from emulator.rules.requests import RulesQuery, RulesRequest
from emulator.rules.ruleset import Decision, Ruleset
from emulator.rules.scopes import Block, program_of
from emulator.rules.source import Source
from emulator.rules.types import Duration, LatLng, MapDiff, Path, RulesSet, Timestamp, Value
from emulator.rules.types.number import float_text
from emulator.rules.types.typed import typed_value
from emulator.rules.types.unknown import PartialMap, Unknown

State: TypeAlias = Literal["allow", "deny", "error", "not evaluated"]


@dataclass(slots=True)
class Step:
    """One evaluation of one expression, with those it needed: operands, a called function's body, a let."""

    expression: ast.Expression
    value: Value = None
    error: RulesError | None = None
    inner: list["Step"] = field(default_factory=list)

    @property
    def result(self) -> str:
        """The value as a rule would write it, or the cause of the error."""
        return f"error: {self.error.message}" if self.error else value_text(self.value)

    def skipped(self) -> Iterator[ast.Expression]:
        """The operands that did not have to be evaluated."""
        evaluated = {id(step.expression) for step in self.inner}
        if isinstance(self.expression, ast.Logical | ast.Conditional):
            for child in ast.children(self.expression):
                if id(child) not in evaluated and not isinstance(child, ast.Literal):
                    yield child

    def parts(self) -> Iterator["Step | ast.Expression"]:
        """What was evaluated for it, and in their places the operands that were not."""
        skipped = {id(expression): expression for expression in self.skipped()}
        if not skipped:
            yield from self.inner
            return
        steps = {id(step.expression): step for step in self.inner}
        for child in ast.children(self.expression):
            if id(child) in steps:
                yield steps[id(child)]
            elif id(child) in skipped:
                yield child


@dataclass(frozen=True, slots=True)
class ExplainedAllow:
    """An allow statement for the method. Where it is without a condition, `step` is None."""

    line: int
    methods: tuple[str, ...]
    state: State
    step: Step | None


@dataclass(frozen=True, slots=True)
class ExplainedMatch:
    """A match statement for the path, with what its wildcards took and its allows for the method."""

    path: str
    line: int
    wildcards: dict[str, Value]
    allows: tuple[ExplainedAllow, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and how it came about. A list has one for each disjunct of its query."""

    decision: Decision
    matches: tuple[ExplainedMatch, ...]
    source: Source


class _Tracer:
    """Keeps what every closure gives, in the order and nesting of the evaluation."""

    def __init__(self) -> None:
        self._open: list[Step] = []
        self.roots: dict[int, Step] = {}

    def observe(self, expression: ast.Expression, run: Evaluate) -> Evaluate:
        def traced(env: Environment, slots: Locals) -> Value:
            if len(self._open) >= MAX_EXPLAINED_DEPTH:
                return run(env, slots)
            step = Step(expression)
            if self._open:
                self._open[-1].inner.append(step)
            else:
                self.roots[id(expression)] = step
            self._open.append(step)
            try:
                step.value = run(env, slots)
            except RulesError as error:
                step.error = error
                raise
            finally:
                self._open.pop()
            return step.value

        return traced


class Explainer:
    """A rules file compiled so that every decision can be told. Raises RulesCompileError."""

    def __init__(self, source: str, file_name: str = "firestore.rules") -> None:
        self._source = Source(source, file_name)
        program = program_of(parse(self._source))
        issues = check(self._source, program)
        if any(issue.severity == "ERROR" for issue in issues):
            raise RulesCompileError(issues)
        self._tracer = _Tracer()
        compiled = {
            service: compile_service(program, service, self._tracer.observe) for service in program.blocks
        }
        self._blocks = {
            service: tuple(zip(program.blocks[service], blocks, strict=True))
            for service, blocks in compiled.items()
        }
        self._ruleset = Ruleset(self._source, program.file.version, issues, compiled, None)

    def explain(self, request: RulesRequest) -> list[Explanation]:
        """Decide and tell why. Several for a list whose query has several disjuncts, all of which count."""
        if request.query is None:
            return [self._explain(request)]
        disjuncts = request.query.disjuncts or ((),)
        parts = [replace(request, query=replace(request.query, disjuncts=(each,))) for each in disjuncts]
        return [self._explain(part) for part in parts]

    def _explain(self, request: RulesRequest) -> Explanation:
        self._tracer.roots.clear()
        decision = self._ruleset.evaluate(request)
        blocks = self._blocks.get(request.service, ())
        matches = tuple(_matches(self._source, request, blocks, self._tracer.roots))
        return Explanation(decision, matches, self._source)


def explain(source: str, request: RulesRequest, file_name: str = "firestore.rules") -> list[Explanation]:
    """`Explainer` for one request."""
    return Explainer(source, file_name).explain(request)


def _matches(
    source: Source,
    request: RulesRequest,
    blocks: Iterable[tuple[Block, CompiledBlock]],
    roots: dict[int, Step],
) -> Iterator[ExplainedMatch]:
    """The match statements for the path in source order, which is the order of the evaluation."""
    path: tuple[Token, ...] = request.path
    query: RulesQuery | None = request.query
    if query is not None:
        path = listed_path(request.path, query, query.disjuncts[0])
    decided = False
    for block, compiled in blocks:
        taken = compiled.pattern.captures(path) if compiled.pattern.fits(len(path)) else None
        if taken is None:
            continue
        allows = []
        for allow in block.match.allows:
            if request.method in simple_methods(allow):
                step, state = _judged(allow, roots, decided=decided)
                decided = decided or state == "allow"
                allows.append(ExplainedAllow(source.line(allow.start), allow.methods, state, step))
        names = [segment.text for segment in block.path if segment.is_capture]
        wildcards = dict(zip(names, taken, strict=True))
        yield ExplainedMatch(print_path(block.path), source.line(block.match.start), wildcards, tuple(allows))


def _judged(allow: ast.Allow, roots: dict[int, Step], *, decided: bool) -> tuple[Step | None, State]:
    condition = allow.condition
    if decided:
        return None if condition is None else Step(condition), "not evaluated"
    if condition is None:
        return None, "allow"
    if isinstance(condition, ast.Literal):
        step = Step(condition, condition.value)
    else:
        step = roots.get(id(condition)) or Step(condition)
    if step.value is True:
        return step, "allow"
    return step, "deny" if step.value is False and step.error is None else "error"


def shortened(step: Step) -> Step:
    """Without constants and the steps to the value of a plain name such as `request.auth.uid`."""
    inner = step.inner
    if step.error is None and _is_plain_name(step.expression):
        inner = _let_of(step)
    kept = [shortened(each) for each in inner if not _is_constant(each.expression)]
    return Step(step.expression, step.value, step.error, kept)


def _let_of(step: Step) -> list[Step]:
    """What the let at the bottom of a plain name was evaluated from, where it was evaluated here."""
    while isinstance(step.expression, ast.Member):
        step = step.inner[0]
    return step.inner


def _is_plain_name(expression: ast.Expression) -> bool:
    while isinstance(expression, ast.Member):
        expression = expression.target
    return isinstance(expression, ast.Variable)


def _is_constant(expression: ast.Expression) -> bool:
    shapes = (ast.Literal, ast.ListLiteral, ast.MapLiteral, ast.PathLiteral)
    return all(isinstance(node, shapes) for node, _ in ast.walk(expression))


# ---- as JSON and as text


def step_json(step: Step, source: Source) -> dict[str, Any]:
    expression = step.expression
    result: dict[str, Any] = {
        "source": print_expression(expression),
        "line": source.line(expression.start),
        "column": source.column(expression.start),
    }
    if step.error is None:
        result["value"] = typed_value(step.value)
    else:
        result["error"] = step.error.message
    if step.inner:
        result["inner"] = [step_json(inner, source) for inner in step.inner]
    skipped = [print_expression(each) for each in step.skipped()]
    return result | ({"notEvaluated": skipped} if skipped else {})


def value_text(value: Value) -> str:
    """The value as a rule would write it, where the language has a way to."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return float_text(value)
        case str():
            return print_string(value)
        case bytes():
            return f"bytes({value.hex()})"
        case Timestamp():
            return f"timestamp({value.isoformat()})"
        case Duration():
            return f"duration({value.nanoseconds / 1e9:g} s)"
        case LatLng():
            return f"latlng({value.latitude}, {value.longitude})"
        case list():
            return f"[{', '.join(map(value_text, value))}]"
        case dict():
            pairs = [f"{print_string(name)}: {value_text(inner)}" for name, inner in value.items()]
            return f"{{{', '.join(pairs)}}}"
        case RulesSet():
            return f"set({', '.join(map(value_text, value.items))})"
        case MapDiff():
            return f"{value_text(value.after)}.diff({value_text(value.before)})"
        case PartialMap():
            return f"what the query says of {value.name}"
        case Unknown():
            return f"unknown ({value.name})"
        case Path() | int():
            return str(value)
    return str(value)
