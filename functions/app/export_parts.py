"""The content of one archive of an export, on this machine's disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app import clients, objects
from app.export_archive import Archive
from app.export_documents import account_of, collections_of, profile_of
from app.export_job import ExportKey, Progress
from app.export_plan import Plan, PlannedFile
from app.export_readme import readme
from app.objects import StoredObject
from app.paths import profile_path


@dataclass(frozen=True, slots=True)
class BuiltPart:
    """An archive on this machine's disk: its size, and how many of the planned files are in it."""

    path: str
    size: int
    files: int


@contextmanager
def built_part(key: ExportKey, plan: Plan, number: int) -> Iterator[BuiltPart]:
    """Builds an archive that is gone from the disk when the block ends. Raises Ended."""
    descriptor, path = tempfile.mkstemp(prefix="drop-export-")
    os.close(descriptor)
    try:
        with Archive(path) as archive:
            if number == 1:
                _add_documents(archive, key, plan)
            files = _add_files(archive, key, plan, number)
        yield BuiltPart(path, Path(path).stat().st_size, files)
    finally:
        Path(path).unlink()


def _add_documents(archive: Archive, key: ExportKey, plan: Plan) -> None:
    profile = profile_of(key.uid)
    today = datetime.now(UTC).date().isoformat()
    archive.add_text("README.txt", readme(profile.get("locale", "en"), today, len(plan.parts)))
    archive.add_json("profile.json", profile)
    archive.add_json("account.json", account_of(key.uid))
    _add_picture(archive, key, profile.get("picture"))
    for name, documents in collections_of(key.uid):
        archive.add_lines(f"documents/{name}.jsonl", documents)


def _add_picture(archive: Archive, key: ExportKey, path: object) -> None:
    """Adds the profile picture if there is one. The user wrote its path, so it is checked."""
    from google.api_core.exceptions import NotFound

    if not isinstance(path, str) or not path.startswith(f"{profile_path(key.uid)}/picture/"):
        return
    try:
        with objects.local_copy(clients.default_bucket().blob(path)) as copy:
            archive.add_file(f"picture{Path(path).suffix}", copy.path, "image/webp", "")
    except NotFound:
        return


def _add_files(archive: Archive, key: ExportKey, plan: Plan, number: int) -> int:
    """Adds the originals of a part and a manifest; gives how many there were. Raises Ended."""
    progress = Progress(key, plan, number)
    present: list[dict[str, Any]] = []
    absent: list[dict[str, Any]] = []
    for file in plan.part(number).files:
        entry = _add_file(archive, file)
        if entry is None:
            absent.append({"name": file.entry, "fileId": file.file_id, "reason": "deleted"})
        else:
            present.append(entry)
        progress.step(file.size)
    count = len(plan.parts)
    name = "manifest.json" if count == 1 else f"manifest-{number}-of-{count}.json"
    archive.add_json(name, {"part": number, "parts": count, "files": present, "missing": absent})
    return len(present)


def _add_file(archive: Archive, file: PlannedFile) -> dict[str, Any] | None:
    """Adds an original; gives what the manifest says of it, None when it was deleted since it was planned."""
    from google.api_core.exceptions import NotFound

    bucket = clients.default_bucket()
    blob = objects.live_blob(StoredObject(bucket.name, file.path, file.generation))
    if blob is None:
        return None
    try:
        with objects.local_copy(blob) as copy:
            archive.add_file(file.entry, copy.path, file.content_type, file.created)
            return {"name": file.entry, "fileId": file.file_id, "size": copy.size, "sha256": copy.sha256}
    except NotFound:
        return None
