"""How long the project's own tests of rules take in process: conditions both ways, and the access matrix.

    .venv/bin/python -m bench.rules_suite

The whole command counts: Python's start, imports, compiling the rules, the tests and the summary. What is
measured is CPU seconds, the best of several rounds, so that other work on the machine counts little. The exit
code is 1 when the bar is missed.
"""

import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ("test_document_conditions.py", "test_object_conditions.py", "test_access_matrix.py")
BAR_SECONDS = 5.0
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Round:
    cpu: float
    wall: float


def measured() -> Round:
    """One run of the tests. Raises CalledProcessError when one fails."""
    files = [str(ROOT / "tests" / "rules" / name) for name in TESTS]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--rules-backend=engine", *files]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Round(cpu, time.monotonic() - started)


def main() -> int:
    rounds = [measured() for _ in range(ROUNDS)]
    best = min(rounds, key=lambda each: each.cpu)
    walls = ", ".join(f"{each.wall:.1f}" for each in rounds)
    print(f"rules tests in process: {best.cpu:.2f} s of CPU (bar {BAR_SECONDS:g} s); on the clock {walls} s")
    return 0 if best.cpu < BAR_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
