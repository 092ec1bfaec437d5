"""The processes in which the Functions emulator runs the functions, and their violent end."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tools.suite import Suite


class Workers:
    """The workers of one suite; others may run on this machine."""

    def __init__(self, suite: Suite) -> None:
        self._suite = f"FIRESTORE_EMULATOR_HOST={suite.host('firestore')}".encode()
        if not Path("/proc/self/environ").exists():
            pytest.skip("finds workers by their environment in /proc, which this system lacks")

    def of(self, function: str) -> list[int]:
        """The process ids of a function's workers."""
        target = f"FUNCTION_TARGET={function}".encode()
        return [pid for pid in _pids() if {target, self._suite} <= _environment(pid)]

    def at_work_on(self, function: str, size: int) -> list[int]:
        """Those of a function's workers that have a file of `size` bytes open."""
        return [pid for pid in self.of(function) if size in _sizes_of_open_files(pid)]

    def kill(self, function: str) -> int:
        """Ends a function's workers as a machine that loses its power does; gives how many there were."""
        return end(self.of(function))


def end(pids: list[int]) -> int:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return len(pids)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _sizes_of_open_files(pid: int) -> set[int]:
    sizes = set()
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                sizes.add(descriptor.stat().st_size)
    except OSError:  # gone meanwhile, or not ours
        pass
    return sizes


def _environment(pid: int) -> set[bytes]:
    try:
        return set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    except OSError:  # gone meanwhile, or not ours
        return set()
