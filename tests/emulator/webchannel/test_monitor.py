"""The request monitor over its websocket, as the Emulator UI reads it."""

import json
import socket
import time
from contextlib import contextmanager

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.emulator.process import running_emulator

RULES = """rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /notes/{id} {
      allow read: if resource.data.open == true;
      allow create: if request.resource.data.n > 0;
      allow update: if resource.data.missing == 1;
    }
  }
}
"""
DEADLINE = 10


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def monitored(tmp_path_factory):
    """The port of an emulator with rules and the port of its monitor."""
    rules = tmp_path_factory.mktemp("rules") / "firestore.rules"
    rules.write_text(RULES)
    websocket_port = free_port()
    with running_emulator("--rules", str(rules), "--websocket_port", str(websocket_port)) as running:
        yield running.port, websocket_port


@contextmanager
def open_monitor(port):
    """Connect once the monitor answers: it starts after the emulator says that it is ready."""
    wait_for_port(port)
    with connect(f"ws://127.0.0.1:{port}/requests") as monitor:
        yield monitor


def wait_for_port(port):
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def call(port, method, path, *, admin=False, **body):
    url = f"http://127.0.0.1:{port}/v1/projects/demo-monitor/databases/(default)/documents/{path}"
    headers = {"Authorization": "Bearer owner"} if admin else {}
    return requests.request(method, url, headers=headers, timeout=DEADLINE, json=body or None)


def fields(**values):
    return {"fields": {name: {"integerValue": str(value)} for name, value in values.items()}}


def next_event(monitor):
    return json.loads(monitor.recv(DEADLINE))


@pytest.fixture
def monitor(monitored):
    with open_monitor(monitored[1]) as monitor:
        json.loads(monitor.recv(DEADLINE))
        yield monitor


def test_first_frame_is_the_history(monitored):
    port, websocket_port = monitored
    with open_monitor(websocket_port) as first:
        json.loads(first.recv(DEADLINE))
        call(port, "GET", "notes/history")
        told = next_event(first)
    with open_monitor(websocket_port) as second:
        history = json.loads(second.recv(DEADLINE))
    assert history[-1] == told


def test_denied_read_tells_rules_outcome_and_line(monitored, monitor):
    before = time.time()
    call(monitored[0], "PATCH", "notes/closed", admin=True, **fields(n=1))
    assert next_event(monitor)["outcome"] == "admin"
    call(monitored[0], "GET", "notes/closed")
    event = next_event(monitor)
    assert event["rules"] == RULES
    assert event["rulesReleaseKey"] == "projects/demo-monitor/releases/cloud.firestore"
    assert before <= event["time"] <= time.time()
    assert event["outcome"] == "error"
    assert event["granularAllowOutcomes"] == [{"line": 5, "outcome": "error"}]
    context = event["rulesContext"]
    assert context["method"] == "get"
    assert context["path"] == "/databases/(default)/documents/notes/closed"
    request = context["request"]["mapValue"]["fields"]
    assert request["auth"] == {"nullValue": None}
    assert request["method"] == {"stringValue": "get"}
    assert request["resource"] == {"undefined": {}}
    data = context["resource"]["mapValue"]["fields"]["data"]["mapValue"]["fields"]
    assert data == {"n": {"intValue": "1"}}


def test_write_without_precondition_tells_create_and_update(monitored, monitor):
    call(monitored[0], "PATCH", "notes/twice", **fields(n=0))
    events = [next_event(monitor), next_event(monitor)]
    assert {event["rulesContext"]["method"] for event in events} == {"create", "update"}
    assert {event["outcome"] for event in events} <= {"deny", "error"}
    request = events[0]["rulesContext"]["request"]["mapValue"]["fields"]
    assert request["inTransaction"] == {"boolValue": True}


def test_allowed_write_tells_both_kinds_too_unless_its_precondition_says_which(monitored, monitor):
    assert call(monitored[0], "PATCH", "notes/both", **fields(n=1)).status_code == 200
    events = [next_event(monitor), next_event(monitor)]
    assert {event["rulesContext"]["method"]: event["outcome"] for event in events} == {
        "create": "allow",
        "update": "error",
    }
    call(monitored[0], "PATCH", "notes/one?currentDocument.exists=false", **fields(n=1))
    call(monitored[0], "GET", "notes/one")
    assert [next_event(monitor)["rulesContext"]["method"] for _ in range(2)] == ["create", "get"]


def test_allowed_write_shows_its_data_with_dots_escaped(monitored, monitor):
    call(monitored[0], "POST", "notes?documentId=dots", **fields(**{"n": 1, "a.b": 2}))
    event = next_event(monitor)
    assert event["outcome"] == "allow"
    resource = event["rulesContext"]["request"]["mapValue"]["fields"]["resource"]["mapValue"]["fields"]
    assert resource["data"]["mapValue"]["fields"] == {"n": {"intValue": "1"}, "a\\.b": {"intValue": "2"}}


def test_write_tells_its_fields_and_transforms(monitored, monitor):
    name = "projects/demo-monitor/databases/(default)/documents/notes/fields"
    transform = {"fieldPath": "at", "setToServerValue": "REQUEST_TIME"}
    write = {
        "update": {"name": name, **fields(n=1, left=2)},
        "updateMask": {"fieldPaths": ["n", "a.`b c`"]},
        "updateTransforms": [transform],
    }
    url = f"http://127.0.0.1:{monitored[0]}/v1/projects/demo-monitor/databases/(default)/documents:commit"
    assert requests.post(url, json={"writes": [write]}, timeout=DEADLINE).status_code == 200
    request = next_event(monitor)["rulesContext"]["request"]["mapValue"]["fields"]
    assert request["writeFields"] == {"listValue": {"values": [text("n"), text("a.`b c`")]}}
    assert request["transforms"] == {"listValue": {"values": [text("at")]}}


def text(value):
    return {"stringValue": value}


def test_list_tells_its_limit(monitored, monitor):
    query = {"from": [{"collectionId": "notes"}], "limit": 3}
    url = f"http://127.0.0.1:{monitored[0]}/v1/projects/demo-monitor/databases/(default)/documents:runQuery"
    requests.post(url, json={"structuredQuery": query}, timeout=DEADLINE)
    context = next_event(monitor)["rulesContext"]
    assert (context["method"], context["path"]) == ("list", "/databases/(default)/documents/notes/*")
    assert context["request"]["mapValue"]["fields"]["limit"] == {"intValue": "3"}


def test_admin_is_told_as_admin(monitored, monitor):
    call(monitored[0], "GET", "notes/any", admin=True)
    assert next_event(monitor)["outcome"] == "admin"


def test_other_paths_are_not_found(monitored):
    wait_for_port(monitored[1])
    with (
        pytest.raises(InvalidStatus) as caught,
        connect(f"ws://127.0.0.1:{monitored[1]}/other"),
    ):
        pass
    assert caught.value.response.status_code == 404


def test_taken_port_does_not_stop_the_emulator():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with running_emulator("--websocket_port", str(taken.getsockname()[1])) as running:
            assert call(running.port, "PATCH", "a/b", admin=True, **fields(n=1)).status_code == 200
