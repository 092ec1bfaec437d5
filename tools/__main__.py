"""The command line of ./kit.

This and what it imports at the top is standard library only, so that --help works before anything is
installed.
"""

import argparse
import sys
from importlib import import_module
from typing import Final

from emulator.wire.commented_json import ConfigFileError
from tools.configuration import unusable
from tools.signals import Stopped, hold_signals, let_signals_in, signals_raise
from tools.terminal import Failure, report

COMMANDS: Final = ("start", "test", "check", "exec", "env", "seed", "rules", "indexes", "bench")
"""Each is a module of this package with HELP, add_arguments(parser) and run(arguments)."""


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; gives its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = _parser([given[0]] if given and given[0] in COMMANDS else list(COMMANDS))
    if not given:
        parser.print_help()
        return 0
    chosen, rest = parser.parse_known_args(given)
    if rest and not chosen.passes_on:
        parser.error(f"unknown argument: {' '.join(rest)}")
    chosen.rest = rest
    try:
        return int(chosen.run(chosen))
    except Failure as failure:
        return report(failure)
    except ConfigFileError as error:
        return report(unusable(error))
    except KeyboardInterrupt:
        return 130


def _run() -> int:
    """`main` as a process of its own: a signal ends it with the code of that signal, whenever it comes."""
    try:
        with signals_raise():
            let_signals_in()
            try:
                return main()
            finally:
                hold_signals()
    except KeyboardInterrupt:
        return 130
    except Stopped as stopped:
        return stopped.code


def _parser(names: list[str]) -> argparse.ArgumentParser:
    """A parser that knows these commands: all of them for help, else only the one that is run."""
    parser = argparse.ArgumentParser(
        prog="./kit", description="Kindling: one command to a working app on the Firebase emulator suite."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name in names:
        module = import_module(f"tools.{name}")
        sub = commands.add_parser(
            name,
            help=module.HELP,
            description=f"{module.HELP[0].upper()}{module.HELP[1:]}.",
            epilog=getattr(module, "EPILOG", None),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=module.run, passes_on=False)
        module.add_arguments(sub)
    return parser


if __name__ == "__main__":
    sys.exit(_run())
