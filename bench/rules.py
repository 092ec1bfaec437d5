"""How fast the rules engine decides and compiles.

Times are CPU seconds of this process, the best of several rounds, so that other work on the machine counts
little.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial

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
from emulator.rules.types import Path, Timestamp
from tools.figures import Figure

ROUNDS = 7
COLLECTION = re.compile(r"match /(\w+)/\{uid\}")
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


def request(method: str, uid: str = "alice", collection: str = "users") -> RulesRequest:
    path = (*ROOT, collection, "alice", "notes")
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


def per_second(action: Callable[[], object], repeats: int, rounds: int) -> float:
    """The best of several rounds, after one that only warms up."""
    best = float("inf")
    for _ in range(rounds + 1):
        start = time.process_time()
        for _ in range(repeats):
            action()
        best = min(best, time.process_time() - start)
    return repeats / best


def figures(rounds: int) -> Iterator[Figure]:
    yield from decisions(rounds)
    yield from compiling(rounds)


def decisions(rounds: int) -> Iterator[Figure]:
    asked = {
        "owner check with three field checks, allowed": ("create", "alice"),
        "the same, denied": ("create", "bob"),
        "owner check alone": ("get", "alice"),
        "list proven by its query": ("list", "alice"),
    }
    plain, counting = compile_ruleset(OWNER_CHECK, coverage=False), compile_ruleset(OWNER_CHECK)
    for name, about in asked.items():
        bar = 20_000 if name.startswith("owner check with") else None
        rate = per_second(partial(decide, plain, *about), 2000, rounds)
        yield Figure(name, rate, "decisions/s", bar, at_least=True)
    for name, about in asked.items():
        rate = per_second(partial(decide, counting, *about), 2000, rounds)
        yield Figure(f"{name}, coverage counted", rate, "decisions/s")


def decide(ruleset: Ruleset, method: str, uid: str) -> Decision:
    """One decision, the making of its request included."""
    return ruleset.evaluate(request(method, uid))


def compiling(rounds: int) -> Iterator[Figure]:
    for text, repeats, bar in ((long_source(500), 3, 50.0), (OWNER_CHECK, 50, None)):
        name = f"{text.count(chr(10))} lines, coverage counted"
        milliseconds = 1000 / per_second(partial(compile_ruleset, text), repeats, rounds)
        yield Figure(f"compiling {name}", milliseconds, "ms", bar)
        milliseconds = 1000 / per_second(partial(compile_and_ask, text), repeats, rounds)
        yield Figure(f"the same, and every condition asked once, {name}", milliseconds, "ms")


def compile_and_ask(text: str) -> None:
    """Conditions are compiled when they are asked for the first time."""
    ruleset = compile_ruleset(text)
    for collection in dict.fromkeys(COLLECTION.findall(text)):
        for method in ("get", "list", "create"):
            ruleset.evaluate(request(method, collection=collection))
