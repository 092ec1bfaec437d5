"""Stands between the functions and the Storage emulator and lets things go wrong there."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

_HOP_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class StorageRequest:
    """What a fault is decided by: the method, the path with its query, decoded, and the body."""

    method: str
    path: str
    body: bytes

    def names(self, object_name: str) -> bool:
        """Whether it is about this object, which an upload names in its query or its body."""
        return object_name in self.path or object_name.encode() in self.body[:2000]


Matches = Callable[[StorageRequest], bool]


class FaultProxy:
    """Answers what `failing` matches with `status`, holds back what `held` matches, passes on the rest."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.failing: Matches = lambda request: False
        self.status = 503
        self.failures = 0
        self.held: Matches = lambda request: False
        self.release = threading.Event()
        self._holding = threading.Semaphore(0)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def serving(self) -> Iterator[FaultProxy]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self.release.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def hold(self) -> None:
        self._holding.release()
        self.release.wait(_PATIENCE)

    def wait_until_holding(self, requests: int = 1) -> None:
        for _ in range(requests):
            assert self._holding.acquire(timeout=_PATIENCE), "the request to hold back did not come"


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients are killed here on purpose."""


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = StorageRequest(self.command, unquote(self.path), body)
            if proxy.held(request):
                proxy.hold()
            if proxy.failing(request):
                proxy.failures += 1
                self._send(proxy.status, [], b"{}")
            else:
                self._pass_on(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - as the base class calls them

        def _pass_on(self, body: bytes) -> None:
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in _HOP_HEADERS
            }
            connection = http.client.HTTPConnection(proxy.upstream, timeout=_PATIENCE)
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            content = response.read()
            # Downloads are made at the address that the object's metadata give.
            if "json" in (response.getheader("Content-Type") or ""):
                content = content.replace(proxy.upstream.encode(), proxy.address.encode())
            passed = [each for each in response.getheaders() if each[0].lower() not in _HOP_HEADERS]
            connection.close()
            self._send(response.status, passed, content)

        def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing: a test that fails says why."""

    return Handler
