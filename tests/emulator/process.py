"""The Firestore emulator as a real process on a free port."""

from __future__ import annotations

import http.client
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

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 30.0

_READY = re.compile(r"ready on (\S+):(\d+)")


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator. `host` is `127.0.0.1:port`, `log` what it has printed so far."""

    process: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def http(
        self, method: str, path: str, body: bytes | str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own, sent as it stands."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            payload = body.encode() if isinstance(body, str) else body
            connection.request(method, path, payload, headers or {})
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read().decode())
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@contextmanager
def running_emulator(*flags: str, launcher: Sequence[str] = ("-m", "emulator")) -> Iterator[Emulator]:
    """Start the emulator on a free port, wait until it answers, and stop it at the end.

    `launcher` is what Python is given to start it in another way.
    """
    with tempfile.TemporaryDirectory() as folder:
        log_file = Path(folder) / "log"
        with log_file.open("wb") as log:
            listen = ("--host", "127.0.0.1", "--port", "0")
            process = start_process(*listen, *flags, stdout=log, launcher=launcher)
        try:
            yield Emulator(process, _wait_until_ready(process, log_file), log_file)
        finally:
            process.terminate()
            process.wait(DEADLINE)


def start_process(
    *arguments: str, stdout: object = subprocess.PIPE, launcher: Sequence[str] = ("-m", "emulator")
) -> subprocess.Popen[bytes]:
    """`python -m emulator` (or another launcher) with these arguments, both outputs to one place."""
    return subprocess.Popen(
        [sys.executable, *launcher, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


def _wait_until_ready(process: subprocess.Popen[bytes], log_file: Path) -> int:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and process.poll() is None:
        match = _READY.search(log_file.read_text(encoding="utf-8"))
        if match is not None:
            return int(match[2])
        time.sleep(0.01)
    raise RuntimeError(f"the emulator did not start: {log_file.read_text(encoding='utf-8')}")
