"""Exports on disk: writing one whole or not at all, reading one, and seeding databases from one.

Files that cannot be read raise FailedPrecondition, with the messages of the official emulator.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from emulator.errors import FailedPrecondition, InvalidArgument
from emulator.firestore.documents import Document
from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId, DocumentPath, parse_database_name
from emulator.firestore.values import Reference, Timestamp, Value
from emulator.servers.http_app import Request, Response, Route, json_body
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
from emulator.wire.identity import identify
from emulator.wire.leveldb import LogError, LogWriter, read_records
from emulator.wire.rest_json import Json, parse_json, print_json

_T = TypeVar("_T")

DEFAULT_NAME = "firestore_export"

_KEYS = frozenset({"database", "export_directory", "exportDirectory", "export_name", "exportName"})


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """The body of `:export` and `:import`. A relative directory is below the current one."""

    database: DatabaseId
    directory: Path
    name: str


def parse_request(body: Json, database: DatabaseId) -> ExportRequest:
    """The request; `database` is the one the URL names, for a body that names none."""
    if not body.keys() <= _KEYS or not all(isinstance(value, str) for value in body.values()):
        raise InvalidArgument("Payload isn't valid for request.")
    named = body.get("database")
    directory = body.get("export_directory") or body.get("exportDirectory") or ""
    name = body.get("export_name") or body.get("exportName") or DEFAULT_NAME
    if not directory or not Path(directory).is_dir():
        raise FailedPrecondition("export_directory must be a directory")
    check_name(name)
    return ExportRequest(parse_database_name(named) if named else database, Path(directory), name)


def check_name(name: str) -> None:
    """InvalidArgument where an export so named would not lie in its directory."""
    if name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise InvalidArgument("export_name must be the name of a folder")


def export_routes(engine: Engine, clock: Callable[[], Timestamp]) -> list[Route]:
    """`:export` and `:import` of a project and of a database."""

    async def export(request: Request) -> Response:
        await export_database(engine, await _read_request(request), clock)
        return json_body(print_json({}))

    async def import_(request: Request) -> Response:
        await import_database(engine, await _read_request(request), clock)
        return json_body(print_json({}))

    project = "/emulator/v1/projects/{project}"
    return [
        Route("POST", f"{prefix}:{verb}", handler)
        for prefix in (project, project + "/databases/{database}")
        for verb, handler in (("export", export), ("import", import_))
    ]


async def _read_request(request: Request) -> ExportRequest:
    identify(request.authorization)
    database = DatabaseId(request.params["project"], request.params.get("database", "(default)"))
    return parse_request(parse_json(await request.body()), database)


async def export_database(engine: Engine, request: ExportRequest, clock: Callable[[], Timestamp]) -> None:
    """Write the whole database as it is now; the event loop goes on meanwhile."""
    documents = list(engine.documents(request.database))
    await asyncio.to_thread(write_export, request.directory, request.name, documents, clock)


async def import_database(engine: Engine, request: ExportRequest, clock: Callable[[], Timestamp]) -> int:
    """Add the documents of an export to the database and say how many there were."""
    overall = request.directory / request.name / overall_name(request.name)
    if not overall.is_file():
        overall = request.directory / overall_name(request.name)
    seed = await asyncio.to_thread(Seed.read, overall, clock)
    return seed.load(engine, request.database)


def write_export(
    directory: Path, name: str, documents: Iterable[Document], clock: Callable[[], Timestamp]
) -> None:
    """Write an export into a folder beside its place and move it there when it is complete. An earlier one of
    that name is replaced.
    """
    partial = directory / f".{name}.{secrets.token_hex(4)}.partial"
    replaced = partial.with_suffix(".replaced")
    target = directory / name
    try:
        partial.mkdir()
        _write_files(partial, name, documents, clock)
        _put_in_place(partial, target, replaced)
    except OSError as error:
        raise FailedPrecondition(f"The export cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def _put_in_place(partial: Path, target: Path, replaced: Path) -> None:
    if not target.exists():
        partial.rename(target)
        return
    target.rename(replaced)
    try:
        partial.rename(target)
    except OSError:
        replaced.rename(target)
        raise


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


def read_export(overall: Path) -> Iterator[Entity]:
    """The entities of an export, of every database in it."""
    try:
        groups = decode_overall(overall.read_bytes())
    except UnsupportedVersion as error:
        raise FailedPrecondition("Overall export metadata file version not supported") from error
    except (OSError, ExportError) as error:
        raise FailedPrecondition("Failed to parse overall export metadata file") from error
    for group in groups:
        metadata, read = overall.parent / group.path, 0
        for output in _parse(metadata, decode_group):
            entities = _parse(metadata.parent / output, _decode_entities)
            read += len(entities)
            yield from entities
        if read < group.entities:
            raise FailedPrecondition(f"The export has {read} of its {group.entities} entities: {metadata}")


def _decode_entities(data: bytes) -> list[Entity]:
    return [decode_entity(record) for record in read_records(data)]


def _parse(file: Path, parse: Callable[[bytes], _T]) -> _T:
    try:
        return parse(file.read_bytes())
    except (OSError, ExportError, LogError, EntityError) as error:
        raise FailedPrecondition(f"Failed parse entity file:{file}: {error}") from error


@dataclass(frozen=True, slots=True)
class Seed:
    """An export held in memory, to begin databases with. Calling it is what `Engine.seed` wants."""

    entities: tuple[Entity, ...]
    clock: Callable[[], Timestamp]

    @classmethod
    def read(cls, overall: Path, clock: Callable[[], Timestamp]) -> Seed:
        """Read all of an export, given its overall metadata file. Raises FailedPrecondition."""
        return cls(tuple(read_export(overall)), clock)

    @property
    def databases(self) -> tuple[DatabaseId, ...]:
        """Those it was exported from."""
        return tuple(dict.fromkeys(entity.path.database for entity in self.entities))

    def __call__(self, engine: Engine, database: DatabaseId) -> None:
        self.load(engine, database)

    def load(self, engine: Engine, database: DatabaseId) -> int:
        """Load what was exported from a database of that id, of any project."""
        now = self.clock()
        here = (entity for entity in self.entities if entity.path.database.database == database.database)
        return engine.load(database, [_document(entity, database, now) for entity in here])


def _document(entity: Entity, database: DatabaseId, time: Timestamp) -> Document:
    origin = entity.path.database
    fields = entity.fields
    if origin != database:
        fields = {name: _rehomed(value, origin, database) for name, value in fields.items()}
    return Document(DocumentPath(database, entity.path.segments), fields, time, time)


def _rehomed(value: Value, origin: DatabaseId, database: DatabaseId) -> Value:
    """References into the exported database follow it to its new project; others stay."""
    match value:
        case Reference() if value.path.database == origin:
            return Reference(DocumentPath(database, value.path.segments))
        case list():
            return [_rehomed(item, origin, database) for item in value]
        case dict():
            return {name: _rehomed(item, origin, database) for name, item in value.items()}
    return value
