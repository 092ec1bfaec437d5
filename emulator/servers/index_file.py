"""Files of index definitions on disk, and the route that tells what they lack."""

from __future__ import annotations

import logging
from pathlib import Path

from emulator.firestore.engine import Engine
from emulator.firestore.index_requirements import IndexCatalog, IndexChecker, IndexDefinition
from emulator.firestore.paths import DatabaseId
from emulator.servers.database_files import DatabaseFiles, Stamp, stamp
from emulator.servers.http_app import Request, Response, json_body
from emulator.wire.commented_json import ConfigFileError, read_text
from emulator.wire.index_config import IndexFileError, describe, parse_catalog, to_add
from emulator.wire.rest_json import print_json

logger = logging.getLogger(__name__)

#: The state of a file that is not there.
_GONE: Stamp = (0, 0, 0)


class _IndexFile:
    """The catalog in a file, read again when the file has changed. A broken file keeps the last good one.

    At the start the file must be there, and where queries are refused by it also be right: IndexFileError.
    Else a broken one is worth a warning, and `catalog` is None until the file is mended.
    """

    def __init__(self, path: Path, strict: bool) -> None:
        self._path = path
        self._stamp: Stamp | None = None
        self.catalog: IndexCatalog | None = None
        try:
            self._read()
        except IndexFileError as error:
            if strict or self._stamp == _GONE:
                raise
            logger.warning("%s; indexes are not checked until it is mended", error)

    def read(self) -> IndexCatalog | None:
        try:
            self._read()
        except IndexFileError as error:
            logger.warning("%s; the indexes stay as they were", error)
        return self.catalog

    def describe(self, database: DatabaseId, index: IndexDefinition) -> str:
        return describe(database, index, self.catalog or IndexCatalog(), self._path.name)

    def _read(self) -> None:
        """Read a state of the file once. Raises IndexFileError."""
        try:
            now = stamp(self._path)
        except OSError as error:
            if self._stamp != _GONE:
                self._stamp = _GONE
                raise IndexFileError(f"{self._path}: the file cannot be read ({error.strerror})") from error
            return
        if now != self._stamp:
            self._stamp = now
            try:
                self.catalog = parse_catalog(read_text(self._path), str(self._path))
            except ConfigFileError as error:
                raise IndexFileError(str(error)) from error


class IndexFiles:
    """Gives what checks the queries of a database, in every project."""

    def __init__(self, files: DatabaseFiles, strict: bool) -> None:
        """Raises IndexFileError where a file is not there, or refuses queries and cannot be understood."""
        self._checkers = {name: _checker(path, strict) for name, path in files.of_database.items()}
        self._default = None if files.default is None else _checker(files.default, strict)
        self._strict = strict

    def of(self, database: DatabaseId) -> IndexChecker:
        """Without a file of its own, nor one for all, a database has no index, as a new one in production."""
        name = database.database
        return self._checkers.get(name) or self._default or self._checkers.setdefault(name, self._empty(name))

    def _empty(self, name: str) -> IndexChecker:
        def describe_missing(database: DatabaseId, index: IndexDefinition) -> str:
            return describe(database, index, IndexCatalog(), f"an index file for database {name}")

        return IndexChecker(IndexCatalog, describe_missing, self._strict, report=logger.warning)


def _checker(path: Path, strict: bool) -> IndexChecker:
    file = _IndexFile(path, strict)
    return IndexChecker(file.read, file.describe, strict, report=logger.warning)


class IndexHandlers:
    """A file serves its databases in every project."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def missing(self, request: Request) -> Response:
        """What queries needed so far and the file of the database lacks, in the form of the file."""
        database = DatabaseId(request.params["project"], request.params.get("database", "(default)"))
        checker = None if self._engine.indexes is None else self._engine.indexes(database)
        catalog = None if checker is None else checker.read()
        missing = {} if checker is None else checker.still_missing()
        return json_body(
            print_json({"checked": catalog is not None, **to_add(missing, catalog or IndexCatalog())})
        )
