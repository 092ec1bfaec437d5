"""./kit exec, for real."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.conftest import processes_with, wait_until

ROOT = Path(__file__).parents[2]
TELL = """
import json, os, pathlib, sys, time
with open(sys.argv[1] + ".new", "w") as told:
    json.dump(dict(os.environ), told)
os.rename(sys.argv[1] + ".new", sys.argv[1])
"""
ASK_FUNCTIONS = """
import urllib.request
backends = urllib.request.urlopen(os.environ["KINDLING_FUNCTIONS_URL"] + "/backends").read()
sys.exit(0 if b"us-central1-api" in backends else 1)
"""
QUICK = ("--only", "firestore,storage")


def ports_of(environment: dict[str, str]) -> set[int]:
    names = ("FIRESTORE_EMULATOR_HOST", "FIREBASE_STORAGE_EMULATOR_HOST", "FIREBASE_EMULATOR_HUB")
    return {int(environment[name].rpartition(":")[2]) for name in names}


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def mark(tmp_path: Path):
    yield f"KIT_TEST_MARK={tmp_path}"
    for pid in processes_with(f"KIT_TEST_MARK={tmp_path}"):
        os.kill(pid, signal.SIGKILL)


def test_command_sees_its_suite_in_its_own_folder_and_its_exit_code_is_passed_on(tmp_path: Path, mark: str):
    before = set(ROOT.iterdir())
    script = TELL + "sys.exit(0 if os.getcwd() == sys.argv[2] else 99)"
    done = subprocess.run(
        [ROOT / "kit", "exec", *QUICK, "--", sys.executable, "-c", script, tmp_path / "told", tmp_path],
        env={**os.environ, "KIT_TEST_MARK": str(tmp_path)},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0
    told = json.loads((tmp_path / "told").read_text())
    assert told["GCLOUD_PROJECT"] == "demo-kindling"
    assert json.loads(told["FIREBASE_CONFIG"])["storageBucket"] == told["KINDLING_BUCKET"]
    assert told["STORAGE_EMULATOR_HOST"] == "http://" + told["FIREBASE_STORAGE_EMULATOR_HOST"]
    assert set(ROOT.iterdir()) == before
    assert not processes_with(mark)
    assert not [port for port in ports_of(told) if answers(port)]


def test_exit_code_and_death_by_signal_are_passed_on_as_a_shell_would(mark: str):
    command = "kill -9 $$"
    done = subprocess.run([ROOT / "kit", "exec", *QUICK, "--", "sh", "-c", command], check=False)
    assert done.returncode == 128 + signal.SIGKILL


def test_missing_command_is_named(mark: str):
    done = subprocess.run(
        [ROOT / "kit", "exec", *QUICK, "--", "no-such-program"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 127
    assert "cannot run no-such-program" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ended_kit_leaves_no_process_and_no_port(tmp_path: Path, mark: str, started, number: signal.Signals):
    script = TELL + "time.sleep(600)"
    kit = started(
        [str(ROOT / "kit"), "exec", *QUICK, "--", sys.executable, "-c", script, str(tmp_path / "told")],
        env={**os.environ, "KIT_TEST_MARK": str(tmp_path)},
        start_new_session=True,
    )
    wait_until((tmp_path / "told").exists, "the command to run", 120)
    told = json.loads((tmp_path / "told").read_text())
    assert all(answers(port) for port in ports_of(told))
    os.kill(kit.pid, number)
    kit.wait(30)
    wait_until(lambda: not processes_with(mark), "every process to end", 20)
    assert not [port for port in ports_of(told) if answers(port)]


def test_suite_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path):
    done = subprocess.run(
        [ROOT / "kit", "exec", "--only", "nonsense", "--", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the emulator suite ended before it was ready" in done.stderr
    assert "No emulators to start" in done.stderr
    assert "The whole log:" in done.stderr


def test_two_at_once_have_suites_of_their_own_and_both_load_their_functions(
    tmp_path: Path, mark: str, started
):
    kits = []
    for name in ("one", "two"):
        script = TELL + "while not pathlib.Path(sys.argv[2]).exists(): time.sleep(0.1)\n" + ASK_FUNCTIONS
        command = [sys.executable, "-c", script, str(tmp_path / name), str(tmp_path / "go")]
        parts = ("--only", "functions,firestore,storage")
        environment = {**os.environ, "KIT_TEST_MARK": str(tmp_path)}
        kits.append(started([str(ROOT / "kit"), "exec", *parts, "--", *command], env=environment))
    wait_until(lambda: (tmp_path / "one").exists() and (tmp_path / "two").exists(), "both suites", 300)
    one, two = (json.loads((tmp_path / name).read_text()) for name in ("one", "two"))
    assert not ports_of(one) & ports_of(two)
    (tmp_path / "go").touch()
    assert [kit.wait(60) for kit in kits] == [0, 0]
