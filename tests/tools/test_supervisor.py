"""The supervisor, with a small suite that behaves as badly as the real one: children in groups of their own,
holding ports.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.conftest import alive, wait_until
from tools.supervisor import Job

CHILD = """
import os, signal, socket, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1] + ".new", "w") as told:
    told.write(f"{os.getpid()} {server.getsockname()[1]}")
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""

SUITE = """
import signal, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2]], start_new_session=True)
def leave(number, frame):
    open(sys.argv[2] + ".left", "w").close()
    sys.exit(0)
signal.signal(signal.SIGINT, leave)
time.sleep(600)
"""

STUBBORN = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"


class Supervised:
    """A supervisor whose other end of the pipe is in the test's hands."""

    def __init__(self, process: subprocess.Popen[str], told: Path) -> None:
        self.process, self._told = process, told

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hears(self) -> dict[str, object]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))

    def grandchild(self) -> tuple[int, int]:
        """Process and port of the child that went into a session of its own."""
        wait_until(self._told.exists, "the child to take its port", 20)
        pid, port = self._told.read_text().split()
        return int(pid), int(port)

    @property
    def left_in_order(self) -> bool:
        return self._told.with_name(self._told.name + ".left").exists()


@pytest.fixture
def supervise(tmp_path: Path, started):
    def start(grace: float = 10.0, command: list[str] | None = None) -> Supervised:
        told, scratch = tmp_path / "told", tmp_path / "scratch"
        scratch.mkdir()
        job = Job(
            command=command or [sys.executable, "-c", SUITE, CHILD, str(told)],
            cwd=str(tmp_path),
            environment=dict(os.environ),
            log=str(tmp_path / "log"),
            grace=grace,
            scratch=[str(scratch)],
        )
        process = started(
            [sys.executable, "-P", "-m", "tools.supervisor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        process.stdin.write(job.line())
        process.stdin.flush()
        return Supervised(process, told)

    return start


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_stop_ends_the_suite_in_order_and_what_it_detached(supervise, tmp_path: Path):
    supervised = supervise()
    suite = int(supervised.hears()["started"])
    child, port = supervised.grandchild()
    assert answers(port)
    supervised.say("stop")
    assert supervised.process.wait(20) == 0
    assert supervised.left_in_order
    assert not alive(suite)
    assert not alive(child)
    assert not answers(port)
    assert not (tmp_path / "scratch").exists()


def test_lost_pipe_ends_everything_as_stop_does(supervise):
    supervised = supervise()
    child, port = supervised.grandchild()
    supervised.process.stdin.close()
    assert supervised.process.wait(20) == 0
    assert supervised.left_in_order
    assert not alive(child)
    assert not answers(port)


def test_kill_does_not_wait_for_an_orderly_end(supervise):
    supervised = supervise()
    child, _ = supervised.grandchild()
    supervised.say("kill")
    assert supervised.process.wait(20) == 0
    assert not supervised.left_in_order
    assert not alive(child)


def test_suite_that_ignores_the_interrupt_is_killed_after_the_grace(supervise):
    supervised = supervise(grace=0.3, command=[sys.executable, "-c", STUBBORN])
    suite = int(supervised.hears()["started"])
    supervised.say("stop")
    assert supervised.process.wait(20) == 0
    assert not alive(suite)


def test_second_word_cuts_the_grace_short(supervise):
    supervised = supervise(grace=600, command=[sys.executable, "-c", STUBBORN])
    suite = int(supervised.hears()["started"])
    supervised.say("stop")
    supervised.say("kill")
    assert supervised.process.wait(20) == 0
    assert not alive(suite)


def test_watched_process_ends_with_the_suite(supervise, started):
    supervised = supervise()
    supervised.grandchild()
    watched = started([sys.executable, "-c", STUBBORN])
    supervised.say(f"watch {watched.pid}")
    supervised.process.stdin.close()
    supervised.process.wait(20)
    wait_until(lambda: watched.poll() is not None, "the watched process to end", 5)


def test_end_of_the_suite_by_itself_is_told_with_its_exit_code(supervise):
    supervised = supervise(command=[sys.executable, "-c", "raise SystemExit(3)"])
    assert "started" in supervised.hears()
    assert supervised.hears() == {"ended": 3}


def test_child_left_by_a_killed_suite_is_ended(supervise):
    supervised = supervise()
    suite = int(supervised.hears()["started"])
    child, port = supervised.grandchild()
    os.kill(suite, signal.SIGKILL)
    assert supervised.hears() == {"ended": -signal.SIGKILL}
    assert alive(child)
    supervised.say("stop")
    assert supervised.process.wait(20) == 0
    assert not alive(child)
    assert not answers(port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed")
def test_killed_supervisor_takes_the_suite_with_it(supervise):
    supervised = supervise()
    suite = int(supervised.hears()["started"])
    child, _ = supervised.grandchild()
    supervised.process.kill()
    wait_until(lambda: not alive(suite), "the suite to end", 10)
    os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize(
    ("word", "carried_out"), [(None, True), ("stop", False)], ids=["kit gone", "kit said stop"]
)
def test_last_will_is_carried_out_only_when_kit_ends_without_a_word(
    supervise, tmp_path: Path, word: str | None, carried_out: bool
):
    supervised = supervise()
    supervised.grandchild()
    supervised.say(f"last-will {json.dumps(['touch', str(tmp_path / 'willed')])}")
    if word:
        supervised.say(word)
    supervised.process.stdin.close()
    assert supervised.process.wait(20) == 0
    assert (tmp_path / "willed").exists() is carried_out
    assert supervised.left_in_order
