"""kit indexes: asks a running emulator what firestore.indexes.json lacks, and writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.wire.commented_json import parse
from tests.emulator.process import Emulator, running_emulator
from tools import indexes
from tools.__main__ import main

LIFETIME = {"collectionGroup": "ledger", "fieldPath": "expiresAt", "ttl": True, "indexes": []}
QUERY = {
    "structuredQuery": {
        "from": [{"collectionId": "files"}],
        "where": {
            "fieldFilter": {
                "field": {"fieldPath": "state"},
                "op": "EQUAL",
                "value": {"stringValue": "ready"},
            }
        },
        "orderBy": [{"field": {"fieldPath": "createdAt"}, "direction": "DESCENDING"}],
    }
}
NEEDED = {
    "collectionGroup": "files",
    "queryScope": "COLLECTION",
    "fields": [
        {"fieldPath": "state", "order": "ASCENDING"},
        {"fieldPath": "createdAt", "order": "DESCENDING"},
    ],
}


@pytest.fixture
def index_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "firestore.indexes.json"
    path.write_text(f"// mine\n{json.dumps({'indexes': [], 'fieldOverrides': [LIFETIME]})}", encoding="utf-8")
    (tmp_path / "firebase.json").write_text(json.dumps({"firestore": {"indexes": path.name}}))
    monkeypatch.setattr(indexes, "FIREBASE_JSON", tmp_path / "firebase.json")
    return path


@pytest.fixture
def asked(index_file: Path) -> Iterator[Emulator]:
    """An emulator that has seen a query without its index."""
    with running_emulator("--index_file", str(index_file)) as emulator:
        answer = emulator.http(
            "POST", "/v1/projects/demo-kindling/databases/(default)/documents:runQuery", json.dumps(QUERY)
        )
        assert answer.status == 200
        yield emulator


def test_missing_index_is_printed_and_the_exit_code_says_so(asked, capsys):
    assert main(["indexes", "--emulator", asked.host]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == {"indexes": [NEEDED]}
    assert "./kit indexes --write" in err


def test_written_index_keeps_the_rest_of_the_file_and_is_seen_at_once(asked, index_file, capsys):
    assert main(["indexes", "--write", "--emulator", asked.host]) == 0
    text = index_file.read_text(encoding="utf-8")
    assert parse(text, "it") == {"indexes": [NEEDED], "fieldOverrides": [LIFETIME]}
    assert text.startswith("// mine\n")
    capsys.readouterr()
    assert main(["indexes", "--json", "--emulator", asked.host]) == 0
    assert json.loads(capsys.readouterr().out) == {"indexes": [], "fieldOverrides": []}


def test_each_database_is_asked_about_its_own_file(index_file, tmp_path, capsys):
    second = tmp_path / "second.json"
    second.write_text("{}", encoding="utf-8")
    entries = [
        {"database": "(default)", "indexes": index_file.name},
        {"database": "second", "indexes": second.name},
    ]
    (tmp_path / "firebase.json").write_text(json.dumps({"firestore": entries}))
    files = ["--index_file", f"(default)={index_file}", "--index_file", f"second={second}"]
    with running_emulator(*files) as emulator:
        route = "/v1/projects/demo-kindling/databases/second/documents:runQuery"
        assert emulator.http("POST", route, json.dumps(QUERY)).status == 200
        assert main(["indexes", "--emulator", emulator.host]) == 1
        assert "Missing in second.json (database second): 1." in capsys.readouterr().err
        assert main(["indexes", "--json", "--database", "(default)", "--emulator", emulator.host]) == 0
        assert json.loads(capsys.readouterr().out)["indexes"] == []
        before = index_file.read_text(encoding="utf-8")
        assert main(["indexes", "--write", "--emulator", emulator.host]) == 0
        assert index_file.read_text(encoding="utf-8") == before
        assert parse(second.read_text(encoding="utf-8"), "it")["indexes"] == [NEEDED]
        assert main(["indexes", "--emulator", emulator.host]) == 0
        assert main(["indexes", "--database", "third", "--emulator", emulator.host]) == 1
        assert "has no database third; it has (default), second" in capsys.readouterr().err


def test_file_that_cannot_be_read_is_named_with_its_line(index_file, capsys):
    index_file.write_text('{"indexes": [\n}', encoding="utf-8")
    with running_emulator("--index_file", str(index_file)) as emulator:
        assert main(["indexes", "--emulator", emulator.host]) == 1
    assert "firestore.indexes.json:2:1: " in capsys.readouterr().err


def test_nobody_who_answers_is_told_with_the_remedy(capsys):
    assert main(["indexes", "--emulator", "127.0.0.1:1"]) == 1
    assert "./kit start" in capsys.readouterr().err


def test_emulator_without_an_index_file_is_no_proof(capsys):
    with running_emulator() as emulator:
        assert main(["indexes", "--emulator", emulator.host]) == 1
    assert "no index file that it could read" in capsys.readouterr().err
