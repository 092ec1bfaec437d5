"""Why conditions were false: which comparisons decided, through operators and functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.rules import Explainer, Explanation, RulesRequest, Step, ast
from testing.rules.excerpts import excerpt


@dataclass(frozen=True, slots=True)
class Blame:
    """One expression that made a condition false, on the way from the allow statement to the last cause."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"L{self.line} is false: {self.text}"


def blame(explainer: Explainer, request: RulesRequest) -> tuple[Blame, ...]:
    """What made the conditions of a denied request false; nothing for those that failed to evaluate."""
    found = [each for explanation in explainer.explain(request) for each in _blame(explanation)]
    return tuple(dict.fromkeys(found))


def _blame(explanation: Explanation) -> Iterator[Blame]:
    source = explanation.source
    for match in explanation.matches:
        for allow in match.allows:
            for step in _decisive(allow.step) if allow.step is not None else ():
                expression = step.expression
                yield Blame(source.line(expression.start), excerpt(source, expression))


def _decisive(step: Step) -> Iterator[Step]:
    """A step that was false and, below it, those that made it so."""
    if step.error is not None or step.value is not False:
        return
    yield step
    match step.expression:
        case ast.Logical():
            decided = step.inner
        case ast.Conditional() | ast.Variable():
            decided = step.inner[-1:]  # the chosen branch, the value of a let
        case ast.Call(arguments=arguments):
            # After the arguments the function's body, unless that is a constant.
            decided = [each for each in step.inner[-1:] if each.expression not in arguments]
        case _:
            decided = []
    for inner in decided:
        yield from _decisive(inner)
