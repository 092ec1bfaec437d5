"""The whole suite as outsiders and as an administrator see it. Every test makes accounts of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import firebase_admin
import pytest
import requests
from firebase_admin import auth, firestore, storage
from PIL import Image

from tests.integration.callables import Callables
from tests.integration.people import People, Person, eventually
from tests.integration.workers import Workers
from tests.rest import DEADLINE_SECONDS
from tools.suite import Suite


class Admin:
    """firebase-admin against the suite: the state as it is, whatever the rules say."""

    def __init__(self, app: firebase_admin.App) -> None:
        self._app = app
        self.firestore = firestore.client(app)
        self.bucket = storage.bucket(app=app)

    def objects(self, prefix: str) -> list[str]:
        return [blob.name for blob in self.bucket.list_blobs(prefix=prefix)]

    def objects_of(self, person: Person) -> list[str]:
        """Everything of a person in the bucket: originals, thumbnails, exports."""
        prefixes = ("users", "derived", "exports")
        return [name for prefix in prefixes for name in self.objects(f"{prefix}/{person.uid}/")]

    def documents_of(self, person: Person) -> list[str]:
        """The paths of everything of a person in Firestore, the ledger aside."""
        profile = self.firestore.document(person.profile_path)
        below = [document for name in profile.collections() for document in name.list_documents()]
        return [document.path for document in ([profile] if profile.get().exists else []) + below]

    def set_state(self, person: Person, state: str) -> None:
        self.firestore.document(person.profile_path).update({"state": state})

    def set_quota(self, person: Person, *, size: int, files: int) -> None:
        self.firestore.document(person.profile_path).update({"quota": {"bytes": size, "files": files}})

    def account(self, email: str) -> auth.UserRecord | None:
        try:
            return auth.get_user_by_email(email, app=self._app)
        except auth.UserNotFoundError:
            return None

    def user(self, uid: str) -> auth.UserRecord | None:
        try:
            return auth.get_user(uid, app=self._app)
        except auth.UserNotFoundError:
            return None

    def create_account(self, uid: str, email: str, password: str) -> None:
        auth.create_user(uid=uid, email=email, password=password, app=self._app)

    def delete_account(self, uid: str) -> None:
        auth.delete_user(uid, app=self._app)


@pytest.fixture(scope="session")
def admin(suite: Suite) -> Iterator[Admin]:
    app = firebase_admin.initialize_app(name="integration")
    yield Admin(app)
    firebase_admin.delete_app(app)


@pytest.fixture(scope="session")
def people(suite: Suite) -> People:
    return People(suite)


@pytest.fixture(scope="session")
def workers(suite: Suite) -> Workers:
    return Workers(suite)


@pytest.fixture(scope="session")
def callables(suite: Suite) -> Callables:
    return Callables(suite)


@pytest.fixture
def person(people: People) -> Person:
    """Somebody new, with a profile and nothing else."""
    return people.sign_up()


@pytest.fixture
def assert_nothing_stays(admin: Admin) -> Callable[..., None]:
    """Waits until a file has left no object, and its owner's usage is what it says (bytes, files)."""

    def check(person: Person, file_id: str, usage: tuple[int, int] = (0, 0)) -> None:
        def left() -> list[str]:
            originals = admin.objects(f"{person.file_path(file_id)}/")
            return originals + admin.objects(f"derived/{person.uid}/{file_id}/")

        eventually(lambda: not left(), what="no object is left")
        eventually(lambda: person.usage() == usage, what=f"the usage is {usage}")

    return check


@pytest.fixture(scope="session")
def run_schedule(suite: Suite) -> Callable[[str], None]:
    """Runs a scheduled function now, as Cloud Scheduler does; nothing in the suite calls it by itself."""

    def run(function: str) -> None:
        response = requests.post(
            f"{suite.url('functions')}/{suite.project_id}/us-central1/{function}-0",
            headers={"X-CloudScheduler-ScheduleTime": datetime.now(UTC).isoformat()},
            timeout=DEADLINE_SECONDS,
        )
        assert response.ok, response.text

    return run


def picture(kind: str, width: int = 640, height: int = 480, **options: Any) -> bytes:
    """A picture with something to see, encoded as `kind`."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(scope="session", name="picture")
def _picture() -> Callable[..., bytes]:
    return picture
