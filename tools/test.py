"""kit test: every test, against one private copy of the suite."""

import argparse
import os
from pathlib import Path

from tools import chromium
from tools.configuration import can_require_indexes, configuration
from tools.exec import run_against
from tools.private import private_suite
from tools.project import ROOT, venv_python
from tools.signals import Stopped, signals_raise
from tools.terminal import say

HELP = "install what tests need and run them against a private copy of the suite"
EPILOG = """\
Everything after `test` goes to pytest: ./kit test tests/rules -k owner -x. Without a path all of tests/ runs,
in as many processes as there are cores, two at least; -n 0 runs it in one. Chromium for the browser tests is
installed where there is none: Debian's package as root, else Playwright's own.
"""
MOST_PROCESSES = 4
"""They share one suite, and each may have a browser and a suite of its own beside it."""
BROWSER_TESTS = (ROOT / "tests" / "e2e", ROOT / "tests" / "emulator" / "js")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(passes_on=True)
    parser.usage = "./kit test [-h] [pytest arguments]"


def run(arguments: argparse.Namespace) -> int:
    rest: list[str] = arguments.rest
    if _wants_browser(rest):
        chromium.ensure()
    with signals_raise():
        try:
            os.chdir(ROOT)
            with private_suite(require_indexes=can_require_indexes(configuration())) as suite:
                say("Running the tests")
                command = [str(venv_python()), "-m", "pytest", *_processes(rest), *rest]
                return run_against(suite, command)
        except Stopped as stopped:
            return stopped.code


def _named(rest: list[str]) -> list[Path]:
    """The tests that the arguments name; none means all of tests/."""
    words = [Path(word.partition("::")[0]) for word in rest if not word.startswith("-")]
    return [path.resolve() for path in words if path.exists()]


def _wants_browser(rest: list[str]) -> bool:
    paths = _named(rest) or [ROOT / "tests"]
    return any(
        path == tests or tests in path.parents or path in tests.parents
        for path in paths
        for tests in BROWSER_TESTS
    )


def _processes(rest: list[str]) -> list[str]:
    """How a whole run is spread: a file's tests stay together, since they share servers and browsers.

    What speaks to a person at the terminal needs one process.
    """
    alone = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "-s", "--capture=no")
    if _named(rest) or any(word.startswith(alone) for word in rest):
        return []
    workers = min(max(os.cpu_count() or 2, 2), MOST_PROCESSES)
    return ["-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder"]
