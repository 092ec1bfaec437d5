"""From `./kit ARGUMENTS` to `python -m tools ARGUMENTS` inside .venv, installing on the way what the command
needs.

Standard library only.
"""

import os
from typing import Final

from emulator.wire.commented_json import ConfigFileError
from tools import install
from tools.configuration import configuration, unusable
from tools.project import venv_python
from tools.signals import Stopped, hold_signals, signals_raise
from tools.terminal import Failure, report

NEEDS: Final[dict[str, tuple[install.Installable, ...]]] = {
    "start": (install.TOOLS, install.FUNCTIONS, install.PACKAGES),
    "exec": (install.TOOLS, install.FUNCTIONS, install.PACKAGES),
    "env": (install.TOOLS, install.FUNCTIONS, install.PACKAGES),
    "seed": (install.TOOLS, install.FUNCTIONS, install.PACKAGES),
    "test": (install.DEVELOPMENT, install.FUNCTIONS, install.PACKAGES),
    "rules": (install.TOOLS,),
    "indexes": (install.TOOLS,),
    "bench": (install.DEVELOPMENT, install.FUNCTIONS, install.PACKAGES),
    "check": (install.DEVELOPMENT, install.FUNCTIONS),
}


def main(arguments: list[str]) -> int:
    """Install and hand over; gives an exit code when nothing was handed over (help, a wrong name, a
    failure).
    """
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if not own or own[0] not in NEEDS or "-h" in own or "--help" in own:
        from tools.__main__ import main as run_tools

        return run_tools(arguments)
    try:
        with signals_raise():
            install.ensure(*_needed(own[0]))
            hold_signals()
    except Failure as failure:
        return report(failure)
    except ConfigFileError as error:
        return report(unusable(error))
    except KeyboardInterrupt:
        return 130
    except Stopped as stopped:
        return stopped.code
    # Container images often set it. Dozens of short-lived Pythons would then compile every module again:
    # starting the Firestore emulator takes three times as long.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    python = str(venv_python())
    return os.execv(python, [python, "-P", "-m", "tools", *arguments])  # noqa: S606 - kit becomes the tools


def _needed(command: str) -> list[install.Installable]:
    """What a command needs, with the environments of the functions that firebase.json names."""
    needed: list[install.Installable] = []
    for each in NEEDS[command]:
        needed += install.of_functions(configuration()) if each is install.FUNCTIONS else [each]
    return needed
