"""Bodies without a length, sent to functions in processes of their own as the platform runs them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from app.request_bodies import MAX_BLOCKING_BODY, MAX_BODY
from worker import worker


def chunks(count: int) -> Iterator[bytes]:
    """A JSON object of so many bytes, in the pieces of 1 KiB that requests sends as chunks."""
    yield b'{"data":{"'
    rest = count - len(b'{"data":{"":0}}')
    while rest > 0:
        yield b"x" * min(rest, 1024)
        rest -= 1024
    yield b'":0}}'


ENVIRONMENT = {
    "GCLOUD_PROJECT": "demo-bodies",
    "FIREBASE_CONFIG": '{"projectId": "demo-bodies", "storageBucket": "bodies"}',
    "SHARE_KEY": "a key for tests that is long enough",
}


@pytest.fixture(scope="module", params=["api", "create_share", "before_user_created"])
def function(request):
    with worker(request.param, "http", ENVIRONMENT) as running:
        yield request.param, f"http://127.0.0.1:{running.port}/api/version"


LIMITS = {"api": MAX_BODY, "create_share": MAX_BODY, "before_user_created": MAX_BLOCKING_BODY}
TOO_LARGE = {
    "api": (413, "larger"),
    "create_share": (400, "invalid-request"),
    "before_user_created": (413, "Too Large"),
}
READ = {
    "api": (405, "Use GET"),
    "create_share": (401, "sign-in-required"),
    "before_user_created": (500, "INTERNAL"),
}


@pytest.mark.parametrize("over", [1, 8 * 1024 * 1024], ids=["a byte more", "megabytes more"])
def test_body_in_chunks_is_bounded_as_one_with_a_length(function, over):
    name, address = function
    method = "GET" if name == "api" else "POST"
    answer = requests.request(
        method,
        address,
        data=chunks(LIMITS[name] + over),
        headers={"Content-Type": "application/json"},
        timeout=60,
    )
    status, text = TOO_LARGE[name]
    assert answer.status_code == status
    assert text in answer.text


def test_body_in_chunks_up_to_the_bound_is_read(function):
    name, address = function
    answer = requests.post(
        address, data=chunks(LIMITS[name]), headers={"Content-Type": "application/json"}, timeout=60
    )
    status, text = READ[name]
    assert answer.status_code == status
    assert text in answer.text
