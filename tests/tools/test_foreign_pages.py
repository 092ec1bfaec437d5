"""What is loaded before firebase-tools to keep foreign web pages out, around a server of plain Node."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.hosts import ELSEWHERE, THIS_MACHINE
from tools.project import NODE_MODULES, ROOT

EVIL = "https://evil.example"
# Answers requests and websockets, as the emulators and their log do.
SERVER = """
const { createServer } = require('node:http');
const { WebSocketServer } = require(process.argv[1]);
const server = createServer((request, response) => response.end('served'));
new WebSocketServer({ server });
server.listen(0, process.argv[2], () => console.log(server.address().port));
process.stdin.on('data', () => {}).on('end', () => process.exit());
"""
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    process: subprocess.Popen[str]

    def ask(self, headers: dict[str, str], method: str = "GET", path: str = "/") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            assert "access-control-allow-origin" not in answer.headers
            return answer.status, "" if answer.status == 101 else answer.read().decode()
        finally:
            connection.close()


@contextmanager
def serving(*, address: str = "127.0.0.1", allow: str | None = None) -> Iterator[Server]:
    own = {name: value for name, value in os.environ.items() if name != "KINDLING_ALLOW_HOSTS"}
    if allow is not None:
        own["KINDLING_ALLOW_HOSTS"] = allow
    preload = str(ROOT / "tools" / "refuse_foreign_pages.cjs")
    command = ["node", "--require", preload, "-e", SERVER, "--", str(NODE_MODULES / "ws"), address]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=own) as process:
        assert process.stdout
        yield Server(int(process.stdout.readline()), process)
        assert process.stdin
        process.stdin.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.mark.parametrize("name", THIS_MACHINE)
def test_host_and_origin_of_this_machine_are_served(server: Server, name: str) -> None:
    assert server.ask({"Host": name}) == (200, "served")
    for scheme in ("http", "https", "capacitor"):
        assert server.ask({"Origin": f"{scheme}://{name}"}, "POST") == (200, "served")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_every_other_is_refused_and_told_the_variable(server: Server, name: str) -> None:
    for headers in ({"Host": name}, {"Origin": f"http://{name}"}, {"Origin": name}):
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            status, body = server.ask(headers, method)
            assert status == 403
            assert "KINDLING_ALLOW_HOSTS" in json.loads(body)["error"]["message"]


@pytest.mark.parametrize("headers", [{"Origin": EVIL}, {"Origin": "null"}, {"Host": "evil.example"}])
def test_websockets_are_closed_to_foreign_pages(server: Server, headers: dict[str, str]) -> None:
    assert server.ask(HANDSHAKE | headers)[0] == 403
    assert server.ask(HANDSHAKE | {"Origin": "http://localhost:4000"})[0] == 101


def test_absolute_target_names_a_host_too(server: Server) -> None:
    assert server.ask({}, path="http://evil.example/")[0] == 403
    assert server.ask({}, path="http://localhost/")[0] == 200


def test_hidden_origin_is_let_in_where_the_browser_vouches_for_it(server: Server) -> None:
    for site, status in (("same-origin", 200), ("same-site", 200), ("cross-site", 403)):
        assert server.ask({"Origin": "null", "Sec-Fetch-Site": site}, "POST")[0] == status


def test_image_of_a_page_of_another_port_is_served(server: Server) -> None:
    """http://localhost:5000 and http://127.0.0.1:9199 are two sites for a browser, and both this machine."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert server.ask(headers) == (200, "served")


def test_variable_names_who_else_is_served() -> None:
    with serving(allow="suite, https://phone.example:5000/,*.app.example") as server:
        for name in ("suite:9099", "phone.example", "a.app.example:1"):
            assert server.ask({"Host": name, "Origin": f"https://{name}"})[0] == 200, name
        for name in ("app.example", "evil.example"):
            assert server.ask({"Origin": f"https://{name}"})[0] == 403, name
    with serving(allow="*") as server:
        assert server.ask({"Host": "a b", "Origin": "null"})[0] == 200


def test_address_that_was_opened_is_its_own_name() -> None:
    with serving(address="0.0.0.0") as server:
        assert server.ask({"Host": "0.0.0.0:5000"})[0] == 200
        assert server.ask({"Host": "10.255.255.254:5000"})[0] == 403


def test_log_names_a_page_once_and_how_to_allow_it() -> None:
    with serving() as server:
        for _ in range(3):
            server.ask({"Origin": f"{EVIL}:8443"})
        assert server.process.stdin
        server.process.stdin.close()
        assert server.process.stderr
        assert server.process.stderr.read() == (
            "Refused: the request is of the web page https://evil.example:8443, which is not this machine."
            " If it is yours, start with KINDLING_ALLOW_HOSTS=evil.example.\n"
        )
