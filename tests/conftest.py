"""What tests of several folders share: the running suite, and how to say that there is none."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

NO_SUITE = (
    "this test needs the emulator suite, and none is running: use ./kit test (with any pytest arguments), "
    "or ./kit exec -- .venv/bin/pytest ..."
)


@dataclass(frozen=True, slots=True)
class Suite:
    """Where the suite of this run answers. Hosts are `host:port`, URLs have no trailing slash."""

    project_id: str
    bucket: str
    auth_host: str
    firestore_host: str
    storage_host: str
    tasks_host: str
    hub_host: str
    hosting_url: str
    functions_url: str
    ui_url: str


@pytest.fixture(scope="session")
def suite() -> Suite:
    """The suite that ./kit test or ./kit exec started for this run."""
    if "KINDLING_HOSTING_URL" not in os.environ:
        pytest.fail(NO_SUITE, pytrace=False)
    return Suite(
        project_id=os.environ["GCLOUD_PROJECT"],
        bucket=os.environ["KINDLING_BUCKET"],
        auth_host=os.environ["FIREBASE_AUTH_EMULATOR_HOST"],
        firestore_host=os.environ["FIRESTORE_EMULATOR_HOST"],
        storage_host=os.environ["FIREBASE_STORAGE_EMULATOR_HOST"],
        tasks_host=os.environ["CLOUD_TASKS_EMULATOR_HOST"],
        hub_host=os.environ["FIREBASE_EMULATOR_HUB"],
        hosting_url=os.environ["KINDLING_HOSTING_URL"],
        functions_url=os.environ["KINDLING_FUNCTIONS_URL"],
        ui_url=os.environ["KINDLING_UI_URL"],
    )
