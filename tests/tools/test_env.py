"""eval "$(./kit env)" in real shells."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.env import _fish

ROOT = Path(__file__).parents[2]


def in_shell(shell: str, script: str) -> list[str]:
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, cwd="/", check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", [s for s in ("sh", "bash", "zsh") if shutil.which(s)])
def test_evaluated_environment_finds_the_projects_programs(shell: str):
    ask = 'command -v java; command -v firebase; echo "$FIREBASE_EMULATORS_PATH"'
    script = f'eval "$({shlex.quote(str(ROOT))}/kit env)"; {ask}'
    java, firebase, cache = in_shell(shell, script)
    assert java == str(ROOT / ".kit/java/bin/java")
    assert firebase == str(ROOT / ".kit/java/bin/firebase")
    assert list(Path(cache).glob("cloud-firestore-emulator-v*.jar"))
    assert list(Path(cache).glob("cloud-storage-rules-runtime-v*.jar"))
    assert list(Path(cache).glob("ui-v*/client/index.html"))


def test_firebase_is_the_projects_own_cli():
    installed = json.loads((ROOT / "node_modules/firebase-tools/package.json").read_text())
    script = f'eval "$({shlex.quote(str(ROOT))}/kit env)"; firebase --version'
    assert in_shell("sh", script)[-1:] == [installed["version"]]


def test_evaluating_twice_does_not_grow_path():
    once = f'eval "$({shlex.quote(str(ROOT))}/kit env)"; '
    (path,) = in_shell("sh", once * 2 + 'echo "$PATH"')
    assert path.split(":").count(str(ROOT / "node_modules/.bin")) == 1


def test_stdout_holds_nothing_but_exports():
    done = subprocess.run([ROOT / "kit", "env"], capture_output=True, text=True, check=True)
    assert all(line.startswith("export ") for line in done.stdout.splitlines())


def test_fish_gets_path_as_a_list_with_quotes_escaped():
    assert _fish("PATH", "/a b:/it's") == r"set -gx PATH '/a b' '/it\'s'"
    assert _fish("OTHER", "a:b") == "set -gx OTHER 'a:b'"
