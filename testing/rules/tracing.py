"""Why a condition was false: the rules are evaluated once more, and each step is remembered.

Coverage counts over many requests; here one request is followed through operators and functions down to the
comparisons that decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from emulator.rules import Ruleset, RulesRequest, ast
from emulator.rules.compiler import compile_service
from emulator.rules.environment import Environment, Evaluate, Locals
from emulator.rules.parser import parse
from emulator.rules.scopes import program_of
from emulator.rules.source import Source
from emulator.rules.types import Value
from testing.rules.excerpts import excerpt


@dataclass(frozen=True, slots=True)
class Blame:
    """One expression that made a condition false, on the way from the allow statement to the last cause."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"L{self.line} is false: {self.text}"


@dataclass(slots=True)
class Step:
    """One evaluation; `steps` are those it needed, in order."""

    expression: ast.Expression
    value: Value = None
    steps: list[Step] = field(default_factory=list)


class Tracer:
    """A second compilation of a rules file that remembers the steps of a decision."""

    def __init__(self, text: str) -> None:
        self._source = Source(text, "rules")
        program = program_of(parse(self._source))
        self._declared = {symbol.declaration.name for symbol in program.functions}
        self._open = [Step(ast.Literal(0, 0, None))]
        blocks = {service: compile_service(program, service, self._observe) for service in program.blocks}
        self._ruleset = Ruleset(self._source, program.file.version, (), blocks, None)

    def blame(self, request: RulesRequest) -> tuple[Blame, ...]:
        """What made the conditions of a denied request false; nothing for those that failed to evaluate."""
        self._open = [Step(ast.Literal(0, 0, None))]
        self._ruleset.evaluate(request)
        found = [step for root in self._open[0].steps for step in self._decisive(root)]
        named = [
            Blame(self._source.line(step.expression.start), self.text(step.expression)) for step in found
        ]
        return tuple(dict.fromkeys(named))

    def text(self, expression: ast.Expression) -> str:
        return excerpt(self._source.text, expression.start, expression.end)

    def _observe(self, expression: ast.Expression, run: Evaluate) -> Evaluate:
        def observed(env: Environment, slots: Locals) -> Value:
            step = Step(expression)
            self._open[-1].steps.append(step)
            self._open.append(step)
            try:
                step.value = run(env, slots)
            finally:
                self._open.pop()
            return step.value

        return observed

    def _decisive(self, step: Step) -> Iterator[Step]:
        """A step that was false and, below it, those that made it so."""
        if step.value is not False:
            return
        yield step
        match step.expression:
            case ast.Logical():
                decided = step.steps
            case ast.Conditional():
                decided = step.steps[-1:]
            case ast.Call(name=name) if name in self._declared:
                decided = step.steps[-1:]
            case _:
                decided = []
        for inner in decided:
            yield from self._decisive(inner)
