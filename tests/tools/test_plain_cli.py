"""Functions and a script that know nothing of kit, with the plain CLI after eval "$(./kit env)"."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.tools.conftest import ADMIN_SDK, EVERYTHING
from tools import credentials
from tools.ports import private_block
from tools.project import FUNCTIONS_VENV, ROOT
from tools.suite import DEFAULT_PORTS, Suite

PROJECT = "demo-plain"

FUNCTIONS = """
import json
from admin_sdk import use_everything
from firebase_functions import https_fn, tasks_fn

calls = []

@https_fn.on_request()
def everything(request: https_fn.Request) -> https_fn.Response:
    calls.append(request.path)
    assert calls == ["/"], f"called without a call: {calls}"
    return https_fn.Response(json.dumps(use_everything("remember")))

@tasks_fn.on_task_dispatched()
def remember(request: tasks_fn.CallableRequest) -> None:
    print("remembered", request.data)
"""

# What the CLI runs beside its emulators: it calls the function, and is a script itself.
INSIDE = """
import runpy, sys, urllib.request
url, script = sys.argv[1:]
with urllib.request.urlopen(url, timeout=120) as answer:
    open("function.json", "wb").write(answer.read())
sys.argv = [script, "remember"]
sys.stdout = open("script.json", "w")
runpy.run_path(script, run_name="__main__")
"""


@pytest.fixture
def ports() -> Iterator[dict[str, int]]:
    parts = ["auth", "firestore", "storage", "functions", "tasks", "eventarc", "hub", "logging", "websocket"]
    with private_block(parts) as ports:
        yield ports


@pytest.fixture
def project(tmp_path: Path, ports: dict[str, int]) -> Path:
    """A project with functions, as somebody has who only wants the emulators."""
    emulators: dict[str, object] = {
        part: {"host": "127.0.0.1", "port": port} for part, port in ports.items() if part != "websocket"
    }
    emulators["firestore"] = {"port": ports["firestore"], "websocketPort": ports["websocket"]}
    emulators["ui"] = {"enabled": False}
    config = {"functions": {"source": "functions"}, "emulators": emulators}
    functions = tmp_path / "functions"
    functions.mkdir()
    (tmp_path / "firebase.json").write_text(json.dumps(config))
    (tmp_path / "inside.py").write_text(INSIDE)
    (functions / "main.py").write_text(FUNCTIONS)
    (functions / "requirements.txt").touch()
    (functions / "venv").symlink_to(FUNCTIONS_VENV)
    shutil.copy(ADMIN_SDK, functions)
    return tmp_path


@pytest.fixture
def run_plainly(project: Path):
    """Runs a shell script in the project as in a new terminal; gives its exit code and what it said."""

    def run(script: str) -> tuple[int, str]:
        ours = Suite(dict.fromkeys(DEFAULT_PORTS, ("127.0.0.1", 1))).environment()
        strange = {*credentials.environment({}), *ours}
        own = {name: value for name, value in os.environ.items() if name not in strange}
        own["FUNCTIONS_DISCOVERY_TIMEOUT"] = "60"
        said = project / "said"
        with said.open("wb") as out:
            shell = subprocess.Popen(
                ["sh", "-c", script],
                cwd=project,
                env=own,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
            try:
                return shell.wait(), said.read_text()
            finally:
                # The plain CLI ends the shells of its Python workers, and not the workers.
                with suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGKILL)

    return run


def test_admin_sdk_needs_no_login_in_a_function_nor_in_a_script(project: Path, ports, run_plainly):
    """Nor is the function called more often than it is called."""
    url = f"http://127.0.0.1:{ports['functions']}/{PROJECT}/us-central1/everything"
    inside = shlex.join([sys.executable, "inside.py", url, str(ADMIN_SDK)])
    code, said = run_plainly(
        f'eval "$({shlex.quote(str(ROOT))}/kit env)"\n'
        f"exec firebase emulators:exec --project {PROJECT} {shlex.quote(inside)}"
    )
    assert code == 0, said
    for name in ("function", "script"):
        told = json.loads((project / f"{name}.json").read_text())
        assert told == dict.fromkeys(EVERYTHING, True), name
    assert "Application Default Credentials detected" not in said
