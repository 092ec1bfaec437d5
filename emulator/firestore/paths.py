"""Names: databases, documents, collections and fields.

Name grammar (google.firestore.v1, `Document.name`):
  database  = "projects/" project "/databases/" database
  document  = database "/documents" 1*( "/" collection-id "/" document-id )

Messages and character indexes are those the official emulator answers.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from emulator.errors import InvalidArgument


@dataclass(frozen=True, slots=True)
class DatabaseId:
    """`projects/{project}/databases/{database}`; every pair is accepted and is a database of its own."""

    project: str
    database: str = "(default)"

    @property
    def name(self) -> str:
        return f"projects/{self.project}/databases/{self.database}"


#: What sorts documents by name: the segments, with numeric ids spelled so that they come first. Unique per
#: document.
PathKey: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentPath:
    """A document: its database and the segments below `documents`, an even number of them (zero for the
    root parent).
    """

    database: DatabaseId
    segments: tuple[str, ...]

    @property
    def name(self) -> str:
        """The full resource name, as protos spell it."""
        return "/".join((self.database.name, "documents", *self.segments))

    @property
    def relative(self) -> str:
        """The name below `documents`."""
        return "/".join(self.segments)

    @property
    def id(self) -> str:
        return self.segments[-1]

    @property
    def collection_id(self) -> str:
        return self.segments[-2]

    @property
    def collection(self) -> tuple[str, ...]:
        """The segments of the collection that holds the document."""
        return self.segments[:-1]

    @property
    def key(self) -> PathKey:
        return path_key(self.segments)

    def child(self, collection: str, document: str) -> DocumentPath:
        return DocumentPath(self.database, (*self.segments, collection, document))


#: A field path: its unquoted segments, outermost first.
FieldPath: TypeAlias = tuple[str, ...]

MAX_ID_BYTES = 1500

_RESERVED = re.compile(r"__.*__", re.DOTALL)
_NUMERIC_ID = re.compile(r"__id(-?[0-9]+)__")
_INT64 = 1 << 63


def numeric_id(segment: str) -> int | None:
    """The number of a numeric document id `__id<int64>__`; None for every other id."""
    if not segment.startswith("__id"):
        return None
    match = _NUMERIC_ID.fullmatch(segment)
    if match is None:
        return None
    number = int(match[1])
    return number if -_INT64 <= number < _INT64 and str(number) == match[1] else None


def path_key(segments: tuple[str, ...]) -> PathKey:
    """The sort key of a name: segment by segment, numeric ids first, other text by UTF-8 bytes (code
    points order the same).

    Nearly always the very tuple that was passed in, so keys cost no memory.
    """
    for segment in segments:
        if segment[0] in "_\0":
            return tuple(map(segment_key, segments))
    return segments


def segment_key(segment: str) -> str:
    if segment.startswith("\0"):
        return "\0\1" + segment
    number = numeric_id(segment)
    return segment if number is None else f"\0\0{number + _INT64:016x}"


class _NameScanner:
    """Reads a name left to right and knows the index every complaint needs."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        self.at = 0

    def fail(self, problem: str, index: int | None = None) -> InvalidArgument:
        return InvalidArgument(
            f'{self.kind} "{self.name}" {problem} at index {self.at if index is None else index}.'
        )

    @property
    def done(self) -> bool:
        return self.at == len(self.name)

    def literal(self, text: str) -> None:
        end = self.at + len(text)
        if self.name[self.at : end] != text or (end < len(self.name) and self.name[end] != "/"):
            raise self.fail(f'lacks "{text}"')
        self.at = end

    def slash(self) -> None:
        if self.done:
            raise self.fail('lacks "/"')
        self.at += 1
        if self.done:
            raise InvalidArgument(f'{self.kind} "{self.name}" has invalid trailing "/".')

    def segment(self, what: str) -> str:
        end = self.name.find("/", self.at)
        end = len(self.name) if end < 0 else end
        text = self.name[self.at : end]
        if not text:
            raise self.fail(f"lacks a {what} id")
        if text in (".", ".."):
            raise self.fail(f'contains a {what} id "{text}"')
        self.at = end
        return text

    def database(self) -> DatabaseId:
        self.literal("projects")
        self.slash()
        project = self.segment("resource")
        self.slash()
        self.literal("databases")
        self.slash()
        return _database(project, self.segment("resource"))

    def document_segments(self) -> tuple[str, ...]:
        """`/collection/document` pairs up to the end; none is fine."""
        segments: list[str] = []
        while not self.done:
            self.slash()
            segments.append(sys.intern(self.segment("collection")))
            self.slash()
            segments.append(self.segment("resource"))
        return tuple(segments)


def _split(name: str) -> DocumentPath | None:
    """A well-formed name at once; None for everything that needs the scanner and its complaint."""
    projects, *rest = parts = name.split("/")
    if len(parts) < 5 or len(parts) % 2 == 0 or not all(parts) or "." in parts or ".." in parts:
        return None
    project, databases, database, documents, *segments = rest
    if (projects, databases, documents) != ("projects", "databases", "documents"):
        return None
    segments[::2] = map(sys.intern, segments[::2])
    return DocumentPath(_database(project, database), tuple(segments))


@lru_cache(maxsize=1024)
def _database(project: str, database: str) -> DatabaseId:
    return DatabaseId(project, database)


def _scan(name: str, kind: str) -> DocumentPath:
    path = _split(name)
    if path is None:
        path = _scan_slowly(name, kind)
    check_segments(path.segments)
    return path


def _scan_slowly(name: str, kind: str) -> DocumentPath:
    scanner = _NameScanner(name, kind)
    database = scanner.database()
    scanner.slash()
    scanner.literal("documents")
    return DocumentPath(database, scanner.document_segments())


@lru_cache(maxsize=1024)
def parse_database_name(name: str) -> DatabaseId:
    """`projects/{p}/databases/{d}`."""
    scanner = _NameScanner(name, "Database name")
    database = scanner.database()
    if not scanner.done:
        raise scanner.fail("has unexpected text")
    return database


def parse_document_name(name: str) -> DocumentPath:
    """A full document name. InvalidArgument with the official text otherwise."""
    path = _scan(name, "Document name")
    if not path.segments:
        raise InvalidArgument(f'Document name "{name}" lacks "/" at index {len(name)}.')
    return path


def parse_parent(name: str) -> DocumentPath:
    """A full document name, or `…/documents` itself, which has no segments."""
    return _scan(name, "Document parent name")


def check_segments(segments: tuple[str, ...]) -> None:
    """Reserved and overlong ids of a document path; InvalidArgument names the first."""
    for position, segment in enumerate(segments):
        if len(segment) <= MAX_ID_BYTES // 4 and not segment.startswith("__"):
            continue
        if position % 2 == 0:
            check_collection_id(segment)
        else:
            check_document_id(segment)


def check_collection_id(collection: str) -> None:
    if "/" in collection:
        raise InvalidArgument(f'Collection id "{collection}" is invalid because it contains "/".')
    if collection.startswith("__") and _RESERVED.fullmatch(collection):
        raise InvalidArgument(f'Collection id "{collection}" is invalid because it is reserved.')
    if _too_long(collection):
        raise InvalidArgument(f"The key path element kind is longer than {MAX_ID_BYTES} bytes.")


def check_document_id(document: str) -> None:
    if document.startswith("__") and _RESERVED.fullmatch(document) and numeric_id(document) is None:
        if document.startswith("__id"):
            raise InvalidArgument(
                "A long document ID string must be formatted like '__id{LONG}__',"
                f" where LONG is a 64-bit integer. Found: '{document}'."
            )
        raise InvalidArgument(f'Resource id "{document}" is invalid because it is reserved.')
    if _too_long(document):
        raise InvalidArgument(f"The key path element name is longer than {MAX_ID_BYTES} bytes.")


def _too_long(segment: str) -> bool:
    return len(segment) * 4 > MAX_ID_BYTES and len(segment.encode()) > MAX_ID_BYTES


# simple = ALPHA / "_", then ALPHA / DIGIT / "_"      quoted = "`" 1*( any but "`" and "\" / "\" any ) "`"
_SIMPLE_SOURCE = "[a-zA-Z_][a-zA-Z_0-9]*"
_QUOTED_SOURCE = r"`(?:[^`\\]|(?:\\.))+`"
_SIMPLE = re.compile(_SIMPLE_SOURCE)
_SEGMENT = re.compile(rf"(?:({_SIMPLE_SOURCE})|({_QUOTED_SOURCE}))(\.|\Z)", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse_field_path(text: str) -> FieldPath:
    """`a.b`, with backquotes around segments that are not plain identifiers."""
    if _SIMPLE.fullmatch(text):
        return (text,)
    if not text:
        raise InvalidArgument("Invalid empty property path string.")
    segments: list[str] = []
    at, separator = 0, "."
    while separator:
        match = _SEGMENT.match(text, at)
        if match is None:
            raise InvalidArgument(
                f'Invalid property path "{text}".'
                f" Unquoted property paths must match regex ({_SIMPLE_SOURCE}),"
                r" and quoted property paths must match regex (`(?:[^`\\]|(?:\\.))+`)"
            )
        simple, quoted, separator = match.groups()
        segments.append(simple or _ESCAPE.sub(r"\1", quoted[1:-1]))
        at = match.end()
    return tuple(segments)


def format_field_path(path: FieldPath) -> str:
    """The inverse of `parse_field_path`."""
    return ".".join(map(_format_segment, path))


def _format_segment(segment: str) -> str:
    if _SIMPLE.fullmatch(segment):
        return segment
    escaped = segment.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
