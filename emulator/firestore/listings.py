"""Pages: of documents, of collection ids, of partitions, and the tokens that continue them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sortedcontainers import SortedList

from emulator.errors import InvalidArgument
from emulator.firestore.documents import Document, MissingDocument
from emulator.firestore.execution import execution
from emulator.firestore.matching import Matcher
from emulator.firestore.normalization import normalize
from emulator.firestore.paths import (
    DocumentPath,
    PathKey,
    check_collection_id,
    parse_document_name,
    parse_field_path,
)
from emulator.firestore.queries import NAME, Cursor, Direction, Order, Query
from emulator.firestore.reading import Reading
from emulator.firestore.results import ListDocumentsResult
from emulator.firestore.steps import Steps
from emulator.firestore.values import MISSING, Reference, Timestamp, Value, get_field

DEFAULT_PAGE_SIZE = 300
MAX_PAGE_SIZE = 10_000
MAX_PARTITIONS = 10_000

# clause = field-path [ 1*SP ( "asc" / "desc" ) ], any case
_CLAUSE = re.compile(r"\s*(\S+?)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


def checked_page_size(page_size: int) -> int:
    if page_size < 0:
        raise InvalidArgument("Page size must be nonnegative.")
    return min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def check_missing_allowed(collection: str | None, order_by: str) -> None:
    """What the official emulator says about a listing with missing documents before it asks who wants it."""
    if collection:
        check_collection_id(collection)
    if order_by.strip():
        raise InvalidArgument("cannot specify an order when show_missing is true")


def parse_order(text: str) -> tuple[Order, ...]:
    """`a desc, b.c, __name__`; nothing for the order by name."""
    if not text.strip():
        return ()
    orders: list[Order] = []
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise InvalidArgument(f'Invalid order by clause "{clause.strip()}".')
        descending = (match[2] or "").lower() == "desc"
        direction = Direction.DESCENDING if descending else Direction.ASCENDING
        orders.append(Order(parse_field_path(match[1]), direction))
    return tuple(orders)


# --- documents


def page(found: Sequence[Document], size: int, time: Timestamp) -> ListDocumentsResult:
    """Up to `size` of the documents, of which one more was asked for to know whether there are more."""
    shown = tuple(found[:size])
    token = _token(shown[-1].path.name, time) if len(found) > size else ""
    return ListDocumentsResult(shown, token)


def continue_after(reading: Reading, query: Query, token: str) -> Query:
    """The query from behind the last document of the page before.

    A page ordered by fields remembers when it was read, so that it goes on even when that document has
    changed since.
    """
    if not token:
        return query
    path, time = _last_document(token, query.parent)
    orders = normalize(query).orders
    document: Document | None = None
    if orders != (Order(NAME, orders[-1].direction),):
        view = reading.state.view_at(time) if reading.state.history.knows(time) else reading.view
        document = view.get(path.key)
        if document is None:
            raise InvalidArgument("Invalid page token.")
    values = tuple(_order_value(order, path, document) for order in orders)
    return replace(query, order_by=orders, start_at=Cursor(values, before=False))


def _order_value(order: Order, path: DocumentPath, document: Document | None) -> Value:
    if order.field == NAME or document is None:
        return Reference(path)
    value = get_field(document.fields, order.field)
    if value is MISSING:
        raise InvalidArgument("Invalid page token.")
    return value


def page_with_missing(reading: Reading, query: Query, size: int, token: str) -> ListDocumentsResult:
    """Documents in name order, together with those that only have subcollections."""
    after: PathKey | None = None
    if token:
        after = _last_document(token, query.parent)[0].key
    shown: list[Document | MissingDocument] = []
    for entry in _with_missing(reading, query, after):
        if len(shown) == size:
            return ListDocumentsResult(tuple(shown), _token(shown[-1].path.name, reading.time))
        shown.append(entry)
    return ListDocumentsResult(tuple(shown), "")


def _with_missing(
    reading: Reading, query: Query, after: PathKey | None
) -> Iterator[Document | MissingDocument]:
    depth = len(query.parent.segments) + 2
    prefix = query.parent.key if query.collection is None else (*query.parent.key, query.collection)
    names = _names_at(reading)
    at = _first_from(names, prefix) if after is None else _first_from(names, _behind(after))
    while at < len(names) and names[at][: len(prefix)] == prefix:
        name = names[at][:depth]
        if len(name) == depth:
            document = reading.view.get(name)
            if document is not None:
                yield document
            else:
                below = reading.view.get(names[at])
                assert below is not None
                yield MissingDocument(DocumentPath(below.path.database, below.path.segments[:depth]))
        at = _first_from(names, _behind(name))


# --- collection ids


def collection_ids(reading: Reading, parent: DocumentPath, size: int, token: str) -> tuple[list[str], str]:
    """The ids below a parent in order, one page of them."""
    names, prefix = _names_at(reading), parent.key
    start: PathKey = prefix if not token else _behind((*prefix, _decoded(token)))
    found: list[str] = []
    at = _first_from(names, start)
    while at < len(names) and names[at][: len(prefix)] == prefix:
        if len(names[at]) == len(prefix):
            at += 1
            continue
        if len(found) == size:
            return found, _encoded(found[-1])
        collection = names[at][len(prefix)]
        found.append(collection)
        at = _first_from(names, _behind((*prefix, collection)))
    return found, ""


# --- partitions


def partitions(
    reading: Reading, query: Query, count: int, page_size: int, token: str
) -> Steps[tuple[list[Cursor], str]]:
    """At most `count` names, evenly spaced, and the next page's token."""
    if count < 1:
        raise InvalidArgument("partition_count must be greater than zero.")
    if not query.all_descendants or query.where is not None or query.limit is not None:
        raise InvalidArgument(
            "Partition queries must be collection group queries ordered by name, without filter or limit."
        )
    if any(order != Order(NAME) for order in query.order_by):
        raise InvalidArgument("Partition queries must be ordered by __name__ ascending.")
    size = checked_page_size(page_size)
    documents = (yield from execution(Matcher(normalize(query)), reading.view)).documents
    parts = min(count, MAX_PARTITIONS, max(0, len(documents) - 1))
    cuts = [documents[len(documents) * (part + 1) // (parts + 1)] for part in range(parts)]
    first = _page_offset(token)
    cursors = [Cursor((Reference(cut.path),), before=True) for cut in cuts[first : first + size]]
    return cursors, _encoded(str(first + size)) if first + size < len(cuts) else ""


def _page_offset(token: str) -> int:
    text = _decoded(token) if token else "0"
    if not text.isascii() or not text.isdigit():
        raise InvalidArgument("Invalid page token.")
    return int(text)


# --- names in order


def _names_at(reading: Reading) -> SortedList[PathKey]:
    """Every document name in order as of the reading."""
    everything = reading.state.store.everything()
    if reading.view is reading.state.latest:
        return everything.names
    undone = reading.state.history.undo(reading.time)
    names = [name for name in everything.names if name not in undone]
    return SortedList([*names, *(name for name, document in undone.items() if document is not None)])


def _first_from(names: SortedList[PathKey], bound: PathKey) -> int:
    position: int = names.bisect_left(bound)
    return position


def _behind(name: PathKey) -> PathKey:
    """The first bound behind a name and everything below it."""
    return (*name[:-1], name[-1] + "\0")


# --- tokens


def _token(name: str, time: Timestamp) -> str:
    return _encoded(f"{time.micros} {name}")


def _last_document(token: str, parent: DocumentPath) -> tuple[DocumentPath, Timestamp]:
    time, _, name = _decoded(token).partition(" ")
    if not time.lstrip("-").isdigit():
        raise InvalidArgument("Invalid page token.")
    path = parse_document_name(name)
    if path.database != parent.database:
        raise InvalidArgument("Invalid page token.")
    return path, Timestamp(int(time))


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidArgument("Invalid page token.") from None
