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
from emulator.firestore.values import Timestamp
from emulator.servers.export import DEFAULT_NAME, check_name, databases_of
from emulator.servers.export_files import write_export

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

    def write(self, engine: Engine, clock: Callable[[], Timestamp]) -> None:
        """Write the export and say so. Raises FailedPrecondition."""
        used = engine.databases()
        project = self.project or next((each.project for each in (*used, *engine.seeded)), None)
        mine = [] if project is None else databases_of(engine, project)
        others = sorted({each.project for each in used} - {project})
        if others:
            logger.warning("only project %s is exported, not %s", project, ", ".join(others))
        documents = chain.from_iterable(map(engine.documents, mine))
        write_export(self.directory, self.name, documents, clock)
        print(f"Exported to {self.directory / self.name}", flush=True)
