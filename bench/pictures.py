"""What looking at a picture costs, its process included: a photo, and the worst that people could send.

Each is examined as an upload is, in an interpreter of functions/venv that has examined a small picture
before. CPU seconds and memory are those of that interpreter and of the process that decodes, as the kernel
counts them. The photo is examined in rounds, the hostile pictures once each. An export of 100,000 files of
one name is planned in the same way.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.upload import photo
from tools.figures import Figure
from tools.project import FUNCTIONS_VENV, ROOT

ROUNDS = 9
HOSTILE_BAR_SECONDS = 1.0
HOSTILE_BAR_MEBIBYTES = 256
PLANNED = 100_000

EXAMINE = """
import json, resource, sys
from app.examination import examine
def used():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both), max(most_of_this(), both[1].ru_maxrss)
def most_of_this():
    # What the kernel says in `ru_maxrss` begins with what the process had that started this one.
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1])
small, path, content_type = sys.argv[1:]
examine(small, "image/jpeg")
before, _ = used()
examine(path, content_type)
after, most = used()
print(json.dumps([after - before, most / 1024]))
"""
PLAN = """
import json, sys, time
from datetime import UTC, datetime
from app.export_plan import make_plan
made = datetime(2026, 1, 1, tzinfo=UTC)
fields = {"name": "photo.jpg", "size": 200_000, "state": "ready", "createdAt": made, "generation": "1"}
began = time.process_time()
ids = (f"{number:020}" for number in range(int(sys.argv[1])))
make_plan((each, {**fields, "path": f"users/u/files/{each}/photo.jpg"}) for each in ids)
(line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([time.process_time() - began, int(line.split()[1]) / 1024]))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    cpu: float
    mebibytes: float


def figures(rounds: int) -> Iterator[Figure]:
    sys.path.append(str(ROOT / "tests" / "functions"))
    from hostile_pictures import HOSTILE
    from pictures import jpeg

    with tempfile.TemporaryDirectory() as folder:
        small, path = Path(folder, "small"), Path(folder, "picture")
        small.write_bytes(jpeg())
        path.write_bytes(photo())
        costs = [_run(EXAMINE, small, path, "image/jpeg") for _ in range(rounds)]
        yield Figure("photo of 3 MB, CPU, median", statistics.median(each.cpu for each in costs), "s")
        yield Figure("photo of 3 MB, memory", max(each.mebibytes for each in costs), "MiB")
        for name, (content_type, make, _) in HOSTILE.items():
            path.write_bytes(make())
            cost = _run(EXAMINE, small, path, content_type)
            yield Figure(f"{name}, CPU", cost.cpu, "s", HOSTILE_BAR_SECONDS)
            yield Figure(f"{name}, memory", cost.mebibytes, "MiB", HOSTILE_BAR_MEBIBYTES)
    planned = _run(PLAN, str(PLANNED))
    yield Figure(f"plan of {PLANNED:,} files of one name, CPU", planned.cpu, "s", 10.0)
    yield Figure(f"plan of {PLANNED:,} files of one name, memory", planned.mebibytes, "MiB", 256)


def _run(program: str, *arguments: str | Path) -> Cost:
    """One run in a new interpreter. Raises CalledProcessError when it fails."""
    command = [str(FUNCTIONS_VENV / "bin" / "python"), "-c", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT / "functions", stdout=subprocess.PIPE, check=True, text=True)
    return Cost(*json.loads(done.stdout))
