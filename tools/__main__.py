"""The command line of ./kit.

This and what it imports at the top is standard library only, so that --help works before anything is
installed.
"""

import argparse
import sys
from types import ModuleType
from typing import Final

from tools import check, env, seed, start, test
from tools import exec as exec_command
from tools.terminal import Failure, report

COMMANDS: Final[dict[str, ModuleType]] = {
    "start": start,
    "test": test,
    "check": check,
    "exec": exec_command,
    "env": env,
    "seed": seed,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; gives its exit code."""
    parser = _parser()
    given = sys.argv[1:] if arguments is None else arguments
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
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./kit", description="Kindling: one command to a working app on the Firebase emulator suite."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
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
    sys.exit(main())
