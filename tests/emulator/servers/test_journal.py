"""--data-dir: whatever ends the emulator, no commit that was answered is lost."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import SERVER_TIMESTAMP, Client

from emulator.firestore.callers import ADMIN
from emulator.firestore.documents import Write, WriteKind
from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.servers import journal
from emulator.servers.server import now
from emulator.wire.journal_format import decode_record
from emulator.wire.leveldb import BLOCK_SIZE, read_records
from tests.emulator.process import Emulator, running_emulator

DATABASE = "/v1/projects/demo-journal/databases/(default)"
JOURNAL = "firestore.journal"
ENOUGH = 40
"""Commits that were answered before the emulator is killed."""


@contextmanager
def kept(folder: Path, *flags: str) -> Iterator[Emulator]:
    with running_emulator("--data-dir", str(folder), *flags) as emulator:
        yield emulator


def client_of(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
    return Client(project="demo-journal", credentials=AnonymousCredentials())


def kill(emulator: Emulator) -> None:
    emulator.process.send_signal(signal.SIGKILL)
    emulator.process.wait()


def put(emulator: Emulator, name: str, number: int) -> int:
    """The status of one write over REST."""
    body = json.dumps({"fields": {"n": {"integerValue": str(number)}}})
    headers = {"Authorization": "Bearer owner"}
    return emulator.http("PATCH", f"{DATABASE}/documents/c/{name}", body, headers).status


def names(emulator: Emulator) -> set[str]:
    answer = emulator.http(
        "GET", f"{DATABASE}/documents/c?pageSize=300", headers={"Authorization": "Bearer owner"}
    )
    return {document["name"].rpartition("/")[2] for document in json.loads(answer.body).get("documents", [])}


def test_killed_in_the_middle_of_writing_every_answered_commit_is_there_as_it_was(tmp_path, monkeypatch):
    answered: dict[str, Any] = {}
    enough = threading.Event()
    with kept(tmp_path) as emulator:
        client = client_of(emulator, monkeypatch)

        def write() -> None:
            for number in range(100_000):
                reference = client.document(f"c/{number}")
                try:
                    reference.set({"n": number, "at": SERVER_TIMESTAMP}, timeout=2, retry=None)
                    answered[reference.id] = reference.get(timeout=2, retry=None)
                except GoogleAPICallError:
                    return
                if len(answered) == ENOUGH:
                    enough.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert enough.wait(30)
        kill(emulator)
        writer.join()
    with kept(tmp_path) as emulator:
        client = client_of(emulator, monkeypatch)
        for name, before in answered.items():
            after = client.document(f"c/{name}").get()
            assert after.to_dict() == before.to_dict()
            assert (after.create_time, after.update_time) == (before.create_time, before.update_time)


def test_deletes_and_a_cleared_database_stay_gone_and_the_seed_does_not_come_back(tmp_path):
    export = tmp_path / "export"
    export.mkdir()
    with running_emulator() as emulator:
        assert put(emulator, "seeded", 1) == 200
        body = json.dumps({"export_directory": str(export), "export_name": "seed"})
        assert emulator.http("POST", "/emulator/v1/projects/demo-journal:export", body).status == 200
    seed = ("--seed_from_export", str(export / "seed" / "seed.overall_export_metadata"))
    folder = tmp_path / "data"
    with kept(folder, *seed) as emulator:
        assert names(emulator) == {"seeded"}
        assert put(emulator, "other", 2) == 200
        headers = {"Authorization": "Bearer owner"}
        assert emulator.http("DELETE", f"{DATABASE}/documents/c/seeded", headers=headers).status == 200
        kill(emulator)
    with kept(folder, *seed) as emulator:
        assert names(emulator) == {"other"}
        assert emulator.http("DELETE", f"/emulator{DATABASE}/documents").status == 200
        kill(emulator)
    with kept(folder, *seed) as emulator:
        assert names(emulator) == set()


@pytest.fixture(scope="module")
def three_commits(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal that ends with the commits of a, b and c."""
    folder = tmp_path_factory.mktemp("journal")
    with kept(folder) as emulator:
        assert [put(emulator, name, 1) for name in ("a", "b", "c")] == [200, 200, 200]
        kill(emulator)
    return (folder / JOURNAL).read_bytes()


@pytest.mark.parametrize(
    ("damage", "left"),
    [
        pytest.param(lambda log: log[:-3], {"a", "b"}, id="torn"),
        pytest.param(lambda log: log + b"\x01\x02\x03", {"a", "b", "c"}, id="torn in the next header"),
        pytest.param(lambda log: log[:-5] + bytes([log[-5] ^ 0xFF]) + log[-4:], {"a", "b"}, id="flipped bit"),
    ],
)
def test_damaged_tail_is_reported_and_everything_before_it_is_kept(tmp_path, three_commits, damage, left):
    (tmp_path / JOURNAL).write_bytes(damage(three_commits))
    with kept(tmp_path) as emulator:
        assert names(emulator) == left
        assert "is damaged after" in emulator.log
        assert (tmp_path / "firestore.damaged").read_bytes() == damage(three_commits)
        assert put(emulator, "later", 1) == 200
        kill(emulator)
    records = list(read_records((tmp_path / JOURNAL).read_bytes()))
    assert [path.id for path, _ in decode_record(records[-1]).left] == ["later"]


def test_preallocated_tail_is_no_damage(tmp_path, three_commits):
    (tmp_path / JOURNAL).write_bytes(three_commits + bytes(BLOCK_SIZE))
    with kept(tmp_path) as emulator:
        assert names(emulator) == {"a", "b", "c"}
        assert "damaged" not in emulator.log


def test_commit_that_cannot_be_recorded_does_not_happen_and_later_ones_do(tmp_path):
    with kept(tmp_path) as emulator:
        assert put(emulator, "before", 1) == 200
        size = (tmp_path / JOURNAL).stat().st_size
        unlimited = resource.prlimit(emulator.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(emulator.process.pid, resource.RLIMIT_FSIZE, (size + 10, unlimited[1]))
        assert put(emulator, "refused", 1) == 503
        assert names(emulator) == {"before"}
        resource.prlimit(emulator.process.pid, resource.RLIMIT_FSIZE, unlimited)
        assert put(emulator, "after", 1) == 200
        kill(emulator)
    with kept(tmp_path) as emulator:
        assert names(emulator) == {"before", "after"}
        assert "damaged" not in emulator.log


def test_journal_begins_with_the_present_and_not_with_its_history(tmp_path):
    with kept(tmp_path) as emulator:
        for number in range(50):
            assert put(emulator, "same", number) == 200
    long = (tmp_path / JOURNAL).stat().st_size
    with kept(tmp_path) as emulator:
        assert names(emulator) == {"same"}
        assert (tmp_path / JOURNAL).stat().st_size < long / 10


async def test_journal_that_cannot_be_shortened_goes_on_as_it_is(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(journal, "COMPACTED_FROM", 1_000)
    engine, opened = Engine(clock=now, random=random.Random(1)), journal.Journal(tmp_path)
    opened.attach(engine)
    in_the_way = tmp_path / "firestore.new"
    in_the_way.mkdir()
    here = DatabaseId("demo-journal")
    for number in range(50):
        await engine.commit(
            here, [Write(WriteKind.UPDATE, DocumentPath(here, ("c", "x")), {"n": number})], ADMIN
        )
    opened.close()
    assert 0 < caplog.text.count("cannot be written anew") < 5, "not tried at every commit"

    in_the_way.rmdir()
    again, reopened = Engine(clock=now, random=random.Random(1)), journal.Journal(tmp_path)
    reopened.attach(again)
    reopened.close()
    assert [document.fields for document in again.documents(here)] == [{"n": 49}]


async def commit(engine: Engine, number: int, name: str = "x") -> None:
    here = DatabaseId("demo-journal")
    write = Write(WriteKind.UPDATE, DocumentPath(here, ("c", name)), {"n": number})
    await engine.commit(here, [write], ADMIN)


def reopened(folder: Path) -> tuple[Engine, journal.Journal]:
    engine, opened = Engine(clock=now, random=random.Random(1)), journal.Journal(folder)
    opened.attach(engine)
    return engine, opened


def numbers(engine: Engine) -> list[Any]:
    return [document.fields["n"] for document in engine.documents(DatabaseId("demo-journal"))]


async def test_journal_without_much_history_is_written_on_and_not_anew(tmp_path):
    left = b""
    for start in (0, 100, 200):
        engine, opened = reopened(tmp_path)
        assert (tmp_path / JOURNAL).read_bytes() == left
        assert len(numbers(engine)) == start
        for number in range(start, start + 100):
            await commit(engine, number, f"{number:04}")
            await commit(engine, number, f"{number:04}")  # nothing new
            await commit(engine, number + 1, f"{number:04}")
        opened.close()
        left = (tmp_path / JOURNAL).read_bytes()
    engine, opened = reopened(tmp_path)
    opened.close()
    assert numbers(engine) == list(range(1, 301))


async def test_journal_that_cannot_be_written_anew_at_the_start_is_written_on(tmp_path, monkeypatch, caplog):
    """As on a full disk, where what was kept must not be out of reach."""
    engine, opened = reopened(tmp_path)
    for number in range(50):
        await commit(engine, number)
    opened.close()
    monkeypatch.setattr(os, "fsync", full)

    engine, opened = reopened(tmp_path)
    assert "cannot be written anew" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == [JOURNAL, "lock"]
    await commit(engine, 50)
    opened.close()

    monkeypatch.undo()
    engine, opened = reopened(tmp_path)
    opened.close()
    assert numbers(engine) == [50]


def full(file: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_journal_that_runs_out_of_files_loses_nothing(tmp_path, monkeypatch):
    """It is shortened while the last file the process may have is opened by somebody else."""
    monkeypatch.setattr(journal, "COMPACTED_FROM", 1_000)
    engine, opened = reopened(tmp_path)
    open_file = os.open
    asked = []

    def run_out(path, *given):
        asked.append(path)
        raise OSError(errno.EMFILE, "Too many open files")

    for number in range(60):
        monkeypatch.setattr(os, "open", run_out if number < 30 else open_file)
        await commit(engine, number)
    opened.close()
    assert asked, "the journal was to be shortened"

    again, opened = reopened(tmp_path)
    opened.close()
    assert numbers(again) == [59]


def test_folder_serves_one_emulator_at_a_time(tmp_path):
    with kept(tmp_path) as emulator:
        command = [sys.executable, "-m", "emulator", "--port", "0", "--data-dir", str(tmp_path)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 1
        assert f"another emulator uses the data directory {tmp_path}" in second.stderr
        assert put(emulator, "a", 1) == 200


def test_folder_that_cannot_be_made_is_said_at_the_start(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    command = [sys.executable, "-m", "emulator", "--port", "0", "--data-dir", str(tmp_path / "file" / "in")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "Not a directory" in ended.stderr
