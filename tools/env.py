"""kit env: what `eval` needs so that plain `firebase emulators:start` runs here without Java."""

import argparse
import os
import shlex

from tools import java, local_secrets

HELP = 'print what eval "$(./kit env)" needs so that plain firebase commands run here'
EPILOG = """\
Puts the project's `firebase` and its stand-in for Java first on PATH and names the planted download cache.

sh, bash, zsh:  eval "$(./kit env)"
fish:           ./kit env --shell fish | source
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shell", choices=("sh", "fish"), default="sh", help="whose syntax to print (default: sh)"
    )


def run(arguments: argparse.Namespace) -> int:
    java.plant()
    local_secrets.ensure()
    variables = java.environment(os.environ.get("PATH", ""))
    for name, value in variables.items():
        print(_fish(name, value) if arguments.shell == "fish" else f"export {name}={shlex.quote(value)}")
    return 0


def _fish(name: str, value: str) -> str:
    """Fish keeps PATH as a list and escapes only backslash and quote inside single quotes."""
    parts = value.split(os.pathsep) if name == "PATH" else [value]
    quoted = " ".join("'" + part.replace("\\", "\\\\").replace("'", "\\'") + "'" for part in parts)
    return f"set -gx {name} {quoted}"
