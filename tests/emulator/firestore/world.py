"""An engine with a clock that tests move, and short ways to say documents, writes and queries."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from emulator.firestore.callers import ADMIN, Caller
from emulator.firestore.documents import (
    NO_PRECONDITION,
    CommitResult,
    FieldTransform,
    Precondition,
    Write,
    WriteKind,
)
from emulator.firestore.engine import Engine
from emulator.firestore.listen import ListenEvent, ListenSession
from emulator.firestore.paths import DatabaseId, DocumentPath, parse_field_path
from emulator.firestore.queries import Direction, FieldFilter, Operator, Order, Query
from emulator.firestore.values import Timestamp
from emulator.rules import compile_ruleset

DATABASE = DatabaseId("demo-test")
ROOT = DocumentPath(DATABASE, ())
START = Timestamp(1_700_000_000_000_000)
SECOND = 1_000_000

_OPERATORS = {operator.value: operator for operator in Operator}


def path(text: str) -> DocumentPath:
    """`c/d` as a document of the database under test; the empty text is its root."""
    return DocumentPath(DATABASE, tuple(text.split("/")) if text else ())


def update(
    name: str,
    fields: dict[str, Any],
    *,
    mask: Sequence[str] | None = None,
    transforms: Sequence[FieldTransform] = (),
    precondition: Precondition = NO_PRECONDITION,
) -> Write:
    paths = None if mask is None else tuple(map(parse_field_path, mask))
    return Write(WriteKind.UPDATE, path(name), fields, paths, tuple(transforms), precondition)


def delete(name: str, precondition: Precondition = NO_PRECONDITION) -> Write:
    return Write(WriteKind.DELETE, path(name), precondition=precondition)


def verify(name: str, precondition: Precondition) -> Write:
    return Write(WriteKind.VERIFY, path(name), precondition=precondition)


def where(field: str, operator: str, value: Any = None) -> FieldFilter:
    return FieldFilter(parse_field_path(field), _OPERATORS[operator], value)


def order(field: str, direction: str = "ASC") -> Order:
    return Order(parse_field_path(field), Direction(direction))


def query(collection: str | None = "c", parent: str = "", **rest: Any) -> Query:
    return Query(path(parent), collection, **rest)


class World:
    """One engine. `now` moves only when a test moves it, and by a microsecond whenever it is looked at."""

    def __init__(self, rules: str | None = None) -> None:
        self.now = START
        self.engine = Engine(clock=self.clock, random=random.Random(7))
        if rules is not None:
            self.rules(rules)

    def clock(self) -> Timestamp:
        self.now = Timestamp(self.now.micros + 1)
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now = Timestamp(self.now.micros + int(seconds * SECOND))

    def rules(self, allows: str) -> None:
        """Rules from match statements alone."""
        source = f"""
            rules_version = '2';
            service cloud.firestore {{ match /databases/{{db}}/documents {{
            {allows}
            }} }}
            """
        self.engine.set_rules(DATABASE.project, compile_ruleset(source))

    async def commit(
        self, *writes: Write, caller: Caller = ADMIN, transaction: bytes | None = None
    ) -> CommitResult:
        return await self.engine.commit(DATABASE, writes, caller, transaction)

    async def put(self, **documents: dict[str, Any]) -> None:
        """Documents of collection `c` by id."""
        await self.commit(*(update(f"c/{name}", fields) for name, fields in documents.items()))

    async def fields(self, name: str) -> dict[str, Any] | None:
        found = (await self.engine.batch_get(DATABASE, [path(name)], ADMIN)).found[0][1]
        return None if found is None else found.fields

    async def names(self, asked: Query, caller: Caller = ADMIN) -> list[str]:
        """The relative names a query finds, in order; ids alone within collection `c`."""
        result = await self.engine.run_query(asked, caller)
        return [document.path.relative.removeprefix("c/") for document in result.documents]

    def listen(self, caller: Caller = ADMIN) -> ListenSession:
        return self.engine.listen(DATABASE, caller)


def queued(session: ListenSession) -> list[ListenEvent]:
    """The events waiting in a session, none when there are none."""
    waiting = session.next_events()
    try:
        waiting.send(None)
    except StopIteration as done:
        events: list[ListenEvent] = done.value
        return events
    waiting.close()
    return []
