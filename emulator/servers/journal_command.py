"""`kindling-emulator journal check | repair FOLDER`: looks at the journal of a data directory, and mends it.

Exit codes: 0 the journal is whole, 1 it is damaged or could not be repaired, 2 the command line is wrong or
names no journal.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from emulator.servers.journal import Journal, JournalError, is_in_use
from emulator.servers.journal_file import NAME, Past

WHOLE, DAMAGED, WRONG_USE = 0, 1, 2

_EPILOG = "exit code: 0 the journal is whole, 1 it is damaged or could not be repaired, 2 wrong use"


def main(arguments: list[str]) -> int:
    """The exit code; wrong use is SystemExit(2)."""
    parser = argparse.ArgumentParser(
        prog="kindling-emulator journal",
        description="Look at the journal that --data-dir keeps, or mend a damaged one.",
        epilog=_EPILOG,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="check | repair")
    for name, description in (
        ("check", "say what the journal holds and what is lost; changes nothing, also while it is in use"),
        ("repair", "write a damaged journal anew from all commits that stand, and keep the damaged one"),
    ):
        command = commands.add_parser(name, help=description, description=description, epilog=_EPILOG)
        command.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of --data-dir")
        command.add_argument("--json", action="store_true", help="print one JSON object")
    found = parser.parse_args(arguments)
    journal = found.folder / NAME
    if not journal.is_file():
        print(f"There is no journal: {journal}", file=sys.stderr)
        return WRONG_USE
    run = _check if found.command == "check" else _repair
    try:
        return run(found.folder, as_json=found.json)
    except (JournalError, OSError) as error:
        print(f"The journal cannot be used: {error}", file=sys.stderr)
        return DAMAGED


def _check(folder: Path, *, as_json: bool) -> int:
    """While an emulator writes, what it is just writing may be there in part: that end is no damage."""
    journal, in_use = folder / NAME, is_in_use(folder)
    log = journal.read_bytes()
    past = Past.read(log)
    if in_use and past.lost and past.lost[-1].end == len(log):
        past.lost.pop()
    _print(_report(journal, past, log, in_use=in_use), _sentence(journal, past, in_use=in_use), as_json)
    return DAMAGED if past.lost else WHOLE


def _repair(folder: Path, *, as_json: bool) -> int:
    journal = Journal(folder)
    try:
        log = (folder / NAME).read_bytes()
        past, kept = journal.repair()
    finally:
        journal.close()
    report = _report(folder / NAME, past, log, in_use=False)
    sentence = _sentence(folder / NAME, past, in_use=False)
    if kept is not None:
        report["kept"] = str(kept)
        sentence += f"\nIt is written anew from what stands; the damaged one is kept as {kept}."
    _print(report, sentence, as_json)
    return WHOLE


def _report(journal: Path, past: Past, log: bytes, *, in_use: bool) -> dict[str, Any]:
    return {
        "journal": str(journal),
        "whole": not past.lost,
        "inUse": in_use,
        "bytes": len(log),
        "commits": past.commits,
        "databases": {database.name: len(documents) for database, documents in past.contents.items()},
        "lost": [{"start": lost.start, "end": lost.end} for lost in past.lost],
    }


def _sentence(journal: Path, past: Past, *, in_use: bool) -> str:
    state = past.damage if past.lost else "whole"
    user = " An emulator uses it." if in_use else ""
    return (
        f"{journal} is {state}.{user}\n"
        f"{past.commits} commits stand, with {past.documents} documents in {len(past.contents)} databases."
    )


def _print(report: dict[str, Any], sentence: str, as_json: bool) -> None:
    print(json.dumps(report, ensure_ascii=False, indent=2) if as_json else sentence)
