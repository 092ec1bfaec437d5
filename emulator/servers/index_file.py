"""Files of index definitions on disk, and the route that tells what they lack."""

from __future__ import annotations

import logging
from pathlib import Path

from emulator.firestore.engine import Engine
from emulator.firestore.index_requirements import IndexCatalog, IndexChecker, IndexDefinition
from emulator.firestore.paths import DatabaseId
from emulator.servers.database_files import DatabaseFiles, stamp
from emulator.servers.http_app import Request, Response, json_body
from emulator.wire.index_config import IndexFileError, describe, parse_catalog, to_add
from emulator.wire.rest_json import print_json

logger = logging.getLogger(__name__)


class _IndexFile:
    """The catalog in a file, read again when the file has changed. A broken file keeps the last good one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = stamp(path)
        try:
            self.catalog = parse_catalog(path.read_text(encoding="utf-8"))
        except (UnicodeError, IndexFileError) as error:
            raise IndexFileError(f"{path}: {error}") from error

    def read(self) -> IndexCatalog:
        try:
            now = stamp(self._path)
            if now != self._stamp:
                self.catalog = parse_catalog(self._path.read_text(encoding="utf-8"))
                self._stamp = now
        except (OSError, UnicodeError, IndexFileError) as error:
            logger.warning("%s: %s; the indexes stay as they were", self._path, error)
        return self.catalog

    def describe(self, database: DatabaseId, index: IndexDefinition) -> str:
        return describe(database, index, self.catalog, self._path.name)


class IndexFiles:
    """Gives what checks the queries of a database, in every project."""

    def __init__(self, files: DatabaseFiles, strict: bool) -> None:
        """Raises OSError and IndexFileError."""
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
    file = _IndexFile(path)
    return IndexChecker(file.read, file.describe, strict, report=logger.warning)


class IndexHandlers:
    """A file serves its databases in every project."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def missing(self, request: Request) -> Response:
        """What queries needed so far and the file of the database lacks, in the form of the file."""
        database = DatabaseId(request.params["project"], request.params.get("database", "(default)"))
        checker = None if self._engine.indexes is None else self._engine.indexes(database)
        catalog = IndexCatalog() if checker is None else checker.read()
        missing = {} if checker is None else checker.still_missing()
        return json_body(print_json({"checked": checker is not None, **to_add(missing, catalog)}))
