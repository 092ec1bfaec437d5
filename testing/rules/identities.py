"""Somebody who asks, and the requests they can make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from emulator.wire.firebase_json import DEFAULT_DATABASE
from testing.rules.answers import Answer
from testing.rules.backend import Backend, Caller
from testing.rules.operations import AnyOf, Condition, Query, Upload, Write, WriteName
from testing.rules.values import Data

Note = Callable[[Answer], Answer]


@dataclass(frozen=True, slots=True)
class Firestore:
    """Requests to Firestore as one identity. Paths are relative, as in `users/alice/files/f1`."""

    _backend: Backend
    _caller: Caller
    _note: Note
    _transaction: bytes | None = None
    _database: str = DEFAULT_DATABASE

    def get(self, path: str) -> Answer:
        """`data` of the answer holds the fields, None where there is no document."""
        return self._note(self._backend.get(self._caller, path, self._transaction, self._database))

    def list(
        self,
        collection: str,
        *,
        where: Sequence[Condition | AnyOf] = (),
        order_by: Sequence[str] = (),
        limit: int | None = None,
        group: bool = False,
    ) -> Answer:
        """`data` of the answer is a dict of the fields by path, in order.

        where=[("owner", "==", "alice")], order_by=["-createdAt"]; `group` asks every collection of that id.
        """
        query = Query(collection, tuple(where), tuple(order_by), limit, group)
        return self._note(self._backend.query(self._caller, query, self._transaction, self._database))

    def create(self, path: str, data: Data) -> Answer:
        """Fails with ALREADY_EXISTS where there is a document."""
        return self._write("create", path, data)

    def set(self, path: str, data: Data, *, merge: bool = False) -> Answer:
        """Creates or replaces; with `merge` changes only the fields given."""
        return self._write("merge" if merge else "set", path, data)

    def update(self, path: str, data: Data) -> Answer:
        """Keys are field paths (`usage.bytes`). Fails with NOT_FOUND where there is no document."""
        return self._write("update", path, data)

    def delete(self, path: str) -> Answer:
        return self._write("delete", path, {})

    def batch(self) -> Batch:
        """Writes that happen together, or not at all."""
        return Batch(self._backend, self._caller, self._note, self._database)

    def transaction(self) -> Transaction:
        """Reads, and then writes that happen only if nothing that was read has changed."""
        return Transaction(self._backend, self._caller, self._note, self._database)

    def _write(self, kind: WriteName, path: str, data: Data) -> Answer:
        return self._note(self._backend.commit(self._caller, [Write(kind, path, data)], None, self._database))


@dataclass(slots=True)
class Batch:
    """Collects writes; `commit` makes the one request."""

    _backend: Backend
    _caller: Caller
    _note: Note
    _database: str = DEFAULT_DATABASE
    _writes: list[Write] = field(default_factory=list)
    _transaction: bytes | None = None

    def create(self, path: str, data: Data) -> Batch:
        return self._add(Write("create", path, data))

    def set(self, path: str, data: Data, *, merge: bool = False) -> Batch:
        return self._add(Write("merge" if merge else "set", path, data))

    def update(self, path: str, data: Data) -> Batch:
        return self._add(Write("update", path, data))

    def delete(self, path: str) -> Batch:
        return self._add(Write("delete", path))

    def commit(self) -> Answer:
        writes, self._writes = self._writes, []
        return self._note(self._backend.commit(self._caller, writes, self._transaction, self._database))

    def _add(self, write: Write) -> Batch:
        self._writes.append(write)
        return self


class Transaction(Batch):
    """A batch that reads first. As a context manager it gives up what was not committed."""

    def __init__(self, backend: Backend, caller: Caller, note: Note, database: str) -> None:
        super().__init__(backend, caller, note, database, _transaction=backend.begin(caller, database))

    def get(self, path: str) -> Answer:
        return self._reading().get(path)

    def list(self, collection: str, **query: Any) -> Answer:
        """As Firestore.list."""
        return self._reading().list(collection, **query)

    def commit(self) -> Answer:
        answer = Batch.commit(self)
        self._end()
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        """Ending a transaction that was committed is allowed, so a denied one needs no special case."""
        if self._transaction is not None:
            self._backend.roll_back(self._caller, self._transaction, self._database)
            self._transaction = None

    def _reading(self) -> Firestore:
        return Firestore(self._backend, self._caller, self._note, self._transaction, self._database)


@dataclass(frozen=True, slots=True)
class Storage:
    """Requests to Storage as one identity; `name` is an object's full name in the bucket."""

    _backend: Backend
    _caller: Caller
    _note: Note

    def get(self, name: str) -> Answer:
        """`data` of the answer is the object's metadata, None where there is no object."""
        return self._note(self._backend.object_metadata(self._caller, name))

    def list(self, folder: str) -> Answer:
        """`data` of the answer holds the names of the objects directly in a folder, "" for the bucket."""
        return self._note(self._backend.list_objects(self._caller, folder.rstrip("/")))

    def upload(
        self,
        name: str,
        content: bytes = b"content",
        *,
        size: int | None = None,
        content_type: str = "application/octet-stream",
        content_encoding: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Answer:
        """A `create` for the rules, also over an existing object. `size` stands for so many zero bytes."""
        wanted = Upload(
            content,
            name=name,
            size=size,
            content_type=content_type,
            content_encoding=content_encoding,
            metadata=metadata or {},
        )
        return self._note(self._backend.upload(self._caller, wanted))

    def update(self, name: str, **changes: Any) -> Answer:
        """Changes metadata: content_type=..., metadata={...}."""
        return self._note(self._backend.change_metadata(self._caller, name, changes))

    def delete(self, name: str) -> Answer:
        return self._note(self._backend.delete_object(self._caller, name))


@dataclass(frozen=True, slots=True)
class Identity:
    """`name` is what failures call them; `claims` is their token, None when nobody is signed in."""

    name: str
    claims: Mapping[str, Any] | None
    admin: bool
    _backend: Backend
    _note: Note

    @property
    def uid(self) -> str:
        """Empty when nobody is signed in."""
        return str((self.claims or {}).get("sub", ""))

    @property
    def firestore(self) -> Firestore:
        """The default database."""
        return self.in_database(DEFAULT_DATABASE)

    def in_database(self, database: str) -> Firestore:
        """Another database of the project, under its own rules."""
        return Firestore(self._backend, self, self._note, _database=database)

    @property
    def storage(self) -> Storage:
        return Storage(self._backend, self, self._note)


PROJECT: Final = "demo-rules"
"""Neither the emulators nor the engine check whom a token is for."""


def token_of(uid: str, claims: Mapping[str, Any], issued: int) -> dict[str, Any]:
    """The payload of an ID token as the Auth emulator makes them; `claims` add to it or replace parts."""
    return {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "sub": uid,
        "user_id": uid,
        "auth_time": issued,
        "iat": issued,
        "exp": issued + 3600,
        "firebase": {"identities": {}, "sign_in_provider": "password"},
        **claims,
    }
