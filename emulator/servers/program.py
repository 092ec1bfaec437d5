"""The emulator as a program: from its options to a served engine."""

from __future__ import annotations

import gc
import logging
import random
import socket
import sys

import uvloop

from emulator.errors import FirestoreError
from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId
from emulator.rules import RulesCompileError, Ruleset, compile_ruleset
from emulator.servers.export import Seed
from emulator.servers.index_file import index_checker
from emulator.servers.journal import Journal, JournalError
from emulator.servers.options import Options
from emulator.servers.server import EmulatorServer, now
from emulator.wire.index_config import IndexFileError

logger = logging.getLogger(__name__)

#: Stored documents are no garbage, and looking through them at Python's own pace (700, 10, 10) is a third of
#: the time that a large import or many batches take.
_COLLECTED_AFTER = (50_000, 20, 50)

#: What applies while the rules given at the start do not compile.
_DENY_EVERYTHING = (
    "rules_version = '2'; service cloud.firestore { match /databases/{database}/documents { } }"
)


def run(options: Options, listeners: list[socket.socket]) -> int:
    """Serve on the sockets until told to stop; the exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        engine = _engine(options)
        journal = None if options.data_dir is None else Journal(options.data_dir)
        if journal is not None:
            journal.attach(engine)
    except (OSError, UnicodeError, FirestoreError, IndexFileError, JournalError) as error:
        print(f"The emulator cannot start: {error}", file=sys.stderr)
        return 1
    uvloop.run(_serve(options, engine, listeners))
    if journal is not None:
        journal.close()
    return 0


def _engine(options: Options) -> Engine:
    engine = Engine(clock=now, random=random.Random(), rules=_rules(options))
    seed = None if options.seed_from_export is None else Seed.read(options.seed_from_export, now)
    only = options.project_id if options.single_project_mode else None

    def begin_database(engine: Engine, database: DatabaseId) -> None:
        if only is not None and database.project != only:
            logger.warning("project %s is served beside %s in single_project_mode", database.project, only)
        if seed is not None:
            seed(engine, database)

    engine.seed = begin_database
    if options.index_file is not None:
        engine.indexes = index_checker(options.index_file, options.require_indexes)
    return engine


def _rules(options: Options) -> Ruleset | None:
    """The rules to begin with. Broken ones deny everything until they are replaced: the safe reading."""
    if options.rules is None:
        return None
    text = options.rules.read_text(encoding="utf-8")
    try:
        return compile_ruleset(text, file_name=str(options.rules))
    except RulesCompileError as error:
        print(f"Error compiling rules: {error}", file=sys.stderr)
        print(f"Everything is denied until {options.rules} is mended.", file=sys.stderr)
        return compile_ruleset(_DENY_EVERYTHING, file_name=str(options.rules))


async def _serve(options: Options, engine: Engine, listeners: list[socket.socket]) -> None:
    server = EmulatorServer(options, engine)
    gc.freeze()  # what is loaded by now stays; the collector need not look at it again
    gc.set_threshold(*_COLLECTED_AFTER)
    host, port = listeners[0].getsockname()[:2]
    await server.run(listeners, lambda: print(f"Firestore emulator is ready on {host}:{port}", flush=True))
