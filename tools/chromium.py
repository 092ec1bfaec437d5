"""Finds a Chromium for the end-to-end tests, and installs one where there is none."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tools.project import VENV
from tools.terminal import Failure, run_steps

PACKAGE: Final = "chromium-headless-shell"
"""Chromium without its window: the same pages for half the processor time."""
PROGRAMS: Final = (PACKAGE, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE: Final = "KINDLING_CHROMIUM"
"""Names the browser for the tests."""


def ensure() -> None:
    """Leave a Chromium that the tests can use."""
    if program() or _playwright_has_one():
        return
    if _is_debian() and (root := _as_root()) is not None:
        run_steps({f"{PACKAGE} from the Debian packages": lambda: _from_debian(root)})
        if program():
            return
    run_steps({"Chromium from Playwright": _from_playwright})


def program() -> str | None:
    """The browser for the tests; None means the one that Playwright installed for itself."""
    return os.environ.get(VARIABLE) or _installed()


def _installed() -> str | None:
    """A Chromium on PATH, or where macOS keeps Chrome; Ubuntu's launcher of a snap package is none."""
    for name in PROGRAMS:
        found = shutil.which(name)
        if found and not _is_snap_launcher(Path(found)):
            return found
    chrome = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    return str(chrome) if chrome.exists() else None


def _is_snap_launcher(program: Path) -> bool:
    return "/snap/" in str(program.resolve()) or program.resolve().name == "snap"


def _is_debian() -> bool:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return "ID=debian" in lines and shutil.which("apt-get") is not None


def _as_root() -> list[str] | None:
    """How to run a program as root without being asked for a password; nothing where that cannot be."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def _from_debian(root: list[str]) -> None:
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    _run([*apt, "update"])
    _run([*apt, "install", "--yes", "--no-install-recommends", PACKAGE])


def _playwright_has_one() -> bool:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def _from_playwright() -> None:
    _run([str(VENV / "bin" / "playwright"), "install", "chromium"])


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        raise Failure(
            f"Chromium could not be installed ({' '.join(command)} ended with {done.returncode}).",
            f"Install a Chromium or Chrome by hand, or name one in {VARIABLE}; then run ./kit test again.",
            "\n".join(done.stdout.splitlines()[-25:]),
        )
