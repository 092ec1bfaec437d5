"""What Firestore would bill, as its price list counts it: https://firebase.google.com/docs/firestore/pricing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client, FieldFilter

from tests.emulator.process import Emulator, running_emulator

DEADLINE = 20.0
RULES = """
rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /notes/{id} {
      allow read: if get(/databases/$(database)/documents/flags/open).data.open
        && get(/databases/$(database)/documents/flags/open).data.open;
    }
  }
}
"""

Usage = Callable[[], dict[str, int]]


@pytest.fixture
def client(emulator: Emulator, project: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
    return Client(project=project, credentials=AnonymousCredentials())


@pytest.fixture
def used(emulator: Emulator, project: str) -> Usage:
    """What was used since the last time it was asked, without what is nought."""

    def ask() -> dict[str, int]:
        answer = emulator.http("DELETE", f"/emulator/v1/projects/{project}:usage")
        assert answer.status == 200
        counts = {name: int(count) for name, count in json.loads(answer.body).items()}
        return {name: count for name, count in counts.items() if count and name != "documentBytesSent"}

    return ask


def test_document_asked_for_is_a_read_whether_it_is_there_or_not(client, used):
    client.document("c/there").set({"n": 1})
    assert used() == {"documentWrites": 1}
    client.document("c/there").get()
    assert used() == {"documentReads": 1}
    list(client.get_all([client.document("c/there"), client.document("c/missing")]))
    assert used() == {"documentReads": 2}


def test_query_is_at_least_one_read_and_pays_for_what_its_offset_skips(client, used):
    for n in range(5):
        client.document(f"c/{n}").set({"n": n})
    assert used() == {"documentWrites": 5}
    nothing = client.collection("c").where(filter=FieldFilter("n", ">", 9))
    assert list(nothing.stream()) == []
    assert used() == {"documentReads": 1}
    assert len(list(client.collection("c").order_by("n").offset(2).limit(2).stream())) == 2
    assert used() == {"documentReads": 4}


def test_aggregation_is_one_read_for_each_thousand_entries(client, used):
    assert client.collection("c").count().get()[0][0].value == 0
    assert used() == {"documentReads": 1}
    batch = client.batch()
    for n in range(500):
        batch.set(client.document(f"c/{n}"), {"n": n})
    batch.commit()
    for n in range(500, 1001):
        batch.set(client.document(f"c/{n}"), {"n": n})
    batch.commit()
    used()
    assert client.collection("c").count().get()[0][0].value == 1001
    assert used() == {"documentReads": 2}


def test_every_write_and_delete_of_a_commit_counts_also_one_that_changes_nothing(client, used):
    batch = client.batch()
    batch.set(client.document("c/a"), {"n": 1})
    batch.update(client.document("c/a"), {"n": 1})
    batch.delete(client.document("c/missing"))
    batch.commit()
    assert used() == {"documentWrites": 2, "documentDeletes": 1}


def test_failed_commit_costs_nothing(client, used):
    with pytest.raises(NotFound, match="no entity to update"):
        client.document("c/missing").update({"n": 1})
    assert used() == {}


def test_listener_pays_for_what_it_is_sent_and_not_for_what_is_deleted(client, used):
    client.document("c/a").set({"n": 1})
    client.document("c/b").set({"n": 2})
    used()
    seen: list[int] = []
    heard = threading.Condition()

    def on_snapshot(documents: Any, changes: Any, time: Any) -> None:
        with heard:
            seen.append(len(documents))
            heard.notify_all()

    def wait_for(count: int) -> None:
        with heard:
            assert heard.wait_for(lambda: seen and seen[-1] == count, DEADLINE)

    watch = client.collection("c").on_snapshot(on_snapshot)
    try:
        wait_for(2)
        assert used() == {"documentReads": 2}
        client.document("c/new").set({"n": 3})
        wait_for(3)
        assert used() == {"documentReads": 1, "documentWrites": 1}
        client.document("c/a").delete()
        wait_for(2)
        assert used() == {"documentDeletes": 1}
    finally:
        watch.unsubscribe()


def test_rules_pay_once_a_request_for_each_document_they_look_at_also_when_they_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rules = tmp_path / "firestore.rules"
    rules.write_text(RULES, encoding="utf-8")
    note = "/v1/projects/demo-rules/databases/(default)/documents/notes/a"
    usage = "/emulator/v1/projects/demo-rules:usage"
    with running_emulator("--rules", str(rules)) as emulator:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
        admin = Client(project="demo-rules", credentials=AnonymousCredentials())
        admin.document("notes/a").set({"n": 1})
        admin.document("flags/open").set({"open": True})
        emulator.http("DELETE", usage)
        assert emulator.http("GET", note).status == 200
        counts = json.loads(emulator.http("DELETE", usage).body)
        assert (counts["documentReads"], counts["ruleReads"]) == (1, 1)
        admin.document("flags/open").set({"open": False})
        emulator.http("DELETE", usage)
        assert emulator.http("GET", note).status == 403
        counts = json.loads(emulator.http("DELETE", usage).body)
        assert (counts["documentReads"], counts["ruleReads"]) == (0, 1)


def test_bytes_sent_are_those_of_the_documents(emulator, client, project):
    client.document("c/a").set({"text": "x" * 1000})
    client.document("c/a").get()
    counts = json.loads(emulator.http("GET", f"/emulator/v1/projects/{project}:usage").body)
    assert 1000 < int(counts["documentBytesSent"]) < 1100
