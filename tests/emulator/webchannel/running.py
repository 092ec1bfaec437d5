"""An emulator process of a test's own."""

import re
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]
DEADLINE = 15


@contextmanager
def emulator(*flags: str, port: int = 0, module: str = "emulator") -> Iterator[int]:
    """Start `python -m emulator`, or another module that does, with these flags and give its port."""
    command = [sys.executable, "-m", module, "--host", "127.0.0.1", "--port", str(port), *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            yield _announced_port(process)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _announced_port(process: "subprocess.Popen[bytes]") -> int:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(DEADLINE), "the emulator says nothing"
    line = process.stdout.readline().decode()
    found = re.search(r"ready on \S+:(\d+)", line)
    assert found, f"the emulator did not start: {line}"
    return int(found[1])
