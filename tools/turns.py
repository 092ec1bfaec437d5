"""Lets suites that start at the same moment load their functions one after the other.

The CLI looks for a free port from 8081 on to ask the Python functions what they are, and two CLIs that look
at the same moment find the same one: the answer of one suite's functions goes to the other, or to nobody.
The last program the CLI waits for before that is the Storage rules runtime, which is ours: it waits at a
gate, a folder named by KINDLING_GATE, until kit has the turn (emulator/java_shim.py).
"""

import fcntl
from pathlib import Path
from typing import IO, Final

from tools.ports import lock_folder

VARIABLE: Final = "KINDLING_GATE"


class Turn:
    """The turn of one suite: taken in `poll` while it starts, given back in `release` or when kit ends."""

    def __init__(self, gate: Path) -> None:
        self._gate = gate
        self._lock: IO[str] | None = None

    def poll(self) -> None:
        """Open the gate when the suite waits at it and no other suite has the turn."""
        if self._lock or not (self._gate / "waiting").exists():
            return
        lock = open(lock_folder() / "loading-functions", "w", encoding="utf-8")  # noqa: SIM115 - held until release
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return
        self._lock = lock
        (self._gate / "open").touch()

    def release(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None
