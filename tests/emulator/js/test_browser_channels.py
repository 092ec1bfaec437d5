"""What the SDK's requests look like, and how its listeners outlive channels, sessions and the emulator."""

import time
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.emulator.js.conftest import BROWSER_TRANSPORTS
from tests.emulator.process import running_emulator

PROJECT = "demo-channels"
DEADLINE = 20


def write(port, path):
    url = f"http://127.0.0.1:{port}/v1/projects/{PROJECT}/databases/(default)/documents/{path}"
    requests.patch(
        url, headers={"Authorization": "Bearer owner"}, json={}, timeout=DEADLINE
    ).raise_for_status()


class Requests:
    """The Listen channel's requests of a page, by kind."""

    def __init__(self, page):
        self.handshakes, self.back_channels = [], []
        page.on("request", self._sort)

    def _sort(self, request):
        if "/Listen/channel" in request.url:
            query = parse_qs(urlsplit(request.url).query)
            if request.method == "GET" and query["RID"] == ["rpc"]:
                self.back_channels.append(query)
            elif "SID" not in query:
                self.handshakes.append(query)


@contextmanager
def watching(page, port, name, transport):
    settings = {
        "host": "127.0.0.1",
        "port": port,
        "project": PROJECT,
        "transport": BROWSER_TRANSPORTS[transport],
    }
    seen = Requests(page)
    page.evaluate("([settings, name]) => watchCollection(settings, name)", [settings, name])
    yield seen
    assert page.evaluate("watched.errors") == []


def wait_for(page, identifier):
    page.wait_for_function("(id) => watched.ids.includes(id)", arg=identifier, timeout=DEADLINE * 1000)


@pytest.mark.parametrize(
    ("transport", "streaming"),
    [("streaming", "0"), ("streaming-xhr", "0"), ("long-polling", "1"), ("short-polls", "1")],
)
def test_transport_is_the_one_asked_for(page, rules_port, transport, streaming):
    name = f"asked-{transport}"
    with watching(page, rules_port, name, transport) as seen:
        write(rules_port, f"{name}/a")
        wait_for(page, "a")
    assert {query["CI"][0] for query in seen.back_channels} == {streaming}


def test_auto_detection_finds_the_stream_unbuffered(page, rules_port):
    """The first back channel streams; bytes that came late would make the SDK poll instead."""
    with watching(page, rules_port, "detected", "auto-detection") as seen:
        write(rules_port, "detected/a")
        wait_for(page, "a")
    assert seen.back_channels[0]["CI"] == ["0"]


@pytest.mark.parametrize("transport", ["streaming", "long-polling"])
def test_listener_goes_on_over_many_back_channels_of_one_session(page, transport):
    with (
        running_emulator(launcher=("-m", "tests.emulator.js.hurried")) as running,
        watching(page, running.port, "c", transport) as seen,
    ):
        deadline = time.monotonic() + DEADLINE
        written = 0
        while len(seen.back_channels) < 6:
            assert time.monotonic() < deadline
            write(running.port, f"c/d{written}")
            wait_for(page, f"d{written}")
            written += 1
        assert page.evaluate("watched.ids.length") == written
        assert len(seen.handshakes) == 1


@pytest.mark.parametrize("transport", ["streaming", "long-polling"])
def test_listener_comes_back_when_the_emulator_does(page, transport):
    """The new process knows neither the session nor its resume tokens; the page shows what is there now."""
    with running_emulator() as running:
        write(running.port, "c/before")
        with watching(page, running.port, "c", transport):
            wait_for(page, "before")
    with running_emulator("--port", str(running.port)):
        write(running.port, "c/after")
        page.wait_for_function("() => `${watched.ids}` === 'after'", timeout=DEADLINE * 1000)
        assert page.evaluate("watched.errors") == []


def test_client_that_ends_leaves_no_session(page, rules_port):
    """Its beacon ends the session at once, not only when it is missed."""
    with watching(page, rules_port, "ended", "streaming") as seen:
        write(rules_port, "ended/a")
        wait_for(page, "a")
    url = f"http://127.0.0.1:{rules_port}/google.firestore.v1.Firestore/Listen/channel"
    probe = {"VER": "8", "SID": seen.back_channels[0]["SID"][0], "RID": "1", "AID": "0"}
    assert requests.post(url, params=probe, data="count=0&ofs=0", timeout=DEADLINE).status_code == 200
    page.evaluate("watched.stop()")
    deadline = time.monotonic() + DEADLINE
    while requests.post(url, params=probe, data="count=0&ofs=0", timeout=DEADLINE).status_code == 200:
        assert time.monotonic() < deadline
