"""What tests of several folders share: the running suite, and how to say that there is none."""

from __future__ import annotations

import os

import pytest

from tools.suite import Suite, from_environment

pytest_plugins = ["testing.rules", "pytester"]

NO_SUITE = (
    "this test needs the emulator suite, and none is running: use ./kit test (with any pytest arguments), "
    "or ./kit exec -- .venv/bin/pytest ..."
)


@pytest.fixture(scope="session")
def suite() -> Suite:
    """The suite that ./kit test or ./kit exec started for this run.

    `suite.host("firestore")` is `host:port`, `suite.url("hosting")` has no slash at its end; the names are
    those of firebase.json. `suite.project_id` and `suite.bucket` name the project and its default bucket.
    """
    running = from_environment(os.environ)
    if running is None:
        pytest.fail(NO_SUITE, pytrace=False)
    return running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that start suites of their own: they take longest, and a run that is spread over
    processes ends soonest when they do not come last.
    """
    items.sort(key=lambda item: "tools" not in item.path.parts)
