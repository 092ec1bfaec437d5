"""Pages: of documents, of collection ids, of partitions, and the tokens that continue them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

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

# clause = field-path [ 1*SP ( "asc" / "desc" ) ], any case; within "`" every character belongs to the path. A
# quote without an end goes to the end of the text: an end that is looked for behind each of many quotes would
# take the square of the length.
_QUOTED = r"`(?:[^`\\]|\\.)*`"
_CLAUSE = re.compile(rf"\s*((?:{_QUOTED}|[^`\s])+?)(?:\s+(asc|desc))?\s*", re.IGNORECASE | re.DOTALL)
_QUOTED_OR_COMMA = re.compile(r"(`(?:[^`\\]|\\.)*+(?:`|\\?\Z))|,", re.DOTALL)


def checked_page_size(page_size: int) -> int:
    if page_size < 0:
        raise InvalidArgument("Page size must be nonnegative.")
    return min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def check_missing_allowed(collection: str | None, order_by: str) -> None:
    """What the official emulator says about a listing with missing documents before it asks who wants it."""
    if not collection:
        raise InvalidArgument("collection id must be set when show_missing is true")
    check_collection_id(collection)
    if order_by.strip():
        raise InvalidArgument("cannot specify an order when show_missing is true")


def parse_order(text: str) -> tuple[Order, ...]:
    """`a desc, b.c, __name__`; nothing for the order by name."""
    if not text.strip():
        return ()
    orders: list[Order] = []
    for clause in _clauses(text):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise InvalidArgument(f'Invalid order by clause "{clause.strip()}".')
        descending = (match[2] or "").lower() == "desc"
        direction = Direction.DESCENDING if descending else Direction.ASCENDING
        orders.append(Order(parse_field_path(match[1]), direction))
    return tuple(orders)


def _clauses(text: str) -> Iterator[str]:
    start = 0
    for match in _QUOTED_OR_COMMA.finditer(text):
        if match[1] is None:
            yield text[start : match.start()]
            start = match.end()
    yield text[start:]


# --- documents


def page(shown: Sequence[Document | MissingDocument], size: int, time: Timestamp) -> ListDocumentsResult:
    """A full page has a token, whether or not more follow, as on the official emulator."""
    token = _token(shown[-1].path.name, time) if len(shown) == size else ""
    return ListDocumentsResult(tuple(shown), token)


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
    return page(list(islice(_with_missing(reading, query, after), size)), size, reading.time)


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
        at += 1
        if at < len(names) and names[at][:depth] == name:
            at = _first_from(names, _behind(name))


# --- collection ids


def collection_ids(reading: Reading, parent: DocumentPath, size: int, token: str) -> tuple[list[str], str]:
    """The ids below a parent in order, one page of them."""
    names, prefix = _names_at(reading), parent.key
    start: PathKey = prefix if not token else _behind((*prefix, _decoded(token)[0]))
    found: list[str] = []
    at = _first_from(names, start)
    while at < len(names) and names[at][: len(prefix)] == prefix:
        if len(names[at]) == len(prefix):
            at += 1
            continue
        if len(found) == size:
            return found, _token(found[-1], reading.time)
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
    return cursors, _token(str(first + size), reading.time) if first + size < len(cuts) else ""


def _page_offset(token: str) -> int:
    text = _decoded(token)[0] if token else "0"
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

# token = base64( %x0A length text %x12 %x08 8OCTET ), URL-safe or not. The shape is that of the official
# emulator's tokens, a message of two fields, so recorded ones work too. The octets are the read time here.
_TOKEN = re.compile(rb"\n[\x80-\xff]*[\x00-\x7f](.*)\x12\x08(.{8})", re.DOTALL)
_URL_SAFE = str.maketrans("+/", "-_")


def _token(text: str, time: Timestamp) -> str:
    """A name, or whatever else says where the next page begins, and when this one was read."""
    encoded = text.encode()
    message = b"\n" + _varint(len(encoded)) + encoded + b"\x12\x08" + time.micros.to_bytes(8, "little")
    return base64.urlsafe_b64encode(message).decode()


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*octets, number))


def _decoded(token: str) -> tuple[str, Timestamp]:
    try:
        message = base64.b64decode(token.translate(_URL_SAFE), altchars=b"-_", validate=True)
        match = _TOKEN.fullmatch(message)
        if match is not None:
            return match[1].decode(), Timestamp(int.from_bytes(match[2], "little"))
    except (binascii.Error, ValueError):
        pass
    raise InvalidArgument("Invalid page token.")


def _last_document(token: str, parent: DocumentPath) -> tuple[DocumentPath, Timestamp]:
    name, time = _decoded(token)
    path = parse_document_name(name)
    if path.database != parent.database:
        raise InvalidArgument("Invalid page token.")
    return path, time
