"""Servers under measurement: real processes, and what the kernel knows about them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.project import ROOT
from tools.terminal import Failure

PATIENCE_SECONDS = 60.0

_READY = re.compile(rb"ready on \S+:(\d+)")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers. `seconds_to_ready` from its start until it said so."""

    name: str
    pid: int
    port: int
    seconds_to_ready: float

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """What it has computed so far (proc(5), utime and stime); nan where the kernel does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            return float("nan")
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_bytes(self) -> int:
        """Resident memory."""
        answer = subprocess.run(["ps", "-o", "rss=", "-p", str(self.pid)], capture_output=True, check=True)
        return int(answer.stdout) * 1024

    def open_files(self) -> int | None:
        """Open file descriptors; None where the kernel does not tell."""
        folder = Path(f"/proc/{self.pid}/fd")
        return len(list(folder.iterdir())) if folder.is_dir() else None


@contextmanager
def serving(name: str, command: Sequence[str]) -> Iterator[Served]:
    """Start a server that says `ready on HOST:PORT`, and end it afterwards."""
    with tempfile.TemporaryDirectory(prefix="kindling-bench-") as folder:
        log = Path(folder) / "log"
        started = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            port = _port(name, process, log)
            yield Served(name, process.pid, port, time.monotonic() - started)
            if process.poll() is not None:
                raise Failure(f"{name} has ended.", detail=log.read_text(errors="replace"))
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _port(name: str, process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        match = _READY.search(log.read_bytes())
        if match is not None:
            return int(match[1])
        time.sleep(0.005)
    raise Failure(f"{name} did not start.", detail=log.read_text(errors="replace"))


@contextmanager
def kindling(*flags: str) -> Iterator[Served]:
    """The emulator of this project, without rules."""
    command = [sys.executable, "-m", "emulator", "--host", "127.0.0.1", "--port", "0", *flags]
    with serving("Kindling's emulator", command) as served:
        yield served
