"""`--export-on-exit`: what the emulator holds is exported when it is told to stop.

One project is exported, all its databases together: the one of `--project_id`, else the first that was used,
else the one that the seed came from. An export has no place for more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId
from emulator.firestore.values import Timestamp
from emulator.servers.export import DEFAULT_NAME, check_name
from emulator.servers.export_files import write_export
from emulator.servers.seed import Seed

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExitExport:
    """Where to; made at the start, so that a place that cannot be is told before any work is lost."""

    directory: Path
    name: str
    project: str | None

    @classmethod
    def prepare(cls, directory: Path, name: str | None, project: str | None) -> ExitExport:
        """Make the directory. Raises OSError and InvalidArgument."""
        name = name or DEFAULT_NAME
        check_name(name)
        directory.mkdir(parents=True, exist_ok=True)
        return cls(directory, name, project)

    def write(self, engine: Engine, seed: Seed | None, clock: Callable[[], Timestamp]) -> None:
        """Write the export and say so. Raises FailedPrecondition."""
        seeded = seed.databases if seed is not None else ()
        used = engine.databases()
        project = self.project or next((each.project for each in (*used, *seeded)), None)
        # What the seed has for a database nobody used is exported again, not lost.
        mine = [each for each in used if each.project == project]
        if project is not None:
            mine += [DatabaseId(project, each.database) for each in seeded]
        others = sorted({each.project for each in used} - {project})
        if others:
            logger.warning("only project %s is exported, not %s", project, ", ".join(others))
        documents = chain.from_iterable(engine.documents(each) for each in dict.fromkeys(mine))
        write_export(self.directory, self.name, documents, clock)
        print(f"Exported to {self.directory / self.name}", flush=True)
