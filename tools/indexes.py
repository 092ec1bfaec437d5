"""kit indexes: which entries the index files lack for the queries that a running suite has seen."""

import argparse
import json
import os
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from emulator.wire.firebase_json import DEFAULT_DATABASE, DatabaseFiles, FirebaseJson
from tools.configuration import configuration, index_problems, project_targets
from tools.project import FIREBASE_JSON, PROJECT_ID
from tools.suite import configured
from tools.terminal import Failure, say, styled

HELP = "show which indexes the queries of a running suite need and firestore.indexes.json lacks"
EPILOG = """\
Use the app, or run its tests, against ./kit start; then ask. Every database that firebase.json names is asked
about its own file. --write adds what is missing to the file, whose comments stay, and the running emulator
sees it at once. Exits with 1 while something is missing.
"""
ROUTE: Final = f"/emulator/v1/projects/{PROJECT_ID}/databases/{{}}:missingIndexes"
SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Missing:
    """What the index file of a database lacks, in the form of the file; `file` is None where it has none."""

    database: str
    file: Path | None
    entries: dict[str, list[Any]]

    @property
    def count(self) -> int:
        return sum(map(len, self.entries.values()))

    @property
    def name(self) -> str:
        return "firebase.json names no index file" if self.file is None else self.file.name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="add what is missing to the index files")
    parser.add_argument("--json", action="store_true", help="print JSON, in the form of the file")
    parser.add_argument(
        "--database", metavar="ID", help="ask about this database only (default: all of firebase.json)"
    )
    parser.add_argument(
        "--emulator",
        metavar="HOST:PORT",
        help="whom to ask (default: FIRESTORE_EMULATOR_HOST, else the Firestore emulator of firebase.json)",
    )


def run(arguments: argparse.Namespace) -> int:
    config = configuration(FIREBASE_JSON)
    host = (
        arguments.emulator
        or os.environ.get("FIRESTORE_EMULATOR_HOST")
        or configured(config).host("firestore")
    )
    found = [_ask(host, config, each) for each in _databases(config, arguments.database)]
    if arguments.json:
        _print({each.database: each.entries for each in found} if len(found) > 1 else found[0].entries)
    for each in found:
        if each.count and not arguments.json:
            if len(found) > 1:
                say(styled(f"{each.database} ({each.name})", "bold"))
            _print({key: value for key, value in each.entries.items() if value})
    lacking = [each for each in found if each.count]
    if not lacking:
        names = " and ".join(dict.fromkeys(each.name for each in found))
        verb = "have" if len(found) > 1 else "has"
        say(f"{styled('✓', 'green')} {names} {verb} every index that queries have needed so far.")
        return 0
    if arguments.write:
        for each in lacking:
            _write(each)
            say(f"{styled('✓', 'green')} Added to {each.name}.")
        return 0
    for each in lacking:
        of = f" (database {each.database})" if len(found) > 1 else ""
        say(f"Missing in {each.name}{of}: {each.count}. ./kit indexes --write adds them.")
    return 1


def _databases(config: FirebaseJson, wanted: str | None) -> list[DatabaseFiles]:
    listed = config.databases(project_targets(config)) or [
        DatabaseFiles(DEFAULT_DATABASE, None, None, "firestore")
    ]
    chosen = [each for each in listed if wanted in (None, each.database)]
    if not chosen:
        names = ", ".join(each.database for each in listed)
        raise Failure(f"{config.path.name} has no database {wanted}; it has {names}.")
    return chosen


def _ask(host: str, config: FirebaseJson, files: DatabaseFiles) -> Missing:
    address = f"http://{host}{ROUTE.format(quote(files.database))}"
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:
            found = json.load(answer)
    except (OSError, ValueError) as error:
        raise Failure(
            f"no Firestore emulator of Kindling answers on {host} ({error}).",
            "Start the suite (./kit start), or name the emulator: ./kit indexes --emulator 127.0.0.1:8080",
        ) from error
    if not found.pop("checked"):
        problems = dict(index_problems(config, project_targets(config)))
        raise Failure(
            f"the emulator on {host} has no index file that it could read, so it checks no query."
            + (f" {problems[files.database]}." if files.database in problems else ""),
            'Start it with ./kit start, or after eval "$(./kit env)".',
        )
    entries = {key: found.get(key, []) for key in ("indexes", "fieldOverrides")}
    file = config.file(f"{files.entry}.indexes", files.indexes) if files.indexes else None
    return Missing(files.database, file, entries)


def _print(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
    sys.stdout.flush()


def _write(missing: Missing) -> None:
    """Replace the file by one with the addition in it, at once: nobody ever reads half of it."""
    from emulator.wire.commented_json import read_text
    from emulator.wire.index_edit import with_addition

    path = missing.file
    if path is None:
        raise Failure(
            f"firebase.json names no index file for database {missing.database}.",
            'Add "indexes": "firestore.indexes.json" to its entry, then run ./kit indexes again.',
        )
    text = read_text(path, path.name) if path.exists() else ""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(with_addition(text, missing.entries, path.name), encoding="utf-8")
    fresh.replace(path)
