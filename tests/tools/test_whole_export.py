"""An export of a suite holds everything that the suite holds, with real emulators."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools import holdings
from tests.tools.conftest import processes_with, wait_until
from tools import java, ports, saved_data
from tools.configuration import configuration
from tools.private import private_suite
from tools.project import FIREBASE_JSON, PROJECT_ID, SEED, firebase_cli
from tools.suite import DEFAULT_PORTS, Suite, with_ports
from tools.terminal import Failure

ONLY = "auth,firestore,storage"


class Cli:
    """The Firebase CLI as `./kit env` makes it run, without kit beside it."""

    def __init__(self, folder: Path, addresses: dict[str, int]) -> None:
        self._folder = folder
        self.suite = Suite({name: ("127.0.0.1", port) for name, port in addresses.items()})
        config = with_ports(configuration(), addresses)
        for part in ("firestore", "storage"):
            rules = Path(config[part]["rules"])
            (folder / rules.name).write_bytes((FIREBASE_JSON.parent / rules).read_bytes())
        config = {name: config[name] for name in ("storage", "emulators")} | {
            "firestore": {"rules": config["firestore"]["rules"]}
        }
        (folder / "firebase.json").write_text(json.dumps(config))

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        java.plant()
        own = {**os.environ, **java.environment(os.environ["PATH"]), "TMPDIR": str(self._folder)}
        for name in ("KINDLING_DATA_DIR", "KINDLING_OBJECTS", *self.suite.environment()):
            own.pop(name, None)
        own["KIT_TEST_MARK"] = str(self._folder)
        command = [*firebase_cli(), "emulators:start", "--project", PROJECT_ID, "--only", ONLY, *arguments]
        with (self._folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=self._folder, env=own, stdout=log, stderr=log)
        wait_until(lambda: "All emulators ready" in self.log or process.poll() is not None, "the CLI")
        assert process.poll() is None, self.log
        return process

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    with ports.private_block(list(DEFAULT_PORTS)) as block:
        yield Cli(tmp_path, block)
        for pid in processes_with(f"KIT_TEST_MARK={tmp_path}"):
            os.kill(pid, signal.SIGKILL)


def test_everything_comes_back_from_the_exports_of_the_cli_and_of_kit(cli: Cli, tmp_path: Path):
    process = cli.start("--export-on-exit", tmp_path / "on-exit")
    (tmp_path / "asked.export-x").mkdir()  # as an export leaves it that was killed
    holdings.fill(cli.suite)
    before = holdings.held(cli.suite)
    saved_data.export(cli.suite.addresses["hub"], tmp_path / "asked")
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert "Export complete" in cli.log
    exports = ("asked", "on-exit")
    assert [saved_data.complete(tmp_path / name) for name in exports] == [True, True]
    left = {path.name for path in tmp_path.iterdir() if path.is_dir()} - {"firebase"}
    assert left == set(exports), "nothing half written, no objects"

    again = cli.start("--import", tmp_path / "on-exit")
    assert holdings.held(cli.suite) == before
    assert "Multiple projectIds" not in cli.log.partition("All emulators ready")[0]
    again.send_signal(signal.SIGINT)
    again.wait(60)
    with private_suite(data=tmp_path / "asked", only=ONLY) as started:
        assert holdings.held(started.plan.suite) == before


def test_export_that_fails_leaves_the_one_before_and_nothing_else(cli: Cli, tmp_path: Path):
    """An object that cannot be copied ends it as late as a full disk does, with files written before."""
    process = cli.start("--import", SEED)
    hub = cli.suite.addresses["hub"]
    saved_data.export(hub, tmp_path / "data")
    before = (tmp_path / "data" / saved_data.METADATA).read_bytes()
    objects = next(path for path in tmp_path.iterdir() if path.name.startswith("kindling-objects-"))
    next(objects.iterdir()).unlink()
    with pytest.raises(Failure, match=r"could not export \(.*ENOENT.*; the data saved before is unchanged"):
        saved_data.save(hub, tmp_path / "data")
    assert (tmp_path / "data" / saved_data.METADATA).read_bytes() == before
    assert saved_data.complete(tmp_path / "data")
    assert [path.name for path in tmp_path.glob("data*")] == ["data"]
    assert list(tmp_path.glob("firebase-export-*")) == []
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert not objects.exists()


def test_suite_that_stops_leaves_the_objects_of_another(cli: Cli, tmp_path: Path):
    process = cli.start("--import", SEED)
    with private_suite(only="storage", seed=False):
        pass
    saved_data.export(cli.suite.addresses["hub"], tmp_path / "data")
    blobs = list((tmp_path / "data" / "storage_export" / "blobs").iterdir())
    assert len(blobs) == len(list((SEED / "storage_export" / "blobs").iterdir()))
    process.send_signal(signal.SIGINT)
    process.wait(60)
