"""The REST APIs of Firestore and Storage as one identity: what a client without an SDK sends."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import requests

ADMIN_TOKEN = "owner"
"""The emulators' own: rules are skipped."""

DEADLINE_SECONDS = 30


def unsigned_token(uid: str, claims: Mapping[str, Any]) -> str:
    """An ID token as the Auth emulator makes them: `alg` none, no signature."""
    now = int(time.time())
    payload = {
        "iss": "https://securetoken.google.com/demo-kindling",
        "aud": "demo-kindling",
        "sub": uid,
        "user_id": uid,
        "auth_time": now,
        "iat": now,
        "exp": now + 3600,
        "firebase": {"identities": {}, "sign_in_provider": "password"},
        **claims,
    }
    parts = ({"alg": "none", "typ": "JWT"}, payload)
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
        + "."
    )


def to_value(value: Any) -> dict[str, Any]:
    """A Python value in the REST form of google.firestore.v1.Value."""
    match value:
        case None:
            return {"nullValue": None}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"integerValue": str(value)}
        case float():
            return {"doubleValue": "NaN" if math.isnan(value) else value}
        case str():
            return {"stringValue": value}
        case datetime():
            return {"timestampValue": value.astimezone(UTC).isoformat().replace("+00:00", "Z")}
        case list():
            return {"arrayValue": {"values": [to_value(item) for item in value]}}
        case dict():
            return {"mapValue": {"fields": to_fields(value)}}
    raise TypeError(f"no Firestore value for {value!r}")


def to_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: to_value(value) for key, value in data.items()}


def from_value(value: Mapping[str, Any]) -> Any:
    """The Python value of a REST value; timestamps and references stay text."""
    ((kind, content),) = value.items()
    match kind:
        case "integerValue":
            return int(content)
        case "arrayValue":
            return [from_value(item) for item in content.get("values", [])]
        case "mapValue":
            return from_fields(content)
    return content


def from_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a document, or of a map value, in the REST form."""
    return {key: from_value(value) for key, value in document.get("fields", {}).items()}


class ServerTime:
    """Stands for the server timestamp in the data of a write."""


SERVER_TIME = ServerTime()


@dataclass(frozen=True, slots=True)
class FirestoreAs:
    """Firestore's REST API as one identity; paths are relative, as in `users/ada/files/f1`."""

    url: str
    database: str
    token: str | None

    def get(self, path: str) -> requests.Response:
        return requests.get(self._address(path), headers=self._headers(), timeout=DEADLINE_SECONDS)

    # A document path is read, a collection path is listed: REST uses one address form for both.
    list = get

    def query(self, parent: str, structured_query: dict[str, Any]) -> requests.Response:
        address = self._address(parent) + ":runQuery"
        return self._post(address, {"structuredQuery": structured_query})

    def create(self, path: str, data: Mapping[str, Any]) -> requests.Response:
        return self.commit(self._write(path, data) | {"currentDocument": {"exists": False}})

    def update(
        self, path: str, data: Mapping[str, Any], *, removing: tuple[str, ...] = ()
    ) -> requests.Response:
        """Changes the fields of `data` and removes those of `removing`; the document must exist."""
        write = self._write(path, data)
        mask = [key for key, value in data.items() if value is not SERVER_TIME] + [*removing]
        return self.commit(write | {"updateMask": {"fieldPaths": mask}, "currentDocument": {"exists": True}})

    def replace(self, path: str, data: Mapping[str, Any]) -> requests.Response:
        """A set without precondition, which may create or overwrite."""
        return self.commit(self._write(path, data))

    def delete(self, path: str) -> requests.Response:
        return self.commit({"delete": self._name(path)})

    def commit(self, *writes: dict[str, Any]) -> requests.Response:
        """All or nothing."""
        return self._post(f"{self.url}/v1/{self.database}/documents:commit", {"writes": writes})

    def creation(self, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """A write for `commit`."""
        return self._write(path, data) | {"currentDocument": {"exists": False}}

    def _write(self, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        plain = {key: value for key, value in data.items() if value is not SERVER_TIME}
        times = [key for key, value in data.items() if value is SERVER_TIME]
        write: dict[str, Any] = {"update": {"name": self._name(path), "fields": to_fields(plain)}}
        if times:
            write["updateTransforms"] = [
                {"fieldPath": key, "setToServerValue": "REQUEST_TIME"} for key in times
            ]
        return write

    def _post(self, address: str, body: dict[str, Any]) -> requests.Response:
        return requests.post(address, json=body, headers=self._headers(), timeout=DEADLINE_SECONDS)

    def _name(self, path: str) -> str:
        return f"{self.database}/documents/{path}"

    def _address(self, path: str) -> str:
        return f"{self.url}/v1/{self.database}/documents" + (f"/{quote(path)}" if path else "")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass(frozen=True, slots=True)
class StorageAs:
    """What the Firebase SDKs send to Storage, as one identity; `name` is an object's full name."""

    url: str
    bucket: str
    token: str | None

    def upload(
        self, name: str, data: bytes, content_type: str = "image/png", *, encoding: str | None = None
    ) -> requests.Response:
        metadata = {"name": name, "contentType": content_type}
        if encoding is not None:
            metadata["contentEncoding"] = encoding
        return self.upload_with(name, data, metadata)

    def upload_with(self, name: str, data: bytes, metadata: Mapping[str, Any]) -> requests.Response:
        boundary = "kindling"
        body = b"\r\n".join(
            [
                b"--kindling",
                b"Content-Type: application/json; charset=utf-8",
                b"",
                json.dumps(metadata).encode(),
                b"--kindling",
                b"Content-Type: application/octet-stream",
                b"",
                data,
                b"--kindling--",
            ]
        )
        headers = self._headers() | {
            "X-Goog-Upload-Protocol": "multipart",
            "Content-Type": f"multipart/related; boundary={boundary}",
        }
        address = f"{self.url}/v0/b/{self.bucket}/o?name={quote(name, safe='')}"
        return requests.post(address, data=body, headers=headers, timeout=DEADLINE_SECONDS)

    def metadata(self, name: str) -> requests.Response:
        return requests.get(self._address(name), headers=self._headers(), timeout=DEADLINE_SECONDS)

    def download(self, name: str) -> requests.Response:
        address = self._address(name) + "?alt=media"
        return requests.get(address, headers=self._headers(), timeout=DEADLINE_SECONDS)

    def change_metadata(self, name: str, changes: Mapping[str, Any]) -> requests.Response:
        return requests.patch(
            self._address(name), json=dict(changes), headers=self._headers(), timeout=DEADLINE_SECONDS
        )

    def list(self, prefix: str) -> requests.Response:
        address = f"{self.url}/v0/b/{self.bucket}/o?prefix={quote(prefix, safe='')}&delimiter=/"
        return requests.get(address, headers=self._headers(), timeout=DEADLINE_SECONDS)

    def delete(self, name: str) -> requests.Response:
        return requests.delete(self._address(name), headers=self._headers(), timeout=DEADLINE_SECONDS)

    def exists(self, name: str) -> bool:
        return self.metadata(name).status_code == 200

    def _address(self, name: str) -> str:
        return f"{self.url}/v0/b/{self.bucket}/o/{quote(name, safe='')}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}
