"""How long the project's own tests of rules take in process: conditions both ways, and the access matrix.

The whole command counts: Python's start, imports, compiling the rules, the tests and the summary. The best of
several rounds in CPU seconds is what is compared, so that other work on the machine counts little.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tools.figures import Figure
from tools.project import ROOT

TESTS = ("test_document_conditions.py", "test_object_conditions.py", "test_access_matrix.py")
BAR_SECONDS = 5.0
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Round:
    cpu: float
    wall: float


def figures(rounds: int) -> Iterator[Figure]:
    taken = [measured() for _ in range(rounds)]
    yield Figure("CPU, best", min(each.cpu for each in taken), "s", BAR_SECONDS)
    yield Figure("on the clock, best", min(each.wall for each in taken), "s")


def measured() -> Round:
    """One run of the tests. Raises CalledProcessError when one fails."""
    files = [str(ROOT / "tests" / "rules" / name) for name in TESTS]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--rules-backend=engine", *files]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Round(cpu, time.monotonic() - started)
