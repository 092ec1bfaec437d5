"""kit test: every test, against one private copy of the suite."""

import argparse
import os
from pathlib import Path

from tools import chromium
from tools.exec import run_against
from tools.private import private_suite
from tools.project import ROOT, venv_python
from tools.running import Stopped, signals_raise
from tools.terminal import say

HELP = "install what tests need and run them against a private copy of the suite"
EPILOG = """\
Everything after `test` goes to pytest: ./kit test tests/rules -k owner -x. Without a path all of tests/ runs.
Chromium for tests/e2e is installed where there is none: Debian's package as root, else Playwright's own.
"""
BROWSER_TESTS = ROOT / "tests" / "e2e"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(passes_on=True)
    parser.usage = "./kit test [-h] [pytest arguments]"


def run(arguments: argparse.Namespace) -> int:
    rest: list[str] = arguments.rest
    extra = chromium.ensure() if _wants_browser(rest) else {}
    with signals_raise():
        try:
            os.chdir(ROOT)
            with private_suite() as suite:
                say("Running the tests")
                return run_against(suite, [str(venv_python()), "-m", "pytest", *rest], extra)
        except Stopped as stopped:
            return stopped.code


def _wants_browser(rest: list[str]) -> bool:
    """Whether the named paths, or all of tests/ when none is named, hold end-to-end tests."""
    named = [Path(word.partition("::")[0]).resolve() for word in rest if not word.startswith("-")]
    paths = [path for path in named if path.exists()] or [ROOT / "tests"]
    return BROWSER_TESTS.is_dir() and any(
        path == BROWSER_TESTS or BROWSER_TESTS in path.parents or path in BROWSER_TESTS.parents
        for path in paths
    )
