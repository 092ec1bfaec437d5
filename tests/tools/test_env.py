"""eval "$(./kit env)" in real shells."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import credentials
from tools.env import _fish
from tools.suite import Suite

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


def test_admin_sdk_gets_the_credential_for_emulators_only():
    (path,) = in_shell(
        "sh", f'eval "$({shlex.quote(str(ROOT))}/kit env)"; echo "$GOOGLE_APPLICATION_CREDENTIALS"'
    )
    assert path == str(credentials.FILE)
    assert json.loads(credentials.FILE.read_text())["type"] == "service_account"


def kit_env(*arguments: str, **variables: str) -> tuple[dict[str, str], str]:
    """The variables that `kit env` prints, and what it says to the person."""
    outer = {name: value for name, value in os.environ.items() if name != credentials.VARIABLE}
    command = [str(ROOT / "kit"), "env", *arguments]
    done = subprocess.run(command, env={**outer, **variables}, capture_output=True, text=True, check=True)
    words = [shlex.split(line)[1] for line in done.stdout.splitlines()]
    return dict(word.split("=", 1) for word in words), done.stderr


def test_credential_of_the_shell_is_replaced_with_a_word_and_remembered():
    variables, said = kit_env(GOOGLE_APPLICATION_CREDENTIALS="/home/somebody/key.json")
    assert variables["GOOGLE_APPLICATION_CREDENTIALS"] == str(credentials.FILE)
    assert variables["KINDLING_REPLACED_CREDENTIALS"] == "/home/somebody/key.json"
    assert "/home/somebody/key.json" in said


def test_credential_of_the_shell_stays_when_wished():
    wish = {"GOOGLE_APPLICATION_CREDENTIALS": "/home/somebody/key.json", "KINDLING_KEEP_CREDENTIALS": "1"}
    variables, said = kit_env(**wish)
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in variables
    assert "/home/somebody/key.json" not in said


def test_addresses_come_with_the_suite_that_runs(suite: Suite):
    first = suite.addresses["auth"][1]
    variables, said = kit_env("--ports", str(first))
    expected = suite.environment()
    assert expected.items() <= variables.items()
    assert suite.url("ui") in said


def test_addresses_do_not_come_without_a_suite():
    variables, _ = kit_env("--ports", "1")
    assert not {name for name in variables if name.endswith("_EMULATOR_HOST")}


def test_fish_gets_path_as_a_list_with_quotes_escaped():
    assert _fish("PATH", "/a b:/it's") == r"set -gx PATH '/a b' '/it\'s'"
    assert _fish("OTHER", "a:b") == "set -gx OTHER 'a:b'"
