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


def parse_database_name(name: str) -> DatabaseId:
    """`projects/{p}/databases/{d}`."""
    raise NotImplementedError


def parse_document_name(name: str) -> DocumentPath:
    """A full document name. InvalidArgument with the official text otherwise."""
    raise NotImplementedError


def parse_parent(name: str) -> DocumentPath:
    """A full document name, or `…/documents` itself, which has no segments."""
    raise NotImplementedError


def parse_field_path(text: str) -> FieldPath:
    """`a.b`, with backquotes around segments that are not plain identifiers."""
    raise NotImplementedError


def format_field_path(path: FieldPath) -> str:
    """The inverse of `parse_field_path`."""
    raise NotImplementedError
