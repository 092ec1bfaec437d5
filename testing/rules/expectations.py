"""The two assertions."""

from __future__ import annotations

import pytest

from testing.rules.answers import Answer
from testing.rules.reasons import ANY_CONDITION, FalseCondition, Reason
from testing.rules.rules_text import rules_text


def assert_allowed(answer: Answer) -> Answer:
    """Fails unless the rules allowed the request and it succeeded; gives the answer, for its `data`."""
    __tracebackhide__ = True
    denial = answer.denial
    if denial is not None:
        pytest.fail(f"expected to be allowed: {answer.request}\ndenied by the rules: {denial}")
    if answer.failure is not None:
        pytest.fail(f"the rules allowed {answer.request}, but it failed with {answer.failure}")
    return answer


def assert_denied(answer: Answer, *, reason: str | Reason = ANY_CONDITION) -> None:
    """Fails unless the rules denied the request, and for the reason given.

    A text is an expression of the rules that has to be what was false. Without a reason it is enough that
    some condition was false; a denial because of an evaluation error, or because no rule is there for the
    path, fails unless it is the reason given.
    """
    __tracebackhide__ = True
    denial = answer.denial
    if denial is None:
        came = f"failed with {answer.failure}" if answer.failure is not None else "was allowed"
        pytest.fail(f"expected to be denied: {answer.request}, but it {came}")
    expected = FalseCondition(reason) if isinstance(reason, str) else reason
    try:
        mismatch = expected.mismatch(denial, rules_text(answer.rules or ""))
    except ValueError as error:
        pytest.fail(f"the reason names what the rules do not have: {error}")
    if mismatch is not None:
        pytest.fail(f"denied for another reason: {answer.request}\n{mismatch}\ndenied by the rules: {denial}")
