"""Ctrl-C and TERM at many moments of a start: one sentence at most, no traceback, nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.conftest import processes_with, wait_until
from tools import install

ROOT = Path(__file__).parents[2]
FIRST_PORT = 22_300
MOMENTS = [*range(0, 100, 7), *range(100, 500, 45), 700, 1000, 1500]
"""Milliseconds: many where Python itself starts, twice; then what kit does until the suite starts."""

BEGUN = 100
"""Milliseconds after which kit's own code runs for certain."""


def kit(*arguments: str | Path, mark: Path, errors: Path, **more: str | Path) -> subprocess.Popen[bytes]:
    """In a process group of its own, as a shell starts it; Python itself, where `python3` may be a script."""
    real = Path(sys.base_prefix) / "bin"
    own = {"PATH": f"{real}:{os.environ['PATH']}", "KIT_TEST_MARK": str(mark)}
    environment: dict[str, str | Path] = {**os.environ, **own, **more}
    with errors.open("wb") as out:
        return subprocess.Popen(
            [ROOT / "kit", *arguments], env=environment, stdout=out, stderr=out, start_new_session=True
        )


def files(mark: Path) -> set[Path]:
    """What kit and what it starts make outside of the data, and must not leave."""
    made = [*ROOT.glob(f".firebase-{FIRST_PORT}*"), *(ROOT / ".kit").glob("page-*/")]
    return {*made, *(ROOT / "functions").glob(".secret.local.*"), *mark.glob("data.*")}


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[Path]:
    """In the environment of what a test starts. Nothing may be left to install: an interrupt would leave the
    tree without what the tests themselves run on (test_bootstrap.py interrupts installs).
    """
    assert all(each.current() for each in (install.TOOLS, install.FUNCTIONS, install.PACKAGES))
    yield tmp_path
    for pid in processes_with(f"KIT_TEST_MARK={tmp_path}"):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "TERM"])
def test_whenever_it_comes_in_the_beginning(mark: Path, number: signal.Signals):
    for moment in MOMENTS:
        errors = mark / f"errors-{moment}"
        arguments = ("start", "--ports", str(FIRST_PORT), "--data", mark / "data")
        process = kit(*arguments, mark=mark, errors=errors)
        time.sleep(moment / 1000)  # the moment is what is tested
        os.killpg(process.pid, number)
        try:
            code = process.wait(20)
        except subprocess.TimeoutExpired:  # a Python that only begins may lose one; a person presses again
            assert moment < BEGUN, errors.read_text()
            os.killpg(process.pid, number)
            code = process.wait(60)
        said = errors.read_text()
        # A Python that is interrupted before it can run anything gives 1, and the shell before it the signal.
        assert code in (128 + number, -number) or (code, said) == (1, ""), (moment, said)
        assert "Traceback" not in said, moment
        assert "Error" not in said, moment
        assert len([line for line in said.splitlines() if line.startswith(("Stop", "kit:"))]) <= 1, said
    wait_until(lambda: not processes_with(f"KIT_TEST_MARK={mark}"), "every process to end", 40)
    assert files(mark) == set()


def test_private_suite_that_is_stopped_before_it_starts_leaves_no_folder(mark: Path):
    temporary = mark / "tmp"
    temporary.mkdir()
    for moment in (150, 250, 350, 500, 800):
        errors = mark / f"errors-{moment}"
        process = kit("exec", "--only", "firestore", "--", "true", mark=mark, errors=errors, TMPDIR=temporary)
        time.sleep(moment / 1000)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) in (130, -signal.SIGINT, 0)
        assert "Traceback" not in errors.read_text(), moment
    wait_until(lambda: not processes_with(f"KIT_TEST_MARK={mark}"), "every process to end", 40)
    left = [path.name for path in temporary.iterdir() if not path.name.startswith("kindling-locks-")]
    assert left == []
