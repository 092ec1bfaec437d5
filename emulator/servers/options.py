"""The command line of the Firestore emulator, as the official one reads it.

Flags come as `--flag value` or `--flag=value`; a boolean may stand alone. Positional arguments are ignored,
and so, with a warning, are flags that a later CLI may add.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from emulator.servers.allowed_hosts import FLAG, VARIABLE
from emulator.servers.database_files import NO_FILES, DatabaseFiles

VERSION = "1.22.0"

_DESCRIPTION = "Kindling's Firestore emulator: gRPC, REST and WebChannel on one port."
_EPILOG = "`kindling-emulator journal check | repair FOLDER` looks at what --data-dir kept, and mends it."
_VERSION_TEXT = f"Kindling Firestore emulator, compatible with the official {VERSION}"


@dataclass(frozen=True, slots=True)
class Options:
    """What the emulator is started with. `functions_emulator` is `host:port`."""

    host: str = "localhost"
    port: int = 8080
    websocket_port: int | None = None
    project_id: str | None = None
    rules: DatabaseFiles = NO_FILES
    seed_from_export: Path | None = None
    functions_emulator: str | None = None
    single_project_mode: bool = False
    single_project_mode_error: bool = False
    index_file: DatabaseFiles = NO_FILES
    require_indexes: bool = False
    data_dir: Path | None = None
    export_on_exit: Path | None = None
    export_name: str | None = None
    allow_hosts: tuple[str, ...] = ()
    export_everything: bool = False


class _Parser(argparse.ArgumentParser):
    """Complains in one line and exits with 1, as the official emulator does."""

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"{message}\n")


def parse_options(arguments: list[str]) -> Options:
    """The options, or SystemExit: 0 after `--help` and `--version`, 1 for what makes no sense."""
    parser = _parser()
    found, rest = parser.parse_known_args(arguments)
    for stray in rest:
        if stray.startswith("-"):
            print(f"Unknown flag {stray} is ignored.", file=sys.stderr)
    _check(parser, found)
    return Options(
        host=found.host,
        port=found.port,
        websocket_port=found.websocket_port,
        project_id=found.project_id,
        rules=_files(parser, "--rules", found.rules),
        seed_from_export=found.seed_from_export,
        functions_emulator=found.functions_emulator,
        single_project_mode=found.single_project_mode,
        single_project_mode_error=found.single_project_mode_error,
        index_file=_files(parser, "--index_file", found.index_file),
        require_indexes=found.require_indexes,
        data_dir=found.data_dir,
        export_on_exit=found.export_on_exit,
        export_name=found.export_name,
        allow_hosts=(*found.allow_hosts, os.environ.get(VARIABLE, "")),
        export_everything=found.export_everything,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="kindling-emulator", description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False)
    add = parser.add_argument
    add("--host", default="localhost", help="address to listen on (localhost)")
    add("--port", type=_port, default=8080, help="port for everything but the request monitor (8080)")
    add("--websocket_port", type=_port, help="port of the request monitor")
    add("--webchannel_port", type=_port, help=argparse.SUPPRESS)
    add("--project_id", help="the project of single_project_mode")
    add(
        "--rules",
        action="append",
        default=[],
        metavar="[DATABASE=]PATH",
        help="rules of one database, or of all others; without any everything is allowed",
    )
    add("--seed_from_export", "--import-data", type=Path, help="overall metadata file of an export")
    add("--functions_emulator", help="host:port of the functions emulator, for triggers")
    add("--database-edition", type=str.lower, default="standard", help="standard")
    add("--database-mode", default="firestore-native", help="firestore-native")
    _add_boolean(parser, "--single_project_mode", "warn about requests for another project")
    _add_boolean(parser, "--single_project_mode_error", "refuse requests for another project")
    add(
        "--index_file",
        action="append",
        default=[],
        metavar="[DATABASE=]PATH",
        help="firestore.indexes.json of one database, or of all others: say what production would miss",
    )
    _add_boolean(parser, "--require_indexes", "refuse a query that lacks an index, as production does")
    add("--data-dir", type=Path, help="keep every commit in this folder, so that no way of ending loses one")
    add("--export-on-exit", type=Path, help="folder to export to when told to stop")
    add("--export-name", help="name of that export (firestore_export)")
    add(
        FLAG,
        action="append",
        default=[],
        metavar="NAME[,NAME...]",
        help=f"hosts and origins to answer beside this machine's own; also from {VARIABLE}",
    )
    _add_boolean(parser, "--export_everything", "have :export of a project write every database beside it")
    add("--licenses", action="version", version="Apache License 2.0", help="show the licence and exit")
    add("--version", action="version", version=_VERSION_TEXT, help="show the version and exit")
    _add_boolean(parser, "--testing", argparse.SUPPRESS)
    return parser


def _files(parser: argparse.ArgumentParser, flag: str, values: list[str]) -> DatabaseFiles:
    try:
        return DatabaseFiles.parse(values)
    except ValueError as error:
        parser.error(f"{flag} {error}")


def _add_boolean(parser: argparse.ArgumentParser, flag: str, description: str) -> None:
    parser.add_argument(flag, type=_boolean, nargs="?", const=True, default=False, help=description)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def _check(parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
    if found.single_project_mode and not found.project_id:
        parser.error("--single_project_mode needs --project_id")
    if found.require_indexes and not found.index_file:
        parser.error("--require_indexes needs --index_file")
    if found.single_project_mode_error and not found.single_project_mode:
        parser.error("--single_project_mode_error needs --single_project_mode")
    if found.export_name and not found.export_on_exit:
        parser.error("--export-name needs --export-on-exit")
    if found.database_edition != "standard":
        parser.error(f"--database-edition {found.database_edition} is not implemented")
    if found.database_mode != "firestore-native":
        parser.error(f"--database-mode {found.database_mode} is not implemented")
