"""./kit start, for real, on ports and with data of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from tests.tools.conftest import processes_with, wait_until
from tools import saved_data, seed_export
from tools.running import RunningSuite, Stopped
from tools.start import Shown, follow, save_data
from tools.suite import DEFAULT_PORTS
from tools.suite_log import HEALTH_CHECK, LogLine
from tools.terminal import Failure

ROOT = Path(__file__).parents[2]
FIRST_PORT = 22_100
PORTS = {name: FIRST_PORT + place for place, name in enumerate(DEFAULT_PORTS)}
OWNER = {"Authorization": "Bearer owner"}


class Start:
    """One run of ./kit start."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.mark = f"KIT_TEST_MARK={folder}"
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [ROOT / "kit", "start", "--ports", str(FIRST_PORT), "--data", folder / "data", *arguments],
                env={**os.environ, "KIT_TEST_MARK": str(folder)},
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def wait_until_ready(self) -> None:
        def settled() -> bool:
            return "Kindling is ready" in self.out or self.process.poll() is not None

        wait_until(settled, "the suite", 180)
        assert "Kindling is ready" in self.out, self.err

    def suite_command(self) -> list[str]:
        """The command line of the Firebase CLI that it started."""
        commands = (Path(f"/proc/{pid}/cmdline").read_text() for pid in processes_with(self.mark))
        return next(command.split("\0") for command in commands if "\0emulators:start\0" in command)

    def leaves_nothing(self) -> None:
        wait_until(lambda: not processes_with(self.mark), "every process to end", 40)
        assert [port for port in PORTS.values() if answers(port)] == []
        assert (
            not (ROOT / f".firebase-{FIRST_PORT}.json").exists() or self.process.returncode == -signal.SIGKILL
        )


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def note(database: str) -> str:
    documents = f"projects/demo-kindling/databases/{database}/documents"
    return f"http://127.0.0.1:{PORTS['firestore']}/v1/{documents}/notes/one"


def write_note(text: str, database: str = "(default)") -> None:
    requests.patch(
        note(database),
        json={"fields": {"text": {"stringValue": text}}},
        headers=OWNER,
        timeout=10,
    ).raise_for_status()


def read_note(database: str = "(default)") -> str:
    answer = requests.get(
        note(database),
        headers=OWNER,
        timeout=10,
    )
    return str(answer.json()["fields"]["text"]["stringValue"])


def users() -> set[str]:
    answer = requests.post(
        f"http://127.0.0.1:{PORTS['auth']}/identitytoolkit.googleapis.com/v1/projects/demo-kindling/accounts:query",
        json={},
        headers=OWNER,
        timeout=10,
    )
    return {user["localId"] for user in answer.json().get("userInfo", [])}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for pid in processes_with(f"KIT_TEST_MARK={tmp_path}"):
        os.kill(pid, signal.SIGKILL)
    (ROOT / f".firebase-{FIRST_PORT}.json").unlink(missing_ok=True)


def test_taken_port_is_named_with_its_emulator_and_its_holder(folder: Path):
    with socket.create_server(("127.0.0.1", PORTS["storage"])):
        start = Start(folder)
        assert start.process.wait(60) == 1
    assert f"Port {PORTS['storage']} of Storage is taken by" in start.err
    assert f"(process {os.getpid()})" in start.err
    assert "--ports" in start.err
    assert start.out == ""


def test_start_begins_with_the_seed_saves_on_interrupt_loads_again_and_saves_when_kit_is_killed(folder: Path):
    start = Start(folder)
    start.wait_until_ready()
    assert start.out.splitlines().count("Kindling is ready") == 1
    assert f"Page          http://127.0.0.1:{PORTS['hosting']}" in start.out
    assert {"alice", "bob", "admin"} <= users()
    assert requests.get(f"http://127.0.0.1:{PORTS['hosting']}/api/health", timeout=10).ok
    write_note("kept")
    write_note("kept too", "second")
    start.process.send_signal(signal.SIGINT)
    assert start.process.wait(60) == 130
    start.leaves_nothing()
    assert re.search(r"Data saved to .*/data \(.*\): 2 databases, 3 accounts, 13 files", start.err), start.err
    assert "Not saved" not in start.err

    again = Start(folder)
    again.wait_until_ready()
    assert "as saved last time" in again.err
    assert "--import" in again.suite_command()
    assert (read_note(), read_note("second")) == ("kept", "kept too")
    write_note("kit is killed now")
    again.process.kill()
    again.process.wait()
    again.leaves_nothing()
    exported = folder / "data" / "firestore_export" / "all_namespaces" / "all_kinds" / "output-0"
    assert b"kit is killed now" in exported.read_bytes()


def test_fresh_start_loads_nothing_and_interrupted_leaves_nothing_but_the_data_of_before(folder: Path):
    shutil.copytree(ROOT / "emulator-data", folder / "data")
    start = Start(folder, "--fresh")
    wait_until(lambda: answers(PORTS["hub"]) or start.process.poll() is not None, "the hub", 60)
    assert "--import" not in start.suite_command()
    start.process.send_signal(signal.SIGINT)
    assert start.process.wait(60) == 130
    start.leaves_nothing()
    assert seed_export.same_content(folder / "data", ROOT / "emulator-data")


class Printed(Shown):
    def __init__(self) -> None:
        super().__init__(everything=False, official=False)
        self.lines: list[tuple[str, bool]] = []

    def _print(self, line: LogLine) -> None:
        self.lines.append((line.text, line.serious))


def test_health_check_of_a_callable_is_not_shown_and_the_same_error_of_a_client_is():
    shown = Printed()
    get, refused = (f">  {text}" for text in HEALTH_CHECK)
    for line in (get, get, refused, ">  hello", refused, refused):
        shown.running(line)
    assert shown.lines == [("hello", False), (HEALTH_CHECK[1], False)]


def test_rules_that_were_refused_are_not_said_to_be_updated():
    shown = Printed()
    for line in (
        "⚠  ../../firestore.rules:176:1 - ERROR Unexpected 'nonsense'.",
        "✔  firestore: Rules updated.",
        "✔  firestore: Rules updated.",
    ):
        shown.running(line)
    assert shown.lines == [
        ("../../firestore.rules:176:1 - ERROR Unexpected 'nonsense'.", True),
        ("Rules not updated: those from before the edit decide.", True),
        ("Rules updated.", False),
    ]


@pytest.mark.parametrize(
    ("ending", "code"), [(KeyboardInterrupt(), 130), (Stopped(signal.SIGTERM), 143)], ids=["Ctrl-C", "TERM"]
)
def test_signal_to_a_running_suite_ends_it_with_the_code_of_the_signal(tmp_path: Path, ending, code: int):
    def alive() -> bool:
        raise ending

    (tmp_path / "log").touch()
    plan = SimpleNamespace(log=tmp_path / "log", firestore_log=tmp_path / "log")
    assert follow(SimpleNamespace(plan=plan, alive=alive), SimpleNamespace()) == code


@pytest.fixture
def asked_to_end():
    """A running suite, and what it is told."""
    told: list[str] = []
    suite = SimpleNamespace(addresses={"hub": ("127.0.0.1", 1), "tasks": ("127.0.0.1", 1)})
    plan = SimpleNamespace(suite=suite, java="java", journal="journal")
    return SimpleNamespace(plan=plan, stop=told.append, told=told)


@pytest.mark.parametrize("second", [KeyboardInterrupt(), Stopped(signal.SIGTERM)], ids=["Ctrl-C", "TERM"])
def test_second_signal_gives_the_save_up(tmp_path: Path, monkeypatch, capsys, asked_to_end, second):
    def interrupted(*_arguments: object) -> None:
        raise second

    monkeypatch.setattr(saved_data, "save", interrupted)
    assert save_data(asked_to_end, tmp_path / "data")
    assert asked_to_end.told == ["kill"]
    assert "Stopping at once; the data saved before is unchanged." in capsys.readouterr().err


def test_save_that_fails_says_what_to_do_and_what_is_kept(tmp_path: Path, capsys, asked_to_end):
    """Nobody answers at the hub's address."""
    assert not save_data(asked_to_end, tmp_path / "data")
    said = capsys.readouterr().err
    assert "the emulator hub did not export" in said
    assert f"Make room or give kit the right to write in {tmp_path}." in said
    assert "Firestore goes on from its journal; the rest is as it was saved last." in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("journal", "java", "kept"),
    [
        pytest.param("journal", "java", "Firestore goes on from its journal", id="ours"),
        pytest.param("journal", None, "The data is as it was saved last", id="official"),
    ],
)
def test_death_of_a_program_ends_a_running_suite_and_says_how_to_go_on(
    tmp_path: Path, journal, java, kept: str
):
    log = tmp_path / "log"
    log.touch()
    told: list[str] = []

    class Dying(RunningSuite):
        def alive(self) -> bool:
            log.write_text("   Firestore Emulator has exited: Error: ended by SIGKILL, \n")
            return True

        def stop(self, word: str = "stop") -> None:
            told.append(word)

    plan = SimpleNamespace(log=log, firestore_log=log, journal=journal, java=java)
    with pytest.raises(Failure) as failure:
        follow(Dying(plan, SimpleNamespace()), SimpleNamespace())
    assert failure.value.sentence == "the Firestore Emulator has exited: ended by SIGKILL."
    assert "./kit start" in failure.value.remedy
    assert kept in failure.value.remedy
    assert failure.value.code != 0
    assert told == ["kill"]


def test_official_without_java_21_says_what_to_do(folder: Path):
    fake = folder / "bin"
    fake.mkdir()
    (fake / "java").write_text("#!/bin/sh\necho 'openjdk version \"17.0.2\"' >&2\n")
    (fake / "java").chmod(0o755)
    done = subprocess.run(
        [ROOT / "kit", "start", "--official", "--ports", str(FIRST_PORT)],
        env={**os.environ, "PATH": f"{fake}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "--official needs Java 21 or newer, and the one on PATH is version 17" in done.stderr
