"""The Firestore emulator beside the npm package @firestore-emulator/server, a Firestore emulator in Node.

Both are processes on this machine, without rules, and answer the same client: raw gRPC stubs that neither
build nor read messages while the clock runs, with several requests in flight. Rounds alternate between the
two, and a row's ratio is the median of the rounds' own ratios: how many times as much ours does in the same
time, and how many times as much CPU time the peer's process takes for it, which a busy machine and the
client's own cost disturb less. The first round warms both up and is not counted.

The peer checks nothing and keeps no past: no preconditions on time, no indexes, no rules, no resume tokens.
What it takes to load its 10,000 documents is not counted.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.served import requests
from bench.served.client import Client, Listener, channels, is_boundary
from bench.served.peer_server import peer
from bench.served.processes import Served, kindling
from tools.figures import Figure
from tools.terminal import Failure, say

ROUNDS = 5
DOCUMENTS, BATCH = 10_000, 500
GROUPS = DOCUMENTS // 20
"""Documents with one value of `group`: twenty."""
LISTENERS, CONNECTIONS, HEARD_COMMITS = 100, 10, 20
PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Trial:
    """One turn of a row at one server. `fresh` is a name of its own for what it writes anew."""

    client: Client
    served: Served
    fresh: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Count the time of what stands inside, on the clock and of the server's process."""
        cpu, started = self.served.cpu_seconds(), time.monotonic()
        yield
        self.seconds += time.monotonic() - started
        self.cpu_seconds += self.served.cpu_seconds() - cpu

    def commits(self, sent: list[bytes], in_flight: int) -> int:
        with self.clock():
            self.client.commits(sent, in_flight)
        return len(sent)

    def streams(self, method: str, asked: list[bytes], messages: int) -> int:
        with self.clock():
            answered = self.client.streams(method, asked, in_flight=4)
        if answered != messages * len(asked):
            raise Failure(f"{method} answered {answered} messages where {messages * len(asked)} are right.")
        return len(asked)


@dataclass(frozen=True, slots=True)
class Row:
    """Something both do, a number of times, which `run` gives. `bar` is the least ratio."""

    name: str
    run: Callable[[Trial], int]
    bar: float = 1.0


@dataclass(slots=True)
class Taken:
    """What a row took: operations a second and CPU seconds an operation, round by round."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def document(number: int) -> dict[str, int | str]:
    return {"number": number, "group": number % GROUPS, "title": f"Document number {number}"}


def replace(trial: Trial) -> int:
    sent = [requests.commit({f"replaced/{n % 500}": document(n)}) for n in range(1_500)]
    return trial.commits(sent, in_flight=32)


def create(trial: Trial) -> int:
    sent = [requests.commit({f"{trial.fresh}/{n}": document(n)}) for n in range(1_000)]
    return trial.commits(sent, in_flight=32)


def create_many(trial: Trial) -> int:
    collections = [f"{trial.fresh}-{batch}" for batch in range(8)]
    sent = [requests.commit({f"{each}/{n}": document(n) for n in range(BATCH)}) for each in collections]
    return trial.commits(sent, in_flight=2)


def get_one(trial: Trial) -> int:
    asked = [requests.batch_get([f"large/{n}"]) for n in range(800)]
    return trial.streams("BatchGetDocuments", asked, messages=1)


def get_hundred(trial: Trial) -> int:
    asked = [requests.batch_get(f"large/{n}" for n in range(first, first + 100)) for first in range(40)]
    return trial.streams("BatchGetDocuments", asked, messages=100)


def query_equality(trial: Trial) -> int:
    asked = [requests.run_query("large", ("group", requests.EQUAL, n)) for n in range(60)]
    return trial.streams("RunQuery", asked, messages=DOCUMENTS // GROUPS)


def query_range(trial: Trial) -> int:
    starts = [(DOCUMENTS // 2 + n) for n in range(40)]
    asked = [
        requests.run_query("large", ("number", requests.GREATER_OR_EQUAL, n), order_by="number", limit=20)
        for n in starts
    ]
    return trial.streams("RunQuery", asked, messages=20)


def query_all(trial: Trial) -> int:
    return trial.streams("RunQuery", [requests.run_query("large")] * 2, messages=DOCUMENTS)


def fan_out(trial: Trial) -> int:
    """Commit one after another, each when all listeners have heard of the one before."""
    trial.client.commit(requests.commit({f"{trial.fresh}/{n}": {"turn": 0} for n in range(10)}))
    return asyncio.run(_fan_out(trial))


class _Audience:
    """Counts the listeners that have a complete snapshot with the turn they wait for."""

    def __init__(self) -> None:
        self.turn = 0
        self._seen: list[int] = []
        self._there = 0
        self._all = asyncio.Event()

    def joins(self) -> Callable[[Any], None]:
        """The ear of one more listener."""
        number, complete = len(self._seen), -1
        self._seen.append(-1)

        def heard(response: Any) -> None:
            nonlocal complete
            if response.WhichOneof("response_type") == "document_change":
                turn = response.document_change.document.fields["turn"].integer_value
                self._seen[number] = max(turn, self._seen[number])
            elif is_boundary(response) and complete < self.turn <= self._seen[number]:
                complete = self.turn
                self._there += 1
                if self._there == len(self._seen):
                    self._all.set()

        return heard

    async def complete(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._all.wait()
        self._all.clear()
        self._there = 0


async def _fan_out(trial: Trial) -> int:
    audience = _Audience()
    async with channels(trial.served.target, CONNECTIONS) as opened:
        ears = [audience.joins() for _ in range(LISTENERS)]
        listeners = [
            Listener(opened[n % CONNECTIONS], requests.listen(trial.fresh), ear) for n, ear in enumerate(ears)
        ]
        await audience.complete()
        with trial.clock():
            for turn in range(1, HEARD_COMMITS + 1):
                audience.turn = turn
                sent = requests.commit({f"{trial.fresh}/{turn % 10}": {"turn": turn}})
                await asyncio.gather(asyncio.to_thread(trial.client.commit, sent), audience.complete())
        await asyncio.gather(*(listener.close() for listener in listeners))
    return HEARD_COMMITS


ROWS = (
    Row("Commit, a document replaced", replace),
    Row("Commit, a new document", create),
    Row("Commit, 500 new documents", create_many),
    Row("BatchGet, 1 document", get_one),
    Row("BatchGet, 100 documents", get_hundred),
    Row("RunQuery, equality, 20 of 10,000", query_equality, bar=2.0),
    Row("RunQuery, range in order, 20 of 10,000", query_range, bar=2.0),
    Row("RunQuery, all 10,000", query_all, bar=2.0),
    Row("a commit heard by 100 listeners", fan_out, bar=2.0),
)


def load(client: Client, served: Served) -> None:
    started = time.monotonic()
    for first in range(0, DOCUMENTS, BATCH):
        client.commit(requests.commit({f"large/{n}": document(n) for n in range(first, first + BATCH)}))
    say(f"  {served.name}: {DOCUMENTS:,} documents in {time.monotonic() - started:.1f} s")


def measure(row: Row, client: Client, served: Served, fresh: str, taken: Taken) -> None:
    trial = Trial(client, served, fresh)
    number = row.run(trial)
    taken.rates.append(number / trial.seconds)
    taken.cpu.append(trial.cpu_seconds / number)


def figures(rounds: int) -> Iterator[Figure]:
    results = {row.name: (Taken(), Taken()) for row in ROWS}
    with ExitStack() as stack:
        servers = [stack.enter_context(peer()), stack.enter_context(kindling())]
        servers.reverse()
        clients = [Client(served.target) for served in servers]
        for client in clients:
            stack.callback(client.close)
        for client, served in zip(clients, servers, strict=True):
            load(client, served)
        for number in range(rounds + 1):
            for index, row in enumerate(ROWS):
                contestants = list(zip(clients, servers, results[row.name], strict=True))
                for client, served, taken in contestants[:: 1 if number % 2 else -1]:
                    measured = Taken() if number == 0 else taken
                    measure(row, client, served, f"round-{number}-{index}", measured)
            say(f"  round {number} of {rounds}" if number else "  warmed up")
    for row in ROWS:
        yield from compared(row, *results[row.name])
    yield Figure("load average at the end", os.getloadavg()[0], "")


def compared(row: Row, ours: Taken, theirs: Taken) -> Iterator[Figure]:
    yield Figure(f"{row.name}: ours", statistics.median(ours.rates), "/s")
    yield Figure(f"{row.name}: peer", statistics.median(theirs.rates), "/s")
    yield Figure(
        f"{row.name}: ratio", _ratio(ours.rates, theirs.rates), "times the peer", row.bar, at_least=True
    )
    yield Figure(f"{row.name}: CPU", _ratio(theirs.cpu, ours.cpu), "times as little as the peer")


def _ratio(upper: list[float], lower: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(upper, lower, strict=True))
