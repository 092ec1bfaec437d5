"""firebase-admin, the server SDK of the kit's functions and tools."""

from __future__ import annotations

from collections.abc import Iterator

import firebase_admin
import pytest
from firebase_admin import credentials, firestore
from google.auth.credentials import AnonymousCredentials

from tests.emulator.process import Emulator


class _NoCredentials(credentials.Base):
    def get_credential(self) -> AnonymousCredentials:
        return AnonymousCredentials()


@pytest.fixture
def app(emulator: Emulator, project: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[firebase_admin.App]:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
    made = firebase_admin.initialize_app(_NoCredentials(), {"projectId": project}, name=project)
    yield made
    firebase_admin.delete_app(made)


def test_it_writes_and_reads_as_an_admin(app: firebase_admin.App) -> None:
    client = firestore.client(app)
    client.document("users/ada").set({"name": "Ada", "at": firestore.firestore.SERVER_TIMESTAMP})

    assert client.document("users/ada").get().get("name") == "Ada"
    assert [snapshot.id for snapshot in client.collection("users").stream()] == ["ada"]
