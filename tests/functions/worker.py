"""A function in a process of its own, as the platform runs it, which a test may kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

FUNCTIONS = Path(__file__).parents[2] / "functions"
_PATIENCE = 60.0


class Worker:
    """functions-framework around one function of main.py, or of another source."""

    def __init__(
        self, target: str, signature: str, environment: Mapping[str, str], source: str = "main.py"
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "functions_framework", "--source", source, "--target", target]
        command += ["--signature-type", signature, "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=FUNCTIONS, env={**os.environ, **environment}, start_new_session=True
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self.process.poll() is None, "the worker ended"
                assert time.monotonic() < deadline, "the worker does not start"
                time.sleep(0.05)

    def post(self, headers: Mapping[str, str], data: Any) -> int | None:
        """Sends one event or task; gives the status, None when the worker died over it."""
        try:
            url = f"http://127.0.0.1:{self.port}/"
            return requests.post(url, headers=headers, json=data, timeout=_PATIENCE).status_code
        except requests.ConnectionError:
            return None

    def kill(self) -> None:
        """As the platform's out-of-memory killer would: no chance to say anything."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def worker(
    target: str, signature: str, environment: Mapping[str, str], source: str = "main.py"
) -> Iterator[Worker]:
    running = Worker(target, signature, environment, source)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()
