"""What the page sends to a callable function and makes of the answer: `hosting/src/callables.js` in Node."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CALL = """
import { call, connectCallables } from './hosting/src/callables.js';
const { port, token, data } = JSON.parse(process.argv[1]);
connectCallables({
  projectId: 'demo-kindling',
  emulators: { functions: { host: '127.0.0.1', port } },
  idToken: async () => token,
  language: () => 'ko',
});
try {
  console.log(JSON.stringify({ result: await call('revoke_share', data) }));
} catch ({ name, code, reason, message, requestId, details }) {
  console.log(JSON.stringify({ name, code, reason, message, requestId, details }));
}
"""


@dataclass
class Function:
    """Stands for the functions emulator: one answer for all, and what was asked."""

    status: int = 200
    body: bytes = b'{"result": {}}'
    requests: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    def answer(self, status: int, body: Any) -> None:
        self.status, self.body = status, body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def function() -> Iterator[Function]:
    function = Function()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            function.requests.append(
                {"path": self.path, "headers": dict(self.headers), "body": json.loads(sent)}
            )
            self.send_response(function.status)
            self.send_header("Content-Length", str(len(function.body)))
            self.end_headers()
            self.wfile.write(function.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    function.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield function
    server.shutdown()
    server.server_close()


def call(port: int, *, signed_in: bool = True, data: Any = None) -> dict[str, Any]:
    """The result, or the fields of the error."""
    given = json.dumps({"port": port, "token": "a-token" if signed_in else None, "data": data or {}})
    command = ["node", "--input-type=module", "--eval", CALL, given]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_call_sends_data_token_and_language_and_answers_the_result(function: Function):
    function.answer(200, {"result": {"url": "/s/1"}})

    assert call(function.port, data={"shareId": "s"}) == {"result": {"url": "/s/1"}}

    (request,) = function.requests
    assert request["path"] == "/demo-kindling/us-central1/revoke_share"
    assert request["body"] == {"data": {"shareId": "s"}}
    assert request["headers"]["Authorization"] == "Bearer a-token"
    assert request["headers"]["Accept-Language"] == "ko"


def test_call_of_nobody_carries_no_token(function: Function):
    call(function.port, signed_in=False)
    assert "Authorization" not in function.requests[0]["headers"]


def test_refusal_carries_code_reason_message_and_request_id(function: Function):
    details = {"reason": "rate-limited", "requestId": "r1", "retryAfter": 30}
    function.answer(
        429, {"error": {"status": "RESOURCE_EXHAUSTED", "message": "천천히 해 주세요.", "details": details}}
    )
    assert call(function.port) == {
        "name": "CallableError",
        "code": "resource-exhausted",
        "reason": "rate-limited",
        "message": "천천히 해 주세요.",
        "requestId": "r1",
        "details": {"retryAfter": 30},
    }


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        pytest.param(
            404, {"error": {"status": "NOT_FOUND", "message": "none"}}, "not-found", id="no details"
        ),
        pytest.param(503, b"<html>busy</html>", "unavailable", id="a proxy's page"),
        pytest.param(500, b"", "internal", id="a crash"),
        pytest.param(200, b"{}", "internal", id="no result"),
    ],
)
def test_answer_without_a_reason_is_told_by_its_code(function: Function, status, body, code):
    function.answer(status, body)
    answer = call(function.port)
    assert (answer["code"], answer["reason"]) == (code, code)


def test_unreachable_function_is_a_network_problem():
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        port = closed.server_port
    answer = call(port)
    assert (answer["code"], answer["reason"]) == ("unavailable", "network")
