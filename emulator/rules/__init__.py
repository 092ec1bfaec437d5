"""Security Rules: compile a rules file once, then ask it for decisions.

ruleset = compile_ruleset(source)
decision = ruleset.evaluate(RulesRequest(...))
"""

from emulator.rules.checker import check
from emulator.rules.compiler import compile_service
from emulator.rules.coverage import Coverage
from emulator.rules.environment import request_value, resource_value
from emulator.rules.issues import Issue, RulesCompileError
from emulator.rules.parser import parse
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
    "FieldConstraint",
    "Issue",
    "Reason",
    "Resource",
    "ResourceValue",
    "RulesCompileError",
    "RulesQuery",
    "RulesRequest",
    "Ruleset",
    "compile_ruleset",
    "denial_message",
    "request_value",
    "resource_value",
    "typed_value",
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
