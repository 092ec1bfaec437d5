"""The access matrix: who may do what, as a table that a person reads and a test compares.

Identities, subjects (a path with its operations) and sample data are declared; every combination is a request
of its own, made in a database of its own.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from emulator.wire.firebase_json import DEFAULT_DATABASE
from testing.rules.answers import Answer
from testing.rules.environment import RulesTestEnvironment
from testing.rules.identities import Firestore, Identity
from testing.rules.operations import Upload
from testing.rules.values import Data


class Cell(Enum):
    """What came of one request, as it is shown."""

    ALLOWED = "✓"
    DENIED = "✗"
    NO_RULE = "–"
    ERROR = "!"


@dataclass(frozen=True, slots=True)
class Role:
    """A column: somebody, and whose data they ask for. `uid` None is nobody signed in."""

    title: str
    uid: str | None
    owner: str
    claims: Mapping[str, Any] = field(default_factory=dict)

    def identity(self, environment: RulesTestEnvironment) -> Identity:
        return environment.as_guest() if self.uid is None else environment.as_user(self.uid, **self.claims)


@dataclass(frozen=True, slots=True)
class Documents:
    """A path of Firestore; `{owner}` in paths is the owner of the column.

    `existing` is seeded, `fresh` is not. `creations` and `updates` are sample data by what they are called.
    `filters` are equalities that a list of one's own asks for, where a list without them is refused.
    `database` is where the path is, and whose rules are asked.
    """

    title: str
    existing: str
    fresh: str
    creations: Mapping[str, Data]
    updates: Mapping[str, Data]
    filters: Mapping[str, str] = field(default_factory=dict)
    database: str = DEFAULT_DATABASE

    def rows(self) -> Iterator[Row]:
        collection = self.existing.rpartition("/")[0]
        ask = self._asking
        yield Row("get", ask(lambda firestore, at: firestore.get(at(self.existing))))
        yield Row("list", ask(lambda firestore, at: firestore.list(at(collection))))
        if self.filters:
            yield Row(f"list by {' and '.join(self.filters)}", ask(_filtered_list(collection, self.filters)))
        for title, data in self.creations.items():
            yield Row(f"create: {title}", ask(_creation(self.fresh, data)))
        for title, data in self.updates.items():
            yield Row(f"update: {title}", ask(_update(self.existing, data)))
        yield Row("delete", ask(lambda firestore, at: firestore.delete(at(self.existing))))

    def _asking(self, request: Callable[[Firestore, Place], Answer]) -> Callable[[Identity, Place], Answer]:
        return lambda me, at: request(me.in_database(self.database), at)


@dataclass(frozen=True, slots=True)
class Objects:
    """A path of Storage, as for documents. `uploads` go to `fresh`, unless they are named otherwise."""

    title: str
    existing: str
    fresh: str
    uploads: Mapping[str, Upload]

    def rows(self) -> Iterator[Row]:
        folder = self.existing.rpartition("/")[0]
        yield Row("get", lambda me, at: me.storage.get(at(self.existing)))
        yield Row("list", lambda me, at: me.storage.list(at(folder)))
        for title, upload in self.uploads.items():
            yield Row(f"create: {title}", _upload(replace(upload, name=upload.name or self.fresh)))
        yield Row("update", lambda me, at: me.storage.update(at(self.existing), content_type="text/plain"))
        yield Row("delete", lambda me, at: me.storage.delete(at(self.existing)))


Place = Callable[[str], str]
"""Puts the owner into a path."""


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    request: Callable[[Identity, Place], Answer]


@dataclass(frozen=True, slots=True)
class Matrix:
    """`seed` stores the world of a request: that of the column's owner, a day before `request.time`."""

    roles: tuple[Role, ...]
    subjects: tuple[Documents | Objects, ...]
    seed: Callable[[RulesTestEnvironment, str, datetime], None]


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of one subject, by the title of the row, in the order of the roles."""

    title: str
    rows: Mapping[str, tuple[Cell, ...]]


def filled(matrix: Matrix, environment: Callable[[], RulesTestEnvironment]) -> tuple[Table, ...]:
    """Make every request, each in a new environment. Raises RuntimeError when one fails otherwise."""
    return tuple(
        Table(
            subject.title,
            {
                row.title: tuple(_cell(matrix, role, row, environment()) for role in matrix.roles)
                for row in subject.rows()
            },
        )
        for subject in matrix.subjects
    )


def _cell(matrix: Matrix, role: Role, row: Row, environment: RulesTestEnvironment) -> Cell:
    try:
        matrix.seed(environment, role.owner, environment.now - timedelta(days=1))
        answer = row.request(role.identity(environment), lambda path: path.format(owner=role.owner))
    finally:
        environment.close()
    if answer.failure is not None:
        raise RuntimeError(f"{answer.request} failed: {answer.failure}")
    return cell_of(answer)


def cell_of(answer: Answer) -> Cell:
    denial = answer.denial
    if denial is None:
        return Cell.ALLOWED
    if denial.nothing_matched:
        return Cell.NO_RULE
    return Cell.ERROR if any(refusal.cause for refusal in denial.refusals) else Cell.DENIED


def rendered(matrix: Matrix, tables: Iterable[Table], introduction: str) -> str:
    """A Markdown page."""
    parts = [introduction.rstrip(), _legend()]
    heads = [role.title for role in matrix.roles]
    for table in tables:
        lines = [f"## {table.title}", "", _line(["", *heads]), _line(["---", *[":-:" for _ in heads]])]
        lines += [_line([title, *(cell.value for cell in cells)]) for title, cells in table.rows.items()]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def difference(expected: str, actual: str, name: str) -> str:
    """A unified diff, "" when both are the same."""
    lines = difflib.unified_diff(
        expected.splitlines(),
        actual.splitlines(),
        f"{name} (checked in)",
        f"{name} (the rules now)",
        lineterm="",
    )
    return "\n".join(lines)


def without_reasons(page: str) -> str:
    """A page on which every denial looks the same, for a backend that does not tell them apart."""
    for cell in (Cell.NO_RULE, Cell.ERROR):
        page = page.replace(f" {cell.value} |", f" {Cell.DENIED.value} |")
    return page


def _legend() -> str:
    return (
        f"{Cell.ALLOWED.value} allowed, {Cell.DENIED.value} denied by a condition, "
        f"{Cell.NO_RULE.value} denied because no rule is there,\n"
        f"{Cell.ERROR.value} denied because a condition could not be evaluated."
    )


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _filtered_list(collection: str, filters: Mapping[str, str]) -> Callable[[Firestore, Place], Answer]:
    return lambda firestore, at: firestore.list(
        at(collection), where=[(name, "==", at(value)) for name, value in filters.items()]
    )


def _creation(path: str, data: Data) -> Callable[[Firestore, Place], Answer]:
    return lambda firestore, at: firestore.create(at(path), data)


def _update(path: str, data: Data) -> Callable[[Firestore, Place], Answer]:
    return lambda firestore, at: firestore.update(at(path), data)


def _upload(upload: Upload) -> Callable[[Identity, Place], Answer]:
    return lambda me, at: me.storage.upload(
        at(upload.name),
        upload.content,
        size=upload.size,
        content_type=upload.content_type,
        content_encoding=upload.content_encoding,
        metadata=upload.metadata,
    )
