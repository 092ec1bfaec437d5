"""The data of `./kit start`, kept between runs in .kit/data in the official export format.

A save never harms the data saved before: the suite exports into a new folder, and only a complete one takes
the place of the old, which stays as .kit/data.previous. What an interrupted save leaves is removed by whoever
looks next.

The Firestore emulator keeps a journal besides, in .kit/data.journal. Where it belongs to the saved data it
comes first: it has what was written after the export, and when each document was written, for which an export
has no place.
"""

import http.client
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from tools.project import SAVED_DATA
from tools.terminal import Failure

METADATA: Final = "firebase-export-metadata.json"
"""Written last by the CLI, so an export that has it is complete."""

JOURNAL: Final = "firestore.journal"
_SAVED: Final = "saved"
"""In the journal's folder: to which saved data it belongs, by the time of the metadata."""

EXPORT_LIMIT: Final = 600.0
"""Seconds; the caller may stop it before."""

_ANSWER_LIMIT: Final = 5.0

_TRIES: Final = 2
"""Exports of one save: once more where something was written meanwhile."""

_UNCHANGED: Final = "the data saved before is unchanged"


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
    for left in (_fresh(data), *data.parent.glob(f"{_fresh(data).name}.export-*")):
        shutil.rmtree(left, ignore_errors=True)
    return data if complete(data) else None


def journal_of(data: Path, *, wanted: bool) -> tuple[Path, bool]:
    """The folder where the Firestore emulator keeps every commit, and whether it is ahead of the saved data.

    It is when something was written after the last save. A journal that is not `wanted`, or belongs to other
    data than what is there now, begins anew.
    """
    folder = _journal_folder(data)
    journal, metadata, marker = folder / JOURNAL, data / METADATA, folder / _SAVED
    written = journal.exists() and journal.stat().st_size > 0
    saved = metadata.stat().st_mtime_ns if metadata.exists() else None
    ahead = written and (not marker.exists() if saved is None else journal.stat().st_mtime_ns >= saved)
    belongs = ahead or (written and marker.exists() and marker.read_text(encoding="ascii") == str(saved))
    if not (wanted and belongs):
        shutil.rmtree(folder, ignore_errors=True)
    return folder, wanted and ahead


def complete(folder: Path) -> bool:
    """Whether `folder` holds a whole export: its metadata, and all that the metadata names."""
    try:
        metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
        return all((folder / part["path"]).exists() for part in metadata.values() if isinstance(part, dict))
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def save(hub: tuple[str, int], data: Path = SAVED_DATA, others_of: Path | None = None) -> None:
    """Export the running suite to `data`; raises Failure when that fails, the earlier data then being as it
    was.

    `others_of` is an export whose further databases go along, where the running emulator knows of one only.
    """
    try:
        latest(data)
        fresh, journal = _fresh(data), _journal_folder(data) / JOURNAL
        for _ in range(_TRIES):
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            begun = fresh.stat().st_mtime_ns
            export(hub, fresh)
            if not journal.exists() or journal.stat().st_mtime_ns < begun:
                break
        if not complete(fresh):
            raise Failure(f"the emulator suite exported incomplete data; {_UNCHANGED}.")
        if others_of:
            _keep_others(others_of, fresh)
        # A commit since then may be in the export or not, and makes the journal newer than the data.
        os.utime(fresh / METADATA, ns=(begun, begun))
        _put_in_place(data)
        _mark_journal(data)
    except OSError as error:
        raise Failure(
            f"the data could not be saved ({error.strerror}: {error.filename}); {_UNCHANGED}."
        ) from error
    finally:
        latest(data)


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
        raise Failure(f"the emulator hub did not export ({error}); {_UNCHANGED}.") from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise Failure(f"the emulator suite could not export ({_message(answer)}); {_UNCHANGED}.")


def waiting_tasks(tasks: tuple[str, int]) -> str:
    """How many tasks the Cloud Tasks emulator holds, as "3 tasks"; nothing where it holds none, or does not
    answer.
    """
    connection = http.client.HTTPConnection(*tasks, timeout=_ANSWER_LIMIT)
    try:
        connection.request("GET", "/queueStats")
        queues = json.loads(connection.getresponse().read())
        waiting = sum(queue["numberOfTasks"] for queue in queues.values())
    except (OSError, http.client.HTTPException, ValueError, TypeError, KeyError, AttributeError):
        return ""
    finally:
        connection.close()
    return _counted(waiting, "task") if waiting else ""


def _message(answer: str) -> str:
    """What the hub says, in one line."""
    try:
        answer = str(json.loads(answer)["message"])
    except (ValueError, TypeError, KeyError):
        pass
    return " ".join(answer.split()).rstrip(".")


def _put_in_place(data: Path) -> None:
    previous = _previous(data)
    if data.exists():
        shutil.rmtree(previous, ignore_errors=True)
        data.rename(previous)
    _fresh(data).rename(data)


def _mark_journal(data: Path) -> None:
    folder = _journal_folder(data)
    if (folder / JOURNAL).exists():
        marker = folder / _SAVED
        marker.with_suffix(".new").write_text(str((data / METADATA).stat().st_mtime_ns), encoding="ascii")
        marker.with_suffix(".new").replace(marker)


def _keep_others(source: Path, fresh: Path) -> None:
    there, target = source / "firestore_export", fresh / "firestore_export"
    if (there / "databases.json").exists():
        shutil.copytree(there / "databases", target / "databases")
        shutil.copy2(there / "databases.json", target)


def contents(folder: Path) -> str:
    """What an export holds, as a person counts it; raises ValueError and OSError where it is none."""
    metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    parts = []
    if "firestore" in metadata:
        others = folder / metadata["firestore"]["path"] / "databases.json"
        databases = 1 + (len(json.loads(others.read_text(encoding="utf-8"))) if others.exists() else 0)
        parts.append(_counted(databases, "database"))
    if "auth" in metadata:
        files = (folder / metadata["auth"]["path"]).rglob("accounts*.json")
        accounts = sum(len(json.loads(file.read_text(encoding="utf-8"))["users"]) for file in files)
        parts.append(_counted(accounts, "account"))
    if "storage" in metadata:
        objects = (folder / metadata["storage"]["path"] / "metadata").rglob("*.json")
        parts.append(_counted(sum(1 for _ in objects), "file"))
    return ", ".join(parts)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _journal_folder(data: Path) -> Path:
    return data.with_name(f"{data.name}.journal")


def _fresh(data: Path) -> Path:
    return data.with_name(f"{data.name}.new")


def _previous(data: Path) -> Path:
    return data.with_name(f"{data.name}.previous")


if __name__ == "__main__":
    save((sys.argv[1], int(sys.argv[2])), Path(sys.argv[3]), Path(sys.argv[4]) if sys.argv[4:] else None)
