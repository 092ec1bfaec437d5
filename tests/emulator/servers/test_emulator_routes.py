"""The emulator's own routes: readiness, clear, reset, rules and shutdown."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import firestore

from tests.emulator.process import DEADLINE, Emulator, running_emulator

ADMIN = {"Authorization": "Bearer owner"}


@pytest.fixture(scope="module")
def private() -> Iterator[Emulator]:
    """An emulator of this file alone, for what concerns all projects: reset and rules."""
    with running_emulator() as running:
        yield running


def put(emulator: Emulator, database: str, path: str, headers: dict[str, str] | None = None) -> int:
    answer = emulator.http(
        "PATCH", f"/v1/{database}/documents/{path}", "{}", ADMIN if headers is None else headers
    )
    return answer.status


def exists(emulator: Emulator, database: str, path: str) -> bool:
    return emulator.http("GET", f"/v1/{database}/documents/{path}", headers=ADMIN).status == 200


def test_the_root_says_ok(emulator: Emulator) -> None:
    answer = emulator.http("GET", "/", headers={"Authorization": "Bearer garbage"})

    assert (answer.status, answer.body) == (200, "Ok\n")


@pytest.mark.parametrize("slash", ["", "/"])
def test_clear_empties_one_database_for_any_caller(emulator: Emulator, project: str, slash: str) -> None:
    database, other = (f"projects/{project}/databases/{name}" for name in ("(default)", "other"))
    put(emulator, database, "c/a")
    put(emulator, other, "c/a")

    answer = emulator.http("DELETE", f"/emulator/v1/{database}/documents{slash}")

    assert (answer.status, answer.body) == (200, "{\n}\n")
    assert not exists(emulator, database, "c/a")
    assert exists(emulator, other, "c/a")


@pytest.mark.parametrize("slash", ["", "/"])
def test_clear_below_a_document_leaves_its_siblings(emulator: Emulator, database: str, slash: str) -> None:
    for path in ("c/a", "c/a/sub/x", "c/b"):
        put(emulator, database, path)

    assert emulator.http("DELETE", f"/emulator/v1/{database}/documents/c/a{slash}").status == 200

    assert [exists(emulator, database, path) for path in ("c/a", "c/a/sub/x", "c/b")] == [False, False, True]


@pytest.mark.parametrize("slash", ["", "/"])
def test_clear_of_a_collection_leaves_others_of_a_similar_name(
    emulator: Emulator, database: str, slash: str
) -> None:
    paths = ("c/a", "c/a/sub/x", "c/b", "cc/a", "d/c/c/a")
    for path in paths:
        put(emulator, database, path)

    assert emulator.http("DELETE", f"/emulator/v1/{database}/documents/c{slash}").status == 200

    assert [path for path in paths if exists(emulator, database, path)] == ["cc/a", "d/c/c/a"]


@pytest.mark.parametrize(
    ("path", "authorization", "status"),
    [
        ("", "Bearer garbage", 400),
        ("", "owner", 500),
        ("/__x__/a", None, 400),
        ("/__x__", None, 400),
        ("/c/a//", None, 400),
    ],
)
def test_clear_refuses_bad_headers_and_bad_names(
    emulator: Emulator, database: str, path: str, authorization: str | None, status: int
) -> None:
    put(emulator, database, "c/a")
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = emulator.http("DELETE", f"/emulator/v1/{database}/documents{path}", headers=headers)

    assert answer.status == status
    assert exists(emulator, database, "c/a")


def test_clear_is_seen_by_listeners(client: firestore.Client, emulator: Emulator, database: str) -> None:
    seen: queue.Queue[int] = queue.Queue()
    client.document("things/one").set({})
    watch = client.collection("things").on_snapshot(lambda found, _, __: seen.put(len(found)))
    try:
        assert seen.get(timeout=DEADLINE) == 1
        emulator.http("DELETE", f"/emulator/v1/{database}/documents")
        assert seen.get(timeout=DEADLINE) == 0
    finally:
        watch.unsubscribe()


def test_reset_empties_every_project(private: Emulator) -> None:
    databases = [f"projects/{name}/databases/(default)" for name in ("one", "two")]
    for database in databases:
        put(private, database, "c/a")

    answer = private.http("POST", "/reset")

    assert (answer.status, answer.body) == (200, "Resetting...\n")
    assert not any(exists(private, database, "c/a") for database in databases)


def test_shutdown_ends_the_process_with_success() -> None:
    with running_emulator() as emulator:
        assert emulator.http("POST", "/shutdown").status == 200

        assert emulator.process.wait(DEADLINE) == 0


CLOSED = "service cloud.firestore { match /databases/{d}/documents { match /open/{x} { allow write; } } }"
BROKEN = "service cloud.firestore {\n  match /a/{b} { allow read: if ; }\n}"


def put_rules(emulator: Emulator, content: str, project: str = "p", **more: object) -> tuple[int, str]:
    body = {"rules": {"files": [{"content": content}]}, **more}
    answer = emulator.http(
        "PUT",
        f"/emulator/v1/projects/{project}:securityRules",
        json.dumps(body),
        {"Content-Type": "text/plain"},
    )
    return answer.status, answer.body


def may_write(emulator: Emulator, path: str, project: str = "p") -> bool:
    return put(emulator, f"projects/{project}/databases/(default)", path, {}) == 200


def test_new_rules_decide_at_once(private: Emulator) -> None:
    put_rules(private, CLOSED.replace("/open/{x}", "/closed/{x}"))
    assert may_write(private, "closed/a")

    assert put_rules(private, CLOSED) == (200, "{\n}\n")

    assert may_write(private, "open/a")
    assert not may_write(private, "closed/a")


def test_rules_are_those_of_one_project_and_the_first_ones_serve_the_others(tmp_path: Path) -> None:
    first = tmp_path / "firestore.rules"
    first.write_text(CLOSED)
    with running_emulator("--rules", str(first)) as emulator:
        put_rules(emulator, CLOSED.replace("/open/{x}", "/closed/{x}"), project="one")
        put_rules(emulator, CLOSED.replace("/open/{x}", "/{c}/{x}"), project="two")

        may = {
            project: [may_write(emulator, path, project) for path in ("open/a", "closed/a")]
            for project in ("one", "two", "three")
        }
        assert may == {"one": [False, True], "two": [True, True], "three": [True, False]}

        coverage = emulator.http("GET", "/emulator/v1/projects/one:ruleCoverage").body
        assert "/closed/{x}" in coverage


def test_a_denial_says_which_rule(private: Emulator) -> None:
    put_rules(private, CLOSED.replace("allow write;", "allow create: if false;"))

    answer = private.http("POST", "/v1/projects/p/databases/(default)/documents/open?documentId=a", "{}")

    details = json.loads(answer.body)["error"]
    assert (details["code"], details["status"]) == (403, "PERMISSION_DENIED")
    assert "false for 'create' @ L1" in details["message"]


def test_broken_rules_are_refused_and_the_old_ones_stay(private: Emulator) -> None:
    put_rules(private, CLOSED)

    status, body = put_rules(private, BROKEN)

    assert status == 400
    assert json.loads(body)["error"]["message"].startswith("Error compiling rules: L2:")
    assert not may_write(private, "closed/a")


def test_broken_rules_are_reported_with_their_position_when_errors_are_ignored(private: Emulator) -> None:
    put_rules(private, CLOSED)

    status, body = put_rules(private, BROKEN, ignore_errors=True)

    issue = json.loads(body)["issues"][0]
    assert status == 200
    assert issue["severity"] == "ERROR"
    assert issue["sourcePosition"]["line"] == 2
    assert not may_write(private, "closed/a")


def test_warnings_are_reported_and_the_rules_apply(private: Emulator) -> None:
    unused = CLOSED.replace("allow write;", "function f() { let x = 1; return true; } allow write: if f();")

    status, body = put_rules(private, unused, ignore_errors=True)

    assert status == 200
    assert [issue["severity"] for issue in json.loads(body)["issues"]] == ["WARNING"]
    assert not may_write(private, "closed/a")


@pytest.mark.parametrize("body", ["", "{}", '{"rules": {}}', '{"rules": {"files": []}}', "[1]", "{"])
def test_rules_without_a_file_are_refused(private: Emulator, body: str) -> None:
    assert private.http("PUT", "/emulator/v1/projects/p:securityRules", body).status == 400


def test_coverage_counts_what_was_decided(private: Emulator) -> None:
    put_rules(private, CLOSED.replace("allow write;", "allow write: if request.auth == null;"))
    may_write(private, "open/a")

    report = private.http("GET", "/emulator/v1/projects/p:ruleCoverage")
    page = private.http("GET", "/emulator/v1/projects/p:ruleCoverage.html")

    assert report.headers["content-type"] == "application/json"
    assert json.loads(report.body)["report"][0]["values"][0]["count"] >= 1
    assert page.headers["content-type"].startswith("text/html")
    assert "request.auth" in page.body


def test_coverage_without_rules_is_not_found(emulator: Emulator) -> None:
    assert emulator.http("GET", "/emulator/v1/projects/p:ruleCoverage").status == 404
