"""A suite that kit runs: started through the supervisor, watched until everything answers, stopped without
remains.
"""

import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from emulator.wire.firebase_json import FirebaseJson
from tools import credentials, processes
from tools.configuration import configuration, started_parts
from tools.java import environment
from tools.project import JAVA, firebase_cli
from tools.signals import Stopped as Stopped
from tools.signals import signals_raise as signals_raise
from tools.suite import Suite
from tools.suite_log import death
from tools.supervisor import Job
from tools.terminal import Failure, wait_with_progress

START_LIMIT: Final = 240.0
"""Seconds until a suite that does not become ready is given up."""
STOP_LIMIT: Final = 30.0
ORPHANS_GRACE: Final = 3.0
"""Seconds that a suite without a supervisor gets; on Linux it was told to end when that was killed."""

MARK: Final = "KINDLING_SUITE"
"""Names the suite in the environment of its processes."""

PROBES: Final[dict[str, str]] = {
    "hub": "/emulators",
    "auth": "/",
    "firestore": "/",
    "storage": "/",
    "functions": "/backends",
    "hosting": "/",
    "ui": "/api/config",
}
"""A path of each part that answers without changing anything."""

DISCOVERY_SECONDS: Final = "60"
"""How long the CLI waits for the list of functions; its own 10 s are short on a busy machine."""

_LOADED: Final = "All emulators ready!"
_NOT_LOADED: Final = "Failed to load function definition from source"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: for which addresses, with which configuration and data, and where its files and its
    output go.

    `folder` becomes the working directory, so that the CLI's debug logs land there. `temporary` is its
    TMPDIR, where the CLI writes the file by which other CLI processes find the hub of a project.
    """

    suite: Suite
    config: Path
    folder: Path
    imported: Path | None = None
    only: str | None = None
    temporary: Path | None = None
    java: Path | None = JAVA
    require_indexes: bool = False
    journal: Path | None = None
    grace: float = 0.0
    scratch: tuple[Path, ...] = ()

    @property
    def log(self) -> Path:
        return self.folder / "suite.log"

    @property
    def firestore_log(self) -> Path:
        """Where the CLI keeps what the Firestore emulator prints."""
        return self.folder / "firestore-debug.log"

    def job(self) -> Job:
        command = firebase_cli()
        command += ["emulators:start", "--config", str(self.config)]
        command += ["--project", self.suite.project_id]
        command += ["--only", self.only] if self.only else []
        command += ["--import", str(self.imported)] if self.imported else []
        return Job(
            command=command,
            cwd=str(self.folder),
            environment=self.environment(),
            log=str(self.log),
            grace=self.grace,
            scratch=[str(folder) for folder in self._scratch()],
        )

    def remove_scratch(self) -> None:
        for folder in self._scratch():
            shutil.rmtree(folder, ignore_errors=True)

    def _scratch(self) -> tuple[Path, ...]:
        return (*self.scratch, self.objects)

    def environment(self) -> dict[str, str]:
        """The environment of the suite: that of kit without the address of any other suite, with our
        credential, and with our java when wanted.
        """
        foreign = self.suite.environment()
        own = {name: value for name, value in os.environ.items() if name not in foreign}
        for name in ("KINDLING_FIREBASE_JSON", "KINDLING_INDEX_FILE", "KINDLING_RULES"):
            own.pop(name, None)
        own.update(environment(own.get("PATH", ""), self.java, self.config) if self.java else {})
        own.update(credentials.environment(own))
        own.setdefault("FUNCTIONS_DISCOVERY_TIMEOUT", DISCOVERY_SECONDS)
        own.pop("KINDLING_DATA_DIR", None)
        if self.journal:
            own["KINDLING_DATA_DIR"] = str(self.journal)
        own["KINDLING_OBJECTS"] = str(self.objects)
        own["KINDLING_REQUIRE_INDEXES"] = "1" if self.require_indexes else "0"
        if self.temporary:
            own["TMPDIR"] = str(self.temporary)
        return {**own, "NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1"}

    @property
    def objects(self) -> Path:
        """Where the Storage emulator keeps the content of objects while it runs (own_objects.cjs)."""
        return self.folder / "objects"


@dataclass(slots=True)
class RunningSuite:
    """The supervisor's other end. `ended` is the CLI's exit code once it has ended by itself, `stopped` that
    nothing more will be told, `gone` that nothing of the suite is left; `mark` is in the environment of all
    its processes; `log_read` is how many bytes of the log were looked at until the suite was ready.
    """

    plan: Plan
    supervisor: subprocess.Popen[bytes]
    mark: str = ""
    ended: int | None = None
    stopped: bool = False
    gone: bool = False
    seconds_to_ready: float = 0.0
    log_read: int = 0
    _pid: int = 0
    _pending: bytes = field(default=b"", repr=False)

    def watch(self, pid: int) -> None:
        """End the process `pid` together with the suite when kit is killed."""
        self._send(f"watch {pid}")

    def last_will(self, command: list[str]) -> None:
        """Have `command` run before the suite stops, should kit end without a word."""
        self._send(f"last-will {json.dumps(command)}")

    def alive(self) -> bool:
        """Whether the CLI runs, as far as the supervisor told."""
        self._listen()
        return self.ended is None and not self.stopped and self.supervisor.poll() is None

    def wait_until_ready(self, tell: Callable[[str], None] | None = None) -> float:
        """Wait until every part answers; gives the seconds it took. `tell` gets the lines of the log
        meanwhile.
        """
        started = time.monotonic()
        log = LogReader(self.plan.log)
        answers = readiness(self.plan)
        seen: set[str] = set()

        def ready() -> bool:
            for line in log.lines():
                if died := death(line):
                    advice = "Run the same command again; should it end again, the lines above say why. "
                    raise self.failure(f"{died}, before the suite was ready", advice)
                seen.update(mark for mark in (_LOADED, _NOT_LOADED) if mark in line)
                if tell:
                    tell(line)
            if not self.alive():
                raise self.failure(f"{self.what_ended()} before it was ready")
            if _NOT_LOADED in seen:
                raise self.failure("the functions could not be loaded")
            if time.monotonic() - started > START_LIMIT:
                raise self.failure(f"the emulator suite was not ready after {START_LIMIT:.0f} s")
            return _LOADED in seen and all(answer() for answer in answers)

        try:
            return wait_with_progress("Starting the emulator suite", ready)
        finally:
            self.log_read = log.position
            log.close()

    def what_ended(self) -> str:
        """Says what is not alive, where `alive` says no."""
        return (
            "the supervisor of the emulator suite was killed"
            if self.unattended()
            else "the emulator suite ended"
        )

    def failure(self, sentence: str, advice: str = "") -> Failure:
        remedy = f"{advice}The whole log: {self.plan.log}"
        return Failure(f"{sentence}.", remedy, log_tail(self.plan.log))

    def stop(self, word: str = "stop") -> None:
        """End everything; a second call with `kill` does not wait for an orderly end."""
        self._send(word)

    def wait(self, limit: float = STOP_LIMIT) -> None:
        """Wait until the supervisor says that nothing is left; do its work when it was killed."""
        try:
            self.supervisor.wait(limit)
        except subprocess.TimeoutExpired:
            self.supervisor.kill()
            self.supervisor.wait()
        self._listen()
        if not self.gone:
            processes.end(self._family, signal.SIGTERM, ORPHANS_GRACE)
            self.plan.remove_scratch()

    def unattended(self) -> bool:
        """Whether the supervisor was killed."""
        self._listen()
        return not self.gone and self.supervisor.poll() is not None

    def _family(self) -> set[int]:
        """What the supervisor started, as far as it can be found without it."""
        below = processes.descendants([self._pid]) | {self._pid} if self._pid else set()
        return below | processes.with_variable(f"{MARK}={self.mark}")

    def _send(self, line: str) -> None:
        assert self.supervisor.stdin is not None
        try:
            self.supervisor.stdin.write(f"{line}\n".encode())
            self.supervisor.stdin.flush()
        except OSError:
            pass

    def _listen(self) -> None:
        assert self.supervisor.stdout is not None
        while True:
            try:
                chunk = os.read(self.supervisor.stdout.fileno(), 4096)
            except (BlockingIOError, ValueError):
                return
            if not chunk:
                self.stopped = True
                return
            *lines, self._pending = (self._pending + chunk).split(b"\n")
            for line in lines:
                message: dict[str, Any] = json.loads(line)
                self.ended = message.get("ended", self.ended)
                self.gone = message.get("stopped", self.gone)
                self._pid = message.get("started", self._pid)


@contextmanager
def running(plan: Plan) -> Iterator[RunningSuite]:
    """Start the suite of `plan` and stop it when the context ends, in whatever way it ends."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    plan.log.write_bytes(b"")
    for left in (plan.objects, *plan.folder.glob("firebase-export-*")):
        shutil.rmtree(left, ignore_errors=True)
    supervisor = subprocess.Popen(
        [sys.executable, "-P", "-m", "tools.supervisor"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    os.set_blocking(supervisor.stdout.fileno(), False)
    suite = RunningSuite(plan, supervisor, secrets.token_hex(8))
    job = plan.job()
    job.environment[MARK] = suite.mark
    try:
        supervisor.stdin.write(job.line().encode())
        supervisor.stdin.flush()
        yield suite
    finally:
        suite.stop()
        try:
            suite.wait()
        except (KeyboardInterrupt, Stopped):
            suite.stop("kill")
            suite.wait()
        with suppress(OSError):  # what could not be told to one that was killed is written again here
            supervisor.stdin.close()
        supervisor.stdout.close()


class LogReader:
    """Complete new lines of a growing file, each time it is asked."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 - open as long as the reader lives
        self._file.seek(start)
        self._pending = b""
        self.position = start
        """Where the first line begins that was not given yet."""

    def lines(self) -> Iterator[str]:
        *complete, self._pending = (self._pending + self._file.read()).split(b"\n")
        for line in complete:
            self.position += len(line) + 1
            yield line.decode(errors="replace").rstrip()

    def close(self) -> None:
        self._file.close()


def log_tail(log: Path, count: int = 40) -> str:
    """The end of the suite's log, followed by that of the programs it ran."""
    parts = []
    for path in (log, log.parent / "firestore-debug.log"):
        if path.exists():
            lines = [
                line
                for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
                if line.strip()
            ]
            if lines:
                parts.append("\n".join([f"── {path.name}", *lines[-count:]]))
    return "\n".join(parts)


def readiness(plan: Plan) -> list[Callable[[], bool]]:
    """One question per part of the suite, each answered true once and for all when that part answers over
    HTTP.
    """
    config = configuration(plan.config)
    parts = started_parts(config, plan.only)
    questions = [_Answers(plan.suite.addresses[name], path) for name, path in PROBES.items() if name in parts]
    if {"hosting", "functions"} <= parts:
        questions += [_Answers(plan.suite.addresses["hosting"], path) for path in _function_paths(config)]
    return list(questions)


def _function_paths(config: FirebaseJson) -> Iterator[str]:
    """A path for each rewrite of the first site that leads to a function; others are on other ports."""
    for _, section in config.sections("hosting")[:1]:
        for rewrite in section.get("rewrites") or []:
            if "function" in rewrite:
                yield str(rewrite.get("source", "")).replace("**", "health")


class _Answers:
    """Whether an address answers HTTP without a server error; remembers the first yes."""

    def __init__(self, address: tuple[str, int], path: str) -> None:
        self._address, self._path, self._answered = address, path, False

    def __call__(self) -> bool:
        if not self._answered:
            connection = http.client.HTTPConnection(*self._address, timeout=10)
            try:
                connection.request("GET", self._path)
                status = connection.getresponse().status
                self._answered = status < 500 or status == http.client.NOT_IMPLEMENTED
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
        return self._answered
