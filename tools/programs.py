"""Programs that kit runs silently and waits for, in threads: installers, the build of the page.

Each has a session of its own, so that it ends when kit says so, with all that it started, and not by itself
halfway through what kit does next. Standard library only.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_running: Final[set[subprocess.Popen[str]]] = set()
_ended = False


def run_program(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], keeps: Sequence[int] = ()
) -> tuple[int, str]:
    """Run a program to its end; gives its exit code and what it printed. It inherits the descriptors it
    `keeps`.
    """
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", pass_fds=tuple(keeps), start_new_session=True,
    )  # fmt: skip
    _running.add(process)
    try:
        if _ended:
            _kill(process)
        printed, _ = process.communicate()
        return process.returncode, printed
    finally:
        _running.discard(process)


def end_programs() -> None:
    """Kill those that run, and what starts from now on: kit is asked to end."""
    global _ended
    _ended = True
    for process in list(_running):
        _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass
