"""What carries out requests: one interface, with the engine in this process or an emulator behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from emulator.wire.firebase_json import DEFAULT_DATABASE
from testing.rules.answers import Answer
from testing.rules.operations import Query, Upload, Write
from testing.rules.values import Data

DEFAULT_BUCKET = "rules-under-test"
"""No function listens to it, so what is stored there is judged by the rules and then left alone."""


class Caller(Protocol):
    """Who asks. `claims` is the whole payload of the token, None when nobody is signed in."""

    @property
    def name(self) -> str: ...
    @property
    def admin(self) -> bool: ...
    @property
    def claims(self) -> Mapping[str, Any] | None: ...


class Backend(Protocol):
    """Requests are answered, whatever the rules say; wrong use of the library raises.

    What only another backend can do skips the test. `database` is the id of the one that is asked.
    """

    name: str

    def get(
        self, caller: Caller, path: str, transaction: bytes | None = None, database: str = DEFAULT_DATABASE
    ) -> Answer: ...
    def query(
        self, caller: Caller, query: Query, transaction: bytes | None = None, database: str = DEFAULT_DATABASE
    ) -> Answer: ...
    def commit(
        self,
        caller: Caller,
        writes: Sequence[Write],
        transaction: bytes | None = None,
        database: str = DEFAULT_DATABASE,
    ) -> Answer: ...
    def begin(self, caller: Caller, database: str = DEFAULT_DATABASE) -> bytes: ...
    def roll_back(self, caller: Caller, transaction: bytes, database: str = DEFAULT_DATABASE) -> None: ...

    def object_metadata(self, caller: Caller, name: str) -> Answer: ...
    def list_objects(self, caller: Caller, folder: str) -> Answer: ...
    def upload(self, caller: Caller, upload: Upload) -> Answer: ...
    def change_metadata(self, caller: Caller, name: str, changes: Mapping[str, Any]) -> Answer: ...
    def delete_object(self, caller: Caller, name: str) -> Answer: ...

    def seed(
        self, documents: Mapping[str, Data], objects: Iterable[Upload], database: str = DEFAULT_DATABASE
    ) -> None:
        """Store as is, without asking the rules."""

    def now(self) -> datetime:
        """`request.time` of the next request, as far as it is known."""

    def travel_to(self, moment: datetime) -> None:
        """Set `request.time`. Skips the test where the clock is the machine's."""

    def close(self) -> None:
        """Leave nothing of the test behind."""
