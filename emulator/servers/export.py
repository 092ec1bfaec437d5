"""`:export` and `:import`: what is asked for, and whole databases to disk and back.

Everything that takes time happens beside the event loop, and what is then stored is stored at
once: nobody sees half an import, and one that fails leaves nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from emulator.errors import FailedPrecondition, InvalidArgument
from emulator.firestore.documents import Document
from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId, parse_database_name
from emulator.firestore.values import Timestamp
from emulator.servers.export_files import bring_back, write_export
from emulator.servers.http_app import Request, Response, Route, json_body
from emulator.servers.seed import Seed
from emulator.wire.export_format import OVERALL_SUFFIX, overall_name
from emulator.wire.identity import identify
from emulator.wire.rest_json import Json, parse_json, print_json

DEFAULT_NAME = "firestore_export"

_KEYS = frozenset({"database", "export_directory", "exportDirectory", "export_name", "exportName"})


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """The body of `:export` and `:import`. A relative directory is below the current one.

    For `:import` the official emulator takes `directory` to be the path of an overall metadata file, of any
    name, and knows no `name`. Here it may also be the folder of an export, or what `:export` was given.
    """

    database: DatabaseId
    directory: Path
    name: str | None
    whole: bool = False
    """Whether the other databases of the emulator are exported beside this one."""


def parse_request(body: Json, database: DatabaseId) -> ExportRequest:
    """The request; `database` is the one the URL names, for a body that names none."""
    if not body.keys() <= _KEYS or not all(isinstance(value, str) for value in body.values()):
        raise InvalidArgument("Payload isn't valid for request.")
    named = body.get("database")
    directory = body.get("export_directory") or body.get("exportDirectory") or ""
    name = body.get("export_name") or body.get("exportName") or None
    if not directory:
        raise FailedPrecondition("export_directory must be a directory")
    if name is not None:
        check_name(name)
    return ExportRequest(parse_database_name(named) if named else database, Path(directory), name)


def check_name(name: str) -> None:
    """InvalidArgument where an export so named would not lie in its directory."""
    if name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise InvalidArgument("export_name must be the name of a folder")


def export_routes(engine: Engine, clock: Callable[[], Timestamp], *, everything: bool = False) -> list[Route]:
    """`:export` and `:import` of a project and of a database.

    With `everything` the export of a project has all databases. The CLI asks for `(default)` of its project
    and means what the suite holds.
    """

    async def export(request: Request) -> Response:
        whole = everything and "database" not in request.params
        await export_database(engine, replace(await _read_request(request), whole=whole), clock)
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
    """Write the whole database, or all of them, as of one moment; the event loop goes on meanwhile."""
    if not request.directory.is_dir():
        raise FailedPrecondition("export_directory must be a directory")
    await engine.begin(request.database)
    found = (
        engine.everything() if request.whole else {request.database: list(engine.documents(request.database))}
    )
    documents = found.pop(request.database)
    name = request.name or DEFAULT_NAME
    await asyncio.to_thread(write_export, request.directory, name, documents, clock, found)


async def import_database(engine: Engine, request: ExportRequest, clock: Callable[[], Timestamp]) -> int:
    """Add the documents of an export to the database and say how many there were."""
    await engine.begin(request.database)
    encoded = engine.journal is not None
    return engine.load(request.database, await asyncio.to_thread(_read, request, clock, encoded))


def _read(request: ExportRequest, clock: Callable[[], Timestamp], encoded: bool) -> list[Document]:
    overall = _overall(request.directory, request.name)
    return Seed.read(overall, clock, encoded=encoded).documents(request.database)


def _overall(place: Path, name: str | None) -> Path:
    """The overall metadata file of the export that is meant."""
    if place.is_file() or place.name.endswith(OVERALL_SUFFIX):
        return place
    if not place.is_dir():
        raise FailedPrecondition("export_directory must be a directory")
    for folder in (place / (name or DEFAULT_NAME), place):
        bring_back(folder)
        named = folder / overall_name(name or DEFAULT_NAME)
        if named.is_file():
            return named
    if name is None:
        found = sorted(place.glob(f"*{OVERALL_SUFFIX}"))
        if len(found) == 1:
            return found[0]
    return place / overall_name(name or DEFAULT_NAME)
