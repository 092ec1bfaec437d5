"""The file of index definitions on disk, and the route that tells what it lacks."""

from __future__ import annotations

import logging
from pathlib import Path

from emulator.firestore.engine import Engine
from emulator.firestore.index_requirements import IndexCatalog, IndexChecker, IndexDefinition
from emulator.firestore.paths import DatabaseId
from emulator.servers.http_app import Request, Response, json_body
from emulator.wire.index_config import IndexFileError, describe, parse_catalog, to_add
from emulator.wire.rest_json import print_json

logger = logging.getLogger(__name__)


class _IndexFile:
    """The catalog in a file, read again when the file has changed. A broken file keeps the last good one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._stat()
        self.catalog = parse_catalog(path.read_text(encoding="utf-8"))

    def read(self) -> IndexCatalog:
        try:
            stamp = self._stat()
            if stamp != self._stamp:
                self.catalog = parse_catalog(self._path.read_text(encoding="utf-8"))
                self._stamp = stamp
        except (OSError, UnicodeError, IndexFileError) as error:
            logger.warning("%s: %s; the indexes stay as they were", self._path, error)
        return self.catalog

    def describe(self, database: DatabaseId, index: IndexDefinition) -> str:
        return describe(database, index, self.catalog)

    def _stat(self) -> tuple[int, int]:
        status = self._path.stat()
        return status.st_mtime_ns, status.st_size


def index_checker(path: Path, strict: bool) -> IndexChecker:
    """Checks queries against the file at `path`. Raises OSError and IndexFileError."""
    file = _IndexFile(path)
    return IndexChecker(file.read, file.describe, strict, report=logger.warning)


class IndexHandlers:
    """One file serves every project."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def missing(self, request: Request) -> Response:
        """What queries needed so far and the file lacks, in the form of the file."""
        checker = self._engine.indexes
        catalog = IndexCatalog() if checker is None else checker.read()
        missing = {} if checker is None else checker.still_missing()
        return json_body(print_json({"checked": checker is not None, **to_add(missing, catalog)}))
