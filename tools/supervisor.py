"""A process between kit and the suite that makes sure nothing outlives kit.

Started by kit in a session of its own, so that no key in the terminal reaches it or the suite. Its stdin is
a pipe kit holds open: whatever ends kit, kill -9 included, closes the pipe, and the supervisor stops
everything. firebase-tools starts its Java programs in process groups of their own; on Linux the supervisor
is made the reaper of all descendants, so that orphans come back to it, elsewhere the tree is read from `ps`
before anything is signalled.

Speaks lines. In: first the JSON of a Job, then `watch PID` (a process to end with the suite), `last-will
JSON` (a command to run first when kit ends without a word), `stop`, `kill`. Out: one JSON object a line:
{"started": pid}, {"ended": exit code}, {"stopped": true}. Standard library only.
"""

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tools import processes

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_POLL: Final = 0.1
LAST_WILL_LIMIT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """One suite to run: its command, where, with what environment, where its output goes.

    `grace` is how long it may take to end by itself after an interrupt; 0 means it holds nothing worth an
    orderly end. `scratch` folders are removed at the end.
    """

    command: list[str]
    cwd: str
    environment: dict[str, str]
    log: str
    grace: float
    scratch: list[str]

    def line(self) -> str:
        return json.dumps(asdict(self)) + "\n"


@dataclass(slots=True)
class Wishes:
    """What kit asked for while the suite runs."""

    watched: list[int] = field(default_factory=list)
    last_will: list[str] = field(default_factory=list)


def main() -> int:
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(name, signal.SIG_IGN)
    first = _read_first_line()
    if not first:
        return 1
    job = Job(**json.loads(first))
    _adopt_orphans()
    with open(job.log, "ab") as log:
        suite = subprocess.Popen(
            job.command, cwd=job.cwd, env=job.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, preexec_fn=_interrupted_with_parent,
        )  # fmt: skip
    _tell({"started": suite.pid})
    wishes = Wishes()
    try:
        last_word = _obey(suite, wishes)
        if not last_word and wishes.last_will and suite.poll() is None:
            _carry_out(wishes.last_will)
        _stop(suite, 0.0 if last_word == "kill" else job.grace, wishes.watched)
    finally:
        for folder in job.scratch:
            shutil.rmtree(folder, ignore_errors=True)
    _tell({"stopped": True})
    return 0


def _carry_out(command: list[str]) -> None:
    try:
        subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LAST_WILL_LIMIT
        )
    except (OSError, subprocess.TimeoutExpired):
        pass


def _obey(suite: subprocess.Popen[bytes], wishes: Wishes) -> str:
    """Follow kit's lines until the suite is to end; gives the word that said so, or nothing when kit is
    gone.
    """
    pending, told = b"", False
    while True:
        _reap(suite)
        if suite.poll() is not None and not told:
            _tell({"ended": suite.returncode})
            told = True
        if not select.select([0], [], [], _POLL)[0]:
            continue
        chunk = os.read(0, 4096)
        pending += chunk
        *lines, pending = pending.split(b"\n")
        for line in lines:
            word, _, rest = line.decode().partition(" ")
            if word == "watch":
                wishes.watched.append(int(rest))
            elif word == "last-will":
                wishes.last_will = json.loads(rest)
            elif word in ("stop", "kill"):
                return word
        if not chunk:
            return ""


def _stop(suite: subprocess.Popen[bytes], grace: float, watched: list[int]) -> None:
    """End the suite and everything below it; a `kill` line or a second end of input cuts the grace short."""
    family = processes.descendants([os.getpid(), *watched]) | set(watched)
    if grace > 0 and suite.poll() is None:
        suite.send_signal(signal.SIGINT)
        deadline = time.monotonic() + grace
        while suite.poll() is None and time.monotonic() < deadline:
            if _hurried():
                break
            time.sleep(0.02)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        childless = _reap(suite)
        family = {pid for pid in family | processes.descendants([os.getpid()]) if processes.alive(pid)}
        if childless and not family:
            return
        for pid in family:
            processes.send(pid, signal.SIGKILL)
        time.sleep(0.01)


_hurry_open = True


def _hurried() -> bool:
    """Whether kit asked again, or is gone only now."""
    global _hurry_open
    if not _hurry_open or not select.select([0], [], [], 0)[0]:
        return False
    line = os.read(0, 4096)
    _hurry_open = bool(line)
    return b"kill" in line


def _reap(suite: subprocess.Popen[bytes]) -> bool:
    """Collect what ended, orphans given to us included; true when no child is left.

    A process whose last threads are still ending cannot be collected yet, and its children have not come to
    us yet.
    """
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        if ended is None:
            return False
        if ended.si_pid == suite.pid:
            suite.poll()
        else:
            os.waitpid(ended.si_pid, 0)


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _interrupted_with_parent() -> None:
    """In the child, before exec: should the supervisor be killed, the kernel terminates the suite in an
    orderly way.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(name, signal.SIG_DFL)


def _read_first_line() -> str:
    """Read byte by byte: what follows the first line must stay in the pipe for `select`."""
    line = bytearray()
    while (byte := os.read(0, 1)) not in (b"", b"\n"):
        line += byte
    return line.decode()


def _tell(message: dict[str, Any]) -> None:
    try:
        os.write(1, (json.dumps(message) + "\n").encode())
    except OSError:
        pass


if __name__ == "__main__":
    sys.exit(main())
