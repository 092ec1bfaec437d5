"""Background triggers: what a functions emulator registers and what it is posted."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from emulator.servers.triggers import v2_trigger
from emulator.wire import protos
from tests.emulator.process import DEADLINE, Emulator, running_emulator

ADMIN = {"Authorization": "Bearer owner"}
CREATED = "google.cloud.firestore.document.v1.created"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass(frozen=True, slots=True)
class Delivery:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FunctionsEmulator:
    """Stands for the functions emulator: keeps what it is posted, answers `statuses` first, then 200. None as
    a status is no answer at all, until the test lets go with `release`.
    """

    port: int = 0
    deliveries: list[Delivery] = field(default_factory=list)
    statuses: list[int | None] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def post(self, delivery: Delivery) -> int:
        with self.changed:
            self.deliveries.append(delivery)
            self.changed.notify_all()
            status = self.statuses.pop(0) if self.statuses else 200
        if status is None:
            self.release.wait(DEADLINE)
            return 200
        return status

    def of(self, key: str) -> list[Delivery]:
        return [each for each in self.deliveries if each.path.endswith(f"/triggers/{key}")]

    def wait_for(self, key: str, number: int) -> list[Delivery]:
        """The deliveries to a trigger, once there are that many."""
        with self.changed:
            enough = self.changed.wait_for(lambda: len(self.of(key)) >= number, timeout=DEADLINE)
        assert enough, f"{len(self.of(key))} of {number} deliveries to {key}"
        return self.of(key)


def serve(functions: FunctionsEmulator, port: int = 0) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = functions.post(Delivery(self.path, headers, body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not interesting."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def functions() -> Iterator[FunctionsEmulator]:
    running = FunctionsEmulator()
    server = serve(running)
    running.port = server.server_address[1]
    yield running
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def emulator(functions: FunctionsEmulator) -> Iterator[Emulator]:
    with running_emulator("--functions_emulator", f"127.0.0.1:{functions.port}") as running:
        yield running


@dataclass(frozen=True, slots=True)
class App:
    """A project with triggers and documents."""

    emulator: Emulator
    project: str

    def name(self, path: str, database: str = "(default)") -> str:
        return f"projects/{self.project}/databases/{database}/documents/{path}"

    def register_v1(self, key: str, event: str, pattern: str) -> None:
        trigger = {
            "eventType": f"providers/cloud.firestore/eventTypes/document.{event}",
            "resource": self.name(pattern),
            "service": "firestore.googleapis.com",
        }
        path = f"/emulator/v1/projects/{self.project}/triggers/{key}"
        answer = self.emulator.http("PUT", path, json.dumps({"eventTrigger": trigger}))
        assert (answer.status, answer.body) == (200, "{\n}\n")

    def register_v2(self, key: str, event: str, pattern: str, database: str = "(default)") -> None:
        body = {
            "eventType": f"google.cloud.firestore.document.v1.{event}",
            "database": database,
            "namespace": "(default)",
            "document": {"value": pattern, "matchType": "PATH_PATTERN" if "{" in pattern else "EXACT"},
        }
        path = f"/emulator/v1/projects/{self.project}/eventarcTrigger?eventarcTriggerId={key}"
        answer = self.emulator.http("POST", path, json.dumps(body))
        assert (answer.status, json.loads(answer.body)) == (200, body)

    def commit(self, *writes: dict[str, Any], database: str = "(default)", **headers: str) -> None:
        path = f"/v1/projects/{self.project}/databases/{database}/documents:commit"
        answer = self.emulator.http("POST", path, json.dumps({"writes": writes}), headers or ADMIN)
        assert answer.status == 200, answer.body

    def set(self, path: str, database: str = "(default)", **fields: int) -> dict[str, Any]:
        values = {name: {"integerValue": str(value)} for name, value in fields.items()}
        return {"update": {"name": self.name(path, database), "fields": values}}

    def delete(self, path: str) -> dict[str, Any]:
        return {"delete": self.name(path)}


@pytest.fixture
def app(emulator: Emulator, project: str) -> App:
    return App(emulator, project)


@pytest.fixture
def key(project: str) -> Callable[[str], str]:
    """Trigger keys of this test's own."""
    return lambda name: f"us-central1-{project}-{name}-0"


def sections(delivery: Delivery) -> dict[int, Any]:
    """The fields of DocumentEventData by number: documents for 1 and 2, mask paths for 3."""
    data = base64.b64decode(delivery.body, validate=True)
    found: dict[int, Any] = {}
    while data:
        number, size, start = data[0] >> 3, data[1], 2
        if size > 0x7F:
            size, start = (size & 0x7F) | data[2] << 7, 3
        part, data = data[start : start + size], data[start + size :]
        message = protos.DocumentMask if number == 3 else protos.Document
        found[number] = message.FromString(part)
    return found


def test_a_v2_trigger_gets_a_cloud_event(app: App, functions: FunctionsEmulator, key: Any) -> None:
    app.register_v2(key("created"), "created", "things/{id}")

    app.commit(app.set("things/one", n=1))

    delivery = functions.wait_for(key("created"), 1)[0]
    event_id, when = (delivery.headers.pop(name) for name in ("ce-id", "ce-time"))
    attributes = {name: value for name, value in delivery.headers.items() if name.startswith("ce-")}
    assert delivery.path == f"/functions/projects/{app.project}/triggers/{key('created')}"
    assert delivery.headers["content-type"] == "application/protobuf"
    assert attributes == {
        "ce-specversion": "1.0",
        "ce-type": CREATED,
        "ce-source": f"//firestore.googleapis.com/projects/projects/{app.project}/databases/(default)",
        "ce-subject": "documents/things/one",
        "ce-datacontenttype": "application/protobuf",
        "ce-dataschema": "https://github.com/googleapis/google-cloudevents/blob/main"
        "/proto/google/events/cloud/firestore/v1/data.proto",
        "ce-location": "us-central1",
        "ce-project": app.project,
        "ce-database": "(default)",
        "ce-namespace": "(default)",
        "ce-document": "things/one",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", when)
    assert len(event_id) == 36
    data = sections(delivery)
    assert sorted(data) == [1, 3]
    assert data[1].name == app.name("things/one")
    assert data[1].fields["n"].integer_value == 1
    assert list(data[3].field_paths) == []


def test_a_v1_trigger_gets_json(app: App, functions: FunctionsEmulator, key: Any) -> None:
    app.register_v1(key("written"), "write", "things/{id}")

    app.commit(app.set("things/one", n=1))
    app.commit(app.set("things/one", n=2))
    app.commit(app.delete("things/one"))

    created, updated, deleted = (json.loads(each.body) for each in functions.wait_for(key("written"), 3))
    context = created["context"]
    assert (context["eventType"], context["resource"]) == (
        "providers/cloud.firestore/eventTypes/document.write",
        {"name": app.name("things/one"), "service": "firestore.googleapis.com"},
    )
    assert TIME.fullmatch(context["timestamp"])
    assert created["data"]["value"]["fields"] == {"n": {"integerValue": "1"}}
    assert (sorted(created["data"]), created["data"]["updateMask"]) == (["updateMask", "value"], {})
    assert updated["data"]["oldValue"]["fields"] == {"n": {"integerValue": "1"}}
    assert updated["data"]["value"]["fields"] == {"n": {"integerValue": "2"}}
    assert updated["data"]["updateMask"] == {"fieldPaths": ["n"]}
    assert sorted(deleted["data"]) == ["oldValue"]


def test_each_kind_hears_of_its_own_changes(app: App, functions: FunctionsEmulator, key: Any) -> None:
    for event in ("created", "updated", "deleted", "written"):
        app.register_v2(key(event), event, "things/{id}")

    app.commit(app.set("things/one", n=1))
    app.commit(app.set("things/one", n=2))
    app.commit(app.set("things/one", n=2))  # changes nothing
    app.commit(app.delete("things/one"))
    app.commit(app.delete("things/one"))  # changes nothing

    functions.wait_for(key("written"), 3)
    functions.wait_for(key("deleted"), 1)
    kinds = {
        event: [sorted(sections(each)) for each in functions.of(key(event))]
        for event in ("created", "updated")
    }
    assert kinds == {"created": [[1, 3]], "updated": [[1, 2, 3]]}
    assert [sorted(sections(each)) for each in functions.of(key("deleted"))] == [[2, 3]]
    assert len(functions.of(key("written"))) == 3


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("c/{id=*a*b}", "c/xaxbab", "c/xaxba"),
        ("c/{id=*a*a*a*a*a*b}", "c/" + "a" * 1_000 + "b", "c/" + "a" * 1_000),
        ("{a=**}/b/{c=**}/d", "b/x/b/d", "b/d/x/dd"),
        ("/".join(["{x=**}", "a"] * 6) + "/b", "a/" * 300 + "b", "a/" * 300 + "c"),
    ],
    ids=["glob", "many stars", "double stars", "many double stars"],
)
def test_pattern_of_many_stars_is_decided_at_once(pattern: str, matching: str, other: str) -> None:
    documents = v2_trigger(
        "p", "k", event_type=CREATED, database="(default)", document=pattern, is_pattern=True
    ).documents

    assert documents.fullmatch(f"/{matching}")
    assert not documents.fullmatch(f"/{other}")


@pytest.mark.parametrize(
    ("pattern", "heard"),
    [
        ("things/one", ["things/one"]),
        ("things/{id}", ["things/one", "things/two"]),
        ("things/{id}/parts/{part}", ["things/one/parts/p"]),
        ("things/{rest=**}", ["things/one", "things/one/parts/p", "things/two"]),
        ("{all=**}", ["last/end", "other/one", "things/one", "things/one/parts/p", "things/two"]),
        ("{collection}/one", ["other/one", "things/one"]),
        ("things.{id}", []),
        ("{rest=**}/parts/{part}", ["things/one/parts/p"]),
        ("things/{id}/{rest=**}/{part}", ["things/one/parts/p"]),
        ("things/t{id=w*}", ["things/two"]),
        ("{collection=*}/one", ["other/one", "things/one"]),
    ],
)
def test_patterns_choose_documents(
    app: App, functions: FunctionsEmulator, key: Any, pattern: str, heard: list[str]
) -> None:
    app.register_v2(key("chosen"), "created", pattern)
    app.register_v2(key("last"), "created", "last/{id}")

    paths = ("other/one", "things/one", "things/one/parts/p", "things/two")
    app.commit(*(app.set(path) for path in paths))
    app.commit(app.set("last/end"))

    functions.wait_for(key("last"), 1)
    deliveries = functions.wait_for(key("chosen"), len(heard))
    assert sorted(each.headers["ce-document"] for each in deliveries) == heard


def test_databases_have_triggers_of_their_own(app: App, functions: FunctionsEmulator, key: Any) -> None:
    app.register_v2(key("here"), "created", "things/{id}")
    app.register_v2(key("there"), "created", "things/{id}", database="other")

    app.commit(app.set("things/one", "other"), database="other")
    app.commit(app.set("things/two"))

    assert [each.headers["ce-document"] for each in functions.wait_for(key("there"), 1)] == ["things/one"]
    assert [each.headers["ce-document"] for each in functions.wait_for(key("here"), 1)] == ["things/two"]


def test_a_later_registration_of_a_key_replaces_the_earlier(
    app: App, functions: FunctionsEmulator, key: Any
) -> None:
    app.register_v2(key("moved"), "created", "before/{id}")
    app.register_v2(key("moved"), "created", "after/{id}")

    app.commit(app.set("before/one"), app.set("after/one"))

    assert [each.headers["ce-document"] for each in functions.wait_for(key("moved"), 1)] == ["after/one"]


def test_a_document_that_changes_often_is_told_in_order(
    app: App, functions: FunctionsEmulator, key: Any
) -> None:
    app.register_v2(key("written"), "written", "things/{id}")

    for n in range(20):
        app.commit(app.set("things/one", n=n), app.set("things/two", n=n))

    told: dict[str, list[int]] = {}
    for delivery in functions.wait_for(key("written"), 40):
        document = sections(delivery)[1]
        told.setdefault(document.name[-3:], []).append(document.fields["n"].integer_value)
    assert told == {"one": [*range(20)], "two": [*range(20)]}


def test_nothing_of_a_batch_of_500_is_lost(app: App, functions: FunctionsEmulator, key: Any) -> None:
    app.register_v2(key("created"), "created", "things/{id}")

    app.commit(*(app.set(f"things/{n}", n=n) for n in range(500)))

    deliveries = functions.wait_for(key("created"), 500)
    assert {each.headers["ce-document"] for each in deliveries} == {f"things/{n}" for n in range(500)}
    assert len({each.headers["ce-id"] for each in deliveries}) == 500


def token(claims: dict[str, str]) -> str:
    parts = ({"alg": "none"}, claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return "Bearer " + ".".join(encoded) + "."


@pytest.mark.parametrize(
    ("headers", "auth"),
    [
        (ADMIN, ("system", "system")),
        ({"Authorization": token({"sub": "ada"})}, ("unknown", "ada")),
        ({"X-No-Caller": "1"}, ("unauthenticated", "unauthenticated")),
    ],
)
def test_with_auth_context_says_who_caused_it(
    app: App, functions: FunctionsEmulator, key: Any, headers: dict[str, str], auth: tuple[str, str]
) -> None:
    app.register_v2(key("with"), "created.withAuthContext", "things/{id}")
    app.register_v2(key("without"), "created", "things/{id}")

    app.commit(app.set("things/one"), **headers)

    with_auth = functions.wait_for(key("with"), 1)[0].headers
    assert (with_auth["ce-authtype"], with_auth["ce-authid"]) == auth
    assert with_auth["ce-type"] == "google.cloud.firestore.document.v1.created.withAuthContext"
    assert "ce-authtype" not in functions.wait_for(key("without"), 1)[0].headers


def test_a_delivery_is_tried_again_while_the_functions_emulator_is_busy(
    app: App, functions: FunctionsEmulator, key: Any
) -> None:
    app.register_v2(key("created"), "created", "things/{id}")
    functions.statuses += [503, 503]

    app.commit(app.set("things/one"))

    tries = functions.wait_for(key("created"), 3)
    assert len({each.headers["ce-id"] for each in tries}) == 1


def test_an_event_without_an_answer_does_not_hold_up_the_next(
    app: App, functions: FunctionsEmulator, key: Any
) -> None:
    app.register_v2(key("written"), "written", "things/{id}")
    functions.statuses.append(None)

    app.commit(app.set("things/same"))
    functions.wait_for(key("written"), 1)
    app.commit(app.delete("things/same"))

    try:
        assert len({each.headers["ce-id"] for each in functions.wait_for(key("written"), 2)}) == 2
    finally:
        functions.release.set()


def test_a_function_that_fails_is_not_called_again(app: App, functions: FunctionsEmulator, key: Any) -> None:
    app.register_v2(key("created"), "created", "things/{id}")
    functions.statuses.append(500)

    app.commit(app.set("things/same"))
    app.commit(app.delete("things/same"))
    app.commit(app.set("things/same"))

    assert len({each.headers["ce-id"] for each in functions.wait_for(key("created"), 2)}) == 2


def test_a_document_id_beyond_ascii_is_percent_encoded(
    app: App, functions: FunctionsEmulator, key: Any
) -> None:
    app.register_v2(key("created"), "created", "things/{id}")

    app.commit(app.set("things/한 글"))

    delivery = functions.wait_for(key("created"), 1)[0]
    assert delivery.headers["ce-document"] == "things/%ED%95%9C %EA%B8%80"
    assert sections(delivery)[1].name == app.name("things/한 글")


def test_events_wait_for_a_functions_emulator_that_comes_late(project: str) -> None:
    functions = FunctionsEmulator()
    reserved = serve(functions)
    functions.port = reserved.server_address[1]
    reserved.shutdown()
    reserved.server_close()
    with running_emulator("--functions_emulator", f"127.0.0.1:{functions.port}") as emulator:
        app = App(emulator, project)
        app.register_v2("late", "created", "things/{id}")
        app.commit(app.set("things/one"))
        late = serve(functions, functions.port)
        try:
            assert functions.wait_for("late", 1)[0].headers["ce-document"] == "things/one"
        finally:
            late.shutdown()
            late.server_close()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "triggers/k", "{}"),
        ("PUT", "triggers/k", '{"eventTrigger": {"eventType": "x", "resource": "y"}}'),
        ("POST", "eventarcTrigger", '{"eventType": "google.cloud.firestore.document.v1.created"}'),
        ("POST", "eventarcTrigger?eventarcTriggerId=k", '{"eventType": 1}'),
        ("POST", "eventarcTrigger?eventarcTriggerId=k", "[]"),
    ],
)
def test_a_malformed_registration_is_refused(app: App, method: str, path: str, body: str) -> None:
    assert app.emulator.http(method, f"/emulator/v1/projects/{app.project}/{path}", body).status == 400
