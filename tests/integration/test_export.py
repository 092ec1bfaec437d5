"""What one suite exports another imports: accounts, documents of every type, objects with their metadata."""

import hashlib
from datetime import UTC, datetime

import firebase_admin
import pytest
from firebase_admin import auth
from google.cloud.firestore import Client, GeoPoint
from google.cloud.firestore_v1.vector import Vector

from tests.integration.people import People
from tools.private import private_suite
from tools.saved_data import export

EVERYTHING = {
    "null": None,
    "booleans": [True, False],
    "integers": [0, -1, 2**63 - 1, -(2**63)],
    "doubles": [0.5, -1e300, float("inf")],
    "text": "여름\n👩‍👩‍👧 \x00 end",
    "bytes": bytes(range(256)),
    "time": datetime(2026, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC),
    "place": GeoPoint(37.5, -127.25),
    "map": {"a.b": {"c": []}, "empty": {}},
    "empty list": [],
    "vector": Vector([1.0, -2.5]),
    "long": "x" * 200_000,
}


def documents_of(client, uid):
    """Every document that has to do with this user, by path. Other tests may change theirs meanwhile."""

    def from_here_down(reference):
        snapshot = reference.get()
        if snapshot.exists:
            yield reference.path, snapshot.to_dict()
        for collection in reference.collections():
            for below in collection.list_documents():
                yield from from_here_down(below)

    references = (each for collection in client.collections() for each in collection.list_documents())
    own = [each for each in references if uid in each.id]
    return dict(document for each in own for document in from_here_down(each))


@pytest.fixture
def exported(suite, tmp_path):
    """Exports the running suite and starts another one with that."""

    def run():
        export(suite.addresses["hub"], tmp_path / "export")
        return private_suite(data=tmp_path / "export", only="auth,firestore,storage")

    return run


def test_another_suite_has_everything_that_was_exported(
    suite, admin, people, person, picture, exported, monkeypatch
):
    file_id = person.upload("여름 #1.png", picture("PNG"), "image/png")
    file = person.until_ready(file_id)
    reference = admin.firestore.document(f"everything/{person.uid}")
    reference.set(EVERYTHING | {"reference": reference})
    below_nothing = admin.firestore.document(f"nowhere/{person.uid}/below/one")
    below_nothing.set({"a": 1})
    before = documents_of(admin.firestore, person.uid)
    original = person.storage.download(file["path"]).content

    with exported() as running:
        other = running.plan.suite
        for name, value in other.environment().items():
            monkeypatch.setenv(name, value)
        client = Client(project=other.project_id)
        after = documents_of(client, person.uid)
        again = People(other).sign_in(person.email)
        metadata = again.storage.metadata(file["path"]).json()
        content = again.storage.download(file["path"]).content
        thumbnail = again.storage.download(file["thumbnails"]["small"])
        app = firebase_admin.initialize_app(options={"projectId": other.project_id}, name="imported")
        record = auth.get_user(person.uid, app=app)
        firebase_admin.delete_app(app)
        client.close()

    assert set(after) == set(before)
    assert below_nothing.path in after
    differing = {path for path in before if after[path] != _moved(before[path], after[path])}
    assert differing == set()
    assert after[below_nothing.path] == {"a": 1}
    assert again.uid == person.uid
    assert record.custom_claims == {"role": "user"}
    assert (content, metadata["contentType"]) == (original, "image/png")
    assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert thumbnail.ok


def _moved(before, after):
    """`before` with its references in the client of `after`; references know their client."""
    return {
        key: after[key] if hasattr(value, "path") and value.path == after[key].path else value
        for key, value in before.items()
    }
