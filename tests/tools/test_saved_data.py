"""Saving the data of ./kit start, against a hub whose exports the test decides."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tools import saved_data
from tools.project import SEED
from tools.terminal import Failure

Export = Callable[[Path], int]


def whole_export(content: str) -> Export:
    def export(folder: Path) -> int:
        (folder / "auth_export").mkdir(parents=True)
        (folder / "auth_export" / "accounts.json").write_text(content)
        (folder / saved_data.METADATA).write_text(
            json.dumps({"version": "15", "auth": {"path": "auth_export"}})
        )
        return 200

    return export


def half_export(folder: Path) -> int:
    (folder / saved_data.METADATA).write_text(json.dumps({"version": "15", "auth": {"path": "auth_export"}}))
    return 200


def failed_export(_folder: Path) -> int:
    return 500


class Hub:
    """Answers as the emulator hub does."""

    def __init__(self) -> None:
        self.export: Export = whole_export("first")
        self.queues: dict[str, object] = {}
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = hub.export(Path(asked["path"]))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b'{"message": "no space left"}')

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(hub.queues).encode())

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = ("127.0.0.1", self.server.server_port)


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    thread = threading.Thread(target=hub.server.serve_forever)
    thread.start()
    yield hub
    hub.server.shutdown()
    thread.join()
    hub.server.server_close()


def content(data: Path) -> str:
    return (data / "auth_export" / "accounts.json").read_text()


def test_nothing_saved_yet_gives_nothing(tmp_path: Path):
    assert saved_data.latest(tmp_path / "data") is None


def test_saved_data_is_the_latest(hub: Hub, tmp_path: Path):
    data = tmp_path / "data"
    saved_data.save(hub.address, data)
    hub.export = whole_export("second")
    saved_data.save(hub.address, data)
    assert saved_data.latest(data) == data
    assert content(data) == "second"
    assert content(tmp_path / "data.previous") == "first"


@pytest.mark.parametrize("bad", [failed_export, half_export])
def test_failed_save_leaves_the_earlier_data(hub: Hub, tmp_path: Path, bad: Export):
    data = tmp_path / "data"
    saved_data.save(hub.address, data)
    hub.export = bad
    with pytest.raises(Failure, match="the data saved before is unchanged"):
        saved_data.save(hub.address, data)
    assert saved_data.latest(data) == data
    assert content(data) == "first"


def test_save_without_a_hub_leaves_the_earlier_data(hub: Hub, tmp_path: Path):
    data = tmp_path / "data"
    saved_data.save(hub.address, data)
    with pytest.raises(Failure, match="did not export"):
        saved_data.save(("127.0.0.1", 1), data)
    assert content(data) == "first"


@pytest.mark.parametrize(("left", "survives"), [("data.new", "new"), ("data.previous", "old")])
def test_save_interrupted_between_its_two_renames_is_put_right(tmp_path: Path, left: str, survives: str):
    whole_export(survives)(tmp_path / left)
    assert saved_data.latest(tmp_path / "data") == tmp_path / "data"
    assert content(tmp_path / "data") == survives


def test_half_written_new_export_does_not_replace_the_previous_one(tmp_path: Path):
    whole_export("old")(tmp_path / "data.previous")
    (tmp_path / "data.new").mkdir()
    half_export(tmp_path / "data.new")
    saved_data.latest(tmp_path / "data")
    assert content(tmp_path / "data") == "old"


def write_journal(data: Path, *, at: int) -> Path:
    folder = data.with_name(f"{data.name}.journal")
    folder.mkdir(exist_ok=True)
    (folder / saved_data.JOURNAL).write_bytes(b"commits")
    os.utime(folder / saved_data.JOURNAL, (at, at))
    return folder


def test_journal_that_was_written_after_the_save_is_used(tmp_path):
    data = tmp_path / "data"
    whole_export("x")(data)
    os.utime(data / saved_data.METADATA, (1_000, 1_000))
    folder = write_journal(data, at=2_000)
    assert saved_data.journal_of(data, wanted=True) == (folder, True)
    assert (folder / saved_data.JOURNAL).read_bytes() == b"commits"


@pytest.mark.parametrize(
    ("at", "wanted"), [pytest.param(500, True, id="saved since"), pytest.param(2_000, False, id="not wanted")]
)
def test_journal_that_is_not_to_be_used_begins_anew(tmp_path, at, wanted):
    data = tmp_path / "data"
    whole_export("x")(data)
    os.utime(data / saved_data.METADATA, (1_000, 1_000))
    folder = write_journal(data, at=at)
    assert saved_data.journal_of(data, wanted=wanted) == (folder, False)
    assert not folder.exists()


def test_journal_goes_on_with_the_data_that_was_saved_beside_it_and_with_no_other(hub: Hub, tmp_path: Path):
    data = tmp_path / "data"
    folder = write_journal(data, at=1_000)
    saved_data.save(hub.address, data)
    assert saved_data.journal_of(data, wanted=True) == (folder, False)
    assert (folder / saved_data.JOURNAL).read_bytes() == b"commits", "saved, and still the better copy"
    os.utime(data / saved_data.METADATA, (3_000, 3_000))  # as where somebody puts another export there
    assert saved_data.journal_of(data, wanted=True) == (folder, False)
    assert not folder.exists()


def test_commit_during_a_save_makes_the_journal_ahead(hub: Hub, tmp_path: Path):
    """Whether the export has it nobody can tell."""
    data = tmp_path / "data"
    folder = write_journal(data, at=1_000)
    export = whole_export("first")

    def committing(target: Path) -> int:
        (folder / saved_data.JOURNAL).write_bytes(b"commits and one more")
        return export(target)

    hub.export = committing
    saved_data.save(hub.address, data)
    assert saved_data.journal_of(data, wanted=True) == (folder, True)


def test_save_tries_again_where_something_was_written_meanwhile(hub: Hub, tmp_path: Path):
    data = tmp_path / "data"
    folder = write_journal(data, at=1_000)
    asked: list[Path] = []

    def committing_once(target: Path) -> int:
        if not asked:
            (folder / saved_data.JOURNAL).write_bytes(b"commits and one more")
            future = data.parent.stat().st_mtime + 1
            os.utime(folder / saved_data.JOURNAL, (future, future))
        else:
            os.utime(folder / saved_data.JOURNAL, (1_000, 1_000))
        asked.append(target)
        return whole_export("first")(target)

    hub.export = committing_once
    saved_data.save(hub.address, data)
    assert len(asked) == 2
    assert saved_data.journal_of(data, wanted=True) == (folder, False)


def test_journal_of_data_that_somebody_removed_is_not_used(hub: Hub, tmp_path: Path):
    data = tmp_path / "data"
    folder = write_journal(data, at=1_000)
    saved_data.save(hub.address, data)
    shutil.rmtree(data)
    assert saved_data.journal_of(data, wanted=True) == (folder, False)


def test_databases_that_the_running_emulator_does_not_know_go_along(hub: Hub, tmp_path: Path):
    """Google's knows of (default) alone."""
    data = tmp_path / "data"
    saved_data.save(hub.address, data)
    others = data / "firestore_export" / "databases"
    others.mkdir(parents=True)
    (others / "second").write_text("documents")
    (others.parent / "databases.json").write_text("[{}]")
    saved_data.save(hub.address, data, data)
    assert (others / "second").read_text() == "documents"
    saved_data.save(hub.address, data)
    assert not others.exists()


@pytest.mark.parametrize("left", ["data.new", "data.new.export-x1"])
def test_what_an_interrupted_save_left_is_removed_by_the_next_look(hub: Hub, tmp_path: Path, left: str):
    data = tmp_path / "data"
    saved_data.save(hub.address, data)
    (tmp_path / left / "begun").mkdir(parents=True)
    assert saved_data.latest(data) == data
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_save_that_cannot_write_says_where_and_leaves_the_earlier_data(hub: Hub, tmp_path: Path):
    data = tmp_path / "data"
    saved_data.save(hub.address, data)
    (tmp_path / "data.previous").write_text("a file in the way")
    with pytest.raises(
        Failure, match=r"could not be saved \(.*: .*data.*\); the data saved before is unchanged"
    ):
        saved_data.save(hub.address, data)
    assert content(data) == "first"
    assert not (tmp_path / "data.new").exists()


def test_tasks_that_wait_are_counted(hub: Hub):
    hub.queues = {"queue:a": {"numberOfTasks": 0}, "queue:b": {"numberOfTasks": 0}}
    assert saved_data.waiting_tasks(hub.address) == ""
    hub.queues["queue:b"] = {"numberOfTasks": 2}
    assert saved_data.waiting_tasks(hub.address) == "2 tasks"
    assert saved_data.waiting_tasks(("127.0.0.1", 1)) == ""


def test_contents_of_an_export_are_counted():
    assert saved_data.contents(SEED) == "1 database, 3 accounts, 13 files"


def test_journal_of_a_first_run_that_never_saved_is_used(tmp_path):
    folder = write_journal(tmp_path / "data", at=2_000)
    assert saved_data.journal_of(tmp_path / "data", wanted=True) == (folder, True)
