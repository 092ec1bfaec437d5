"""./kit before and while it installs, in a tree of its own whose npm and node the test controls."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tools.conftest import processes_with, wait_until
from tools import credentials
from tools.install import DEVELOPMENT, FUNCTIONS, TOOLS, Environment, NodeModules

ROOT = Path(__file__).parents[2]

NPM = """#!/bin/sh
echo "$@" >> "$TREE/npm-calls"
[ -e "$TREE/npm-waits" ] && { touch "$TREE/npm-is-waiting"; exec sleep 60; }
[ -e "$TREE/npm-fails" ] && { echo 'npm error code E503'; echo 'npm error registry is asleep'; exit 7; }
mkdir -p node_modules/firebase-tools/lib/emulator
cp "$TREE/downloads.json" node_modules/firebase-tools/lib/emulator/downloadableEmulatorInfo.json
"""


@dataclass
class Tree:
    """A copy of what ./kit needs, with lists that install nothing."""

    folder: Path
    path: str

    def kit(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(self.folder / "kit"), *arguments],
            env=self.environment() | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name != credentials.VARIABLE}
        return {**own, "PATH": self.path, "TREE": str(self.folder), "NO_COLOR": "1"}

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def npm_calls(self) -> int:
        calls = self.folder / "npm-calls"
        return len(calls.read_text().splitlines()) if calls.exists() else 0


def plant(folder: Path) -> Tree:
    for package in ("tools", "emulator"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "kit", folder / "kit")
    runtime = {"functions": {"runtime": "python314"}}
    (folder / "firebase.json").write_text(json.dumps(runtime))
    downloads = ROOT / "node_modules/firebase-tools/lib/emulator/downloadableEmulatorInfo.json"
    shutil.copy(downloads, folder / "downloads.json")
    (folder / "functions").mkdir()
    for name in ("requirements.txt", "requirements-dev.txt", "functions/requirements.txt"):
        (folder / name).write_text("# nothing\n")
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_text("{}\n")
    (folder / "bin").mkdir()
    for name in ("sh", "mkdir", "cp", "touch", "sleep", "env"):
        (folder / "bin" / name).symlink_to(str(shutil.which(name)))
    # Lists that install nothing bring no library that makes a key.
    credentials.ensure(folder / ".kit" / "credentials.json")
    tree = Tree(folder, str(folder / "bin"))
    tree.program("npm", NPM)
    tree.program("node", "#!/bin/sh\necho v22.1.0\n")
    return tree


@pytest.fixture
def bare(tmp_path: Path) -> Tree:
    """Nothing installed yet."""
    return plant(tmp_path)


@dataclass
class Installed:
    """A tree that was moved after the first of its two installs, and what each of them said."""

    tree: Tree
    first: str
    moved: str


@pytest.fixture(scope="module")
def installs(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Making an environment takes seconds, so all tests share these three."""
    folder = tmp_path_factory.mktemp("trees")
    (folder / "first").mkdir()
    first = plant(folder / "first").kit("rules", "check")
    (folder / "first").rename(folder / "tree")
    tree = Tree(folder / "tree", str(folder / "tree" / "bin"))
    moved = tree.kit("env")
    assert moved.returncode == 0, moved.stderr
    assert str(tree.folder / ".kit") in moved.stdout
    return Installed(tree, first.stderr, moved.stderr)


@pytest.fixture(scope="module")
def shared_tree(installs: Installed) -> Tree:
    return installs.tree


@pytest.fixture
def installed(shared_tree: Tree) -> Iterator[Tree]:
    """Everything installed, nothing changed since."""
    yield shared_tree
    shared_tree.program("npm", NPM)
    shared_tree.program("node", "#!/bin/sh\necho v22.1.0\n")
    for name in ("npm-waits", "npm-fails", "npm-is-waiting"):
        shared_tree.remove(name)
    (shared_tree.folder / "package-lock.json").write_text("{}\n")
    assert shared_tree.kit("env").returncode == 0


def test_kit_parses_on_pythons_that_are_too_old():
    ast.parse((ROOT / "kit").read_text(), feature_version=(3, 4))


def test_too_old_python_is_told_what_is_needed():
    pretend = (
        "import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path(sys.argv[1], run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", pretend, str(ROOT / "kit")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and this is 3.9" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["--help"], ["start", "--help"], ["exec", "-h"], ["bench", "-h"]])
def test_help_before_installation_shows_usage_and_installs_nothing(bare: Tree, arguments: list[str]):
    done = bare.kit(*arguments)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: ./kit")
    assert not (bare.folder / ".venv").exists()
    assert bare.npm_calls() == 0


def test_unknown_command_is_refused_with_the_names_of_the_known_ones(bare: Tree):
    done = bare.kit("strat")
    assert done.returncode == 2
    assert "start" in done.stderr
    assert not (bare.folder / ".venv").exists()


def test_missing_node_is_named_before_anything_is_installed(bare: Tree):
    bare.remove("bin/node")
    done = bare.kit("env")
    assert done.returncode == 1
    assert "Node is not on PATH" in done.stderr
    assert "Install Node 20.19 or newer" in done.stderr
    assert not (bare.folder / ".venv").exists()


def test_too_old_node_is_named_with_its_version(bare: Tree):
    bare.program("node", "#!/bin/sh\necho v20.18.3\n")
    done = bare.kit("env")
    assert done.returncode == 1
    assert "Node 20.19 or newer is needed, and the one on PATH is v20.18.3" in done.stderr


def test_missing_npm_is_named_before_anything_is_installed(bare: Tree):
    bare.remove("bin/npm")
    done = bare.kit("env")
    assert done.returncode == 1
    assert "npm is not on PATH" in done.stderr
    assert not (bare.folder / ".venv").exists()


def test_python_without_venv_module_is_told_which_package_to_install(bare: Tree):
    without = "import sys; sys.modules['ensurepip'] = None; sys.argv = sys.argv[1:]; import runpy; "
    done = subprocess.run(
        [sys.executable, "-c", without + "runpy.run_path(sys.argv[0], run_name='__main__')", "kit", "env"],
        cwd=bare.folder,
        env=bare.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "its venv module is missing" in done.stderr
    assert f"apt-get install python3.{sys.version_info[1]}-venv" in done.stderr


def test_command_installs_what_it_needs_alone(installs: Installed):
    assert "Installing what is missing (.venv);" in installs.first
    assert "✓ .venv (" in installs.first


def test_moved_tree_is_installed_again_with_what_was_still_missing(installs: Installed):
    assert "Installing what is missing (.venv, functions/venv, node_modules)" in installs.moved
    for title in (".venv", "functions/venv", "node_modules"):
        assert f"✓ {title} (" in installs.moved
    assert prefix_of(installs.tree.folder / ".venv" / "bin" / "python") == installs.tree.folder / ".venv"


def test_packages_that_were_moved_are_not_trusted(installed: Tree, tmp_path: Path):
    lists = (installed.folder / "package.json", installed.folder / "package-lock.json")
    shutil.copytree(installed.folder / "node_modules", tmp_path / "node_modules")
    assert NodeModules(installed.folder / "node_modules", lists).current()
    assert not NodeModules(tmp_path / "node_modules", lists).current()


def test_interpreter_of_the_functions_has_the_name_of_the_runtime(installed: Tree):
    environment = installed.folder / "functions" / "venv"
    assert prefix_of(environment / "bin" / "python3.14") == environment


def prefix_of(python: Path) -> Path:
    asked = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    return Path(asked.stdout.strip())


def test_second_run_starts_no_installer(installed: Tree):
    before = installed.npm_calls()
    stamp = (installed.folder / ".venv" / ".kindling-installed").stat().st_mtime_ns
    done = installed.kit("env")
    assert done.returncode == 0
    assert done.stderr == ""
    assert installed.npm_calls() == before
    assert (installed.folder / ".venv" / ".kindling-installed").stat().st_mtime_ns == stamp


def test_changed_lock_file_installs_packages_again(installed: Tree):
    before = installed.npm_calls()
    (installed.folder / "package-lock.json").write_text('{"changed": true}\n')
    done = installed.kit("env")
    assert done.returncode == 0
    assert "Installing what is missing (node_modules);" in done.stderr
    assert installed.npm_calls() == before + 1
    last_call = (installed.folder / "npm-calls").read_text().splitlines()[-1]
    assert last_call.startswith("ci --ignore-scripts")


def test_failed_install_shows_the_end_of_its_output_and_is_tried_again(installed: Tree):
    (installed.folder / "package-lock.json").write_text('{"changed": "failing"}\n')
    (installed.folder / "npm-fails").touch()
    failed = installed.kit("env")
    assert failed.returncode == 1
    assert "npm error registry is asleep" in failed.stderr
    assert "installing node_modules failed (npm ci" in failed.stderr
    assert failed.stdout == ""
    installed.remove("npm-fails")
    assert installed.kit("env").returncode == 0


@pytest.mark.parametrize(
    ("send", "number"),
    [
        pytest.param(os.killpg, signal.SIGINT, id="Ctrl-C in a terminal"),
        pytest.param(os.kill, signal.SIGINT, id="INT to kit alone"),
        pytest.param(os.kill, signal.SIGTERM, id="TERM"),
    ],
)
def test_interrupted_install_is_done_again(installed: Tree, started, send, number: signal.Signals):
    (installed.folder / "package-lock.json").write_text(f'{{"changed": "{send.__name__} {number}"}}\n')
    (installed.folder / "npm-waits").touch()
    installed.remove("npm-is-waiting")
    kit = started(
        [sys.executable, str(installed.folder / "kit"), "env"],
        env=installed.environment(),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_for_file(installed.folder / "npm-is-waiting")
    send(kit.pid, number)
    _, messages = kit.communicate(timeout=20)
    assert kit.returncode == 128 + number
    assert messages.count("will be installed again") == 1
    assert "Traceback" not in messages
    wait_until(lambda: not processes_with(f"TREE={installed.folder}"), "npm to end", 10)
    installed.remove("npm-waits")
    before = installed.npm_calls()
    assert installed.kit("env").returncode == 0
    assert installed.npm_calls() == before + 1


def test_two_kits_at_once_install_once(installed: Tree):
    (installed.folder / "package-lock.json").write_text('{"changed": "twice"}\n')
    before = installed.npm_calls()
    results: list[subprocess.CompletedProcess[str]] = []
    threads = [threading.Thread(target=lambda: results.append(installed.kit("env"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.returncode for result in results] == [0, 0]
    assert installed.npm_calls() == before + 1


@pytest.mark.parametrize("environment", [TOOLS, DEVELOPMENT, FUNCTIONS], ids=lambda each: each.lists[-1].name)
def test_change_of_any_list_that_is_installed_makes_the_environment_outdated(environment: Environment):
    installed = environment.lists[-1]
    named = re.findall(r"^-r (\S+)", installed.read_text(encoding="utf-8"), re.MULTILINE)
    assert {installed.parent / name for name in named} <= set(environment.lists)


def wait_for_file(path: Path) -> None:
    deadline = threading.Event()
    for _ in range(600):
        if path.exists():
            return
        deadline.wait(0.05)
    pytest.fail(f"{path.name} did not appear")


def test_emulator_is_a_command_beside_the_interpreter_and_comes_back_when_it_is_gone(installed: Tree):
    program = installed.folder / ".venv" / "bin" / "kindling-emulator"
    said = program.read_text(encoding="utf-8")
    assert said == f'#!/bin/sh\nexec {installed.folder}/.venv/bin/python -P -m emulator "$@"\n'
    assert os.access(program, os.X_OK)
    program.unlink()
    assert installed.kit("env").returncode == 0
    assert program.read_text(encoding="utf-8") == said
