"""The data of `./kit start`, kept between runs in .kit/data in the official export format.

A save never harms the data saved before: the suite exports into a new folder, and only a complete one takes
the place of the old, which stays as .kit/data.previous.
"""

import http.client
import json
import shutil
import sys
from pathlib import Path
from typing import Final

from tools.project import SAVED_DATA
from tools.terminal import Failure

METADATA: Final = "firebase-export-metadata.json"
"""Written last by the CLI, so an export that has it is complete."""

JOURNAL: Final = "firestore.journal"

EXPORT_LIMIT: Final = 60.0


def latest(data: Path = SAVED_DATA) -> Path | None:
    """The newest complete data, putting right what an interrupted save left; nothing when none was ever
    saved.
    """
    if not complete(data):
        for candidate in (_fresh(data), _previous(data)):
            if complete(candidate):
                shutil.rmtree(data, ignore_errors=True)
                candidate.rename(data)
                break
    return data if complete(data) else None


def journal_of(data: Path, *, wanted: bool) -> tuple[Path, bool]:
    """The folder where the Firestore emulator keeps every commit, and whether it is ahead of the saved data.

    It is when kit could not save at the end. Otherwise, or when that is not `wanted`, it begins anew.
    """
    folder = data.with_name(f"{data.name}.journal")
    journal, metadata = folder / JOURNAL, data / METADATA
    saved = metadata.stat().st_mtime if metadata.exists() else 0.0
    ahead = wanted and journal.exists() and journal.stat().st_size > 0 and journal.stat().st_mtime > saved
    if not ahead:
        shutil.rmtree(folder, ignore_errors=True)
    return folder, ahead


def complete(folder: Path) -> bool:
    """Whether `folder` holds a whole export: its metadata, and all that the metadata names."""
    try:
        metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
        return all((folder / part["path"]).exists() for part in metadata.values() if isinstance(part, dict))
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def save(hub: tuple[str, int], data: Path = SAVED_DATA) -> None:
    """Export the running suite to `data`; raises Failure when that fails, the earlier data then being as it
    was.
    """
    fresh, previous = _fresh(data), _previous(data)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    export(hub, fresh)
    if not complete(fresh):
        raise Failure("the emulator suite exported incomplete data; the data saved before is unchanged.")
    shutil.rmtree(previous, ignore_errors=True)
    if data.exists():
        data.rename(previous)
    fresh.rename(data)


def export(hub: tuple[str, int], folder: Path) -> None:
    """Have the hub export everything to `folder`, which it makes."""
    connection = http.client.HTTPConnection(*hub, timeout=EXPORT_LIMIT)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        body = json.dumps({"path": str(folder), "initiatedBy": "kit"})
        connection.request("POST", "/_admin/export", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise Failure(
            f"the emulator hub did not export ({error}); the data saved before is unchanged."
        ) from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise Failure(
            "the emulator suite could not export; the data saved before is unchanged.", detail=answer
        )


def _fresh(data: Path) -> Path:
    return data.with_name(f"{data.name}.new")


def _previous(data: Path) -> Path:
    return data.with_name(f"{data.name}.previous")


if __name__ == "__main__":
    save((sys.argv[1], int(sys.argv[2])), Path(sys.argv[3]))
