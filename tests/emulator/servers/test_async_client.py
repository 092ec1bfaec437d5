"""The asynchronous client of google-cloud-firestore."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from google.cloud import firestore
from google.cloud.firestore import FieldFilter

from tests.emulator.process import Emulator


@pytest.fixture
async def client(
    emulator: Emulator, project: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[firestore.AsyncClient]:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
    made = firestore.AsyncClient(project=project)
    yield made
    made.close()


async def test_documents_are_written_read_queried_and_deleted(client: firestore.AsyncClient) -> None:
    collection = client.collection("things")
    await asyncio.gather(*(collection.document(str(n)).set({"n": n}) for n in range(10)))

    found = [snapshot.id async for snapshot in collection.where(filter=FieldFilter("n", ">=", 8)).stream()]
    assert sorted(found) == ["8", "9"]

    await collection.document("9").delete()
    assert not (await collection.document("9").get()).exists


async def test_concurrent_transactions_lose_no_update(client: firestore.AsyncClient) -> None:
    reference = client.document("counters/one")
    await reference.set({"n": 0})

    @firestore.async_transactional
    async def add_one(transaction: firestore.AsyncTransaction) -> None:
        snapshot = await reference.get(transaction=transaction)
        transaction.update(reference, {"n": snapshot.get("n") + 1})

    await asyncio.gather(*(add_one(client.transaction(max_attempts=50)) for _ in range(3)))

    assert (await reference.get()).get("n") == 3


async def test_aggregations_answer(client: firestore.AsyncClient) -> None:
    await client.document("things/one").set({"n": 3})

    assert (await client.collection("things").sum("n").get())[0][0].value == 3
