"""Property tests have no deadline: how long one example takes depends on what else the machine does."""

import pytest
from hypothesis import settings

from tests.emulator.webchannel.running import emulator

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def port():
    """An emulator without rules, shared by the tests of a run; each uses collections of its own."""
    with emulator() as port:
        yield port
