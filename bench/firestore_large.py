"""The Firestore emulator with 100,000 documents: batches, queries, import, memory; and how soon it is ready.

Batches of 500 are written one after another while a listener watches the whole collection. A batch ends when
the listener has the complete snapshot, so its time is that of the commit and of 500 changes sent and read.
The first tenth of all batches is compared with the last, in time and in the CPU seconds of the emulator; the
median of several emulators, since the two are seconds apart.

The first query of a kind walks through all, the second builds its index; those that follow ask for other
values. The import is of an export that the emulator wrote before, and is timed from the request to its
answer, in a fresh process.
Memory is what is resident; a document has three fields and about 150 bytes on the wire.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.served import requests
from bench.served.client import Client, Listener, channels, is_boundary
from bench.served.processes import Served, kindling
from tools.figures import Figure
from tools.terminal import Failure, say

ROUNDS = 5
"""Starts; at most three times the 100,000 documents are written, and imported."""
DOCUMENTS, BATCH, TENTH = 100_000, 500, 10
LATER_QUERIES = 50
PATIENCE_SECONDS = 120.0

BAR_FLAT = 1.2
BAR_QUERY_MS = 5.0
BAR_IMPORT_SECONDS = 15.0
BAR_DOCUMENT_KIB = 3.0
BAR_IDLE_MIB = 80.0
BAR_READY_SECONDS = 0.4

_MIB = 1024 * 1024
_EMULATOR = "/emulator/v1/projects/demo-bench"


def document(number: int) -> dict[str, int | str]:
    return {"number": number, "group": number % (DOCUMENTS // 20), "title": f"Document number {number}"}


@dataclass(frozen=True, slots=True)
class Batches:
    """Seconds of each batch, on the clock and of the emulator's CPU."""

    clock: list[float]
    cpu: list[float]


class _Counter:
    """Counts documents, and knows when a snapshot with all that are expected is complete."""

    def __init__(self) -> None:
        self.expected = 0
        self._heard = 0
        self._complete = asyncio.Event()

    def heard(self, response: object) -> None:
        if is_boundary(response):
            if self._heard >= self.expected:
                self._complete.set()
        elif response.WhichOneof("response_type") == "document_change":  # type: ignore[attr-defined]
            self._heard += 1

    async def complete(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._complete.wait()
        self._complete.clear()
        if self._heard != self.expected:
            raise Failure(f"the listener heard {self._heard} changes where {self.expected} were made.")


async def write_batches(served: Served, client: Client) -> Batches:
    counter, batches = _Counter(), Batches([], [])
    async with channels(served.target, 1) as opened:
        listener = Listener(opened[0], requests.listen("large"), counter.heard)
        await counter.complete()
        for first in range(0, DOCUMENTS, BATCH):
            numbers = range(first, min(first + BATCH, DOCUMENTS))
            sent = requests.commit({f"large/{n:06}": document(n) for n in numbers})
            counter.expected += len(numbers)
            cpu, started = served.cpu_seconds(), time.monotonic()
            await asyncio.gather(asyncio.to_thread(client.commit, sent), counter.complete())
            batches.clock.append(time.monotonic() - started)
            batches.cpu.append(served.cpu_seconds() - cpu)
            if not (first + BATCH) % (DOCUMENTS // 5):
                say(f"  {first + BATCH:,} documents written")
        await listener.close()
    return batches


def flat(taken: list[float]) -> float:
    """The last tenth of all batches for each second of the first tenth."""
    share = len(taken) // TENTH
    return sum(taken[-share:]) / sum(taken[:share])


def query_times(client: Client, asked: Iterable[bytes]) -> list[float]:
    taken = []
    for query in asked:
        started = time.monotonic()
        messages = client.stream("RunQuery", query)
        taken.append((time.monotonic() - started) * 1000)
        if messages != 20:
            raise Failure(f"a query answered {messages} documents where 20 are right.")
    return taken


def queries(client: Client) -> Iterator[Figure]:
    numbers = range(LATER_QUERIES + 1)
    kinds = {
        "equality": [requests.run_query("large", ("group", requests.EQUAL, n)) for n in numbers],
        "range": [
            requests.run_query(
                "large",
                ("number", requests.GREATER_OR_EQUAL, n * DOCUMENTS // 100),
                order_by="number",
                limit=20,
            )
            for n in numbers
        ],
    }
    for kind, asked in kinds.items():
        first, *later = query_times(client, asked)
        yield Figure(f"{kind} query, first (walks through all)", first, "ms")
        yield Figure(f"{kind} query, later, median", statistics.median(later), "ms", BAR_QUERY_MS)


def call(served: Served, verb: str, folder: Path) -> float:
    """Ask for an export or an import; seconds to the answer."""
    body = json.dumps({"database": requests.DATABASE, "export_directory": str(folder)})
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_SECONDS)
    with closing(connection):
        started = time.monotonic()
        connection.request("POST", f"{_EMULATOR}:{verb}", body)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        if answer.status != http.client.OK:
            raise Failure(f"{verb} answered {answer.status}.", detail=text)
        return time.monotonic() - started


def answer_once(served: Served) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_SECONDS)) as asked:
        asked.request("GET", "/")
        asked.getresponse().read()


def starts(rounds: int) -> Iterator[Figure]:
    ready, idle = [], []
    for _ in range(rounds):
        with kindling() as served:
            answer_once(served)
            ready.append(served.seconds_to_ready)
            idle.append(served.memory_bytes() / _MIB)
    yield Figure("ready, median", statistics.median(ready), "s", BAR_READY_SECONDS)
    yield Figure("idle memory, median", statistics.median(idle), "MiB", BAR_IDLE_MIB)


def writing(folder: Path, rounds: int) -> Iterator[Figure]:
    written: list[Batches] = []
    for _ in range(rounds - 1):
        with kindling() as served, closing(Client(served.target)) as client:
            written.append(asyncio.run(write_batches(served, client)))
    with kindling() as served, closing(Client(served.target)) as client:
        answer_once(served)
        before = served.memory_bytes()
        written.append(asyncio.run(write_batches(served, client)))
        grown = served.memory_bytes() - before
        yield from paces(written)
        yield Figure("memory a document, written", grown / DOCUMENTS / 1024, "KiB", BAR_DOCUMENT_KIB)
        yield from queries(client)
        yield Figure("export", call(served, "export", folder), "s")
    say("  written, asked and exported")


def paces(written: list[Batches]) -> Iterator[Figure]:
    """Whether the last batches of an emulator take as long as its first: medians of all emulators."""
    pace = statistics.median(len(each.clock) / sum(each.clock) for each in written)
    clock = statistics.median(flat(each.clock) for each in written)
    cpu = statistics.median(flat(each.cpu) for each in written)
    yield Figure("batches of 500 with a listener, median", pace, "/s")
    yield Figure("last tenth to first tenth, median", clock, "times", BAR_FLAT)
    yield Figure("last tenth to first tenth, CPU, median", cpu, "times", BAR_FLAT)


def importing(folder: Path, rounds: int) -> Iterator[Figure]:
    taken, grown = [], []
    for _ in range(rounds):
        with kindling() as served, closing(Client(served.target)) as client:
            answer_once(served)
            before = served.memory_bytes()
            taken.append(call(served, "import", folder))
            grown.append((served.memory_bytes() - before) / DOCUMENTS / 1024)
            query_times(client, [requests.run_query("large", limit=20)])
        say("  imported")
    yield Figure("import, median", statistics.median(taken), "s", BAR_IMPORT_SECONDS)
    yield Figure("memory a document, imported", statistics.median(grown), "KiB", BAR_DOCUMENT_KIB)


def figures(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="kindling-bench-") as folder:
        yield from starts(rounds)
        yield from writing(Path(folder), min(rounds, 3))
        yield from importing(Path(folder), min(rounds, 3))
    yield Figure("load average at the end", os.getloadavg()[0], "")
