"""kit bench: measure, all of it or some by name."""

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tools.figures import Figure, PeerMissing
from tools.project import ROOT
from tools.signals import Stopped, signals_raise
from tools.terminal import Failure, say, seconds, styled, table

HELP = "measure import time, start, upload to visible, rules; a table, and JSON with --json"
EPILOG = """\
examples
  ./kit bench                          everything, some minutes
  ./kit bench import rules             these two
  ./kit bench upload --rounds 10 --json upload.json

The exit code is 1 when a figure misses its bar. A busy machine measures itself: close what else runs. What is
compared, is compared in one run. bench/README.md tells what each figure is.
"""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`module` of bench/ has ROUNDS and figures(rounds); `help` is one line."""

    module: str
    help: str


BENCHMARKS: Final = {
    "firestore": Benchmark("firestore", "the Firestore emulator beside one in Node"),
    "firestore-large": Benchmark("firestore_large", "the emulator with 100,000 documents; start and memory"),
    "firestore-soak": Benchmark("firestore_soak", "minutes of commits while listeners come and go"),
    "import": Benchmark("import_time", "a fresh interpreter imports functions/main.py"),
    "rules": Benchmark("rules", "decisions a second and compile time of the rules engine"),
    "rules-peer": Benchmark("rules_peer", "the rules engine beside cel-python"),
    "rules-suite": Benchmark("rules_suite", "the project's own tests of rules, in process"),
    "startup": Benchmark("startup", "the suite's way to ready, beside one with do-nothing stubs"),
    "pictures": Benchmark(
        "pictures", "a photo, hostile pictures and the plan of a large export, in CPU and memory"
    ),
    "upload": Benchmark(
        "upload", "from a photo's last byte to the listener that sees it ready, cold and warm"
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="which to run; without a name, all")
    parser.add_argument("--list", action="store_true", help="say what there is to measure")
    parser.add_argument("--rounds", type=_count, metavar="N", help="how often; each has its own number else")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")


def run(arguments: argparse.Namespace) -> int:
    if arguments.list:
        print(table([(name, each.help) for name, each in BENCHMARKS.items()]))
        return 0
    names = list(dict.fromkeys(arguments.names)) or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            raise Failure(f"there is no benchmark {name}.", f"There are: {', '.join(BENCHMARKS)}.", code=2)
    _warn_when_busy()
    result: dict[str, list[Figure]] = {}
    with signals_raise():
        try:
            for name in names:
                figures = _measured(name, arguments.rounds, optional=not arguments.names)
                if figures:
                    result[name] = figures
        except Stopped as stopped:
            return stopped.code
    if arguments.json:
        arguments.json.write_text(json.dumps(_report(result), indent=2) + "\n", encoding="utf-8")
    return 0 if all(figure.met for figures in result.values() for figure in figures) else 1


def _measured(name: str, rounds: int | None, *, optional: bool) -> list[Figure]:
    """Run one benchmark and print its figures. What needs a package that is not there is left out when it
    is `optional`.
    """
    benchmark = BENCHMARKS[name]
    started = time.monotonic()
    try:
        figures = _figures(name, benchmark, rounds)
    except PeerMissing as missing:
        if not optional:
            raise
        say(f"{styled('–', 'yellow')} {missing.sentence} {missing.remedy}")
        return []
    took = styled(f"({seconds(time.monotonic() - started)})", "dim")
    say(f"{styled('✓', 'green')} {name}: {benchmark.help} {took}")
    print(table(list(_rows(figures))), flush=True)
    return figures


def _figures(name: str, benchmark: Benchmark, rounds: int | None) -> list[Figure]:
    try:
        module = import_module(f"bench.{benchmark.module}")
    except ModuleNotFoundError as missing:
        remedy = ".venv/bin/pip install -r bench/requirements.txt"
        raise PeerMissing(f"{name} needs the package {missing.name}.", remedy) from missing
    return list(module.figures(rounds or module.ROUNDS))


def _rows(figures: Iterable[Figure]) -> Iterator[tuple[str, ...]]:
    for figure in figures:
        bar = ""
        if figure.bar is not None:
            verdict = styled("met", "green") if figure.met else styled("MISSED", "red", "bold")
            bar = f"{'at least' if figure.at_least else 'at most'} {figure.bar:,g} {verdict}"
        yield figure.name, f"{_digits(figure.value):>10}", figure.unit, bar


def _digits(value: float) -> str:
    """Three digits are what a measurement is worth."""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _report(result: dict[str, list[Figure]]) -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None,
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 2),
        },
        "benchmarks": {
            name: [{**asdict(figure), "met": figure.met} for figure in figures]
            for name, figures in result.items()
        },
    }


def _warn_when_busy() -> None:
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores / 2:
        say(
            styled(
                f"The machine is busy (load {load:.1f} on {cores} cores); times on the clock say little.",
                "yellow",
            )
        )


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("one round is the least")
    return number
