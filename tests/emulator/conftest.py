"""The emulator as a process, shared by the tests of this folder, and a project of its own for each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.emulator.process import Emulator, running_emulator

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """One emulator without rules for the whole run; tests keep apart by `project`."""
    with running_emulator() as running:
        yield running


@pytest.fixture
def project() -> str:
    """A project that no other test uses."""
    return f"demo-test-{next(_numbers)}"


@pytest.fixture
def database(project: str) -> str:
    return f"projects/{project}/databases/(default)"
