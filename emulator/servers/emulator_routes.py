"""The emulator's own routes: readiness, clear, reset and shutdown."""

from __future__ import annotations

from collections.abc import Callable

from emulator.firestore.engine import Engine
from emulator.firestore.paths import PathKey, check_collection_id, parse_database_name, parse_parent
from emulator.servers.http_app import Request, Response, json_body, text
from emulator.wire.identity import identify
from emulator.wire.rest_json import Json, print_json


class EmulatorHandlers:
    """Whoever can reach the port may call these; the caller is read only to refuse a malformed header."""

    def __init__(self, engine: Engine, stop: Callable[[], None]) -> None:
        self._engine = engine
        self._stop = stop

    async def ready(self, request: Request) -> Response:
        return text("Ok\n")

    async def reset(self, request: Request) -> Response:
        await self._engine.reset()
        return text("Resetting...\n")

    async def usage(self, request: Request) -> Response:
        """What Firestore would bill the project for since the start or the last DELETE of this."""
        usage = self._engine.meter.of(request.params["project"])
        counts: Json = {
            "documentReads": usage.reads,
            "ruleReads": usage.rule_reads,
            "documentWrites": usage.writes,
            "documentDeletes": usage.deletes,
            "documentBytesSent": usage.bytes_sent,
        }
        if request.scope["method"] == "DELETE":
            usage.reset()
        return json_body(print_json(counts))

    async def shutdown(self, request: Request) -> Response:
        self._stop()
        return text("Shutting down...\n")

    async def clear(self, request: Request) -> Response:
        """Delete a database's documents, or a document or a collection and everything below it."""
        name = f"projects/{request.params['project']}/databases/{request.params['database']}"
        below = _below(f"{name}/documents", request.params.get("path", "").removesuffix("/"))
        database = parse_database_name(name)
        identify(request.authorization)
        await self._engine.begin(database)
        self._engine.clear(database, below)
        return json_body(print_json({}))


def _below(root: str, path: str) -> PathKey:
    """What all names below a path begin with. It is a document or a collection, or empty."""
    if path.count("/") % 2 or path.endswith("/"):
        return parse_parent(f"{root}/{path}").key
    if not path:
        return ()
    parent, _, collection = f"{root}/{path}".rpartition("/")
    check_collection_id(collection)
    return (*parse_parent(parent).key, collection)
