import pytest

from tests.emulator.webchannel.running import emulator


@pytest.fixture(scope="session")
def port():
    """An emulator without rules, shared by the tests of a run; each uses collections of its own."""
    with emulator() as port:
        yield port
