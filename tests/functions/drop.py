"""One user of the product as the tests see it: documents, objects, and the events about them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.paths import FileKey

Deliver = Callable[..., int]

GIB = 1024**3


class Drop:
    """Writes as a page or an administrator would, and delivers events as the platform would."""

    def __init__(self, deliver: Deliver, uid: str, project: str, bucket: str) -> None:
        from google.cloud import firestore, storage

        self._deliver = deliver
        self.uid = uid
        self.project = project
        self.firestore = firestore.Client(project=project)
        self.bucket = storage.Client(project=project).bucket(bucket)

    # Documents

    def make_profile(self, *, max_bytes: int = GIB, max_files: int = 5000, **fields: Any) -> None:
        quota = {"bytes": max_bytes, "files": max_files}
        usage = {"bytes": 0, "files": 0}
        self.firestore.document(f"users/{self.uid}").set(
            {"state": "active", "quota": quota, "usage": usage} | fields
        )

    def profile(self) -> dict[str, Any] | None:
        return self.firestore.document(f"users/{self.uid}").get().to_dict()

    def usage(self) -> tuple[int, int]:
        """Bytes and files."""
        profile = self.profile()
        assert profile is not None
        return profile["usage"]["bytes"], profile["usage"]["files"]

    def announce(self, name: str = "photo.jpg", content_type: str = "image/jpeg", size: int = 1) -> FileKey:
        """Creates a file document as the page does before it uploads."""
        key = FileKey(self.uid, uuid.uuid4().hex[:20])
        self.firestore.document(key.document).set(
            {
                "name": name,
                "size": size,
                "contentType": content_type,
                "state": "uploading",
                "createdAt": datetime.now(UTC),
            }
        )
        return key

    def document(self, key: FileKey) -> dict[str, Any] | None:
        return self.firestore.document(key.document).get().to_dict()

    def delete_document(self, key: FileKey) -> dict[str, Any]:
        """Deletes the file document; gives its last fields, which the event will carry."""
        fields = self.document(key)
        assert fields is not None
        self.firestore.document(key.document).delete()
        return fields

    def ledger(self) -> list[dict[str, Any]]:
        return [
            entry.to_dict() for entry in self.firestore.collection("ledger").stream() if self.uid in entry.id
        ]

    # Objects

    def upload(
        self, key: FileKey, data: bytes, name: str = "photo.jpg", content_type: str = "image/jpeg"
    ) -> Any:
        blob = self.bucket.blob(f"users/{key.uid}/files/{key.file_id}/{name}")
        blob.upload_from_string(data, content_type=content_type)
        return blob

    def objects(self) -> list[str]:
        prefixes = (f"users/{self.uid}/", f"derived/{self.uid}/")
        return sorted(blob.name for prefix in prefixes for blob in self.bucket.list_blobs(prefix=prefix))

    def exists(self, name: str) -> bool:
        return bool(self.bucket.blob(name).exists())

    # Events

    def finalized(self, blob: Any, **data: Any) -> None:
        self._object_event("on_file_finalized", "finalized", blob, data)

    def object_deleted(self, blob: Any, **data: Any) -> None:
        self._object_event("on_file_object_deleted", "deleted", blob, data)

    def _object_event(self, target: str, kind: str, blob: Any, changes: dict[str, Any]) -> None:
        assert self._deliver(target, *self.object_event(kind, blob, **changes)) == 200

    def object_event(self, kind: str, blob: Any, **changes: Any) -> tuple[dict[str, str], dict[str, Any]]:
        """The attributes and the data of an event about an object."""
        now = datetime.now(UTC)
        time = changes.pop("time", now)
        data = {
            "kind": "storage#object",
            "name": blob.name,
            "bucket": blob.bucket.name,
            "generation": str(blob.generation),
            "metageneration": "1",
            "contentType": blob.content_type,
            "size": str(blob.size),
            "storageClass": "STANDARD",
            "id": f"{blob.bucket.name}/{blob.name}/{blob.generation}",
        } | changes
        attributes = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "type": f"google.cloud.storage.object.v1.{kind}",
            "source": f"//storage.googleapis.com/projects/_/buckets/{blob.bucket.name}/objects/{blob.name}",
            "time": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        return attributes, data

    def document_deleted(self, key: FileKey, fields: dict[str, Any]) -> None:
        """Delivers the event of a deleted file document whose last fields were `fields`."""
        from google.cloud.firestore_v1._helpers import encode_dict
        from google.cloud.firestore_v1.types import Document
        from google.events.cloud.firestore import DocumentEventData

        root = f"projects/{self.project}/databases/(default)"
        name = f"{root}/documents/{key.document}"
        document = Document.serialize(Document(name=name, fields=encode_dict(fields)))
        # The event's Document message has the fields of the database's, under another name.
        event = DocumentEventData(old_value=type(DocumentEventData().old_value).deserialize(document))
        attributes = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "type": "google.cloud.firestore.document.v1.deleted",
            "source": f"//firestore.googleapis.com/projects/{root}",
            "subject": f"documents/{key.document}",
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "location": "us-central1",
            "project": self.project,
            "database": "(default)",
            "namespace": "(default)",
            "document": key.document,
        }
        assert (
            self._deliver("on_file_document_deleted", attributes, DocumentEventData.serialize(event)) == 200
        )

    def user_created(self, **user: Any) -> None:
        self._user_event("on_user_created", "created", {"value": {"uid": self.uid} | user})

    def user_deleted(self, **user: Any) -> None:
        self._user_event("on_user_deleted", "deleted", {"oldValue": {"uid": self.uid} | user})

    def _user_event(self, target: str, kind: str, data: dict[str, Any]) -> None:
        attributes = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "type": f"google.firebase.auth.user.v2.{kind}",
            "source": f"//identitytoolkit.googleapis.com/projects/{self.project}",
            "subject": f"users/{self.uid}",
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        assert self._deliver(target, attributes, data) == 200

    # Shortcuts

    def ready_file(
        self, data: bytes, name: str = "photo.jpg", content_type: str = "image/jpeg"
    ) -> tuple[FileKey, Any]:
        """A file that was announced, uploaded and processed."""
        key = self.announce(name, content_type, len(data))
        blob = self.upload(key, data, name, content_type)
        self.finalized(blob)
        document = self.document(key)
        assert document is not None
        assert document["state"] == "ready", document
        return key, blob

    def assert_ready(self, key: FileKey, blob: Any) -> None:
        """That `key` is this user's only file, and everything about it is as one processing leaves it."""
        document = self.document(key)
        assert document is not None
        assert document["state"] == "ready"
        assert {"attempts", "retryAt", "reason"}.isdisjoint(document)
        assert self.objects() == [key.large, key.small, blob.name]
        assert self.usage() == (blob.size, 1)
        assert [entry["state"] for entry in self.ledger()] == ["counted"]
