"""What reads answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.firestore.documents import Document, MissingDocument
from emulator.firestore.paths import DocumentPath
from emulator.firestore.values import Timestamp, Value


@dataclass(frozen=True, slots=True)
class BatchGetResult:
    """`found` is in request order, None for a missing document; `transaction` only when the read began
    one.
    """

    found: tuple[tuple[DocumentPath, Document | None], ...]
    read_time: Timestamp
    transaction: bytes | None = None


@dataclass(frozen=True, slots=True)
class ListDocumentsResult:
    """`next_page_token` is empty on the last page."""

    documents: tuple[Document | MissingDocument, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class QueryResult:
    """`documents` are in query order with the projection applied; `skipped` counts those the offset
    dropped.
    """

    documents: tuple[Document, ...]
    read_time: Timestamp
    skipped: int = 0
    transaction: bytes | None = None


@dataclass(frozen=True, slots=True)
class AggregationResult:
    """`values` by alias, in request order."""

    values: Mapping[str, Value]
    read_time: Timestamp
    transaction: bytes | None = None
