"""Property tests have no deadline: how long one example takes depends on what else the machine does."""

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def port(emulator):
    """The shared emulator, which has no rules; each test uses collections of its own."""
    return emulator.port
