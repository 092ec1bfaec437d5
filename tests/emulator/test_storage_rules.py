"""The Storage rules runtime as the Storage emulator runs it: a process, one JSON object a line."""

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 20.0

RULES = """rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o {
    match /users/{uid}/{name} {
      allow get: if request.auth.uid == uid;
      allow create: if request.auth.uid == uid && request.resource.size < 100
        && request.resource.contentType.matches('image/.*');
      allow update: if resource.metadata.color == 'red' && request.resource.contentDisposition == null;
      allow delete: if resource.updated < request.time && request.resource == null;
    }
    match /quota/{uid}/{name} {
      allow create: if firestore.get(/databases/(default)/documents/users/$(uid)).data.quota
        > request.resource.size;
      allow get: if firestore.exists(/databases/(default)/documents/users/$(uid));
    }
    match /many/{uid}/{count} {
      allow get: if firestore.exists(/databases/(default)/documents/a/a)
        && firestore.exists(/databases/(default)/documents/a/a)
        && firestore.exists(/databases/(default)/documents/a/b)
        && (count == 'two' || firestore.exists(/databases/(default)/documents/a/c));
    }
    match /la/{x} { allow list: if request.path == /b/$(bucket)/o/la/q; }
    match /bare/{x} { allow get: if exists(/databases/(default)/documents/a/b); }
    match /long/{x} { allow get: if resource.metadata.text.matches('[ab]*a[ab]{900}c'); }
    match /deep/{rest=**} { allow get: if rest[1] == 'y' && request.method == 'get'; }
  }
}
"""


class Host:
    """The other end of the protocol, and the process under test."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emulator.storage_rules", "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            bufsize=0,
        )
        self._pending = b""
        self._next_id = 0

    def send_line(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + b"\n")

    def send(self, message: dict) -> None:
        self.send_line(json.dumps(message).encode())

    def receive(self) -> dict:
        assert self.process.stdout
        deadline = time.monotonic() + DEADLINE
        while b"\n" not in self._pending:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            assert ready, "no answer in time"
            chunk = os.read(self.process.stdout.fileno(), 65536)
            assert chunk, "the runtime has ended"
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return json.loads(line)

    def new_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def load(self, content: str, name: str = "0") -> dict:
        files = [{"name": "storage.rules", "content": content}]
        context = {"rulesetName": name, "source": {"files": files}}
        self.send({"action": "load_ruleset", "context": context, "id": self.new_id()})
        return self.receive()

    def start_verify(self, method: str, path: str, ruleset: str = "0", **about: object) -> int:
        identifier = self.new_id()
        context = {
            "rulesetName": ruleset,
            "service": "firebase.storage",
            "path": path,
            "method": method,
            "variables": variables(path, **about),
        }
        self.send({"action": "verify", "context": context, "id": identifier})
        return identifier

    def verify(self, method: str, path: str, **about: object) -> dict:
        identifier = self.start_verify(method, path, **about)
        answer = self.receive()
        assert answer["id"] == identifier
        return answer

    def permits(self, method: str, path: str, **about: object) -> bool:
        answer = self.verify(method, path, **about)
        assert (answer["status"], answer["errors"]) == ("ok", [])
        return answer["result"]["permit"]

    def answer_fetch(self, identifier: int, fields: dict | None) -> None:
        name = "projects/demo-kindling/databases/(default)/documents/users/alice"
        found = {"result": {"name": name, "fields": fields}, "status": "ok"}
        answer = {"status": "not_found"} if fields is None else found
        self.send(answer | {"warnings": [], "errors": [], "id": identifier})

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            stream.close()


def typed(value: object) -> dict:
    """As `toExpressionValue` of the Storage emulator encodes."""
    match value:
        case None:
            return {"null_value": None}
        case bool():
            return {"bool_value": value}
        case int():
            return {"int_value": value}
        case float():
            return {"float_value": value}
        case str() if value.endswith("Z") and value[4:5] == "-":
            return {"timestamp_value": value}
        case str():
            return {"string_value": value}
        case list():
            return {"list_value": {"values": [typed(item) for item in value]}}
        case dict():
            return {"map_value": {"fields": {name: typed(item) for name, item in value.items()}}}
    raise TypeError(type(value))


def variables(path: str, uid: str | None = None, before: object = None, after: object = None) -> dict:
    segments = [{"simple": segment} for segment in path.split("/") if segment]
    fields = {
        "path": {"path_value": {"segments": segments}},
        "time": {"timestamp_value": "2024-02-29T12:30:15.123Z"},
        "resource": typed(after),
        "auth": typed(None if uid is None else {"uid": uid, "token": {"user_id": uid, "iat": 1}}),
    }
    return {"resource": typed(before), "request": {"map_value": {"fields": fields}}}


def metadata(**changed: object) -> dict:
    return {
        "name": "users/alice/a.png", "bucket": "bucket", "size": 10,
        "generation": 1709209815123, "metageneration": 1,
        "timeCreated": "2024-02-29T12:00:00.000Z", "updated": "2024-02-29T12:00:00.000Z", "md5Hash": "x",
        "crc32c": "1", "etag": "e", "contentDisposition": None, "contentEncoding": None,
        "contentType": "image/png", "metadata": {"color": "red"},
    } | changed  # fmt: skip


@pytest.fixture
def started() -> Iterator[Host]:
    """A process of the test's own, before it has said anything."""
    host = Host()
    yield host
    host.stop()


@pytest.fixture(scope="module")
def running() -> Iterator[Host]:
    host = Host()
    host.receive()
    yield host
    host.stop()


@pytest.fixture
def host(running: Host) -> Host:
    """The process that most tests share, with `RULES` loaded."""
    assert running.load(RULES)["result"] == {"rulesVersion": 2}
    return running


@pytest.fixture
def waiting(started: Host) -> Host:
    """A process of the test's own in which a verify waits for a document."""
    started.receive()
    started.load(RULES)
    started.start_verify("get", "/b/bucket/o/quota/alice/a")
    started.receive()
    return started


@pytest.fixture
def working(started: Host) -> Host:
    """A process of the test's own in which a verify works for longer than anybody waits."""
    started.receive()
    started.load(RULES)
    text = "".join(random.Random(1).choices("ab", k=4_000_000))
    started.start_verify("get", "/b/bucket/o/long/a", before=metadata(metadata={"text": text}))
    return started


def test_runtime_says_that_it_is_ready(started):
    assert started.receive() == {"id": -1, "status": "ok", "errors": [], "warnings": []}


def test_loaded_ruleset_is_acknowledged_with_its_version(started):
    started.receive()
    answer = started.load("service firebase.storage { match /b/{b}/o { } }")
    assert answer == {"id": 1, "status": "ok", "errors": [], "warnings": [], "result": {"rulesVersion": 1}}


def test_broken_ruleset_is_refused_with_issues_the_host_can_read(host):
    answer = host.load("rules_version = '2';\nservice firebase.storage { match }", name="1")
    issue = json.loads(answer["errors"][0])
    assert issue["description_"] == "Unexpected '}'."
    assert issue["sourcePosition_"]["fileName_"] == "storage.rules"
    assert issue["sourcePosition_"]["line_"] == 2
    assert "result" not in answer
    assert host.verify("get", "/b/bucket/o/users/alice/a.png", ruleset="1")["errors"]
    assert host.permits("get", "/b/bucket/o/users/alice/a.png", uid="alice")


def test_doubtful_ruleset_is_loaded_with_warnings(host):
    answer = host.load("service firebase.storage { function f() { return 1; } }")
    assert json.loads(answer["warnings"][0])["description_"] == "Unused function: f."
    assert answer["errors"] == []


ALICE = "/b/bucket/o/users/alice/a.png"


@pytest.mark.parametrize(
    ("method", "path", "about", "permit"),
    [
        ("get", ALICE, {"uid": "alice", "before": metadata()}, True),
        ("get", ALICE, {"uid": "bob", "before": metadata()}, False),
        ("get", ALICE, {"before": metadata()}, False),
        ("get", ALICE + "/", {"uid": "alice"}, True),
        ("get", "/b/bucket//o/users/alice//a.png", {"uid": "alice"}, True),
        ("list", "/b/bucket/o/users", {"uid": "alice"}, False),
        ("create", ALICE, {"uid": "alice", "after": metadata()}, True),
        ("create", ALICE, {"uid": "alice", "after": metadata(size=100)}, False),
        ("create", ALICE, {"uid": "alice", "after": metadata(contentType="text/html")}, False),
        ("create", ALICE, {"uid": "bob", "after": metadata()}, False),
        ("update", ALICE, {"before": metadata(), "after": metadata()}, True),
        ("update", ALICE, {"before": metadata(metadata={}), "after": metadata()}, False),
        ("delete", ALICE, {"before": metadata()}, True),
        ("delete", ALICE, {"before": metadata(updated="2024-02-29T13:00:00.000Z")}, False),
        ("list", "/b/bucket/o/la/q", {}, True),
        ("list", "/b/bucket/o/la/r", {}, False),
        ("list", "/b/bucket/o/la", {}, False),
        ("get", "/b/bucket/o/bare/x", {}, False),
        ("get", "/b/bucket/o/deep/x/y/z", {}, True),
        ("get", "/b/bucket/o/deep/x/n/z", {}, False),
        ("get", "/b/bucket/o/elsewhere", {"uid": "alice"}, False),
    ],
)
def test_verify_answers_as_the_rules_say(host, method, path, about, permit):
    assert host.permits(method, path, **about) is permit


def test_null_uid_of_a_token_without_user_id_is_nobody(host):
    identifier = host.new_id()
    asked = variables(ALICE)
    asked["request"]["map_value"]["fields"]["auth"] = typed({"uid": None, "token": {"sub": "alice"}})
    context = {"rulesetName": "0", "path": ALICE, "method": "get", "variables": asked}
    host.send({"action": "verify", "context": context, "id": identifier})
    assert host.receive()["result"] == {"permit": False}


@pytest.mark.parametrize(
    ("fields", "permit"),
    [
        ({"quota": {"integerValue": "11"}}, True),
        ({"quota": {"integerValue": "10"}}, False),
        ({"quota": {"doubleValue": 10.5}}, True),
        ({"quota": {"stringValue": "11"}}, False),
        ({"quota": {"unheardOfValue": 1}}, False),
        ({}, False),
        (None, False),
    ],
)
def test_firestore_document_is_fetched_through_the_host(host, fields, permit):
    identifier = host.start_verify("create", "/b/bucket/o/quota/alice/a", after=metadata())
    assert host.receive() == {
        "server_request_id": identifier,
        "action": "fetch_firestore_document",
        "context": {"path": "/databases/(default)/documents/users/alice"},
    }
    host.answer_fetch(identifier, fields)
    answer = host.receive()
    assert (answer["id"], answer["errors"], answer["result"]) == (identifier, [], {"permit": permit})


@pytest.mark.parametrize(("fields", "permit"), [({}, True), (None, False)])
def test_existence_of_a_document_is_asked_through_the_host(host, fields, permit):
    identifier = host.start_verify("get", "/b/bucket/o/quota/alice/a")
    host.receive()
    host.answer_fetch(identifier, fields)
    assert host.receive()["result"] == {"permit": permit}


EVERY_KIND = {
    "nothing": {"nullValue": None},
    "flag": {"booleanValue": True},
    "time": {"timestampValue": "2024-02-29T12:30:15.000000001Z"},
    "bytes": {"bytesValue": "AP8="},
    "ref": {"referenceValue": "projects/demo-kindling/databases/(default)/documents/users/bob"},
    "place": {"geoPointValue": {"latitude": 1.5}},
    "list": {"arrayValue": {"values": [{"integerValue": "1"}, {"arrayValue": {}}]}},
    "map": {"mapValue": {"fields": {"a": {"doubleValue": "NaN"}, "b": {"mapValue": {}}}}},
}


def test_fetched_values_of_every_kind_are_rules_values(host):
    host.load(
        """service firebase.storage { match /{all=**} {
          function doc() { return firestore.get(/databases/(default)/documents/users/alice); }
          function fits(d) { return d.nothing == null && d.flag && d.time.nanos() == 1
            && d.bytes.toHexString() == '00FF' && d.ref == /databases/(default)/documents/users/bob
            && d.place == latlng.value(1.5, 0) && d.list == [1, []] && math.isNaN(d.map.a) && d.map.b == {}; }
          allow get: if fits(doc().data) && doc().id == 'alice'
            && doc().__name__ == /projects/demo-kindling/databases/(default)/documents/users/alice; } }"""
    )
    identifier = host.start_verify("get", "/b/bucket/o/x")
    host.receive()
    host.answer_fetch(identifier, EVERY_KIND)
    assert host.receive()["result"] == {"permit": True}


@pytest.mark.parametrize(("count", "permit"), [("two", True), ("three", False)])
def test_one_request_may_read_two_distinct_documents(host, count, permit):
    identifier = host.start_verify("get", f"/b/bucket/o/many/alice/{count}")
    for expected in ("a/a", "a/b"):
        assert host.receive()["context"]["path"].endswith(expected)
        host.answer_fetch(identifier, {})
    assert host.receive()["result"] == {"permit": permit}


def test_several_verifies_wait_for_documents_at_once_and_are_answered_in_any_order(host):
    users = [f"user{number}" for number in range(20)]
    waiting = {host.start_verify("get", f"/b/bucket/o/quota/{user}/a"): user for user in users}
    fetches = [host.receive() for _ in users]
    asked = {fetch["server_request_id"]: fetch["context"]["path"].rpartition("/")[2] for fetch in fetches}
    assert asked == waiting
    assert host.permits("get", ALICE, uid="alice")
    for number, identifier in enumerate(reversed(waiting)):
        host.answer_fetch(identifier, {} if number % 2 else None)
        answer = host.receive()
        assert (answer["id"], answer["result"]) == (identifier, {"permit": bool(number % 2)})


def test_ruleset_loaded_while_a_verify_waits_does_not_disturb_it(host):
    identifier = host.start_verify("get", "/b/bucket/o/quota/alice/a")
    host.receive()
    assert host.load("service firebase.storage { }")["errors"] == []
    host.answer_fetch(identifier, {})
    assert host.receive()["result"] == {"permit": True}
    assert not host.permits("get", ALICE, uid="alice")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"   ",
        b"nonsense",
        b"{",
        b"[]",
        b"null",
        b"1",
        b"{}",
        b'{"id": "text", "action": "verify"}',
        b'{"id": 9999, "status": "ok"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": ' + b"9" * 10_000 + b"}",
    ],
    ids=lambda line: repr(line[:30]),
)
def test_line_that_cannot_be_answered_changes_nothing(host, line):
    host.send_line(line)
    assert host.permits("get", ALICE, uid="alice")


def request_with(**fields: object) -> dict:
    asked = variables(ALICE)
    asked["request"]["map_value"]["fields"] |= fields
    return asked


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"action": "dance", "context": {}}, 'Unknown action: "dance"'),
        ({"action": None, "context": {}}, "Unknown action: null"),
        ({"action": "verify"}, 'The action "verify" has no context.'),
        ({"action": "load_ruleset", "context": {}}, "A load_ruleset needs rulesetName"),
        ({"action": "load_ruleset", "context": {"rulesetName": "1", "source": {"files": []}}},
         "A load_ruleset needs"),
        ({"action": "verify", "context": {}}, "No ruleset is loaded as null."),
        ({"action": "verify", "context": {"rulesetName": "7"}}, 'No ruleset is loaded as "7".'),
        ({"action": "verify", "context": {"rulesetName": "0", "method": "fly"}}, 'Unknown method: "fly"'),
        ({"action": "verify", "context": {"rulesetName": "0", "method": "get"}}, "A verify needs a path"),
    ]
    + [
        ({"action": "verify",
          "context": {"rulesetName": "0", "method": "get", "path": ALICE, "variables": given}}, error)
        for given, error in [
            ({}, "Not a typed value: null"),
            ({"request": {"odd_value": 1}}, "Unknown kind of value: odd_value"),
            ({"request": {"string_value": 1}}, "Not a string_value: 1"),
            ({"request": {"string_value": "a"}}, "The variable request is not a map."),
            ({"request": {"map_value": {"fields": {}}}}, "The variable request has no time."),
            (request_with(time={"timestamp_value": "noon"}), 'Not a timestamp_value: "noon"'),
            (request_with(auth={"bool_value": True}), "The variable request.auth has no token."),
            (request_with(resource={"int_value": 1}), "A resource is a map or null."),
            (request_with(path={"path_value": {}}), "Not a path_value: {}"),
            (request_with(a={"int_value": True}), "Not a int_value: true"),
            (request_with(a={"list_value": {"values": 1}}), 'Not a list_value: {"values": 1}'),
        ]
    ],
)  # fmt: skip
def test_request_that_makes_no_sense_is_answered_with_errors(host, message, error):
    identifier = host.new_id()
    host.send(message | {"id": identifier})
    answer = host.receive()
    assert (answer["id"], answer["status"]) == (identifier, "ok")
    assert answer["errors"][0].startswith(error)
    assert "result" not in answer
    assert host.permits("get", ALICE, uid="alice")


def test_numbers_beyond_json_and_int64_are_still_values(host):
    after = metadata(size=10)
    asked = variables(ALICE, uid="alice", after=after)
    token = asked["request"]["map_value"]["fields"]["auth"]["map_value"]["fields"]["token"]["map_value"][
        "fields"
    ]
    token |= {"huge": {"int_value": 1e300}, "nan": {"int_value": None}, "float": {"float_value": None}}
    context = {"rulesetName": "0", "path": ALICE, "method": "create", "variables": asked}
    host.send({"action": "verify", "context": context, "id": host.new_id()})
    assert host.receive()["result"] == {"permit": True}


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_runtime_although_a_verify_waits(waiting, sent):
    waiting.process.send_signal(sent)
    assert waiting.process.wait(timeout=DEADLINE) == 0


def test_verify_that_works_for_long_keeps_no_other_waiting(working):
    assert working.permits("get", ALICE, uid="alice")
    assert not working.permits("get", ALICE, uid="bob")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_runtime_although_a_verify_works(working, sent):
    assert working.permits("get", ALICE, uid="alice")
    working.process.send_signal(sent)
    assert working.process.wait(timeout=DEADLINE) == 0


def test_end_of_input_ends_the_runtime_although_a_verify_waits(waiting):
    waiting.process.stdin.close()
    assert waiting.process.wait(timeout=DEADLINE) == 0
    assert waiting.process.stderr.read() == b""


def test_program_without_its_argument_says_how_it_is_used():
    done = subprocess.run(
        [sys.executable, "-m", "emulator.storage_rules"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage:")


def test_runtime_starts_without_the_libraries_of_the_firestore_emulator():
    code = "import sys, emulator.storage_rules; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True
    )
    heavy = {"grpc", "google.cloud.firestore_v1", "google.protobuf.message", "asyncio", "uvicorn"}
    assert heavy.isdisjoint(loaded.stdout.split())
