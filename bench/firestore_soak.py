"""Minutes of commits while listeners come, resume and vanish: memory stays flat, nobody misses or repeats.

One writer sets and deletes documents at a steady pace, so it knows the state of every target at every commit
time. Each listener stays a while, leaves in one of three ways (half-close, cancelled stream, closed
connection), stays away a while and comes back with its last resume token, now and then without. At every
complete snapshot what it has is compared with what the writer knows for the snapshot's read time; what came
after the last complete one is forgotten when it leaves, as clients do, since the token does not cover it.

- a difference is a change missed (or one that never was);
- a document that comes again in the version the listener has is a change repeated;
- a resume that begins anew with RESET is counted by itself: it is allowed, and costs.

Memory is resident memory once a second. It grows until the emulator has as many changes as it remembers; the
first quarter is warm-up.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import statistics
import time
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc.aio

from bench.served import requests
from bench.served.client import ADMIN, SERVICE, Listener, channels, is_boundary
from bench.served.processes import Served, kindling
from emulator.wire import protos
from tools.figures import Figure
from tools.terminal import Failure, say

ROUNDS = 30
"""Each is ten seconds and 800 commits."""
ROUND_SECONDS, ROUND_COMMITS = 10.0, 800
LISTENERS, GROUPS, DOCUMENTS = 50, 10, 200
STAY_SECONDS, AWAY_SECONDS = (1.0, 15.0), (0.0, 8.0)
WARM_UP = 0.25
PATIENCE_SECONDS = 60.0
BAR_GROWTH = 1.1

_MIB = 1024 * 1024
_MASK = 2**64 - 1
_REMOVE, _RESET = 2, 4  # TargetChange.TargetChangeType

State = dict[str, int]
"""Documents by name, with their version."""


def mark(name: str, version: int) -> int:
    """A number for one document in one version; a state's fingerprint is the sum of its documents'."""
    return hash((name, version)) & _MASK


@dataclass(slots=True)
class Truth:
    """What one target is at every commit time: times in microseconds, and the fingerprint from then on."""

    times: list[int] = field(default_factory=lambda: [0])
    marks: list[int] = field(default_factory=lambda: [0])

    def change(self, time: int, gone: int, come: int) -> None:
        self.times.append(time)
        self.marks.append((self.marks[-1] - gone + come) & _MASK)

    def at(self, time: int) -> int:
        return self.marks[bisect_right(self.times, time) - 1]


class Writer:
    """Commits at a pace, one after another. `written_until` is the time of the last commit that is known."""

    def __init__(self, channel: grpc.aio.Channel, random: random.Random) -> None:
        self._call = channel.unary_unary(SERVICE + "Commit")
        self._random = random
        self._versions: State = {}
        self._there: State = {}
        self.truths = [Truth() for _ in range(GROUPS)]
        self.written_until = 0
        self.commits = 0

    async def run(self, commits: int, seconds: float) -> None:
        started = time.monotonic()
        for number in range(commits):
            await self._commit()
            ahead = started + (number + 1) * seconds / commits - time.monotonic()
            if ahead > 0:
                await asyncio.sleep(ahead)

    async def _commit(self) -> None:
        group = self._random.randrange(GROUPS)
        name = f"soak-{group}/{self._random.randrange(DOCUMENTS // GROUPS)}"
        before = self._there.get(name)
        delete = before is not None and self._random.random() < 0.1
        version = self._versions[name] = self._versions.get(name, 0) + 1
        sent = requests.delete(name) if delete else requests.commit({name: {"version": version}})
        answer = protos.CommitResponse.FromString(await self._call(sent, metadata=ADMIN))
        committed = micros(answer.commit_time)
        gone = 0 if before is None else mark(name, before)
        self.truths[group].change(committed, gone, 0 if delete else mark(name, version))
        if delete:
            del self._there[name]
        else:
            self._there[name] = version
        self.written_until = committed
        self.commits += 1


def micros(timestamp: Any) -> int:
    return int(timestamp.seconds) * 1_000_000 + int(timestamp.nanos) // 1_000


class Watcher:
    """One listener over all its lives, and what it counted."""

    def __init__(self, number: int, served: Served, writer: Writer, random: random.Random) -> None:
        self._group = number % GROUPS
        self._served = served
        self._writer = writer
        self._random = random
        self._state: State = {}
        self._fingerprint = 0
        self._token = b""
        self._news: list[tuple[str, int | None]] = []
        self._anew = False
        self._to_check: list[tuple[int, int]] = []
        self._snapshot = asyncio.Event()
        self.heard = self.resumes = self.repeated = self.missed = self.resets = 0

    async def live(self, until: asyncio.Event) -> None:
        """Come and go until told to stay; then stay until everything has been heard."""
        while True:
            async with channels(self._served.target, 1) as opened:
                listener = self._connect(opened[0])
                await self._stay(listener, until)
                if until.is_set():
                    await self._hear_the_rest(listener)
                    await listener.close()
                    return
                await self._leave(listener, opened[0])
            self._check()
            await asyncio.sleep(self._random.uniform(*AWAY_SECONDS))

    def _connect(self, channel: grpc.aio.Channel) -> Listener:
        self._news, self._anew = [], False
        if self._random.random() < 0.1:
            self._forget()
            self._token = b""
        if self._token:
            self.resumes += 1
        return Listener(channel, requests.listen(f"soak-{self._group}", self._token), self._hear)

    async def _stay(self, listener: Listener, until: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._random.uniform(*STAY_SECONDS)):
                await until.wait()
        except TimeoutError:
            pass
        listener.check()

    async def _leave(self, listener: Listener, channel: grpc.aio.Channel) -> None:
        match self._random.randrange(3):
            case 0:
                await listener.close()
            case 1:
                await listener.vanish()
            case _:
                await channel.close()
                await listener.vanish()

    def _hear(self, response: Any) -> None:
        match response.WhichOneof("response_type"):
            case "document_change":
                document = response.document_change.document
                self._news.append((document.name, document.fields["version"].integer_value))
            case "document_delete":
                self._news.append((response.document_delete.document, None))
            case "target_change" if response.target_change.target_change_type == _RESET:
                self.resets += 1
                self._news, self._anew = [], True
            case "target_change" if response.target_change.target_change_type == _REMOVE:
                raise Failure(f"a target was removed: {response.target_change.cause.message}")
            case "target_change" if is_boundary(response):
                self._complete(response.target_change)

    def _complete(self, change: Any) -> None:
        """A snapshot is complete: what came since the last one holds."""
        if self._anew:
            self._forget()
        for name, version in self._news:
            self._put(name, version)
        self._news, self._anew = [], False
        self._token = change.resume_token
        self._to_check.append((micros(change.read_time), self._fingerprint))
        self._snapshot.set()

    def _put(self, name: str, version: int | None) -> None:
        short = name.removeprefix(f"{requests.DOCUMENTS}/")
        before = self._state.pop(short, None)
        self.heard += 1
        if before == version or (version is not None and before is not None and version < before):
            self.repeated += 1
        if before is not None:
            self._fingerprint -= mark(short, before)
        if version is not None:
            self._state[short] = version
            self._fingerprint += mark(short, version)
        self._fingerprint &= _MASK

    def _forget(self) -> None:
        self._state.clear()
        self._fingerprint = 0

    def _check(self) -> None:
        """Compare the snapshots up to what the writer has been told was committed."""
        truth, known = self._writer.truths[self._group], self._writer.written_until
        later = []
        for read_time, fingerprint in self._to_check:
            if read_time > known:
                later.append((read_time, fingerprint))
            elif truth.at(read_time) != fingerprint:
                self.missed += 1
        self._to_check = later

    async def _hear_the_rest(self, listener: Listener) -> None:
        """All commits are made and known: wait for the snapshot that has them."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._fingerprint != self._writer.truths[self._group].marks[-1]:
                self._snapshot.clear()
                await self._snapshot.wait()
        listener.check()
        self._writer_is_done()

    def _writer_is_done(self) -> None:
        truth = self._writer.truths[self._group]
        self.missed += sum(truth.at(read_time) != fingerprint for read_time, fingerprint in self._to_check)
        self._to_check = []


@dataclass(slots=True)
class Memory:
    """Resident memory once a second, in MiB."""

    samples: list[float] = field(default_factory=list)

    async def sample(self, served: Served) -> None:
        while True:
            self.samples.append(await asyncio.to_thread(served.memory_bytes) / _MIB)
            await asyncio.sleep(1)

    def warm(self) -> list[float]:
        return self.samples[int(len(self.samples) * WARM_UP) :]


async def soak(served: Served, rounds: int) -> Iterator[Figure]:
    seeded, memory, done = random.Random(20_000), Memory(), asyncio.Event()
    files = served.open_files()
    async with channels(served.target, 1) as opened:
        writer = Writer(opened[0], random.Random(seeded.random()))
        watchers = [
            Watcher(number, served, writer, random.Random(seeded.random())) for number in range(LISTENERS)
        ]
        async with asyncio.TaskGroup() as tasks:
            sampling = tasks.create_task(memory.sample(served))
            lives = [tasks.create_task(watcher.live(done)) for watcher in watchers]
            started = time.monotonic()
            for _ in range(rounds):
                await writer.run(ROUND_COMMITS, ROUND_SECONDS)
                say(f"  {writer.commits:,} commits, {memory.samples[-1]:.1f} MiB")
            took = time.monotonic() - started
            done.set()
            await asyncio.wait(lives)
            sampling.cancel()
    return _figures(writer, watchers, memory, took, await _files_left(served, files))


async def _files_left(served: Served, before: int | None) -> int | None:
    """Open files more than before, once the last connections are gone."""
    if before is None:
        return None
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        gc.collect()  # grpcio closes the connection of a channel that nobody knows any more
        left = (served.open_files() or 0) - before
        if left <= 0 or time.monotonic() > deadline:
            return left
        await asyncio.sleep(0.1)


def _figures(
    writer: Writer, watchers: list[Watcher], memory: Memory, took: float, files_left: int | None
) -> Iterator[Figure]:
    def total(name: str) -> int:
        return sum(getattr(watcher, name) for watcher in watchers)

    warm = memory.warm()
    share = max(1, len(warm) // 10)
    begin, end = statistics.median(warm[:share]), statistics.median(warm[-share:])
    yield Figure("commits", writer.commits, "")
    yield Figure("commits a second", writer.commits / took, "/s")
    yield Figure("changes heard", total("heard"), "")
    yield Figure("resumes", total("resumes"), "")
    yield Figure("resumes that began anew", total("resets"), "", 0)
    yield Figure("changes missed", total("missed"), "", 0)
    yield Figure("changes repeated", total("repeated"), "", 0)
    yield Figure("memory after warm-up", begin, "MiB")
    yield Figure("memory at the end", end, "MiB")
    yield Figure("memory, end to warm-up", end / begin, "times", BAR_GROWTH)
    if files_left is not None:
        yield Figure("open files left", files_left, "", 0)


def figures(rounds: int) -> Iterator[Figure]:
    with kindling() as served:
        yield from asyncio.run(soak(served, rounds))
    yield Figure("load average at the end", os.getloadavg()[0], "")
