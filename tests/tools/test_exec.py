"""./kit exec, for real."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.tools.conftest import processes_with, wait_until
from tools.exec import run_against
from tools.suite import DEFAULT_PORTS, Suite

ROOT = Path(__file__).parents[2]
TELL = """
import json, os, pathlib, sys, time
with open(sys.argv[1] + ".new", "w") as told:
    json.dump(dict(os.environ), told)
os.rename(sys.argv[1] + ".new", sys.argv[1])
"""
TELL_WHEN_FUNCTIONS_ARE_LOADED = f"""
import os, urllib.request
backends = urllib.request.urlopen(os.environ["KINDLING_FUNCTIONS_URL"] + "/backends").read()
assert b"us-central1-api" in backends
{TELL}
time.sleep(600)
"""
QUICK = ("--only", "firestore,storage")


def ports_of(environment: dict[str, str]) -> set[int]:
    names = ("FIRESTORE_EMULATOR_HOST", "FIREBASE_STORAGE_EMULATOR_HOST", "FIREBASE_EMULATOR_HUB")
    return {int(environment[name].rpartition(":")[2]) for name in names}


def top_of_the_tree() -> set[Path]:
    """Without the settings of a `./kit start` that another test has running beside this one."""
    return {path for path in ROOT.iterdir() if not path.match(".firebase-*.json")}


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def mark(tmp_path: Path):
    """In the environment of every process that a test starts; with a name behind it, of those of one kit."""
    yield f"KIT_TEST_MARK={tmp_path}"
    for pid in processes_with(f"KIT_TEST_MARK={tmp_path}"):
        os.kill(pid, signal.SIGKILL)


def test_command_sees_its_suite_in_its_own_folder_and_leaves_nothing(tmp_path: Path, mark: str):
    before = top_of_the_tree()
    script = TELL + "sys.exit(7 if os.getcwd() == sys.argv[2] else 99)"
    done = subprocess.run(
        [ROOT / "kit", "exec", *QUICK, "--", sys.executable, "-c", script, tmp_path / "told", tmp_path],
        env={**os.environ, "KIT_TEST_MARK": str(tmp_path)},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 7
    told = json.loads((tmp_path / "told").read_text())
    assert told["GCLOUD_PROJECT"] == "demo-kindling"
    assert json.loads(told["FIREBASE_CONFIG"])["storageBucket"] == told["KINDLING_BUCKET"]
    assert told["STORAGE_EMULATOR_HOST"] == "http://" + told["FIREBASE_STORAGE_EMULATOR_HOST"]
    assert top_of_the_tree() == before
    assert not processes_with(mark)
    assert not [port for port in ports_of(told) if answers(port)]


@pytest.mark.parametrize(
    ("command", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
)
def test_exit_code_and_death_by_signal_are_passed_on_as_a_shell_would(command: str, code: int):
    """The suite is only asked for its addresses, and told whom to watch."""
    watched: list[int] = []
    addresses = {name: ("127.0.0.1", port) for name, port in DEFAULT_PORTS.items()}
    suite = SimpleNamespace(plan=SimpleNamespace(suite=Suite(addresses)), watch=watched.append)
    assert run_against(suite, ["sh", "-c", command]) == code
    assert len(watched) == 1


def test_missing_command_is_named_before_anything_is_started():
    done = subprocess.run(
        [ROOT / "kit", "exec", *QUICK, "--", "no-such-program"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 127
    assert "cannot run no-such-program" in done.stderr


def test_two_at_once_have_suites_of_their_own_and_leave_nothing_however_they_end(
    tmp_path: Path, mark: str, started
):
    """Both load their functions; then one kit is killed, and the other asked to end."""
    kits = {}
    for name in ("killed", "ended"):
        command = [sys.executable, "-c", TELL_WHEN_FUNCTIONS_ARE_LOADED, str(tmp_path / name)]
        kits[name] = started(
            [str(ROOT / "kit"), "exec", "--only", "functions,firestore,storage", "--", *command],
            env={**os.environ, "KIT_TEST_MARK": f"{tmp_path}/{name}"},
            start_new_session=True,
        )
    wait_until(lambda: all((tmp_path / name).exists() for name in kits), "both suites", 300)
    ports = {name: ports_of(json.loads((tmp_path / name).read_text())) for name in kits}
    assert not ports["killed"] & ports["ended"]
    for name, number, code in (
        ("killed", signal.SIGKILL, -signal.SIGKILL),
        ("ended", signal.SIGTERM, 128 + signal.SIGTERM),
    ):
        assert all(answers(port) for port in ports[name])
        os.kill(kits[name].pid, number)
        assert kits[name].wait(60) == code
        wait_until(lambda name=name: not processes_with(f"{mark}/{name}"), "every process to end", 40)
        assert not [port for port in ports[name] if answers(port)]


def test_suite_that_cannot_start_shows_the_end_of_its_log():
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


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """For temporary files: a socket's path has at most a hundred characters."""
    with tempfile.TemporaryDirectory(prefix="kit-") as folder:
        yield Path(folder)


STUBBORN = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path(sys.argv[1] + ".asked").touch(), sys.exit(0)))
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", child])
"""


def supervisor_of(mark: str) -> int:
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in processes_with(mark)}
    return next(pid for pid, command in commands.items() if "tools.supervisor" in command)


def cli_of(mark: str) -> int:
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in processes_with(mark)}
    return next(pid for pid, command in commands.items() if "\0emulators:start\0" in command)


@pytest.mark.parametrize(
    ("victim", "sentence"),
    [
        pytest.param(supervisor_of, "the supervisor of the emulator suite was killed", id="supervisor"),
        pytest.param(cli_of, "the emulator suite ended", id="CLI"),
    ],
)
def test_command_ends_with_the_suite_it_needs_and_nothing_is_left(
    tmp_path: Path, mark: str, short_folder: Path, started, victim, sentence: str
):
    script = STUBBORN + TELL + "time.sleep(600)"
    kit = started(
        [str(ROOT / "kit"), "exec", *QUICK, "--", sys.executable, "-c", script, str(tmp_path / "told")],
        env={**os.environ, "KIT_TEST_MARK": str(tmp_path), "TMPDIR": str(short_folder)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_until((tmp_path / "told").exists, "the command")
    ports = ports_of(json.loads((tmp_path / "told").read_text()))
    os.kill(victim(mark), signal.SIGKILL)
    wait_until((tmp_path / "told.asked").exists, "the command to be asked to end", 20)
    assert kit.wait(60) == 1
    assert f"kit: {sentence} while the command ran, which was ended." in kit.stderr.read()
    wait_until(lambda: not processes_with(mark), "every process to end", 20)
    assert not [port for port in ports if answers(port)]
    assert [path.name for path in short_folder.iterdir() if "locks" not in path.name] == []
