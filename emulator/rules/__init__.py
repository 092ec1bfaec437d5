"""Security Rules: compile a rules file once, then ask it for decisions.

ruleset = compile_ruleset(source)
decision = ruleset.evaluate(RulesRequest(...))
"""

from dataclasses import dataclass

from emulator.rules.checker import check
from emulator.rules.compiler import compile_service
from emulator.rules.coverage import Coverage
from emulator.rules.environment import request_value, resource_value
from emulator.rules.explanation import (
    ExplainedAllow,
    ExplainedMatch,
    Explainer,
    Explanation,
    Step,
    explain,
    shortened,
    step_json,
    value_text,
)
from emulator.rules.issues import Issue, RulesCompileError
from emulator.rules.lint import Finding, lint
from emulator.rules.parser import parse
from emulator.rules.printer import print_expression
from emulator.rules.requests import (
    AccessBudget,
    Auth,
    DocumentAccess,
    FieldConstraint,
    Resource,
    ResourceValue,
    RulesQuery,
    RulesRequest,
)
from emulator.rules.ruleset import Decision, Reason, Ruleset, denial_message
from emulator.rules.scopes import FIRESTORE, STORAGE, program_of
from emulator.rules.source import Source
from emulator.rules.types.typed import typed_value

__all__ = [
    "FIRESTORE",
    "STORAGE",
    "AccessBudget",
    "Auth",
    "Decision",
    "DocumentAccess",
    "ExplainedAllow",
    "ExplainedMatch",
    "Explainer",
    "Explanation",
    "FieldConstraint",
    "Finding",
    "Inspection",
    "Issue",
    "Reason",
    "Resource",
    "ResourceValue",
    "RulesCompileError",
    "RulesQuery",
    "RulesRequest",
    "Ruleset",
    "Step",
    "compile_ruleset",
    "denial_message",
    "explain",
    "inspect_rules",
    "print_expression",
    "request_value",
    "resource_value",
    "shortened",
    "step_json",
    "typed_value",
    "value_text",
]


def compile_ruleset(source: str, file_name: str = "firestore.rules", *, coverage: bool = True) -> Ruleset:
    """The ruleset of a file. Raises RulesCompileError, whatever the text.

    Without `coverage` nothing is counted and a decision takes about two thirds of the time.
    """
    text = Source(source, file_name)
    file = parse(text)
    program = program_of(file)
    issues = check(text, program)
    if any(issue.severity == "ERROR" for issue in issues):
        raise RulesCompileError(issues)
    counters = Coverage(text, program) if coverage else None
    observe = counters.observe if counters else None
    blocks = {service: compile_service(program, service, observe) for service in program.blocks}
    return Ruleset(text, file.version, issues, blocks, counters)


@dataclass(frozen=True, slots=True)
class Inspection:
    """All there is to say about a file: errors and warnings, and where there is no error the doubts."""

    issues: tuple[Issue, ...]
    findings: tuple[Finding, ...] = ()


def inspect_rules(source: str, file_name: str = "firestore.rules") -> Inspection:
    """Errors, warnings and lint of a file, whatever the text."""
    text = Source(source, file_name)
    try:
        program = program_of(parse(text))
    except RulesCompileError as error:
        return Inspection(error.issues)
    issues = check(text, program)
    if any(issue.severity == "ERROR" for issue in issues):
        return Inspection(issues)
    return Inspection(issues, lint(text, program))
