"""How the rules engine compares with cel-python, the nearest thing there is to the language of rules.

The same text is evaluated in both languages over the same values, prepared beforehand for both. Times are CPU
seconds; a ratio is the time that cel-python takes for all expressions of the subset over the time we take.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import celpy

from bench.rules import CLOSING, OPENING, ROOT, NoDocuments, per_second
from emulator.rules import FIRESTORE, Auth, ResourceValue, RulesRequest, compile_ruleset
from emulator.rules.compiler import compile_service
from emulator.rules.environment import Environment
from emulator.rules.parser import parse
from emulator.rules.scopes import program_of
from emulator.rules.source import Source
from emulator.rules.types import Path, Timestamp
from tools.figures import Figure

ROUNDS = 4
DATA = {"title": "A note", "state": "draft", "n": 10}
SHARED = {
    "owner check with two field checks": "'auth' in request && request.auth.uid == uid"
    " && request.resource.data.title.size() <= 100 && request.resource.data.state == 'draft'",
    "arithmetic": "(1 + 2) * 3 - request.resource.data.n / 2 == 4 && request.resource.data.n % 3 == 1",
    "membership": "request.resource.data.state in ['draft', 'ready'] && 'title' in request.resource.data",
    "choice": "request.auth.uid == uid ? request.resource.data.n > 5 : request.resource.data.n > 50",
    "regular expression": "request.resource.data.title.matches('^[A-Za-z ]+$')",
}
"""Means the same in both languages."""


def shared_request() -> RulesRequest:
    path = (*ROOT, "users", "alice")
    written = ResourceValue(DATA, "alice", Path(path))
    time_ = Timestamp(1_709_209_815_000_000_000)
    return RulesRequest(FIRESTORE, "create", path, Auth("alice", {}), time_, NoDocuments(), None, written)


def shared_source(expression: str) -> str:
    return f"{OPENING}match /users/{{uid}} {{ allow create: if {expression}; }}{CLOSING}"


def ours_evaluated(expression: str, rounds: int) -> float:
    """Evaluations a second of the compiled expression alone."""
    program = program_of(parse(Source(shared_source(expression), "bench.rules")))
    [_, block] = compile_service(program, FIRESTORE, None)
    [allow] = block.allows["create"]
    environment = Environment(shared_request())
    environment.captures = ("(default)", "alice")

    def evaluate() -> None:
        environment.spent = 0
        assert allow.condition(environment, []) is True

    return per_second(evaluate, 2000, rounds)


def ours_decided(expression: str, rounds: int) -> float:
    """Whole decisions a second: matching, the variables of the request, the condition."""
    ruleset, asked = compile_ruleset(shared_source(expression), coverage=False), shared_request()
    assert ruleset.evaluate(asked).allowed
    return per_second(partial(ruleset.evaluate, asked), 2000, rounds)


def cel_evaluated(expression: str, runner: type[celpy.Runner], rounds: int) -> float:
    # The parser is kept by the class, whichever runner made it; each needs one of its own.
    celpy.CELParser.CEL_PARSER = None
    environment = celpy.Environment(runner_class=runner)
    program = environment.program(environment.compile(expression))
    auth = {"uid": "alice", "token": {}}
    values = {"request": {"auth": auth, "resource": {"data": DATA}}, "uid": "alice"}
    context = {name: celpy.json_to_cel(value) for name, value in values.items()}
    assert program.evaluate(context)
    return per_second(partial(program.evaluate, context), 50, rounds)


def figures(rounds: int) -> Iterator[Figure]:
    ours, decided, interpreted, transpiled = 0.0, 0.0, 0.0, 0.0
    for name, expression in SHARED.items():
        mine = ours_evaluated(expression, rounds)
        theirs = cel_evaluated(expression, celpy.InterpretedRunner, rounds)
        yield Figure(f"{name}: ours", mine, "evaluations/s")
        yield Figure(f"{name}: cel-python", theirs, "evaluations/s")
        ours += 1 / mine
        interpreted += 1 / theirs
        decided += 1 / ours_decided(expression, rounds)
        transpiled += 1 / cel_evaluated(expression, celpy.CompiledRunner, rounds)
    yield Figure("the subset, against cel-python", interpreted / ours, "times", 50, at_least=True)
    yield Figure("the subset, against its transpiling runner", transpiled / ours, "times")
    yield Figure("whole decisions, against cel-python's evaluations", interpreted / decided, "times")
