"""firestore.indexes.json: every query of the page and of the functions has its indexes, and no index is idle.

`./kit test` refuses queries without an index too, those that a test asks; here are all of them, every
combination of the list's filters and orders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest

from emulator.firestore.index_requirements import IndexCatalog, missing_indexes
from emulator.firestore.normalization import normalize
from emulator.firestore.queries import CompositeFilter
from emulator.wire.index_config import parse_catalog
from tests.emulator.firestore.world import order, query, where

FILE = Path(__file__).parents[2] / "firestore.indexes.json"
LISTED = ("state", "in", ["uploading", "processing", "ready", "rejected"])
TRASHED = ("state", "==", "trashed")
OF_A_KIND = ("kind", "==", "image")
WITH_A_WORD = ("keywords", "array-contains", "photo")


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as the SDKs spell it; `-createdAt` is the newest first, `group` is across all users."""

    collection: str
    filters: tuple[tuple[str, str, object], ...] = ()
    order: str | None = None
    group: bool = False

    def __str__(self) -> str:
        compared = " ".join(f"{field} {op}" for field, op, _ in self.filters)
        return f"{self.collection}: {compared or 'all'}" + (f" by {self.order}" if self.order else "")

    def missing(self, catalog: IndexCatalog) -> bool:
        filters = CompositeFilter("AND", tuple(where(*each) for each in self.filters))
        direction = "DESC" if (self.order or "").startswith("-") else "ASC"
        orders = (order(self.order.removeprefix("-"), direction),) if self.order else ()
        asked = query(self.collection, where=filters if self.filters else None, order_by=orders)
        return bool(missing_indexes(normalize(replace(asked, all_descendants=self.group)), catalog))


def before(field: str) -> tuple[str, str, object]:
    return field, "<", 0


def in_state(state: str) -> tuple[str, str, object]:
    return "state", "==", state


ORDERS = [way + field for field, way in product(("createdAt", "nameKey", "size"), ("", "-"))]
NARROWED = [(), (OF_A_KIND,), (WITH_A_WORD,), (OF_A_KIND, WITH_A_WORD)]
THE_LIST = [
    Asked("files", (state, *more), by) for state, more, by in product((LISTED, TRASHED), NARROWED, ORDERS)
]
ADAS = ("uid", "==", "ada")
THE_PAGE = [
    Asked("files", (("updatedAt", ">", 0),), "updatedAt"),
    Asked("files", (), "-updatedAt"),
    Asked("files", (TRASHED,), "-trashedAt"),
    Asked("shares", (ADAS,), "-createdAt"),
    Asked("shares", (ADAS, ("fileId", "==", "f1"))),
    Asked("jobs", (("kind", "==", "export"),)),
]
FUNCTIONS = [
    Asked("files", (("sha256", "==", "0"),)),
    Asked("files", (in_state("uploading"),)),
    Asked("files", (in_state("processing"),)),
    Asked("files", (("counted", "==", True),)),
    Asked("shares", (ADAS, in_state("active"))),
    *(Asked(name, (ADAS,)) for name in ("shares", "limits", "ledger")),
    Asked("reports", (("uids", "array-contains", "ada"),)),
]
THE_SWEEP = [
    Asked("files", (in_state("uploading"), before("createdAt")), "createdAt", group=True),
    Asked("files", (in_state("processing"), before("updatedAt")), "updatedAt", group=True),
    Asked("files", (in_state("trashed"), before("trashedAt")), "trashedAt", group=True),
    Asked("files", (in_state("rejected"), before("updatedAt")), "updatedAt", group=True),
    Asked("files", (("reason", "==", "processing-failed"), before("updatedAt")), "updatedAt", group=True),
    # A sum of a field needs the index that an order by it would.
    Asked("files", (in_state("ready"),), "size"),
    Asked("ledger", (ADAS, in_state("counted")), "size"),
    # Files that must have an object.
    Asked("files", (("state", "in", ["processing", "ready", "trashed"]),)),
    Asked("files", (("reason", "==", "processing-failed"),)),
    # Users with too many unfinished uploads.
    Asked("users", (("pending", ">", 0),), "pending"),
    Asked("users", (before("guestUntil"),), "guestUntil"),
    Asked("files", (in_state("uploading"), ("createdAt", ">", 0)), "createdAt", group=True),
    *(Asked(name, (before("expiresAt"),), "expiresAt") for name in ("ledger", "limits", "reports", "shares")),
    Asked("ledger", (in_state("removing"), before("updatedAt")), "updatedAt"),
    Asked("jobs", (before("expiresAt"),), "expiresAt", group=True),
    Asked(
        "jobs",
        (("kind", "==", "export"), ("state", "in", ["queued", "running"]), before("updatedAt")),
        "updatedAt",
        group=True,
    ),
]
QUERIES = [*THE_LIST, *THE_PAGE, *FUNCTIONS, *THE_SWEEP]


@pytest.fixture(scope="module")
def catalog() -> IndexCatalog:
    return parse_catalog(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_query_has_its_indexes(asked, catalog):
    assert not asked.missing(catalog)


@pytest.mark.parametrize(
    "asked",
    [
        Asked("files", (LISTED,), "contentType"),
        Asked("files", (LISTED, ("sha256", "==", "0")), "createdAt"),
        Asked("files", (WITH_A_WORD,)),
        Asked("files", (TRASHED,), "size", group=True),
        Asked("shares", (("uid", "==", "ada"),), "createdAt"),
        Asked("jobs", (("state", "==", "done"),), group=True),
    ],
    ids=str,
)
def test_query_that_nobody_planned_has_none(asked, catalog):
    assert asked.missing(catalog)


def test_no_index_is_idle(catalog):
    """Every one costs a write and a place for each document."""
    for index in catalog.composites:
        rest = replace(catalog, composites=catalog.composites - {index})
        assert any(asked.missing(rest) for asked in QUERIES), f"no query of this list needs {index}"
