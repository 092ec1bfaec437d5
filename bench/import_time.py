"""How long a new instance takes to import functions/main.py, which a cold start waits for everywhere.

Each round is a fresh interpreter of functions/venv. The first one, which may have to compile bytecode, is not
counted. CPU seconds say what the work is; the clock says what a person waits on this machine as it is now.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from tools.figures import Figure
from tools.project import FUNCTIONS_VENV, PROJECT_ID, ROOT

ROUNDS = 9
BAR_SECONDS = 0.8
PROGRAM = """
import json, sys, time
clock, cpu = time.perf_counter(), time.process_time()
import main
print(json.dumps([time.perf_counter() - clock, time.process_time() - cpu, len(sys.modules)]))
"""


@dataclass(frozen=True, slots=True)
class Import:
    clock: float
    cpu: float
    modules: int


def figures(rounds: int) -> Iterator[Figure]:
    imported()
    taken = [imported() for _ in range(rounds)]
    yield Figure("on the clock, median", statistics.median(each.clock for each in taken), "s", BAR_SECONDS)
    yield Figure("on the clock, best", min(each.clock for each in taken), "s")
    yield Figure("CPU, median", statistics.median(each.cpu for each in taken), "s", BAR_SECONDS)
    yield Figure("modules loaded", taken[-1].modules, "modules")


def imported() -> Import:
    """One import in a new process. Raises CalledProcessError when it fails."""
    config = {"projectId": PROJECT_ID, "storageBucket": f"{PROJECT_ID}.appspot.com"}
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "GCLOUD_PROJECT": PROJECT_ID,
        "FIREBASE_CONFIG": json.dumps(config),
    }
    command = [str(FUNCTIONS_VENV / "bin" / "python"), "-c", PROGRAM]
    done = subprocess.run(
        command, cwd=ROOT / "functions", env=environment, stdout=subprocess.PIPE, check=True, text=True
    )
    return Import(*json.loads(done.stdout))
