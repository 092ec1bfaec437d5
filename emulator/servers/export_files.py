"""Exports on disk: writing one whole or not at all, and reading one.

The official format has a place for one database. The others of an emulator lie in the same folder as exports
of their own, listed in `databases.json` with the names of their projects. Who does not know of them, such as
the official emulator, reads the one.

An export is written into a hidden folder beside its place, `.<name>.<token>.partial`, which its writer holds
locked. The one it replaces waits as `.<name>.<token>.replaced` for the moment between two renames; when the
process ends just there, the next read of the export brings it back. What else killed exports leave is
removed by the next one in that directory.

Files that cannot be read raise FailedPrecondition, with the messages of the official emulator.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from emulator.errors import FailedPrecondition
from emulator.firestore.documents import Document
from emulator.firestore.paths import DatabaseId
from emulator.firestore.values import Timestamp
from emulator.wire.entity_proto import Entity, EntityError, decode_entity, encode_entity
from emulator.wire.export_format import (
    GROUP_FOLDER,
    GROUP_METADATA,
    OUTPUT,
    ExportError,
    Group,
    UnsupportedVersion,
    decode_group,
    decode_overall,
    encode_group,
    encode_overall,
    overall_name,
)
from emulator.wire.leveldb import LogError, LogWriter, read_records

#: Which databases lie beside the official part. Their folders are numbered, since any text names a database.
OTHERS = "databases.json"
_OTHERS_FOLDER = PurePosixPath("databases")

#: What waits to be removed, or to be brought back.
_REPLACED = re.compile(r"\.(.+)\.[0-9a-f]{8}\.replaced", re.DOTALL)

_PARTIAL = re.compile(r"\..+\.[0-9a-f]{8}\.partial", re.DOTALL)


def write_export(
    directory: Path,
    name: str,
    documents: Iterable[Document],
    clock: Callable[[], Timestamp],
    others: Mapping[DatabaseId, Iterable[Document]] | None = None,
) -> None:
    """Write an export into a folder beside its place and move it there when it is complete. An earlier one of
    that name is replaced, and what killed ones left in the directory is removed. `others` are further
    databases.
    """
    bring_back(directory / name)
    partial = directory / f".{name}.{secrets.token_hex(4)}.partial"
    try:
        with _begun(partial):
            _write_files(partial, name, documents, clock)
            if others:
                _write_others(partial, others, clock)
            _put_in_place(partial, directory / name)
    except OSError as error:
        raise FailedPrecondition(f"The export cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _begun(partial: Path) -> Iterator[None]:
    """Make the folder and hold it: one that nobody holds is of a process that was killed."""
    with _alone_in(partial.parent):
        for folder in partial.parent.iterdir():
            if _PARTIAL.fullmatch(folder.name) and not _is_held(folder):
                shutil.rmtree(folder, ignore_errors=True)
        partial.mkdir()
        held = _lock(partial)
    try:
        yield
    finally:
        os.close(held)


def _is_held(folder: Path) -> bool:
    try:
        os.close(_lock(folder, fcntl.LOCK_NB))
    except OSError:
        return True
    return False


def _lock(folder: Path, how: int = 0) -> int:
    """Lock a folder; the lock ends when the file that is returned is closed, or with the process."""
    file = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | how)
    except BaseException:
        os.close(file)
        raise
    return file


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """No other export or import, of any process, makes or renames anything in the directory meanwhile."""
    file = _lock(directory)
    try:
        yield
    finally:
        os.close(file)


def _put_in_place(partial: Path, target: Path) -> None:
    replaced = partial.with_suffix(".replaced")
    with _alone_in(target.parent):
        if target.exists():
            target.rename(replaced)
        try:
            partial.rename(target)
        except OSError:
            with suppress(OSError):
                replaced.rename(target)
            raise
        for folder in _left_by(target):
            shutil.rmtree(folder, ignore_errors=True)


def bring_back(target: Path) -> None:
    """When there is no export at its place, but one that a later one was about to replace, put it there."""
    if target.exists() or not target.parent.is_dir():
        return
    with suppress(OSError), _alone_in(target.parent):
        left = [folder for folder in _left_by(target) if (folder / overall_name(target.name)).is_file()]
        if left and not target.exists():
            max(left, key=lambda folder: folder.stat().st_mtime_ns).rename(target)


def _left_by(target: Path) -> list[Path]:
    """The exports that were to be replaced by one at `target`. Who removes them holds the directory."""
    return [
        folder
        for folder in target.parent.iterdir()
        if (match := _REPLACED.fullmatch(folder.name)) and match[1] == target.name
    ]


def _write_files(
    folder: Path, name: str, documents: Iterable[Document], clock: Callable[[], Timestamp]
) -> None:
    start = clock().micros
    (folder / GROUP_FOLDER).mkdir(parents=True)
    log, count, size = LogWriter(), 0, 0
    with (folder / GROUP_FOLDER / OUTPUT).open("wb") as output:
        for document in documents:
            size += output.write(log.add(encode_entity(document)))
            count += 1
    groups: tuple[Group, ...] = ()
    if count:
        (folder / GROUP_METADATA).write_bytes(encode_group(name, start, clock().micros))
        groups = (Group(GROUP_METADATA, count, size),)
    else:
        shutil.rmtree(folder / GROUP_FOLDER.parts[0])
    (folder / overall_name(name)).write_bytes(encode_overall(groups))


def _write_others(
    folder: Path, others: Mapping[DatabaseId, Iterable[Document]], clock: Callable[[], Timestamp]
) -> None:
    listed = []
    for number, (database, documents) in enumerate(others.items(), 1):
        place = _OTHERS_FOLDER / str(number)
        (folder / place).mkdir(parents=True)
        _write_files(folder / place, place.name, documents, clock)
        overall = str(place / overall_name(place.name))
        listed.append({"project": database.project, "database": database.database, "metadata": overall})
    (folder / OTHERS).write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


def read_others(overall: Path) -> dict[DatabaseId, tuple[Entity, ...]]:
    """The entities of the databases beside the official export, the empty ones included."""
    listing = overall.parent / OTHERS
    if not listing.exists():
        return {}
    try:
        found = {
            DatabaseId(each["project"], each["database"]): overall.parent / each["metadata"]
            for each in json.loads(listing.read_text(encoding="utf-8"))
        }
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FailedPrecondition(f"Failed to parse {listing}: {error}") from error
    return {database: tuple(read_export(metadata)) for database, metadata in found.items()}


def read_export(overall: Path) -> Iterator[Entity]:
    """The entities of the official part of an export. That a file is damaged may show after the first."""
    try:
        bring_back(overall.parent)
        groups = decode_overall(overall.read_bytes())
    except UnsupportedVersion as error:
        raise FailedPrecondition("Overall export metadata file version not supported") from error
    except (OSError, ExportError) as error:
        raise FailedPrecondition("Failed to parse overall export metadata file") from error
    for group in groups:
        metadata, read = overall.parent / group.path, 0
        for output in _read_group(metadata):
            for entity in _read_entities(metadata.parent / output):
                read += 1
                yield entity
        if read < group.entities:
            raise FailedPrecondition(f"The export has {read} of its {group.entities} entities: {metadata}")


def _read_entities(file: Path) -> Iterator[Entity]:
    with _parsing(file):
        for record in read_records(file.read_bytes()):
            yield decode_entity(record)


def _read_group(file: Path) -> tuple[PurePosixPath, ...]:
    with _parsing(file):
        return decode_group(file.read_bytes())


@contextmanager
def _parsing(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ExportError, LogError, EntityError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FailedPrecondition(f"Failed parse entity file:{file}: {reason}") from error
