"""A suite that dies while it starts, with a shell script in the place of the Firebase CLI."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.tools.conftest import processes_with, wait_until
from tools import running as running_module
from tools.project import FIREBASE_JSON
from tools.running import Plan, running
from tools.start import Shown, follow
from tools.suite import DEFAULT_PORTS, Suite
from tools.terminal import Failure

DYING = """
echo 'i  firestore: Firestore Emulator logging to firestore-debug.log'
echo '   Storage Emulator has exited: Error: its rules runtime ended with code 3, '
exec sleep 600
"""


def test_death_of_a_program_at_the_start_is_told_at_once_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KIT_TEST_MARK", str(tmp_path))
    monkeypatch.setattr(running_module, "firebase_cli", lambda: ["sh", "-c", DYING, "firebase"])
    plan = Plan(
        Suite(dict.fromkeys(DEFAULT_PORTS, ("127.0.0.1", 1))),
        FIREBASE_JSON,
        tmp_path / "run",
        java=None,
    )
    with pytest.raises(Failure) as told, running(plan) as suite:
        suite.wait_until_ready()
    assert told.value.sentence == (
        "the Storage Emulator has exited: its rules runtime ended with code 3, before the suite was ready."
    )
    assert str(plan.log) in told.value.remedy
    assert "Firestore Emulator logging" in told.value.detail
    monkeypatch.delenv("KIT_TEST_MARK")
    wait_until(lambda: not processes_with(f"KIT_TEST_MARK={tmp_path}"), "every process to end", 40)


RUNNING = """
echo 'i  emulators: Starting emulators'
setsid sh -c 'trap "" TERM; while :; do sleep 1; done' &
trap '' TERM
while :; do sleep 1; done
"""
"""A suite that does not end when asked, with a program in a group of its own."""


def test_killed_supervisor_is_noticed_and_its_work_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KIT_TEST_MARK", str(tmp_path))
    monkeypatch.setattr(running_module, "firebase_cli", lambda: ["sh", "-c", RUNNING, "firebase"])
    monkeypatch.setattr(running_module, "ORPHANS_GRACE", 0.5)
    scratch, interrupted = tmp_path / "scratch", tmp_path / "run" / "firebase-export-1"
    scratch.mkdir()
    interrupted.mkdir(parents=True)
    plan = Plan(
        Suite(dict.fromkeys(DEFAULT_PORTS, ("127.0.0.1", 1))),
        FIREBASE_JSON,
        tmp_path / "run",
        java=None,
        scratch=(scratch,),
    )
    with running(plan) as suite:
        plan.firestore_log.touch()
        wait_until(lambda: "Starting" in plan.log.read_text(), "the suite")
        assert suite.alive()
        assert not interrupted.exists(), "left by the export of an earlier run"
        os.kill(suite.supervisor.pid, signal.SIGKILL)
        with pytest.raises(Failure) as told:
            follow(suite, Shown(everything=False, official=False))
    assert told.value.sentence == "the supervisor of the emulator suite was killed."
    assert told.value.code != 0
    assert not scratch.exists()
    monkeypatch.delenv("KIT_TEST_MARK")
    assert processes_with(f"KIT_TEST_MARK={tmp_path}") == []
