"""A private, hermetic copy of the suite on free ports: for `exec`, `test` and `seed`."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import configuration, credentials, java, local_secrets, page, snapshot
from tools.ports import private_block
from tools.project import JAVA, RUNS, SEED
from tools.running import Plan, RunningSuite, running
from tools.suite import DEFAULT_PORTS, Suite, with_ports

KEPT_RUNS = 5
"""How many folders of earlier runs, with their logs, stay in .kit/runs."""


@contextmanager
def private_suite(
    *,
    seed: bool = True,
    data: Path = SEED,
    only: str | None = None,
    java_folder: Path = JAVA,
    require_indexes: bool = False,
) -> Iterator[RunningSuite]:
    """A suite of its own, ready when the context begins, gone but for its logs when it ends.

    It begins with a copy of the export in `data`, or empty without `seed`. `require_indexes` refuses queries
    that production would refuse for want of an index.
    """
    config = configuration.configuration()
    configuration.check(config, only, require_indexes=require_indexes)
    java.plant()
    local_secrets.ensure_all(config)
    credentials.ensure()
    if "hosting" in configuration.started_parts(config, only):
        page.ensure_built(config)
    with _scratch() as (folder, temporary), private_block(list(DEFAULT_PORTS)) as ports:
        copy = snapshot.take(config, with_ports(config, ports), folder / "project")
        plan = Plan(
            Suite({name: ("127.0.0.1", port) for name, port in ports.items()}),
            copy,
            folder,
            imported=_copy_of(data, folder) if seed else None,
            only=configuration.only_without(config, only, private=True),
            java=java_folder,
            require_indexes=require_indexes,
            temporary=temporary,
            scratch=_passing(folder, temporary),
        )
        with running(plan) as started:
            started.seconds_to_ready = started.wait_until_ready()
            yield started


@contextmanager
def _scratch() -> Iterator[tuple[Path, Path]]:
    """The folder of a run and one for what is temporary. Of the first only the logs stay, also when kit is
    stopped before a supervisor sees to it.
    """
    folder = _new_run_folder()
    temporary = Path(tempfile.mkdtemp(prefix="kindling-"))
    try:
        yield folder, temporary
    finally:
        for passing in _passing(folder, temporary):
            shutil.rmtree(passing, ignore_errors=True)
        if not any(folder.iterdir()):
            folder.rmdir()


def _passing(folder: Path, temporary: Path) -> tuple[Path, ...]:
    return temporary, folder / "project", folder / "seed"


def _copy_of(data: Path, folder: Path) -> Path | None:
    """The export as it is now; nothing when there is none."""
    if not (data / "firebase-export-metadata.json").exists():
        return None
    return Path(shutil.copytree(data, folder / "seed"))


def _new_run_folder() -> Path:
    """A fresh folder in .kit/runs; the oldest ones go."""
    RUNS.mkdir(parents=True, exist_ok=True)
    earlier = sorted(RUNS.iterdir(), key=lambda run: run.stat().st_mtime)
    for run in earlier[: -KEPT_RUNS + 1]:
        if not _in_use(run):
            shutil.rmtree(run, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=RUNS))


def _in_use(run: Path) -> bool:
    owner = run.name.partition("-")[0]
    try:
        os.kill(int(owner), 0)
    except (ValueError, OSError):
        return False
    return True
