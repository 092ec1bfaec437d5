"""The object behind the `rules` fixture: identities, data and time of one test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from emulator.wire.firebase_json import DEFAULT_DATABASE
from testing.rules.answers import Answer
from testing.rules.backend import Backend
from testing.rules.identities import Identity, token_of
from testing.rules.operations import Upload
from testing.rules.values import Data


class RulesTestEnvironment:
    """An empty database and bucket with the rules of the project, for one test."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._answers: list[Answer] = []

    @property
    def backend(self) -> str:
        """`engine`, `emulator` or `official`."""
        return self._backend.name

    def as_user(self, uid: str, /, **claims: Any) -> Identity:
        """Somebody signed in. The keywords are claims of the token: `as_user("alice", role="admin")`."""
        token = token_of(uid, claims, int(self._backend.now().timestamp()))
        return Identity(uid, token, False, self._backend, self._note)

    def as_guest(self) -> Identity:
        """Nobody is signed in: `request.auth` is null."""
        return Identity("guest", None, False, self._backend, self._note)

    def bypassing_rules(self) -> Identity:
        """A server with the Admin SDK, which rules do not bind."""
        return Identity("server", None, True, self._backend, self._note)

    def seed(
        self,
        documents: Mapping[str, Data] | None = None,
        objects: Mapping[str, bytes | Upload] | None = None,
        *,
        database: str = DEFAULT_DATABASE,
    ) -> None:
        """Store documents by path and objects by name without asking the rules.

        An object is its content as bytes, or an `Upload` where its type or metadata matter.
        """
        uploads = [_upload(name, given) for name, given in (objects or {}).items()]
        self._backend.seed(documents or {}, uploads, database)

    @property
    def now(self) -> datetime:
        """`request.time`. In process it stands still until the test moves it."""
        return self._backend.now()

    def travel_to(self, moment: datetime) -> None:
        """Set `request.time`; the moment needs a time zone."""
        self._backend.travel_to(moment)

    def travel(self, distance: timedelta) -> None:
        """Move `request.time`, backwards for a negative distance."""
        self._backend.travel_to(self._backend.now() + distance)

    def check_answers(self) -> None:
        """Fails when a request was denied, or went wrong, and the test never looked at its answer."""
        for answer in self._answers:
            if not answer.looked_at and not answer.went_well:
                pytest.fail(
                    f"{answer!r}, and the test does not look at it: use assert_allowed or assert_denied",
                    pytrace=False,
                )

    def close(self) -> None:
        self._backend.close()

    def _note(self, answer: Answer) -> Answer:
        self._answers.append(answer)
        return answer


def _upload(name: str, given: bytes | Upload) -> Upload:
    return replace(given, name=name) if isinstance(given, Upload) else Upload(given, name=name)
