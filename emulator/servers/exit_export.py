"""`--export-on-exit`: what the emulator holds is exported when it is told to stop.

The official part holds `(default)` of one project: of `--project_id`, else of the first that was used, else
of the one that the seed came from. Every other database, of any project, lies beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId
from emulator.firestore.values import Timestamp
from emulator.servers.export import DEFAULT_NAME, check_name
from emulator.servers.export_files import write_export


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
        found = engine.everything()
        project = self.project or next((each.project for each in found), None)
        documents = found.pop(DatabaseId(project), ()) if project is not None else ()
        write_export(self.directory, self.name, documents, clock, found)
        print(f"Exported to {self.directory / self.name}", flush=True)
