"""Rules of several databases: each judges its own, and Storage rules read any."""

from __future__ import annotations

import json

import pytest

from testing.rules import NO_RULE, DatabaseRules, RulesFiles, assert_allowed, assert_denied
from testing.rules.environment import RulesTestEnvironment
from testing.rules.in_process import CompiledRules, InProcess
from testing.rules.matrix import Cell, Documents, Matrix, Role, filled
from testing.rules.sources import from_firebase_json
from testing.rules.wire import Addresses, Wire
from tests.emulator.process import running_emulator

HEAD = "rules_version = '2'; service cloud.firestore { match /databases/{database}/documents { "
OWN = HEAD + "match /notes/{id} { allow read, write: if request.auth.uid == id; } } }"
OPEN = HEAD + "match /news/{id} { allow read: if resource.data.isPublic; allow write: if false; } } }"
STORAGE = """rules_version = '2';
service firebase.storage { match /b/{bucket}/o { match /{name} {
  allow read: if firestore.get(/databases/second/documents/news/$(name)).data.isPublic;
} } }"""


@pytest.fixture
def rules_files() -> RulesFiles:
    second = DatabaseRules("second", OPEN, "second.rules")
    return RulesFiles(OWN, STORAGE, databases=(second,), serves_all=False)


def test_each_database_is_judged_by_its_own_rules(rules):
    rules.seed({"news/a": {"isPublic": True}, "news/b": {"isPublic": False}}, database="second")
    alice = rules.as_user("alice")
    assert_allowed(alice.firestore.set("notes/alice", {"n": 1}))
    assert_denied(alice.in_database("second").set("notes/alice", {"n": 1}), reason=NO_RULE)
    assert assert_allowed(alice.in_database("second").get("news/a")).data == {"isPublic": True}
    assert_denied(alice.in_database("second").get("news/b"), reason="resource.data.isPublic")
    assert_denied(alice.firestore.get("news/a"), reason=NO_RULE)


def test_databases_share_nothing(rules):
    rules.seed({"news/a": {"isPublic": True}}, database="second")
    server = rules.bypassing_rules()
    assert assert_allowed(server.firestore.get("news/a")).data is None
    with server.in_database("second").transaction() as transaction:
        assert transaction.get("news/a").data == {"isPublic": True}
        assert_allowed(transaction.update("news/a", {"isPublic": False}).commit())
    assert server.in_database("second").list("news").data == {"news/a": {"isPublic": False}}


def test_database_that_firebase_json_does_not_list_is_closed_to_clients(rules):
    alice = rules.as_user("alice")
    assert_denied(alice.in_database("third").get("notes/alice"), reason=NO_RULE)
    assert_allowed(rules.bypassing_rules().in_database("third").set("notes/alice", {}))


def test_request_to_another_database_is_described_with_it(rules):
    denied = rules.as_guest().in_database("second").delete("news/a")
    assert_denied(denied, reason="false")
    assert denied.request == "guest: delete news/a in database second"


def test_storage_rules_read_the_database_that_they_name(rules):
    rules.seed({"news/a": {"isPublic": True}}, objects={"a": b"", "b": b""}, database="second")
    rules.seed({"news/b": {"isPublic": True}})
    assert_allowed(rules.as_guest().storage.get("a"))
    assert rules.as_guest().storage.get("b").denial is not None


def test_one_file_serves_every_database_where_firebase_json_has_one_entry():
    environment = RulesTestEnvironment(InProcess(CompiledRules(RulesFiles(OWN))))
    alice = environment.as_user("alice")
    assert_allowed(alice.in_database("second").set("notes/alice", {}))
    assert_denied(alice.in_database("second").get("notes/bob"), reason="request.auth.uid == id")


def test_subject_of_the_matrix_is_asked_in_its_database(rules_files):
    news = Documents("news", "news/a", "news/b", {}, {}, database="second")
    matrix = Matrix(
        (Role("guest", None, "alice"),),
        (news,),
        lambda environment, owner, moment: environment.seed(
            {"news/a": {"isPublic": True}}, database="second"
        ),
    )
    compiled = CompiledRules(rules_files)
    tables = filled(matrix, lambda: RulesTestEnvironment(InProcess(compiled)))
    [table] = tables
    assert table.rows == {"get": (Cell.ALLOWED,), "list": (Cell.ERROR,), "delete": (Cell.DENIED,)}


def test_emulator_is_asked_in_the_same_words(rules_files, tmp_path):
    (tmp_path / "own.rules").write_text(OWN, encoding="utf-8")
    (tmp_path / "open.rules").write_text(OPEN, encoding="utf-8")
    given = [f"(default)={tmp_path / 'own.rules'}", f"second={tmp_path / 'open.rules'}"]
    with running_emulator("--rules", given[0], "--rules", given[1]) as emulator:
        environment = RulesTestEnvironment(
            Wire("emulator", Addresses(emulator.host, None, "demo-rules"), rules_files)
        )
        environment.seed({"news/a": {"isPublic": True}}, database="second")
        alice = environment.as_user("alice")
        assert_allowed(alice.firestore.set("notes/alice", {"n": 1}))
        assert_allowed(alice.in_database("second").get("news/a"))
        assert_denied(alice.in_database("second").delete("news/a"), reason="false")
        assert_denied(alice.in_database("third").get("notes/alice"), reason=NO_RULE)
        environment.close()
        server = environment.bypassing_rules()
        assert server.in_database("second").get("news/a").data is None
        assert server.firestore.get("notes/alice").data is None


def test_rules_of_every_database_of_firebase_json_are_found(tmp_path):
    (tmp_path / "a.rules").write_text(OWN, encoding="utf-8")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/b.rules").write_text(OPEN, encoding="utf-8")
    entries = [
        {"database": "(default)", "rules": "a.rules"},
        {"database": "second", "rules": "config/b.rules"},
        {"database": "third"},
    ]
    (tmp_path / "firebase.json").write_text(
        f"// mine\n{json.dumps({'firestore': entries})}", encoding="utf-8"
    )
    assert from_firebase_json(tmp_path / "firebase.json") == RulesFiles(
        OWN,
        firestore_name="a.rules",
        databases=(DatabaseRules("second", OPEN, "config/b.rules"),),
        serves_all=False,
    )
