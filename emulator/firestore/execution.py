"""Running a query against a view."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge, nlargest, nsmallest
from itertools import islice

from emulator.firestore.documents import Document
from emulator.firestore.matching import Matcher
from emulator.firestore.nearest import nearest
from emulator.firestore.planning import Plan, plan
from emulator.firestore.store import Shelf
from emulator.firestore.views import View


@dataclass(frozen=True, slots=True)
class Found:
    """Whole documents in order; `skipped` counts those the offset dropped."""

    documents: tuple[Document, ...]
    skipped: int


def execute(matcher: Matcher, view: View) -> Found:
    """The result of a query, as of the view."""
    query = matcher.query
    if query.find_nearest is not None:
        near = nearest(query.find_nearest, matching(matcher, view))
        kept = near[query.offset : None if query.limit is None else query.offset + query.limit]
        return Found(tuple(kept), min(query.offset, len(near)))
    if query.limit == 0:
        return Found((), 0)
    ordered = _ordered(matcher, view)
    skipped = sum(1 for _ in islice(ordered, query.offset))
    return Found(tuple(islice(ordered, query.limit)), skipped)


def matching(matcher: Matcher, view: View) -> Iterator[Document]:
    """Every document the query has, in no order and without offset and limit."""
    shelf = view.shelf(matcher.query)
    if shelf is None:
        yield from filter(matcher.matches, view.documents(matcher.query))
        return
    disjuncts = matcher.query.disjuncts
    seen: set[int] = set()
    for conjunction in disjuncts:
        for group in plan(shelf, matcher.query, conjunction).groups:
            for document in matcher.filter(map(shelf.get, group)):
                if len(disjuncts) == 1:
                    yield document
                elif id(document) not in seen:
                    seen.add(id(document))
                    yield document


def _ordered(matcher: Matcher, view: View) -> Iterator[Document]:
    shelf = view.shelf(matcher.query)
    if shelf is None:
        return iter(_sorted(matcher, filter(matcher.matches, view.documents(matcher.query))))
    plans = [plan(shelf, matcher.query, conjunction) for conjunction in matcher.query.disjuncts]
    if len(plans) == 1:
        return _stream(matcher, shelf, plans[0])
    return _merged(matcher, [_stream(matcher, shelf, each) for each in plans])


def _stream(matcher: Matcher, shelf: Shelf, each: Plan) -> Iterator[Document]:
    """The documents of one disjunct in order."""
    for group in each.groups:
        documents = matcher.filter(map(shelf.get, group))
        yield from documents if each.sorted_within else _sorted(matcher, documents, named=each.named)


def _merged(matcher: Matcher, streams: list[Iterator[Document]]) -> Iterator[Document]:
    """Several ordered streams as one; a document in more than one comes once."""
    ordering = matcher.ordering
    last: Document | None = None
    for document in merge(*streams, key=ordering.place, reverse=ordering.reverse):
        if document is not last:
            yield document
        last = document


def _sorted(matcher: Matcher, documents: Iterable[Document], *, named: bool = False) -> list[Document]:
    """In order, and no more of them than offset and limit can want. Sorting is stable, so names that come in
    order need no comparing.
    """
    query, ordering = matcher.query, matcher.ordering
    key = ordering.place_but_name() if named else ordering.place
    if query.limit is None:
        return sorted(documents, key=key, reverse=ordering.reverse)
    choose = nlargest if ordering.reverse else nsmallest
    return choose(query.offset + query.limit, documents, key=key)
