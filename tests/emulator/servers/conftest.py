"""Clients of the emulator under test."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from google.cloud import firestore

from tests.emulator.process import Emulator


@pytest.fixture
def client(emulator: Emulator, project: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[firestore.Client]:
    """google-cloud-firestore on a database of its own; it is an admin."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
    made = firestore.Client(project=project)
    yield made
    made.close()


@pytest.fixture
def channel(emulator: Emulator) -> Iterator[grpc.Channel]:
    """A gRPC channel that carries bytes."""
    with grpc.insecure_channel(emulator.host) as opened:
        yield opened
