"""kit env: what `eval` needs so that plain `firebase emulators:start` and scripts beside a suite run here
without Java and without a Google account.
"""

import argparse
import os
import shlex
from collections.abc import Mapping

from tools import configuration, credentials, java, local_secrets, suite
from tools.terminal import say

HELP = 'print what eval "$(./kit env)" needs so that plain firebase commands and scripts run here'
EPILOG = f"""\
Puts the project's `firebase` and its stand-in for Java first on PATH, names the planted download cache, and
gives the Admin SDK a credential for emulators only ({credentials.VARIABLE}), so that it
needs no Google login and reaches no Google account. {credentials.KEEP}=1 keeps your own.
While a suite runs (./kit start, or plain firebase emulators:start), its addresses come too, as
`./kit exec` gives them; evaluate again after you started one.

sh, bash, zsh:  eval "$(./kit env)"
fish:           ./kit env --shell fish | source
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shell", choices=("sh", "fish"), default="sh", help="whose syntax to print (default: sh)"
    )
    parser.add_argument(
        "--ports", type=int, metavar="FIRST", help="look for the suite of ./kit start --ports FIRST"
    )


def run(arguments: argparse.Namespace) -> int:
    java.plant()
    local_secrets.ensure_all(configuration.configuration())
    credentials.ensure()
    variables = {**java.environment(os.environ.get("PATH", "")), **credentials.environment(os.environ)}
    if replaced := variables.get(credentials.REPLACED):
        say(
            f"{credentials.VARIABLE} was {replaced}; here it names a credential for emulators only. "
            f"{credentials.KEEP}=1 keeps yours."
        )
    variables.update(_suite(arguments.ports))
    for name, value in variables.items():
        print(_fish(name, value) if arguments.shell == "fish" else f"export {name}={shlex.quote(value)}")
    return 0


def _suite(first_port: int | None) -> Mapping[str, str]:
    """The variables of the suite that runs on the ports of firebase.json, or from `first_port` on."""
    config = configuration.configuration()
    wanted = suite.configured(config) if first_port is None else suite.on_ports_from(first_port)
    running = suite.running(wanted)
    if running is None:
        return {}
    say(f"With the addresses of the suite of {running.project_id} that runs on {running.url('ui')}.")
    return running.environment()


def _fish(name: str, value: str) -> str:
    """Fish keeps PATH as a list and escapes only backslash and quote inside single quotes."""
    parts = value.split(os.pathsep) if name == "PATH" else [value]
    quoted = " ".join("'" + part.replace("\\", "\\\\").replace("'", "\\'") + "'" for part in parts)
    return f"set -gx {name} {quoted}"
