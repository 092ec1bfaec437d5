"""Requests to Firestore and Storage as one identity each, and what a refusal has to look like.

Every test makes users of its own, so that tests run in any order against one suite. State that only functions may write is
set up with the emulators' admin token, which skips the rules.
"""

from __future__ import annotations

import base64
import json
import math
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

ROOT = Path(__file__).parents[2]
ADMIN_TOKEN = "owner"
DEADLINE_SECONDS = 20
# A bucket that no function listens to: what is stored in it is judged by the rules and then left alone.
BUCKET = "rules-under-test"
MEBIBYTE = 1024 * 1024


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
    """The REST API that the Firebase SDKs use for Storage, as one identity; `name` is an object's full name."""

    url: str
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
        address = f"{self.url}/v0/b/{BUCKET}/o?name={quote(name, safe='')}"
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
        address = f"{self.url}/v0/b/{BUCKET}/o?prefix={quote(prefix, safe='')}&delimiter=/"
        return requests.get(address, headers=self._headers(), timeout=DEADLINE_SECONDS)

    def delete(self, name: str) -> requests.Response:
        return requests.delete(self._address(name), headers=self._headers(), timeout=DEADLINE_SECONDS)

    def exists(self, name: str) -> bool:
        return self.metadata(name).status_code == 200

    def _address(self, name: str) -> str:
        return f"{self.url}/v0/b/{BUCKET}/o/{quote(name, safe='')}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who asks: the same token at both doors. `uid` is empty for who is not signed in."""

    uid: str
    firestore: FirestoreAs
    storage: StorageAs

    @property
    def profile(self) -> str:
        return f"users/{self.uid}"

    def file(self, file_id: str = "f1") -> str:
        """The document of a file of theirs."""
        return f"users/{self.uid}/files/{file_id}"

    def original(self, name: str = "photo.png", file_id: str = "f1") -> str:
        """The object of a file of theirs."""
        return f"{self.file(file_id)}/{name}"


class Identities:
    """Makes identities. Each user is new, and has the profile that functions would have made."""

    def __init__(self, suite: Any) -> None:
        self._firestore_url: str = suite.url("firestore")
        self._storage_url: str = suite.url("storage")
        self._database = f"projects/{suite.project_id}/databases/(default)"
        self.admin = self._identity("", ADMIN_TOKEN)
        self.nobody = self._identity("", None)

    def user(
        self, *, profile: Mapping[str, Any] | None = None, claims: Mapping[str, Any] | None = None
    ) -> Identity:
        """A user with an active profile; `profile` changes fields of it, `claims` adds to the token."""
        user = self.without_profile(claims=claims)
        document = active_profile() | (profile or {})
        assert self.admin.firestore.create(user.profile, document).ok
        return user

    def without_profile(self, *, claims: Mapping[str, Any] | None = None) -> Identity:
        uid = f"rules{uuid.uuid4().hex[:20]}"
        return self._identity(uid, unsigned_token(uid, claims or {}))

    def guest(self) -> Identity:
        """Signed in without an account."""
        return self.user(claims={"firebase": {"sign_in_provider": "anonymous"}, "provider_id": "anonymous"})

    def administrator(self) -> Identity:
        return self.user(claims={"role": "admin"}, profile={"role": "admin"})

    def _identity(self, uid: str, token: str | None) -> Identity:
        return Identity(
            uid,
            FirestoreAs(self._firestore_url, self._database, token),
            StorageAs(self._storage_url, token),
        )


def active_profile() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "name": "Ada",
        "locale": "en",
        "email": "ada@example.com",
        "role": "user",
        "state": "active",
        "quota": {"bytes": 1024 * MEBIBYTE, "files": 5000},
        "usage": {"bytes": 0, "files": 0},
        "createdAt": now,
        "updatedAt": now,
    }


class DeniedBy:
    """Checks that a refusal came from the expected allow statement of firestore.rules.

    The line is looked up in the text of the rules: the first `allow` that names the operation after the `match` given.
    """

    def __init__(self, rules: str) -> None:
        self._lines = rules.splitlines()

    def __call__(self, response: requests.Response, match: str, operation: str) -> None:
        error = _error_of(response)
        assert error["status"] == "PERMISSION_DENIED", response.text
        expected = rf"for '{operation}' @ L{self.line(match, operation)}(?!\d)"
        assert re.search(expected, error["message"]), f"{expected} is not in {error['message']!r}"

    def nothing_matches(self, response: requests.Response) -> None:
        """No allow statement is there for this operation at all."""
        error = _error_of(response)
        assert error["status"] == "PERMISSION_DENIED", response.text
        assert "@ L" not in error["message"], error["message"]

    def line(self, match: str, operation: str) -> int:
        """The 1-based line of the allow statement, as messages count."""
        start = next(n for n, line in enumerate(self._lines) if line.strip().startswith(f"match {match} "))
        allow = re.compile(rf"\s*allow [\w, ]*\b(?:{operation}|{_FAMILY[operation]})\b")
        return next(n + 1 for n, line in enumerate(self._lines) if n > start and allow.match(line))


_FAMILY = {"get": "read", "list": "read", "create": "write", "update": "write", "delete": "write"}


def _error_of(response: requests.Response) -> dict[str, Any]:
    assert response.status_code == 403, f"{response.status_code} {response.text}"
    body = response.json()
    error: dict[str, Any] = (body[0] if isinstance(body, list) else body)["error"]
    return error


@pytest.fixture(scope="session")
def identities(suite: Any) -> Identities:
    return Identities(suite)


@pytest.fixture(scope="session")
def admin(identities: Identities) -> Identity:
    return identities.admin


@pytest.fixture
def owner(identities: Identities) -> Identity:
    """A new user with an active profile and nothing else."""
    return identities.user()


@pytest.fixture(scope="session")
def rules_text() -> dict[str, str]:
    """The two rules files by their names."""
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in ("firestore.rules", "storage.rules")}


@pytest.fixture(scope="session")
def denied_by(rules_text: dict[str, str]) -> DeniedBy:
    return DeniedBy(rules_text["firestore.rules"])


@pytest.fixture
def announcement() -> Callable[..., dict[str, Any]]:
    """The document with which the page announces an upload; keywords change or add fields."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "name": "photo.png",
            "size": 1000,
            "contentType": "image/png",
            "state": "uploading",
            "createdAt": SERVER_TIME,
        } | changes

    return make


@pytest.fixture
def stored_file(admin: Identity) -> Callable[..., str]:
    """Writes a file document as functions leave it; gives its path."""

    def make(user: Identity, file_id: str = "f1", **changes: Any) -> str:
        now = datetime.now(UTC)
        data = {
            "name": "photo.png",
            "size": 1000,
            "contentType": "image/png",
            "state": "ready",
            "createdAt": now,
            "updatedAt": now,
            "sha256": "0" * 64,
            "path": user.original(file_id=file_id),
            "generation": "1",
            "image": {"width": 4, "height": 3},
            "thumbnails": {"small": f"derived/{user.uid}/{file_id}/small.webp"},
        }
        assert admin.firestore.create(user.file(file_id), data | changes).ok
        return user.file(file_id)

    return make


@pytest.fixture
def server_time() -> ServerTime:
    return SERVER_TIME
