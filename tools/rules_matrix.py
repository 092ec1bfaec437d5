"""kit rules matrix: who may do what, as a table."""

import argparse
from importlib import import_module
from typing import Any

from tools.project import FIREBASE_JSON, ROOT
from tools.terminal import Failure, say

HELP = "compare docs/access-matrix.md with what the rules do, or write it"
EPILOG = """\
The table is declared in tests/rules/access_matrix.py; every cell is a request, made without a server.
Without --write nothing is changed, and the exit code is 1 when the page is not what the rules do.
"""
PAGE = ROOT / "docs" / "access-matrix.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write the page")


def run(arguments: argparse.Namespace) -> int:
    from testing.rules.matrix import difference

    page = _page()
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    changes = difference(before, page, "docs/access-matrix.md")
    if not changes:
        say("docs/access-matrix.md says what the rules do.")
        return 0
    print(changes)
    if not arguments.write:
        say("The rules do something else; ./kit rules matrix --write writes the page.")
        return 1
    PAGE.write_text(page, encoding="utf-8")
    say("Wrote docs/access-matrix.md.")
    return 0


def _page() -> str:
    from emulator.rules import RulesCompileError
    from testing.rules.environment import RulesTestEnvironment
    from testing.rules.in_process import CompiledRules, InProcess
    from testing.rules.matrix import filled, rendered
    from testing.rules.sources import from_firebase_json

    try:
        rules = CompiledRules(from_firebase_json(FIREBASE_JSON))
    except FileNotFoundError as error:
        raise Failure(
            f"firebase.json names {error.filename} as rules, and there is no such file.",
            "Write the file, or correct firebase.json.",
        ) from error
    except RulesCompileError as error:
        raise Failure("the rules have errors.", "./kit rules check shows where.", str(error)) from error
    # The tests own the declaration. They are no part of this package's types.
    declared: Any = import_module("tests.rules.access_matrix")
    tables = filled(declared.MATRIX, lambda: RulesTestEnvironment(InProcess(rules)))
    return rendered(declared.MATRIX, tables, declared.INTRODUCTION)
