"""kit check: lint, types and the Security Rules, as CI does."""

import argparse
import subprocess
import sys
import time

from tools.project import FUNCTIONS_VENV, ROOT, VENV
from tools.terminal import say, seconds, styled

HELP = "lint and types: ruff, mypy and rules check"
EPILOG = "--fix lets ruff correct and format what it can."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fix", action="store_true", help="let ruff correct and format what it can")


def run(arguments: argparse.Namespace) -> int:
    """Run every check even when one fails, so that one run shows all there is to do."""
    ruff, mypy = str(VENV / "bin" / "ruff"), str(VENV / "bin" / "mypy")
    fix = ["--fix"] if arguments.fix else []
    look = [] if arguments.fix else ["--check"]
    functions_python = FUNCTIONS_VENV / "bin" / "python"
    results = [
        _run("ruff check", [ruff, "check", "--quiet", *fix, "."]),
        _run("ruff format", [ruff, "format", "--quiet", *look, "."]),
        _run("mypy (emulator, testing, tools)", [mypy, "--no-error-summary"]),
        not functions_python.exists()  # the project has no functions, or keeps them elsewhere
        or _run(
            "mypy (functions)",
            [
                mypy,
                "--no-error-summary",
                "--python-executable",
                str(functions_python),
                "-p",
                "app",
                "-m",
                "main",
            ],
            folder="functions",
        ),
        _run("rules check", [sys.executable, "-P", "-m", "tools", "rules", "check", "--strict"]),
    ]
    return 0 if all(results) else 1


def _run(name: str, command: list[str], folder: str = ".") -> bool:
    """Run one check in `folder`, its output going to the terminal; mypy reads its settings from the root."""
    started = time.monotonic()
    if folder != ".":
        command = [*command, "--config-file", str(ROOT / "pyproject.toml")]
    good = subprocess.run(command, cwd=ROOT / folder, check=False).returncode == 0
    mark = styled("✓", "green") if good else styled("✗", "red")
    say(f"{mark} {name} {styled(f'({seconds(time.monotonic() - started)})', 'dim')}")
    return good
