"""Processes of this machine: who descends from whom, who lives, how a set of them is ended.

Standard library only.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

END_LIMIT: Final = 5.0
"""Seconds for processes that were killed to be gone."""


def descendants(roots: Iterable[int]) -> set[int]:
    """Every process below `roots`, themselves excluded."""
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    todo = list(roots)
    while todo:
        for child in children.get(todo.pop(), []):
            if child not in found:
                found.add(child)
                todo.append(child)
    return found


def with_variable(setting: str) -> set[int]:
    """Processes that were started with `NAME=value` in their environment, where the system tells (Linux)."""
    found = set()
    for pid, _ in _processes():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if setting.encode() in environment.split(b"\0"):
            found.add(pid)
    return found - {os.getpid()}


def end(find: Callable[[], set[int]], number: signal.Signals, grace: float) -> None:
    """Send a signal to what `find` gives, and kill what is there after `grace` seconds. It is asked again and
    again: orphans and late children are found too.
    """
    told: set[int] = set()
    deadline = time.monotonic() + grace
    while (left := {pid for pid in find() if alive(pid)}) and time.monotonic() < deadline:
        for pid in left - told:
            send(pid, number)
        told |= left
        time.sleep(0.05)
    deadline = time.monotonic() + END_LIMIT
    while (left := {pid for pid in find() | told if alive(pid)}) and time.monotonic() < deadline:
        for pid in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be collected."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return not Path("/proc/self/stat").exists()
    return stat.rpartition(")")[2].split()[0] != "Z"


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may be gone."""
    try:
        os.kill(pid, number)
    except OSError:
        pass


def _processes() -> Iterable[tuple[int, int]]:
    """All (process, parent) pairs: from /proc, or from ps where there is none."""
    if Path("/proc/self/stat").exists():
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                except OSError:
                    continue
                yield int(entry.name), int(stat.rpartition(")")[2].split()[1])
        return
    listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False)
    own = os.getpid()
    for line in listing.stdout.splitlines():
        pid, parent = line.split()
        if int(pid) != own:
            yield int(pid), int(parent)
