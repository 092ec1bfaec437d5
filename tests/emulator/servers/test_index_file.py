"""Indexes of a running emulator: a query without one is served with a warning, and refused in strict mode."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import FailedPrecondition
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client, FieldFilter
from google.cloud.firestore_v1.aggregation import AggregationResult

from tests.emulator.process import Emulator, running_emulator

EMPTY = {"indexes": [], "fieldOverrides": []}
NEEDED = {
    "collectionGroup": "files",
    "queryScope": "COLLECTION",
    "fields": [{"fieldPath": "state", "order": "ASCENDING"}, {"fieldPath": "at", "order": "DESCENDING"}],
}


@pytest.fixture
def index_file(tmp_path: Path) -> Path:
    path = tmp_path / "firestore.indexes.json"
    path.write_text(json.dumps(EMPTY), encoding="utf-8")
    return path


@pytest.fixture
def lenient(index_file: Path) -> Iterator[Emulator]:
    with running_emulator("--index_file", str(index_file)) as running:
        yield running


@pytest.fixture
def strict(index_file: Path) -> Iterator[Emulator]:
    with running_emulator("--index_file", str(index_file), "--require_indexes") as running:
        yield running


def client_of(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
    return Client(project="demo-indexes", credentials=AnonymousCredentials())


def newest(client: Client) -> Any:
    ready = client.collection("files").where(filter=FieldFilter("state", "==", "ready"))
    return ready.order_by("at", direction="DESCENDING")


def missing(emulator: Emulator) -> dict[str, Any]:
    answer = emulator.http("GET", "/emulator/v1/projects/demo-indexes:missingIndexes")
    assert answer.status == 200
    return json.loads(answer.body)


def test_query_without_its_index_is_served_with_one_warning_and_listed(lenient, monkeypatch):
    client = client_of(lenient, monkeypatch)
    client.collection("files").add({"state": "ready", "at": 1})
    assert len(list(newest(client).stream())) == len(list(newest(client).stream())) == 1
    assert lenient.log.count("The query requires an index.") == 1
    assert missing(lenient) == {"checked": True, "indexes": [NEEDED], "fieldOverrides": []}


def test_strict_mode_refuses_the_query_as_production_does_until_the_index_is_defined(
    strict, index_file, monkeypatch
):
    client = client_of(strict, monkeypatch)
    client.collection("files").add({"state": "ready", "at": 1})
    with pytest.raises(
        FailedPrecondition, match=r"The query requires an index\. You can create it here: https://"
    ):
        list(newest(client).stream())
    index_file.write_text(json.dumps({**EMPTY, "indexes": [NEEDED]}), encoding="utf-8")
    assert len(list(newest(client).stream())) == 1
    assert missing(strict)["indexes"] == []


def test_strict_mode_refuses_counting_too(strict, monkeypatch):
    with pytest.raises(FailedPrecondition, match="requires an index"):
        newest(client_of(strict, monkeypatch)).count().get()


def test_query_that_single_fields_answer_is_served_in_strict_mode(strict, monkeypatch):
    client = client_of(strict, monkeypatch)
    client.collection("files").add({"state": "ready", "at": 1})
    ready = client.collection("files").where(filter=FieldFilter("state", "==", "ready"))
    counted: list[list[AggregationResult]] = ready.count().get()
    assert counted[0][0].value == 1


def test_broken_file_while_running_keeps_what_was_known(strict, index_file, monkeypatch):
    index_file.write_text(json.dumps({**EMPTY, "indexes": [NEEDED]}), encoding="utf-8")
    client = client_of(strict, monkeypatch)
    assert list(newest(client).stream()) == []
    index_file.write_text("{", encoding="utf-8")
    other = client.collection("files").where(filter=FieldFilter("kind", "==", "image")).order_by("at")
    with pytest.raises(FailedPrecondition):
        list(other.stream())
    assert list(newest(client).stream()) == []
    assert "the indexes stay as they were" in strict.log


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"indexes": [{}]}', ":1:14: indexes[0] has no fields"),
        ("", ":1:1: the file is empty"),
        ('{\n  "indexes": [],\n}', ":2:16: a comma with nothing behind it is not JSON"),
    ],
    ids=["wrong shape", "empty", "trailing comma"],
)
def test_broken_file_at_the_start_ends_strict_mode_and_is_a_warning_otherwise(
    index_file, monkeypatch, text, said
):
    index_file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "emulator", "--port", "0", "--index_file", str(index_file)]
    ended = subprocess.run(
        [*command, "--require_indexes"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert f"{index_file}{said}" in ended.stderr
    with running_emulator("--index_file", str(index_file)) as emulator:
        client = client_of(emulator, monkeypatch)
        assert list(newest(client).stream()) == list(newest(client).stream()) == []
        assert emulator.log.count(f"{index_file}{said}; indexes are not checked until it is mended") == 1
        assert missing(emulator) == {"checked": False, **EMPTY}
        index_file.write_text(f"// mended\n{json.dumps(EMPTY)}", encoding="utf-8")
        assert list(newest(client).stream()) == []
        assert missing(emulator)["indexes"] == [NEEDED]


def test_file_as_firebase_init_writes_it_and_with_a_mark_of_windows_is_read(index_file, monkeypatch):
    template = Path(__file__).parents[3] / "node_modules/firebase-tools/templates/init/firestore"
    text = (template / "firestore.indexes.json").read_text(encoding="utf-8")
    index_file.write_text(text, encoding="utf-8-sig")
    with running_emulator("--index_file", str(index_file), "--require_indexes") as emulator:
        with pytest.raises(FailedPrecondition):
            list(newest(client_of(emulator, monkeypatch)).stream())
        assert missing(emulator)["indexes"] == [NEEDED]
