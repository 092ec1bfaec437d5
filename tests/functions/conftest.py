"""The functions as the platform runs them: `functions/` on the path, a project and a bucket in the
environment.

The project and the bucket are not those of the suite, so its own functions do not react to what these tests
write, and a test decides alone which event comes, how often and in what order.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

FUNCTIONS = Path(__file__).parents[2] / "functions"
PROJECT = "demo-functions-under-test"
BUCKET = "functions-under-test"

# The functions import each other as on the platform, from their own folder; the tests' own modules lie here.
sys.path[:0] = [str(FUNCTIONS), str(Path(__file__).parent)]

from drop import Deliver, Drop  # noqa: E402  (found by the path above)
from fault_proxy import FaultProxy  # noqa: E402
from task_queue import TaskQueue  # noqa: E402


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCLOUD_PROJECT", PROJECT)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    monkeypatch.setenv("SHARE_KEY", "a key for tests that is long enough")
    monkeypatch.setenv("FIREBASE_CONFIG", json.dumps({"projectId": PROJECT, "storageBucket": BUCKET}))


@pytest.fixture
def uid() -> str:
    return f"user-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """What main.py declares, as the SDK answers the CLI: from a process of its own."""
    program = (
        "from firebase_functions.private import serving as s; print(s.functions_as_yaml(s.get_functions()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=FUNCTIONS,
        env={"PATH": "", "FIREBASE_CONFIG": '{"storageBucket": "the-bucket"}'},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    declared: dict[str, Any] = yaml.safe_load(done.stdout.replace("tag:yaml.org,2002:null", ""))
    return declared


@pytest.fixture(scope="session")
def applications() -> dict[str, Any]:
    return {}


@pytest.fixture
def application(applications: dict[str, Any]) -> Callable[[str, str], Any]:
    """The web application that functions-framework makes of one function of main.py."""
    from functions_framework import create_app

    def get(target: str, signature: str) -> Any:
        if target not in applications:
            applications[target] = create_app(target, str(FUNCTIONS / "main.py"), signature)
        return applications[target]

    return get


@pytest.fixture
def deliver(application: Callable[[str, str], Any]) -> Deliver:
    """Sends one event to a function over HTTP, in the CloudEvents binary form; gives the status."""

    def send(target: str, attributes: Mapping[str, str], data: Any) -> int:
        headers = {f"ce-{name}": value for name, value in attributes.items()}
        client = application(target, "cloudevent").test_client()
        if isinstance(data, bytes):
            return int(
                client.post("/", headers=headers, data=data, content_type="application/protobuf").status_code
            )
        return int(client.post("/", headers=headers, json=data).status_code)

    return send


@pytest.fixture
def drop(deliver: Deliver, uid: str) -> Drop:
    """One user's part of the product against the emulators, and its events delivered by the test alone."""
    missing = [
        name for name in ("FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST") if name not in os.environ
    ]
    if missing:
        pytest.skip(
            f"needs the emulators ({', '.join(missing)} not set): ./kit exec -- pytest tests/functions"
        )
    return Drop(deliver, uid, PROJECT, BUCKET)


@pytest.fixture
def task_queue(application: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch) -> TaskQueue:
    """Takes the tasks that functions enqueue, and dispatches them when the test says so."""
    from app import queues

    queue = TaskQueue(application)
    monkeypatch.setattr(queues, "enqueue", queue.enqueue)
    return queue


@pytest.fixture
def everybody(
    drop: Drop, uid: str, deliver: Deliver, task_queue: TaskQueue, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Drop]]:
    """Makes users, by name, in a project of this test's own: what touches everybody would touch what other
    tests are about.
    """
    project = f"demo-sweep-{uid}"
    config = {"projectId": project, "storageBucket": f"{project}.appspot.com"}
    for name, value in {"GCLOUD_PROJECT": project, "FIREBASE_CONFIG": json.dumps(config)}.items():
        monkeypatch.setenv(name, value)
    _forget_clients()
    # The suite puts its seed into every project.
    host = os.environ["FIRESTORE_EMULATOR_HOST"]
    requests.delete(
        f"http://{host}/emulator/v1/projects/{project}/databases/(default)/documents", timeout=30
    ).raise_for_status()
    yield lambda name: Drop(deliver, f"{uid}-{name}", project, config["storageBucket"])
    _forget_clients()


def _forget_clients() -> None:
    from app import clients

    clients.firestore.cache_clear()
    clients._storage.cache_clear()


@pytest.fixture
def storage(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """The Storage emulator as the functions see it: the test decides what goes wrong."""
    from app import clients, objects

    with FaultProxy(os.environ["STORAGE_EMULATOR_HOST"]).serving() as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://{proxy.address}")
        # Nobody wants to wait here for what is not going to work.
        monkeypatch.setattr(objects, "PATIENCE_SECONDS", 0.1)
        clients._storage.cache_clear()
        objects.patience.cache_clear()
        yield proxy
        clients._storage()._http.close()
    clients._storage.cache_clear()
    objects.patience.cache_clear()
    # google-cloud-storage leaves the socket of a download that was refused to the garbage collector.
    gc.collect()


@pytest.fixture
def auth_user(uid: str) -> Any:
    """The user as Firebase Authentication knows it."""
    if "FIREBASE_AUTH_EMULATOR_HOST" not in os.environ:
        pytest.skip("needs the Auth emulator: ./kit exec -- pytest tests/functions")
    from app import clients

    return clients.auth().create_user(uid=uid, email=f"{uid}@example.com", password="secret words")


@pytest.fixture(autouse=True, scope="session")
def default_app_left_alone() -> Iterator[None]:
    """The SDK initialises firebase-admin's default app for Firestore events; others may want theirs."""
    yield
    import firebase_admin

    app = firebase_admin._apps.get("[DEFAULT]")
    if app is not None and app.project_id == PROJECT:
        firebase_admin.delete_app(app)
