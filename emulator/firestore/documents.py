"""Documents, writes and their results (google.firestore.v1 Document, Write, Precondition,
DocumentTransform).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from emulator.firestore.paths import DocumentPath, FieldPath
from emulator.firestore.values import Timestamp, Value


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a stored document. A change makes a new object, so identity is version.

    `size` is in bytes as Firestore counts it; 0 when nobody counted. `encoding` belongs to the transports:
    a cached encoding of this version, see `keep_encoding`.
    """

    path: DocumentPath
    fields: dict[str, Value]
    create_time: Timestamp
    update_time: Timestamp
    size: int = field(default=0, compare=False, repr=False)
    encoding: object = field(default=None, compare=False, repr=False)

    def keep_encoding(self, encoding: object) -> None:
        """Remember an encoding of this version; the one assignment a document allows, since it changes no
        value.
        """
        object.__setattr__(self, "encoding", encoding)


@dataclass(frozen=True, slots=True)
class MissingDocument:
    """A document that does not exist but has subcollections (ListDocuments with show_missing)."""

    path: DocumentPath


@dataclass(frozen=True, slots=True)
class Precondition:
    """At most one of the two is set; none means the write always applies."""

    exists: bool | None = None
    update_time: Timestamp | None = None


NO_PRECONDITION = Precondition()


class TransformKind(Enum):
    SERVER_TIMESTAMP = "set_to_server_value"
    INCREMENT = "increment"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    ARRAY_UNION = "append_missing_elements"
    ARRAY_REMOVE = "remove_all_from_array"


@dataclass(frozen=True, slots=True)
class FieldTransform:
    """`operand` is None for a server timestamp, a list for the array kinds."""

    field: FieldPath
    kind: TransformKind
    operand: Value = None


class WriteKind(Enum):
    UPDATE = "update"
    DELETE = "delete"
    VERIFY = "verify"
    TRANSFORM = "transform"


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a commit.

    `mask` is None for a full replace; masked paths absent from `fields` are deleted. `transforms` run
    after the update, in order.
    """

    kind: WriteKind
    path: DocumentPath
    fields: dict[str, Value] = field(default_factory=dict)
    mask: tuple[FieldPath, ...] | None = None
    transforms: tuple[FieldTransform, ...] = ()
    precondition: Precondition = NO_PRECONDITION


@dataclass(frozen=True, slots=True)
class WriteResult:
    """`update_time` is None for a delete or verify; one transform result per transform, in order."""

    update_time: Timestamp | None
    transform_results: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class CommitResult:
    """`commit_time` is None for a commit without writes."""

    results: tuple[WriteResult, ...]
    commit_time: Timestamp | None


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What one commit did to one document: before is None for a create, after is None for a delete."""

    path: DocumentPath
    before: Document | None
    after: Document | None
