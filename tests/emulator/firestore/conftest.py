from __future__ import annotations

import pytest

from tests.emulator.firestore.world import World


@pytest.fixture
def world() -> World:
    """An engine without rules and with nothing in it."""
    return World()
