"""Makes .venv, functions/venv and node_modules, each only when what it is made from changed.

A stamp inside each folder says what the folder was made from: the lists (requirements or lock file), the
interpreter or Node, and the place of the folder (an environment does not survive being moved). The stamp
goes away before an install begins and comes back after it ended well, so an interrupted install is redone
and never trusted.

Standard library only: kit uses it before anything is installed.
"""

import fcntl
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol

from emulator.wire.firebase_json import FirebaseJson
from tools.programs import run_program
from tools.project import EMULATOR, FUNCTIONS_VENV, KIT, NODE_MODULES, ROOT, VENV
from tools.signals import Stopped
from tools.terminal import Failure, run_steps, say

OLDEST_NODE: Final = (20, 19)
STAMP: Final = ".kindling-installed"
FIRST_LINES: Final = 8
LAST_LINES: Final = 17
"""How much of a failed installer's output is shown: npm names the cause first, pip last."""

_NETWORK_REMEDY: Final = (
    "Check that the package registry can be reached (proxy, network), then run the same command again."
)


class Installable(Protocol):
    """A folder that an installer makes."""

    @property
    def title(self) -> str: ...
    def current(self) -> bool:
        """Whether the folder is there and made from today's lists."""

    def check(self) -> None:
        """Raise Failure when the installer itself is missing or too old."""

    def install(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python environment made from requirement lists, of which the last is given to pip.

    `larger` names the lists of a bigger environment in the same folder, which serves as well. `runtimes` are
    those of the Cloud Functions that it is for; tools have none.
    """

    folder: Path
    lists: tuple[Path, ...]
    larger: tuple[Path, ...] = ()
    runtimes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return str(self.folder.relative_to(ROOT))

    def current(self) -> bool:
        digests = [_digest(lists) for lists in (self.lists, self.larger) if lists]
        complete = self.folder == FUNCTIONS_VENV or (self.folder / "bin" / EMULATOR).exists()
        return (
            complete
            and self._sound()
            and _read(self._stamp()) in [self._stamp_text(digest) for digest in digests]
        )

    def check(self) -> None:
        if find_spec("venv") is None or find_spec("ensurepip") is None:
            version = f"{sys.version_info[0]}.{sys.version_info[1]}"
            raise Failure(
                f"this Python ({sys.executable}) cannot make environments: its venv module is missing.",
                f"On Debian or Ubuntu: apt-get install python{version}-venv; then run kit again.",
            )

    def install(self) -> None:
        upgrade_in_place = self._sound()
        self._stamp().unlink(missing_ok=True)
        if not upgrade_in_place:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            _run_installer([_base_python(), "-m", "venv", str(self.folder)], self.title)
        python = str(self.folder / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        _run_installer([*pip, "-r", str(self.lists[-1])], self.title)
        if not self.runtimes:
            let_import_project(self.folder)
            plant_program(self.folder / "bin")
        _write(self._stamp(), self._stamp_text(_digest(self.lists)))

    def _sound(self) -> bool:
        """Whether an install once ended well here, and the interpreter and the place are still the same."""
        whose = self._stamp_text("")
        return (self.folder / "bin" / "python").exists() and _read(self._stamp()).startswith(whose)

    def _stamp(self) -> Path:
        return self.folder / STAMP

    def _stamp_text(self, digest: str) -> str:
        return f"{os.path.realpath(self.folder / 'bin' / 'python')}\n{self.folder}\n{digest}"


@dataclass(frozen=True, slots=True)
class NodeModules:
    """node_modules made from package-lock.json by `npm ci`, without running install scripts."""

    folder: Path
    lists: tuple[Path, ...]

    @property
    def title(self) -> str:
        return str(self.folder.relative_to(ROOT))

    def current(self) -> bool:
        return _read(self._stamp()) == self._expected()

    def check(self) -> None:
        require_node()
        if shutil.which("npm") is None:
            raise Failure(
                "npm is not on PATH; it comes with Node.", "Install npm, then run the same command again."
            )

    def install(self) -> None:
        self._stamp().unlink(missing_ok=True)
        command = [
            "npm",
            "ci",
            "--ignore-scripts",
            # The JS SDK asks for a newer Node where it runs in Node; here it is bundled for browsers.
            "--engine-strict=false",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--progress=false",
        ]
        _run_installer(command, self.title)
        _write(self._stamp(), self._expected())

    def _stamp(self) -> Path:
        return self.folder / STAMP

    def _expected(self) -> str:
        return f"{self.folder}\n{_digest(self.lists)}"


_RUNTIMES: Final = ("python310", "python311", "python312", "python313", "python314")
"""What the CLI knows; it takes one of them where firebase.json names none."""

_TOOLS_LISTS: Final = (ROOT / "requirements.txt",)
_FUNCTIONS_LISTS: Final = (ROOT / "functions" / "requirements.txt",)
_DEVELOPMENT_LISTS: Final = (*_TOOLS_LISTS, *_FUNCTIONS_LISTS, ROOT / "requirements-dev.txt")
TOOLS: Final = Environment(VENV, _TOOLS_LISTS, larger=_DEVELOPMENT_LISTS)
DEVELOPMENT: Final = Environment(VENV, _DEVELOPMENT_LISTS)
FUNCTIONS: Final = Environment(FUNCTIONS_VENV, _FUNCTIONS_LISTS, runtimes=_RUNTIMES)
"""Stands for the environments of all Python codebases that firebase.json names: `of_functions`."""
PACKAGES: Final = NodeModules(NODE_MODULES, (ROOT / "package.json", ROOT / "package-lock.json"))


def of_functions(config: FirebaseJson) -> tuple[Environment, ...]:
    """The environment of each codebase in Python, which the CLI expects as `venv` in its folder."""
    found: dict[Path, tuple[str, ...]] = {}
    for source, section in config.function_sources():
        folder = config.folder / source
        runtime = section.get("runtime")
        if (folder / "requirements.txt").is_file() and not str(runtime).startswith("nodejs"):
            runtimes = (runtime,) if isinstance(runtime, str) else _RUNTIMES
            found[folder] = (*found.get(folder, ()), *runtimes)
    return tuple(
        Environment(folder / "venv", (folder / "requirements.txt",), runtimes=runtimes)
        for folder, runtimes in found.items()
    )


def ensure(*wanted: Installable) -> None:
    """Install what is missing or outdated of `wanted`; starts nothing when everything is current."""
    if PACKAGES in wanted:
        require_node()
    if not all(item.current() for item in wanted):
        _install_missing(wanted)
    for item in wanted:
        if isinstance(item, Environment):
            name_interpreter(item)


def _install_missing(wanted: Sequence[Installable]) -> None:
    with _only_one_at_a_time():
        missing = [item for item in wanted if not item.current()]
        for item in missing:
            item.check()
        if missing:
            names = ", ".join(item.title for item in missing)
            say(f"Installing what is missing ({names}); the first time takes a few minutes.")
            try:
                run_steps({item.title: item.install for item in missing})
            except (KeyboardInterrupt, Stopped):
                say("Stopped; what was half installed will be installed again.")
                raise


def require_node() -> None:
    """Raise Failure unless a Node that firebase-tools and Vite run on is on PATH."""
    wanted = ".".join(map(str, OLDEST_NODE))
    remedy = (
        f"Install Node {wanted} or newer (https://nodejs.org/ or your package manager), then run kit again."
    )
    if shutil.which("node") is None:
        raise Failure(f"Node is not on PATH, and the Firebase CLI needs Node {wanted} or newer.", remedy)
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    numbers = re.match(r"v(\d+)\.(\d+)", answer)
    if not numbers or (int(numbers[1]), int(numbers[2])) < OLDEST_NODE:
        found = answer or "one that does not say its version"
        raise Failure(f"Node {wanted} or newer is needed, and the one on PATH is {found}.", remedy)


def name_interpreter(environment: Environment) -> None:
    """Plant `python3.N` for the runtime `python3N`: the Firebase CLI calls the interpreter by that name."""
    for runtime in environment.runtimes:
        version = re.fullmatch(r"python3(\d+)", runtime)
        if version:
            link = environment.folder / "bin" / f"python3.{version[1]}"
            try:
                if not link.exists():
                    link.symlink_to("python")
            except FileExistsError:
                pass  # another kit was faster


def _base_python() -> str:
    """The interpreter behind this one: an environment made from another environment would break with it."""
    return getattr(sys, "_base_executable", None) or sys.executable


def let_import_project(environment: Path) -> None:
    """Make `tools` and `emulator` importable in `environment` from any working directory, without
    PYTHONPATH.
    """
    for packages in environment.glob("lib/python3.*/site-packages"):
        _write(packages / "kindling.pth", f"{ROOT}\n")


def plant_program(programs: Path) -> None:
    """Plant `kindling-emulator`, the emulator as a command, beside the interpreter that it runs in."""
    launcher = programs / EMULATOR
    command = shlex.join([str(programs / "python"), "-P", "-m", "emulator"])
    _write(launcher, f'#!/bin/sh\nexec {command} "$@"\n')
    launcher.chmod(0o755)


def _run_installer(command: Sequence[str], title: str) -> None:
    """Run an installer silently; its last lines are shown when it fails.

    It holds the install lock as well: should kit be killed, the next kit waits for the installer it left
    behind.
    """
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    code, printed = run_program(command, ROOT, environment, keeps=tuple(_held_locks))
    if code != 0:
        program = " ".join([Path(command[0]).name, *command[1:4]])
        raise Failure(
            f"installing {title} failed ({program} ... ended with {code}).",
            _NETWORK_REMEDY,
            _both_ends(printed.splitlines()),
        )


def _both_ends(lines: list[str]) -> str:
    if len(lines) > FIRST_LINES + LAST_LINES:
        lines = [*lines[:FIRST_LINES], "...", *lines[-LAST_LINES:]]
    return "\n".join(lines)


_held_locks: Final[set[int]] = set()


@contextmanager
def _only_one_at_a_time() -> Iterator[None]:
    """Hold the install lock of this tree; the kernel frees it when kit and its installers have ended,
    however they end.
    """
    KIT.mkdir(exist_ok=True)
    with open(KIT / "install.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ./kit is installing in this folder; waiting for it.")
            started = time.monotonic()
            fcntl.flock(lock, fcntl.LOCK_EX)
            say(f"It is done (waited {time.monotonic() - started:.0f} s).")
        _held_locks.add(lock.fileno())
        yield
        _held_locks.discard(lock.fileno())


def _digest(lists: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for path in lists:
        whole.update(path.read_bytes() if path.exists() else b"")
    return whole.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    """Write so that a reader sees the old text or the new one, never a half."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
