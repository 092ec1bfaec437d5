"""The Firestore emulator: `python -m emulator --host 127.0.0.1 --port 8080`."""

from __future__ import annotations

import errno
import gc
import logging
import random
import sys

import uvloop

from emulator.errors import FirestoreError
from emulator.firestore.engine import Engine
from emulator.rules import RulesCompileError, Ruleset, compile_ruleset
from emulator.servers.options import Options, parse_options
from emulator.servers.server import EmulatorServer, now

#: What applies while the rules given at the start do not compile.
_DENY_EVERYTHING = (
    "rules_version = '2'; service cloud.firestore { match /databases/{database}/documents { } }"
)


def main(arguments: list[str]) -> int:
    """Serve until told to stop; the exit code."""
    options = parse_options(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        engine = _engine(options)
    except (OSError, FirestoreError) as error:
        print(f"The emulator cannot start: {error}", file=sys.stderr)
        return 1
    try:
        uvloop.run(_serve(options, engine))
    except OSError as error:
        return _cannot_listen(options, error)
    return 0


def _engine(options: Options) -> Engine:
    engine = Engine(clock=now, random=random.Random(), rules=_rules(options))
    if options.seed_from_export is not None:
        from emulator.servers.export import Seed

        engine.seed = Seed.read(options.seed_from_export, now)
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


async def _serve(options: Options, engine: Engine) -> None:
    server = EmulatorServer(options, engine)
    gc.freeze()  # what is loaded by now stays; the collector need not look at it again
    await server.run(_announce)


def _announce(host: str, port: int) -> None:
    print(f"Firestore emulator is listening on {host}:{port}", flush=True)


def _cannot_listen(options: Options, error: OSError) -> int:
    reason = "address already in use" if error.errno == errno.EADDRINUSE else str(error)
    print(f"Cannot listen on {options.host}:{options.port}: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
