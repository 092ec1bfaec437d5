"""What a denial may be asked to be the result of.

A test that only sees a denial also passes when the document was missing, the path had no rule, or a field was
misspelt. So each denial is held against a reason:

a text                  an expression of the rules that has to be what was false, such as `isOwner(uid)`
false_at(match, method) the condition of that allow statement was false
evaluation_error(text)  a condition could not be evaluated, and the error says `text`
NO_RULE                 no match statement allows the method on the path at all
ANY_CONDITION           some condition was false, and none failed to evaluate; expected when nothing is said
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from testing.rules.answers import Denial
from testing.rules.excerpts import one_line
from testing.rules.rules_text import RulesText


class Reason(Protocol):
    """`mismatch` says in words how a denial differs from what was expected, or None when it is right."""

    def mismatch(self, denial: Denial, rules: RulesText) -> str | None: ...


@dataclass(frozen=True, slots=True)
class FalseCondition:
    """The expression was false and decided. Over the wire only the allow statement around it is known."""

    text: str

    def mismatch(self, denial: Denial, rules: RulesText) -> str | None:
        wanted = one_line(self.text)
        rules.check_condition(wanted)
        wrong = ANY_CONDITION.mismatch(denial, rules)
        if wrong is not None or denial.message is None:
            return wrong
        if denial.blame is not None:
            if any(blame.text == wanted for blame in denial.blame):
                return None
            return f"`{wanted}` was not what made the condition false"
        lines = rules.conditions[wanted]
        if any(refusal.line in lines for refusal in denial.refusals):
            return None
        return f"no allow statement that depends on `{wanted}` was asked"


@dataclass(frozen=True, slots=True)
class FalseAt:
    """The allow statements of a match for a method were asked, and false."""

    match: str
    method: str

    def mismatch(self, denial: Denial, rules: RulesText) -> str | None:
        lines = rules.lines_of(self.match, self.method)
        wrong = ANY_CONDITION.mismatch(denial, rules)
        if wrong is not None or denial.message is None:
            return wrong
        if any(refusal.line in lines and refusal.method == self.method for refusal in denial.refusals):
            return None
        return f"the allow for {self.method!r} in {self.match} (L{lines[0]}) was not asked"


@dataclass(frozen=True, slots=True)
class EvaluationError:
    """A condition failed to evaluate; `cause` is a part of the error's text."""

    cause: str = ""

    def mismatch(self, denial: Denial, rules: RulesText) -> str | None:
        if denial.message is None:
            return None
        causes = [refusal.cause for refusal in denial.refusals if refusal.cause]
        if not causes:
            return "no condition failed to evaluate"
        if not any(self.cause in cause for cause in causes):
            return f"no error says {self.cause!r}"
        return None


@dataclass(frozen=True, slots=True)
class _NoRule:
    def mismatch(self, denial: Denial, rules: RulesText) -> str | None:
        if denial.message is None or denial.nothing_matched:
            return None
        return "an allow statement does match"


@dataclass(frozen=True, slots=True)
class _AnyCondition:
    def mismatch(self, denial: Denial, rules: RulesText) -> str | None:
        if denial.message is None:
            return None
        if denial.nothing_matched:
            return "no match statement allows this method on this path (then say reason=NO_RULE)"
        error = next((refusal for refusal in denial.refusals if refusal.cause), None)
        if error is not None:
            return (
                f"the condition at L{error.line} failed to evaluate (then say reason=evaluation_error(...))"
            )
        return None


NO_RULE: Final = _NoRule()
ANY_CONDITION: Final = _AnyCondition()


def false_at(match: str, method: str) -> FalseAt:
    """`match` is the end of a match path as the rules spell it: `/users/{uid}/files/{fileId}`."""
    return FalseAt(match, method)


def evaluation_error(cause: str = "") -> EvaluationError:
    return EvaluationError(cause)
