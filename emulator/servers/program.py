"""The emulator as a program: from its options to a served engine."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import socket
import sys
from collections.abc import Callable

import uvloop

from emulator.errors import FailedPrecondition, FirestoreError
from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId
from emulator.servers.exit_export import ExitExport
from emulator.servers.index_file import IndexFiles
from emulator.servers.journal import Journal, JournalError
from emulator.servers.open_files import raise_limit
from emulator.servers.options import Options
from emulator.servers.rules_files import RulesFiles
from emulator.servers.seed import Seed
from emulator.servers.server import EmulatorServer, now
from emulator.servers.stop_signals import StopSignals
from emulator.servers.watchdog import watched
from emulator.wire.index_config import IndexFileError

logger = logging.getLogger(__name__)

#: Stored documents are no garbage, and looking through them at Python's own pace (700, 10, 10) is a third of
#: the time that a large import or many batches take. The first two keep one look short: 10 ms.
_COLLECTED_AFTER = (5_000, 10, 1_000)


def run(options: Options, listeners: list[socket.socket], signals: StopSignals) -> int:
    """Serve on the sockets until told to stop; the exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    raise_limit()
    try:
        seed = _seed(options)
        engine = _engine(options, seed)
        rules_files = RulesFiles(options.rules, options.project_id)
        rules_files.load(engine)
        exit_export = _exit_export(options)
        journal = None if options.data_dir is None else Journal(options.data_dir)
        if journal is not None:
            journal.attach(engine)
    except (OSError, UnicodeError, FirestoreError, IndexFileError, JournalError) as error:
        print(f"The emulator cannot start: {error}", file=sys.stderr)
        return 1
    uvloop.run(_serve(options, engine, rules_files, listeners, signals))
    try:
        if exit_export is not None:
            signals.export_begins()
            exit_export.write(engine, now)
    except FirestoreError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if journal is not None:
            journal.close()
    return 0


def _seed(options: Options) -> Seed | None:
    if options.seed_from_export is None:
        return None
    return Seed.read(options.seed_from_export, now, encoded=options.data_dir is not None)


def _exit_export(options: Options) -> ExitExport | None:
    if options.export_on_exit is None:
        return None
    return ExitExport.prepare(options.export_on_exit, options.export_name, options.project_id)


def _engine(options: Options, seed: Seed | None) -> Engine:
    engine = Engine(clock=now, random=random.Random())
    if seed is not None:
        engine.seed, engine.seed_aside = seed.documents, seed.documents_aside
        engine.seeded = seed.databases
    if options.single_project_mode:
        engine.admit = _only_project(options)
    if options.index_file:
        engine.indexes = IndexFiles(options.index_file, options.require_indexes).of
    return engine


def _only_project(options: Options) -> Callable[[DatabaseId], None]:
    """What single_project_mode says of the first request for a database."""
    only = options.project_id

    def admit(database: DatabaseId) -> None:
        if database.project == only:
            return
        if options.single_project_mode_error:
            raise FailedPrecondition(
                f"Project {database.project} is not served: this emulator is for {only} alone "
                "(single_project_mode)."
            )
        logger.warning("project %s is served beside %s in single_project_mode", database.project, only)

    return admit


async def _serve(
    options: Options,
    engine: Engine,
    rules_files: RulesFiles,
    listeners: list[socket.socket],
    signals: StopSignals,
) -> None:
    loop = asyncio.get_running_loop()
    server = EmulatorServer(options, engine)
    signals.serve(loop, server.stop, export=options.export_on_exit is not None)
    watching = asyncio.create_task(rules_files.watch(engine))
    gc.freeze()  # what is loaded by now stays; the collector need not look at it again
    gc.set_threshold(*_COLLECTED_AFTER)
    host, port = listeners[0].getsockname()[:2]
    with watched(loop):
        await server.run(
            listeners, lambda: print(f"Firestore emulator is ready on {host}:{port}", flush=True)
        )
    watching.cancel()
