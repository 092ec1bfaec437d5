"""How fast the rules engine decides and compiles, and how that compares with cel-python.

    .venv/bin/python -m bench.rules            a table
    .venv/bin/python -m bench.rules --json     the same as JSON

Times are CPU seconds of this process, the best of several rounds, so that other work on the machine counts
little. The comparison evaluates the same text in both languages over the same values, prepared beforehand for
both; a ratio is the time that cel-python takes for all expressions of the subset over the time we take.
The exit code is 1 when a bar is missed.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial

import celpy

from emulator.rules import (
    FIRESTORE,
    Auth,
    Decision,
    FieldConstraint,
    ResourceValue,
    Ruleset,
    RulesQuery,
    RulesRequest,
    compile_ruleset,
)
from emulator.rules.compiler import compile_service
from emulator.rules.environment import Environment
from emulator.rules.parser import parse
from emulator.rules.scopes import program_of
from emulator.rules.source import Source
from emulator.rules.types import Path, Timestamp

ROOT = ("databases", "(default)", "documents")
OPENING = "rules_version = '2';\nservice cloud.firestore {\n  match /databases/{database}/documents {\n"
NOTES = """    match /users/{uid}/notes/{note} {
      allow get: if request.auth != null && request.auth.uid == uid;
      allow list: if request.auth.uid == uid && resource.data.size > 0;
      allow create: if request.auth != null && request.auth.uid == uid
        && request.resource.data.title is string
        && request.resource.data.title.size() <= 100
        && request.resource.data.state == 'draft';
    }
"""
CLOSING = "  }\n}\n"
OWNER_CHECK = OPENING + NOTES + CLOSING


class NoDocuments:
    def get(self, _path: tuple[str, ...]) -> None:
        return None

    def get_after(self, _path: tuple[str, ...]) -> None:
        return None


def long_source(lines: int) -> str:
    """A file of about that many lines: one match statement after the other."""
    count = lines // NOTES.count("\n")
    return OPENING + "".join(NOTES.replace("users", f"users{number}") for number in range(count)) + CLOSING


def request(method: str, uid: str = "alice") -> RulesRequest:
    path = (*ROOT, "users", "alice", "notes")
    written = ResourceValue({"title": "A note", "state": "draft"}, "n1", Path((*path, "n1")))
    listing = RulesQuery(limit=10, disjuncts=((FieldConstraint(("size",), ">", 5),),))
    return RulesRequest(
        service=FIRESTORE,
        method=method,
        path=path if method == "list" else (*path, "n1"),
        auth=Auth(uid, {"email": f"{uid}@example.com"}),
        time=Timestamp(1_709_209_815_000_000_000),
        documents=NoDocuments(),
        request_resource=written if method == "create" else None,
        query=listing if method == "list" else None,
    )


def per_second(action: Callable[[], object], repeats: int, rounds: int = 7) -> float:
    """The best of several rounds, after one that only warms up."""
    best = float("inf")
    for _ in range(rounds + 1):
        start = time.process_time()
        for _ in range(repeats):
            action()
        best = min(best, time.process_time() - start)
    return repeats / best


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result. `bar` is what it must reach: at least, or for milliseconds at most."""

    name: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def met(self) -> bool:
        if self.bar is None:
            return True
        return self.value <= self.bar if self.unit == "ms" else self.value >= self.bar


def decisions() -> Iterator[Figure]:
    asked = {
        "owner check with three field checks, allowed": ("create", "alice"),
        "the same, denied": ("create", "bob"),
        "owner check alone": ("get", "alice"),
        "list proven by its query": ("list", "alice"),
    }
    plain, counting = compile_ruleset(OWNER_CHECK, coverage=False), compile_ruleset(OWNER_CHECK)
    for name, about in asked.items():
        bar = 20_000 if name.startswith("owner check with") else None
        yield Figure(name, per_second(partial(decide, plain, *about), 2000), "decisions/s", bar)
    for name, about in asked.items():
        rate = per_second(partial(decide, counting, *about), 2000)
        yield Figure(f"{name}, coverage counted", rate, "decisions/s")


def decide(ruleset: Ruleset, method: str, uid: str) -> Decision:
    """One decision, the making of its request included."""
    return ruleset.evaluate(request(method, uid))


def compiling() -> Iterator[Figure]:
    for text, repeats, bar in ((long_source(500), 3, 50.0), (OWNER_CHECK, 50, None)):
        milliseconds = 1000 / per_second(partial(compile_ruleset, text), repeats)
        yield Figure(f"compiling {text.count(chr(10))} lines, coverage counted", milliseconds, "ms", bar)


# ---- cel-python

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


def ours_evaluated(expression: str) -> float:
    """Evaluations a second of the compiled expression alone."""
    program = program_of(parse(Source(shared_source(expression), "bench.rules")))
    [_, block] = compile_service(program, FIRESTORE, None)
    [allow] = block.allows["create"]
    environment = Environment(shared_request())
    environment.captures = ("(default)", "alice")

    def evaluate() -> None:
        environment.spent = 0
        assert allow.condition(environment, []) is True

    return per_second(evaluate, 2000, rounds=5)


def ours_decided(expression: str) -> float:
    """Whole decisions a second: matching, the variables of the request, the condition."""
    ruleset, asked = compile_ruleset(shared_source(expression), coverage=False), shared_request()
    assert ruleset.evaluate(asked).allowed
    return per_second(partial(ruleset.evaluate, asked), 2000, rounds=5)


def cel_evaluated(expression: str, runner: type[celpy.Runner]) -> float:
    # The parser is kept by the class, whichever runner made it; each needs one of its own.
    celpy.CELParser.CEL_PARSER = None
    environment = celpy.Environment(runner_class=runner)
    program = environment.program(environment.compile(expression))
    auth = {"uid": "alice", "token": {}}
    values = {"request": {"auth": auth, "resource": {"data": DATA}}, "uid": "alice"}
    context = {name: celpy.json_to_cel(value) for name, value in values.items()}
    assert program.evaluate(context)
    return per_second(partial(program.evaluate, context), 50, rounds=3)


def comparison() -> Iterator[Figure]:
    ours, decided, interpreted, transpiled = 0.0, 0.0, 0.0, 0.0
    for name, expression in SHARED.items():
        mine = ours_evaluated(expression)
        theirs = cel_evaluated(expression, celpy.InterpretedRunner)
        yield Figure(f"{name}: ours", mine, "evaluations/s")
        yield Figure(f"{name}: cel-python", theirs, "evaluations/s")
        ours += 1 / mine
        interpreted += 1 / theirs
        decided += 1 / ours_decided(expression)
        transpiled += 1 / cel_evaluated(expression, celpy.CompiledRunner)
    yield Figure("the subset, against cel-python", interpreted / ours, "times", 50)
    yield Figure("the subset, against its transpiling runner", transpiled / ours, "times")
    yield Figure("whole decisions, against cel-python's evaluations", interpreted / decided, "times")


def main() -> int:
    parser = argparse.ArgumentParser(description="How fast the rules engine decides and compiles.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    as_json = parser.parse_args().json
    figures = [*decisions(), *compiling(), *comparison()]
    if as_json:
        print(json.dumps([asdict(figure) | {"met": figure.met} for figure in figures], indent=2))
    else:
        for figure in figures:
            bar = (
                "" if figure.bar is None else f"   bar {figure.bar:,.0f}: {'met' if figure.met else 'MISSED'}"
            )
            print(f"{figure.name:<62}{figure.value:>12,.1f} {figure.unit}{bar}")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
