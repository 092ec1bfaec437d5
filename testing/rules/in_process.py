"""The backend without a server: the emulator's engine and rules in this process, milliseconds a test."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from emulator.errors import Aborted, FirestoreError, PermissionDenied
from emulator.firestore import callers
from emulator.firestore.authorization import Documents
from emulator.firestore.documents import Document
from emulator.firestore.engine import Engine
from emulator.firestore.events import RulesEvaluation
from emulator.firestore.paths import DatabaseId
from emulator.firestore.reads import Consistency, TransactionOptions
from emulator.firestore.values import Timestamp
from emulator.rules import (
    FIRESTORE,
    STORAGE,
    AccessBudget,
    Auth,
    Decision,
    Explainer,
    ResourceValue,
    Ruleset,
    RulesRequest,
    compile_ruleset,
)
from emulator.rules.types import Path
from emulator.rules.types import Timestamp as RulesTimestamp
from emulator.wire.firebase_json import DEFAULT_DATABASE
from testing.rules.answers import Answer, Denial, Failure
from testing.rules.backend import DEFAULT_BUCKET, Caller
from testing.rules.descriptions import described_commit, described_place, described_query, described_upload
from testing.rules.operations import Query, Upload, Write, stored_query, stored_write
from testing.rules.sources import RulesFiles
from testing.rules.stored_objects import StoredObject, stored_object
from testing.rules.tracing import Blame, blame
from testing.rules.values import EPOCH, Codec, Data, timestamp

T = TypeVar("T")

PROJECT: Final = "demo-rules"
_NOTHING_IS_ALLOWED: Final = "rules_version = '2'; service {service} {{ }}"


class CompiledRules:
    """Every rules file, compiled once for a session so that coverage adds up. Raises RulesCompileError."""

    def __init__(self, files: RulesFiles) -> None:
        self.files = files
        self.rulesets: dict[str, Ruleset] = {}
        """By the key of the release."""
        self.explainers: dict[str, Explainer] = {}
        for release in files.releases():
            text = release.text or _NOTHING_IS_ALLOWED.format(service=release.service)
            self.rulesets[release.key] = compile_ruleset(text, release.name)
            self.explainers[release.key] = Explainer(text, release.name)
        self.closed = compile_ruleset(_NOTHING_IS_ALLOWED.format(service=FIRESTORE), "no rules")

    def of_database(self, database: str) -> tuple[Ruleset, Explainer]:
        """What judges the requests to a database, and what tells why."""
        release = self.files.of_database(database)
        if release is None:
            return self.closed, Explainer(_NOTHING_IS_ALLOWED.format(service=FIRESTORE), "no rules")
        return self.rulesets[release.key], self.explainers[release.key]


class InProcess:
    """New and empty databases, and a bucket. Time stands still until a test moves it."""

    name = "engine"

    def __init__(self, rules: CompiledRules) -> None:
        self._rules = rules
        self._time = timestamp(datetime.now(UTC))
        self._engine = Engine(
            clock=lambda: self._time,
            random=random.Random(0),
            rules=rules.rulesets[FIRESTORE] if rules.files.serves_all else rules.closed,
        )
        for name in (DEFAULT_DATABASE, *(each.database for each in rules.files.databases)):
            self._engine.set_first_rules(rules.of_database(name)[0], name)
        self._engine.rules_observers.append(self._note_denial)
        self._blame: list[Blame] = []
        self._objects: dict[str, StoredObject] = {}

    # ---- Firestore

    def get(
        self, caller: Caller, path: str, transaction: bytes | None = None, database: str = DEFAULT_DATABASE
    ) -> Answer:
        codec = _codec(database)
        reading = self._engine.batch_get(
            codec.database, [codec.document_path(path)], _engine_caller(caller), Consistency(transaction)
        )
        request = f"{caller.name}: get {path}{described_place(database)}"
        return self._answer(request, database, reading, lambda result: _fields(codec, result.found[0][1]))

    def query(
        self, caller: Caller, query: Query, transaction: bytes | None = None, database: str = DEFAULT_DATABASE
    ) -> Answer:
        codec = _codec(database)
        asked = stored_query(query, codec)
        reading = self._engine.run_query(asked, _engine_caller(caller), Consistency(transaction))
        return self._answer(
            described_query(caller, query, database),
            database,
            reading,
            lambda found: {each.path.relative: _fields(codec, each) for each in found.documents},
        )

    def commit(
        self,
        caller: Caller,
        writes: Sequence[Write],
        transaction: bytes | None = None,
        database: str = DEFAULT_DATABASE,
    ) -> Answer:
        codec = _codec(database)
        stored = [stored_write(write, codec) for write in writes]
        committing = self._engine.commit(codec.database, stored, _engine_caller(caller), transaction)
        request = described_commit(caller, writes, database)
        return self._answer(request, database, committing, lambda result: None)

    def begin(self, caller: Caller, database: str = DEFAULT_DATABASE) -> bytes:
        whole = DatabaseId(PROJECT, database)
        return self._engine.begin_transaction(whole, TransactionOptions(), _engine_caller(caller))

    def roll_back(self, caller: Caller, transaction: bytes, database: str = DEFAULT_DATABASE) -> None:
        self._engine.rollback(DatabaseId(PROJECT, database), transaction)

    def _answer(
        self, request: str, database: str, work: Coroutine[Any, Any, T], data: Callable[[T], Any]
    ) -> Answer:
        rules = self._rules.of_database(database)[0].source
        self._blame.clear()
        try:
            return Answer(request, self.name, rules, data=data(_result(work)))
        except PermissionDenied as denied:
            denial = Denial(denied.message, tuple(dict.fromkeys(self._blame)))
            return Answer(request, self.name, rules, denial=denial)
        except FirestoreError as error:
            failure = Failure(error.code.name, error.message)
            return Answer(request, self.name, rules, failure=failure)

    def _note_denial(self, evaluation: RulesEvaluation) -> None:
        decision, request = evaluation.decision, evaluation.request
        if decision is not None and request is not None and not decision.allowed:
            explainer = self._rules.of_database(request.path[1])[1]
            self._blame.extend(blame(explainer, request))

    # ---- Storage

    def object_metadata(self, caller: Caller, name: str) -> Answer:
        request = f"{caller.name}: get object {name}"
        found = self._objects.get(name)
        summary = found.summary() if found is not None else None
        return self._judged(caller, request, "get", name, found) or self._told(request, summary)

    def list_objects(self, caller: Caller, folder: str) -> Answer:
        request = f"{caller.name}: list objects of {folder or 'the bucket'}"
        names = sorted(name for name in self._objects if name.rpartition("/")[0] == folder)
        return self._judged(caller, request, "list", folder, None) or self._told(request, names)

    def upload(self, caller: Caller, upload: Upload) -> Answer:
        request = described_upload(caller, upload)
        before = self._objects.get(upload.name)
        after = stored_object(upload, DEFAULT_BUCKET, self._nanoseconds)
        refused = self._judged(caller, request, "create", upload.name, before, after)
        if refused is not None:
            return refused
        self._objects[upload.name] = after
        return self._told(request, after.summary())

    def change_metadata(self, caller: Caller, name: str, changes: Mapping[str, Any]) -> Answer:
        request = f"{caller.name}: change metadata of {name}"
        before = self._objects.get(name)
        after = before.changed(changes, self._nanoseconds) if before is not None else None
        refused = self._judged(caller, request, "update", name, before, after)
        if refused is not None:
            return refused
        if after is None:
            return self._missing(request)
        self._objects[name] = after
        return self._told(request, after.summary())

    def delete_object(self, caller: Caller, name: str) -> Answer:
        request = f"{caller.name}: delete object {name}"
        refused = self._judged(caller, request, "delete", name, self._objects.get(name))
        if refused is not None:
            return refused
        if self._objects.pop(name, None) is None:
            return self._missing(request)
        return self._told(request, None)

    def _judged(
        self,
        caller: Caller,
        request: str,
        method: str,
        name: str,
        before: StoredObject | None,
        after: StoredObject | None = None,
    ) -> Answer | None:
        """The denial, or None when the rules allow. As in the emulator, they are asked before anything
        else.
        """
        if caller.admin:
            return None
        asked = RulesRequest(
            service=STORAGE,
            method=method,
            path=("b", DEFAULT_BUCKET, "o", *(segment for segment in name.split("/") if segment)),
            auth=_storage_auth(caller),
            time=RulesTimestamp(self._nanoseconds),
            documents=_StorageDocuments(self._engine),
            resource=before.resource() if before else None,
            request_resource=after.resource() if after else None,
            access_budget=AccessBudget.storage(),
        )
        ruleset = self._rules.rulesets[STORAGE]
        decision: Decision = ruleset.evaluate(asked)
        if decision.allowed:
            return None
        denial = Denial(decision.message, blame(self._rules.explainers[STORAGE], asked))
        return Answer(request, self.name, ruleset.source, denial=denial)

    def _told(self, request: str, data: Any) -> Answer:
        return Answer(request, self.name, self._storage_rules.source, data=data)

    def _missing(self, request: str) -> Answer:
        failure = Failure("NOT_FOUND", "there is no such object")
        return Answer(request, self.name, self._storage_rules.source, failure=failure)

    @property
    def _storage_rules(self) -> Ruleset:
        return self._rules.rulesets[STORAGE]

    # ---- state

    def seed(
        self, documents: Mapping[str, Data], objects: Iterable[Upload], database: str = DEFAULT_DATABASE
    ) -> None:
        codec = _codec(database)
        writes = [stored_write(Write("set", path, data), codec) for path, data in documents.items()]
        _result(self._engine.commit(codec.database, writes, callers.ADMIN))
        for upload in objects:
            self._objects[upload.name] = stored_object(upload, DEFAULT_BUCKET, self._nanoseconds)

    def now(self) -> datetime:
        """Whole milliseconds, as rules see them."""
        moment: datetime = _codec(DEFAULT_DATABASE).decode(
            Timestamp(self._time.micros - self._time.micros % 1000)
        )
        return moment

    def travel_to(self, moment: datetime) -> None:
        if moment < EPOCH:
            raise ValueError(f"{moment} is before {EPOCH}")
        self._time = timestamp(moment)

    def close(self) -> None:
        """Nothing outlives the object."""

    @property
    def _nanoseconds(self) -> int:
        return (self._time.micros - self._time.micros % 1000) * 1000


class _StorageDocuments:
    """firestore.get() and firestore.exists() of Storage rules, which may name any database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, path: tuple[str, ...]) -> ResourceValue | None:
        found = Documents(self._engine.database(DatabaseId(PROJECT, path[1])).latest).get(path)
        if found is None:
            return None
        return ResourceValue(found.data, found.id, Path(("projects", PROJECT, *path)))

    def get_after(self, path: tuple[str, ...]) -> ResourceValue | None:
        """Nothing is being written to Firestore."""
        return self.get(path)


def _codec(database: str) -> Codec:
    return Codec(DatabaseId(PROJECT, database))


def _fields(codec: Codec, document: Document | None) -> Any:
    return None if document is None else codec.decode(document.fields)


def _engine_caller(caller: Caller) -> callers.Caller:
    if caller.admin:
        return callers.ADMIN
    if caller.claims is None:
        return callers.ANONYMOUS
    return callers.Caller(uid=caller.claims.get("sub"), token=caller.claims)


def _storage_auth(caller: Caller) -> Auth | None:
    return None if caller.claims is None else Auth(caller.claims.get("user_id"), caller.claims)


def _result(work: Coroutine[Any, Any, T]) -> T:
    """Run the engine without an event loop: it only ever waits for the locks of other transactions."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    except RuntimeError as error:
        if "no running event loop" not in str(error):
            raise
    finally:
        work.close()
    raise Aborted("An open transaction of this test has read what is to be written.")
