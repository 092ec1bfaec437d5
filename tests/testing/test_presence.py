"""Which backend is found behind which variable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from testing.rules.presence import find
from testing.rules.wire import Addresses


@contextmanager
def answering(status: int) -> Iterator[str]:
    """Somebody who answers rules without files with this status; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def googles() -> Iterator[str]:
    with answering(500) as address:
        yield address


@pytest.fixture(scope="module")
def ours() -> Iterator[str]:
    with answering(400) as address:
        yield address


def test_both_are_found_in_one_run(googles, ours):
    environment = {
        "FIRESTORE_EMULATOR_HOST": ours,
        "FIREBASE_STORAGE_EMULATOR_HOST": "127.0.0.1:1",
        "OFFICIAL_FIRESTORE_EMULATOR_HOST": googles,
        "OFFICIAL_STORAGE_EMULATOR_HOST": "127.0.0.1:2",
        "GCLOUD_PROJECT": "demo-one",
    }
    assert find("emulator", environment) == Addresses(ours, "127.0.0.1:1", "demo-one")
    assert find("official", environment) == Addresses(googles, "127.0.0.1:2", "demo-one")


def test_google_s_alone_is_found_by_the_variable_of_every_sdk(googles):
    environment = {"FIRESTORE_EMULATOR_HOST": googles}
    assert find("official", environment) == Addresses(googles, None, "demo-rules")
    assert find("emulator", environment) == (
        f"the emulator backend is not there: the emulator at {googles} is Google's"
    )


def test_ours_is_not_taken_for_google_s(ours):
    for name in ("FIRESTORE_EMULATOR_HOST", "OFFICIAL_FIRESTORE_EMULATOR_HOST"):
        assert find("official", {name: ours}) == (
            f"the official backend is not there: the emulator at {ours} is Kindling's"
        )


def test_what_is_not_set_is_named():
    assert find("emulator", {}) == (
        "the emulator backend needs a running suite: FIRESTORE_EMULATOR_HOST is not set"
    )
    assert find("official", {}) == (
        "the official backend needs a running suite: "
        "FIRESTORE_EMULATOR_HOST and OFFICIAL_FIRESTORE_EMULATOR_HOST are not set"
    )


def test_address_where_nobody_answers_is_named(unused_address):
    assert find("official", {"OFFICIAL_FIRESTORE_EMULATOR_HOST": unused_address}) == (
        f"the official backend is not there: nobody answers at {unused_address}, "
        "which OFFICIAL_FIRESTORE_EMULATOR_HOST names"
    )


@pytest.fixture
def unused_address() -> str:
    with answering(400) as address:
        return address
