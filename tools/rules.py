"""kit rules: check, explain and measure the coverage of Security Rules, without a server."""

import argparse
from importlib import import_module
from typing import Final

HELP = "check and explain the Security Rules, show what of them was used and who may do what"
EPILOG = "./kit rules COMMAND --help tells more. docs/rules.md is the guide for authors of rules."
COMMANDS: Final = ("check", "explain", "coverage", "matrix")
"""Each is a module `tools.rules_<name>` with HELP, EPILOG, add_arguments(parser) and run(arguments).

At the top it imports the standard library only: help is printed before anything is installed.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = import_module(f"tools.rules_{name}")
        sub = commands.add_parser(
            name,
            help=module.HELP,
            description=f"{module.HELP[0].upper()}{module.HELP[1:]}.",
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run_rules=module.run)
        module.add_arguments(sub)


def run(arguments: argparse.Namespace) -> int:
    return int(arguments.run_rules(arguments))
