"""The credential that reaches nothing but the emulators: the file, and the Admin SDK of Python with it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.tools.conftest import ADMIN_SDK, EVERYTHING
from tools import credentials
from tools.project import NODE_MODULES
from tools.suite import Suite

OURS = str(credentials.FILE)
USERS_OWN = "/home/somebody/key.json"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kit" / "credentials.json"


def key(file: Path) -> str:
    return str(json.loads(file.read_text())["private_key"])


def test_file_is_for_its_owner_alone_and_its_key_of_this_tree(file: Path, tmp_path: Path):
    other = tmp_path / "other" / "credentials.json"
    credentials.ensure(file)
    credentials.ensure(other)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key(file) != key(other)
    assert list(file.parent.iterdir()) == [file]


def test_file_that_is_there_stays(file: Path):
    credentials.ensure(file)
    before = file.read_text()
    credentials.ensure(file)
    assert file.read_text() == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "service_account", "private_key": "old"}'])
def test_file_of_another_version_or_a_broken_one_is_made_again(file: Path, text: str):
    file.parent.mkdir()
    file.write_text(text)
    credentials.ensure(file)
    assert key(file).startswith("-----BEGIN PRIVATE KEY-----")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_kits_that_start_together_agree_on_a_key(file: Path):
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: (credentials.ensure(file), key(file))[1], range(4)))
    assert len(set(seen)) == 1
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, {credentials.VARIABLE: OURS}, id="none"),
        pytest.param({credentials.VARIABLE: OURS}, {credentials.VARIABLE: OURS}, id="ours"),
        pytest.param(
            {credentials.VARIABLE: USERS_OWN},
            {credentials.VARIABLE: OURS, credentials.REPLACED: USERS_OWN},
            id="a user's own",
        ),
        pytest.param({credentials.VARIABLE: USERS_OWN, credentials.KEEP: "1"}, {}, id="one to keep"),
        pytest.param({credentials.KEEP: "1"}, {}, id="a gcloud login to keep"),
        pytest.param({credentials.KEEP: "0"}, {credentials.VARIABLE: OURS}, id="none to keep"),
    ],
)
def test_environment_puts_ours_in_the_place_of_any_other(given: dict[str, str], expected: dict[str, str]):
    assert credentials.environment(given) == expected


class Proxy:
    """A proxy that lets nothing through and remembers for whom somebody asked."""

    def __init__(self) -> None:
        self.asked = asked = []

        class Refusing(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                asked.append(self.path)
                self.send_error(403)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def environment(self) -> dict[str, str]:
        """What sends everything that would leave this machine to the proxy."""
        names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "grpc_proxy")
        local = "127.0.0.1,localhost"
        return {**os.environ, **dict.fromkeys(names, self.url), "NO_PROXY": local, "no_proxy": local}


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    proxy = Proxy()
    thread = threading.Thread(target=proxy.server.serve_forever)
    thread.start()
    yield proxy
    proxy.server.shutdown()
    thread.join()
    proxy.server.server_close()


def test_admin_sdk_needs_no_login_beside_the_suite_and_asks_nothing_outside(suite: Suite, proxy: Proxy):
    """The task goes to nobody: it lacks what the function wants, which refuses it and does not ask again."""
    command = [sys.executable, str(ADMIN_SDK), "processfile"]
    done = subprocess.run(command, env=proxy.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == dict.fromkeys(EVERYTHING, True)
    assert proxy.asked == []


# On a machine that finds no address, since Google would answer on another.
WITHOUT_AN_EMULATOR = """
import socket, sys
from firebase_admin import exceptions, initialize_app, messaging

asked = set()
def no_address(host, *_, **__):
    asked.add(host)
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
socket.getaddrinfo = no_address

initialize_app()
try:
    messaging.send(messaging.Message(topic="news"))
except exceptions.UnavailableError as error:
    print(*asked, error, sep="\\n")
"""


def test_service_without_an_emulator_is_named_and_nobody_is_asked_for_a_token(suite: Suite):
    command = [sys.executable, "-c", WITHOUT_AN_EMULATOR]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    asked, error = done.stdout.splitlines()
    assert asked == "fcm.googleapis.com"
    assert "Failed to resolve 'fcm.googleapis.com'" in error


NODE = """
const { GoogleAuth } = require(process.argv[1]);
const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
(async () => {
  const { client_email } = await auth.getCredentials();
  const signature = await auth.sign('text');
  console.log(JSON.stringify([client_email, await auth.getProjectId(), signature.length > 300]));
})();
"""


def test_node_finds_the_credential_and_signs_with_it(suite: Suite, proxy: Proxy):
    command = ["node", "-e", NODE, "--", str(NODE_MODULES / "google-auth-library")]
    done = subprocess.run(command, env=proxy.environment(), capture_output=True, text=True, check=True)
    email = f"emulators-only@{suite.project_id}.iam.gserviceaccount.com"
    assert json.loads(done.stdout) == [email, suite.project_id, True]
    assert proxy.asked == []
