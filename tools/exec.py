"""kit exec -- COMMAND: run COMMAND against a private copy of the suite, seed data in it, emulator variables
set.
"""

import argparse
import os
import shutil
import signal
import subprocess
from contextlib import AbstractContextManager

from tools import credentials, processes
from tools.private import private_suite
from tools.running import RunningSuite
from tools.signals import Stopped, signals_raise
from tools.terminal import Failure

POLL = 1.0
"""Seconds between two looks at the suite while the command runs."""
GRACE = 5.0
"""Seconds the command gets for its own orderly end."""
REQUIRE_INDEXES = (
    "refuse queries that production would refuse because firestore.indexes.json lacks their index"
)
HELP = "run a command against a private copy of the suite on free ports"
EPILOG = """\
The command sees the variables of `firebase emulators:exec`: FIRESTORE_EMULATOR_HOST,
FIREBASE_AUTH_EMULATOR_HOST, FIREBASE_STORAGE_EMULATOR_HOST, STORAGE_EMULATOR_HOST, FIREBASE_EMULATOR_HUB,
CLOUD_TASKS_EMULATOR_HOST, CLOUD_EVENTARC_EMULATOR_HOST, GCLOUD_PROJECT, FIREBASE_CONFIG; and besides
KINDLING_HOSTING_URL, KINDLING_UI_URL, KINDLING_FUNCTIONS_URL, KINDLING_BUCKET.
GOOGLE_APPLICATION_CREDENTIALS names a credential for emulators only, so that initialize_app() needs no login.
Its exit code is passed on. Several may run at once, also beside `./kit start`.

example: ./kit exec -- python -c 'import os; print(os.environ["FIRESTORE_EMULATOR_HOST"])'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-seed", action="store_true", help="start empty, without the data of emulator-data/"
    )
    parser.add_argument(
        "--only", metavar="PARTS", help="start only these, as for firebase (auth,firestore,...)"
    )
    parser.add_argument("--require-indexes", action="store_true", help=REQUIRE_INDEXES)
    parser.add_argument("command", nargs="+", metavar="-- COMMAND", help="the command and its arguments")


def run(arguments: argparse.Namespace) -> int:
    if shutil.which(arguments.command[0]) is None:
        raise Failure(f"cannot run {arguments.command[0]}: there is no such program.", code=127)
    with signals_raise():
        try:
            with _suite(arguments) as suite:
                return run_against(suite, arguments.command)
        except Stopped as stopped:
            return stopped.code


def _suite(arguments: argparse.Namespace) -> AbstractContextManager[RunningSuite]:
    return private_suite(
        seed=not arguments.no_seed, only=arguments.only, require_indexes=arguments.require_indexes
    )


def run_against(suite: RunningSuite, command: list[str]) -> int:
    """Run `command` with the variables of `suite`; gives its exit code as a shell would."""
    given = {**os.environ, **suite.plan.suite.environment()}
    environment = {**given, **credentials.environment(given)}
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise Failure(f"cannot run {command[0]}: {error.strerror}.", code=127) from error
    try:
        suite.watch(child.pid)
        code = _wait_for(child, suite)
    except BaseException as ending:
        _end(child, signal.Signals(ending.code - 128) if isinstance(ending, Stopped) else signal.SIGTERM)
        raise
    return 128 - code if code < 0 else code


def _wait_for(child: subprocess.Popen[bytes], suite: RunningSuite) -> int:
    """Wait for the command, as long as its suite is there. Ctrl-C reaches it by itself, being in the same
    terminal.
    """
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            try:
                return child.wait(POLL)
            except subprocess.TimeoutExpired:
                if not suite.alive():
                    raise suite.failure(
                        f"{suite.what_ended()} while the command ran, which was ended"
                    ) from None
    finally:
        signal.signal(signal.SIGINT, interrupt)


def _end(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """End the command and what it started; it shares its process group with kit."""

    def family() -> set[int]:
        child.poll()
        return processes.descendants([child.pid]) | {child.pid}

    processes.end(family, number, GRACE)
    child.wait()
