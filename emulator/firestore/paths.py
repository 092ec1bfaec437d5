"""Names: databases, documents, collections and fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class DatabaseId:
    """`projects/{project}/databases/{database}`; every pair is accepted and is a database of its own."""

    project: str
    database: str = "(default)"

    @property
    def name(self) -> str:
        return f"projects/{self.project}/databases/{self.database}"


@dataclass(frozen=True, slots=True)
class DocumentPath:
    """A document: its database and the segments below `documents`, an even number of them (zero for the root parent)."""

    database: DatabaseId
    segments: tuple[str, ...]

    @property
    def name(self) -> str:
        """The full resource name, as protos spell it."""
        return "/".join((self.database.name, "documents", *self.segments))


#: A field path: its unquoted segments, outermost first.
FieldPath: TypeAlias = tuple[str, ...]
