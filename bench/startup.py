"""How much our two programs add to the start of the suite.

Starts the suite with the Firestore emulator and the rules runtime of this project, and with programs in their
place that do nothing but open the port and say "ready", in turn. Everything else is the same: the CLI, the
seed-free start, the functions, what is asked before the suite counts as ready.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools import java, page
from tools.figures import Figure
from tools.private import private_suite
from tools.project import JAVA

ROUNDS = 5
BAR_SECONDS = 0.5
STUB = """\
import sys

arguments = sys.argv[1:]
if "-version" in arguments:
    sys.stderr.write('openjdk version "21.0.0"\\n')
elif arguments[-1] == "serve":
    import json

    print('{"id": -1, "status": "ok"}', flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        result = {"rulesVersion": 2} if asked["action"] == "load_ruleset" else {"permit": True}
        answer = {"id": asked["id"], "status": "ok", "errors": [], "warnings": [], "result": result}
        print(json.dumps(answer), flush=True)
else:
    import socket

    address = arguments[arguments.index("--host") + 1], int(arguments[arguments.index("--port") + 1])
    server = socket.create_server(address)
    while True:
        connection, _ = server.accept()
        with connection:
            request = connection.recv(65536)
            if request:
                connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\n"
                                   b"Content-Length: 2\\r\\nConnection: close\\r\\n\\r\\n{}")
"""


def plant_stubs(folder: Path) -> Path:
    """A folder like the one kit plants, whose `java` does nothing."""
    (folder / "bin").mkdir()
    (folder / "stub.py").write_text(STUB, encoding="utf-8")
    launcher = folder / "bin" / "java"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{folder}/stub.py" "$@"\n', encoding="utf-8")
    launcher.chmod(0o755)
    shutil.copytree(JAVA / "cache", folder / "cache")
    return folder


def measure(java_folder: Path) -> float:
    with private_suite(seed=False, java_folder=java_folder) as suite:
        return suite.seconds_to_ready


def figures(rounds: int) -> Iterator[Figure]:
    java.plant()
    page.ensure_built()
    with tempfile.TemporaryDirectory() as folder:
        candidates = (JAVA, plant_stubs(Path(folder)))
        times: tuple[list[float], ...] = ([], [])
        for _ in range(rounds):
            for taken, java_folder in zip(times, candidates, strict=True):
                taken.append(measure(java_folder))
    ours, stubs = (statistics.median(taken) for taken in times)
    yield Figure("ready with ours, median", ours, "s")
    yield Figure("ready with do-nothing stubs, median", stubs, "s")
    yield Figure("ours add", ours - stubs, "s", BAR_SECONDS)
