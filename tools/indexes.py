"""kit indexes: which entries firestore.indexes.json lacks for the queries that a running suite has seen."""

import argparse
import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any, Final

from tools.project import FIREBASE_JSON, INDEXES, PROJECT_ID
from tools.suite import configured, load
from tools.terminal import Failure, say, styled

HELP = "show which indexes the queries of a running suite need and firestore.indexes.json lacks"
EPILOG = """\
Use the app, or run its tests, against ./kit start; then ask. --write adds what is missing to the file, and
the running emulator sees it at once. Exits with 1 while something is missing.
"""
ROUTE: Final = f"/emulator/v1/projects/{PROJECT_ID}:missingIndexes"
SECONDS: Final = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help=f"add what is missing to {INDEXES.name}")
    parser.add_argument("--json", action="store_true", help="print JSON, in the form of the file")
    parser.add_argument(
        "--emulator",
        metavar="HOST:PORT",
        help="whom to ask (default: FIRESTORE_EMULATOR_HOST, else the Firestore emulator of firebase.json)",
    )


def run(arguments: argparse.Namespace) -> int:
    missing = _ask(arguments.emulator or os.environ.get("FIRESTORE_EMULATOR_HOST") or _configured_host())
    entries = missing["indexes"] + missing["fieldOverrides"]
    if arguments.json:
        print(json.dumps(missing, indent=2, ensure_ascii=False))
        sys.stdout.flush()
    elif entries:
        print(
            json.dumps({key: value for key, value in missing.items() if value}, indent=2, ensure_ascii=False)
        )
        sys.stdout.flush()
    if not entries:
        say(f"{styled('✓', 'green')} {INDEXES.name} has every index that queries have needed so far.")
        return 0
    if arguments.write:
        _write(INDEXES, missing)
        say(f"{styled('✓', 'green')} Added to {INDEXES.name}.")
        return 0
    say(f"Missing in {INDEXES.name}: {len(entries)}. ./kit indexes --write adds them.")
    return 1


def _configured_host() -> str:
    return configured(load(FIREBASE_JSON)).host("firestore")


def _ask(host: str) -> dict[str, Any]:
    """What is missing, as the file would hold it."""
    try:
        with urllib.request.urlopen(f"http://{host}{ROUTE}", timeout=SECONDS) as answer:
            found = json.load(answer)
    except (OSError, ValueError) as error:
        raise Failure(
            f"no Firestore emulator of Kindling answers on {host} ({error}).",
            "Start the suite (./kit start), or name the emulator: ./kit indexes --emulator 127.0.0.1:8080",
        ) from error
    if not found.pop("checked"):
        raise Failure(
            f"the emulator on {host} was started without an index file, so it checks no query.",
            'Start it with ./kit start, or after eval "$(./kit env)".',
        )
    return {"indexes": found.get("indexes", []), "fieldOverrides": found.get("fieldOverrides", [])}


def _write(path: Path, addition: dict[str, Any]) -> None:
    """Replace the file by one with the addition in it, at once: nobody ever reads half of it."""
    from emulator.wire.index_config import merged  # after kit has installed what it needs

    try:
        file = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Failure(
            f"{path.name} is not JSON: {error}.", "Mend it, then run ./kit indexes again."
        ) from error
    fresh = path.with_suffix(".json.new")
    fresh.write_text(
        json.dumps(merged(file, addition), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    fresh.replace(path)
