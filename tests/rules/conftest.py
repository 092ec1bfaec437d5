"""Requests to Firestore and Storage as one identity each, and what a refusal has to look like.

Every test makes users of its own, so that tests run in any order against one suite. State that only
functions may write is set up with the emulators' admin token, which skips the rules.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.rest import ADMIN_TOKEN, SERVER_TIME, FirestoreAs, StorageAs, unsigned_token
from tests.rules import world
from tools.suite import Suite

ROOT = Path(__file__).parents[2]
# A bucket that no function listens to: what is stored in it is judged by the rules and then left alone.
BUCKET = "rules-under-test"


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

    def __init__(self, suite: Suite) -> None:
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
            StorageAs(self._storage_url, BUCKET, token),
        )


def active_profile() -> dict[str, Any]:
    return world.profile(datetime.now(UTC))


class DeniedBy:
    """Checks that a refusal came from the expected allow statement of firestore.rules.

    The line is looked up in the rules: the first `allow` that names the operation after the `match` given.
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
def identities(suite: Suite) -> Identities:
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
        return world.announcement(**{"createdAt": SERVER_TIME} | changes)

    return make


@pytest.fixture
def stored_file(admin: Identity) -> Callable[..., str]:
    """Writes a file document as functions leave it; gives its path."""

    def make(user: Identity, file_id: str = "f1", **changes: Any) -> str:
        data = world.stored_file(user.uid, file_id, datetime.now(UTC), **changes)
        assert admin.firestore.create(user.file(file_id), data).ok
        return user.file(file_id)

    return make
