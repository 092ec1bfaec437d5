"""What must hold for any source and any request. Needs nothing but the engine, so that the corpus is replayed
without a fuzzer.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from emulator.rules import (
    FIRESTORE,
    STORAGE,
    AccessBudget,
    Auth,
    FieldConstraint,
    ResourceValue,
    RulesCompileError,
    Ruleset,
    RulesQuery,
    RulesRequest,
    compile_ruleset,
    explain,
    inspect_rules,
    step_json,
)
from emulator.rules.lint import same_tree
from emulator.rules.outcomes import findings
from emulator.rules.parser import parse
from emulator.rules.printer import print_file
from emulator.rules.scopes import Block, program_of
from emulator.rules.source import Source
from emulator.rules.types import LatLng, Path, Timestamp, Value

T = TypeVar("T")

REQUESTS_PER_INPUT = 3
METHODS = ("get", "list", "create", "update", "delete")
NAMES = ("a", "b", "users", "name", "state", "n", "data", "", "é")
OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "array-contains", "not-in")
TEXTS = ("", "alice", "bob", "draft", "ready", "a/b", "\ud800", "😀", "x" * 1000, "(", "2024-01-01")
NUMBERS = (0, 1, -1, 2**63 - 1, -(2**63), 0.0, -0.0, 1.5, float("inf"), float("nan"))


def try_input(data: bytes) -> None:
    """Raises where the engine does what it must not."""
    source_bytes, _, rest = data.partition(b"\x00")
    source = source_bytes.decode("utf-8", "surrogateescape")
    choices = Choices(rest)
    try:
        ruleset = compile_ruleset(source)
    except RulesCompileError as error:
        check_issues(source, error)
        return
    check_printing(source)
    inspection = inspect_rules(source)
    assert tuple(issue for issue in inspection.issues if issue.severity == "ERROR") == ()
    for _ in range(REQUESTS_PER_INPUT):
        check_request(source, ruleset, request(choices))
    assert ruleset.coverage is not None
    json.dumps(ruleset.coverage.report(), allow_nan=False)
    ruleset.coverage.report_html()


def check_issues(source: str, error: RulesCompileError) -> None:
    assert any(issue.severity == "ERROR" for issue in error.issues)
    assert inspect_rules(source).issues == error.issues
    for issue in error.issues:
        assert 1 <= issue.line <= source.count("\n") + 1
        assert issue.column >= 1
        assert 0 <= issue.current_offset <= issue.end_offset <= len(source)


def check_printing(source: str) -> None:
    tree = parse(Source(source, "fuzz.rules"))
    assert same_tree(parse(Source(print_file(tree), "fuzz.rules")), tree)


def check_request(source: str, ruleset: Ruleset, asked: RulesRequest) -> None:
    decision = ruleset.evaluate(asked)
    assert decision.allowed == (decision.message == "")
    explained = explain(source, _fresh(asked))
    assert all(each.decision.allowed for each in explained) == decision.allowed
    for explanation in explained:
        for match in explanation.matches:
            for allow in match.allows:
                if allow.step is not None:
                    json.dumps(step_json(allow.step, explanation.source), allow_nan=False)
    check_outcomes(source, ruleset, asked)


def check_outcomes(source: str, ruleset: Ruleset, asked: RulesRequest) -> None:
    """What lint holds for impossible does not happen."""
    decision = ruleset.evaluate(_fresh(asked))
    if not decision.allowed or not decision.outcomes:
        return
    line = decision.outcomes[-1][0]
    text = Source(source, "fuzz.rules")
    program = program_of(parse(text))
    possible = [
        allow.condition is None
        or findings(allow.condition, block.scope, asked.service, asked.method).outcome.true
        for block in _blocks(program.blocks, asked.service)
        for allow in block.match.allows
        if text.line(allow.start) == line
    ]
    assert any(possible), f"the allow on line {line} was held for impossible"


def _blocks(blocks: dict[str, tuple[Block, ...]], service: str) -> Iterator[Block]:
    yield from blocks.get(service, ())


def _fresh(asked: RulesRequest) -> RulesRequest:
    return replace(asked, access_budget=AccessBudget.single())


# ---- requests


class Choices:
    """Takes decisions from bytes; when they are used up, the first choice."""

    def __init__(self, data: bytes) -> None:
        self._data = iter(data)

    def number(self, below: int) -> int:
        return next(self._data, 0) % below

    def of(self, options: tuple[T, ...]) -> T:
        return options[self.number(len(options))]

    def some(self, make: Callable[[], T], most: int) -> list[T]:
        return [make() for _ in range(self.number(most + 1))]


def value(choices: Choices, depth: int = 3) -> Value:
    makers: tuple[Callable[[], Value], ...] = (
        lambda: None,
        lambda: choices.of((True, False)),
        lambda: choices.of(NUMBERS),
        lambda: choices.of(TEXTS),
        lambda: bytes([choices.number(256)]),
        lambda: Timestamp(choices.number(256) * 10**16),
        lambda: LatLng(float(choices.number(90)), float(choices.number(180))),
        lambda: Path(tuple(choices.some(lambda: choices.of(NAMES), 6))),
        lambda: choices.some(lambda: value(choices, depth - 1), 3),
        lambda: fields(choices, depth - 1),
    )
    return choices.of(makers if depth > 0 else makers[:8])()


def fields(choices: Choices, depth: int = 3) -> dict[str, Value]:
    return {choices.of(NAMES): value(choices, depth) for _ in range(choices.number(5))}


class _Documents:
    """Some documents are there, whichever the bytes choose."""

    def __init__(self, choices: Choices) -> None:
        self._found = [fields(choices) for _ in range(choices.number(3))]

    def get(self, path: tuple[str, ...]) -> ResourceValue | None:
        index = sum(map(len, path)) % 4
        return ResourceValue(self._found[index], path[-1], Path(path)) if index < len(self._found) else None

    get_after = get


def request(choices: Choices) -> RulesRequest:
    method = choices.of(METHODS)
    service = choices.of((FIRESTORE, FIRESTORE, FIRESTORE, STORAGE))
    segments = tuple(choices.some(lambda: choices.of(NAMES[:6]), 6))
    root = ("databases", "(default)", "documents") if service == FIRESTORE else ("b", "bucket", "o")
    path = (*root, *segments)
    is_query = method == "list" and service == FIRESTORE
    existing = _resource(service, path, choices) if method != "create" and not is_query else None
    written = _resource(service, path, choices) if method in ("create", "update") else None
    return RulesRequest(
        service=service,
        method=method,
        path=path,
        auth=choices.of((None, Auth("alice", fields(choices)))),
        time=Timestamp(1_709_209_815_000_000_000),
        documents=_Documents(choices),
        resource=None if service == STORAGE and method == "list" else existing,
        request_resource=written,
        query=_query(choices) if is_query else None,
    )


def _resource(service: str, path: tuple[str, ...], choices: Choices) -> Any:
    data = fields(choices)
    if service == STORAGE:
        return {"name": "/".join(path[3:]), "size": choices.number(256), "metadata": data}
    return ResourceValue(data, path[-1], Path(path))


def _query(choices: Choices) -> RulesQuery:
    def constraint() -> FieldConstraint:
        operator = choices.of(OPERATORS)
        operand = value(choices, 1)
        return FieldConstraint(
            (choices.of(NAMES), *choices.some(lambda: choices.of(NAMES), 1)),
            operator,
            [operand] if operator == "not-in" else operand,
        )

    return RulesQuery(
        limit=choices.of((None, 1, 100)),
        offset=choices.number(3),
        order_by=tuple(((choices.of(NAMES),), "ASC") for _ in range(choices.number(2))),
        disjuncts=tuple(tuple(choices.some(constraint, 3)) for _ in range(1 + choices.number(2))),
        all_descendants=choices.of((False, True)),
        collection_id=choices.of((None, "users", "a")),
    )
