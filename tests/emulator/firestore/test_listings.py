from __future__ import annotations

import base64
from typing import Any

import pytest

from emulator.errors import InvalidArgument, PermissionDenied
from emulator.firestore.callers import ADMIN, ANONYMOUS, Caller
from emulator.firestore.documents import MissingDocument
from emulator.firestore.queries import Cursor
from emulator.firestore.results import ListDocumentsResult
from emulator.firestore.values import Reference
from tests.emulator.firestore.world import ROOT, World, delete, path, query, update


async def _list(world: World, caller: Caller = ADMIN, parent: str = "", **rest: Any) -> ListDocumentsResult:
    options = {"page_size": 0, "page_token": "", "order_by": "", "show_missing": False, **rest}
    return await world.engine.list_documents(path(parent), "c", caller, **options)


async def _pages(world: World, **rest: Any) -> list[list[str]]:
    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        page = await _list(world, page_token=token, **rest)
        pages.append([document.path.id for document in page.documents])
        token = page.next_page_token
    return pages


@pytest.fixture
async def filled(world: World) -> World:
    odd = {"o, p": 1}
    await world.put(
        a={"n": 3, **odd, "o`p": 2}, b={"n": 1, **odd, "o`p": 1}, d={"n": 1, "o, p": 2}, e={"o`p": 0}
    )
    await world.commit(update("c/ghost/sub/x", {}), update("c/a/sub/y", {}), update("other/x", {}))
    return world


@pytest.mark.parametrize(
    ("options", "pages"),
    [
        pytest.param({}, [["a", "b", "d", "e"]], id="all at once"),
        pytest.param({"page_size": 3}, [["a", "b", "d"], ["e"]], id="pages"),
        pytest.param({"page_size": 2}, [["a", "b"], ["d", "e"], []], id="full pages"),
        pytest.param({"page_size": 1, "order_by": "n desc"}, [["a"], ["d"], ["b"], []], id="by a field"),
        pytest.param({"page_size": 2, "order_by": "n, __name__ DESC"}, [["d", "b"], ["a"]], id="by two"),
        pytest.param({"order_by": "`o, p` desc, `o\\`p`"}, [["b", "a"]], id="by quoted fields"),
        pytest.param({"show_missing": True}, [["a", "b", "d", "e", "ghost"]], id="missing"),
        pytest.param(
            {"show_missing": True, "page_size": 3}, [["a", "b", "d"], ["e", "ghost"]], id="missing pages"
        ),
    ],
)
async def test_pages_hold_every_document_once(
    filled: World, options: dict[str, Any], pages: list[list[str]]
) -> None:
    assert await _pages(filled, **options) == pages


async def test_missing_document_is_told_apart(filled: World) -> None:
    documents = (await _list(filled, show_missing=True)).documents

    assert documents[-1] == MissingDocument(path("c/ghost"))


@pytest.mark.parametrize("order_by", ["", "n"])
async def test_page_goes_on_behind_a_document_deleted_meanwhile(filled: World, order_by: str) -> None:
    first = await _list(filled, page_size=1, order_by=order_by)
    gone = first.documents[0].path.id
    await filled.commit(delete(f"c/{gone}"))

    rest = await _list(filled, page_token=first.next_page_token, order_by=order_by)

    assert [document.path.id for document in rest.documents] == (
        ["b", "d", "e"] if not order_by else ["d", "a"]
    )


#: Each may be where a quote begins, and none ends: looked for from each, the end would take hours.
OPEN_QUOTES = "`" + "\\`" * 100_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"page_size": -1}, "Page size must be nonnegative."),
        ({"order_by": "a sideways"}, 'Invalid order by clause "a sideways".'),
        ({"order_by": "a, `b, c"}, 'Invalid order by clause "`b, c".'),
        ({"order_by": OPEN_QUOTES}, f'Invalid order by clause "{OPEN_QUOTES}".'),
        ({"page_token": "nonsense"}, "Invalid page token."),
        ({"page_token": "bm9uc2Vuc2U="}, "Invalid page token."),
        ({"page_token": "é"}, "Invalid page token."),
    ],
    ids=["size", "order", "open quote", "many open quotes", "token", "token of nonsense", "token not ascii"],
)
async def test_bad_page_is_refused(world: World, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await _list(world, **options)
    assert refused.value.message == message


async def test_collection_ids_are_those_directly_below(filled: World) -> None:
    await filled.commit(update("ghosts/g/deep/x/deeper/y", {}))

    def ids(parent: str, **rest: Any) -> tuple[list[str], str]:
        return filled.engine.list_collection_ids(
            path(parent), ADMIN, **{"page_size": 0, "page_token": "", **rest}
        )

    assert ids("") == (["c", "ghosts", "other"], "")
    assert ids("c/a") == (["sub"], "")
    assert ids("ghosts/g") == (["deep"], "")
    assert ids("c/b") == ([], "")
    first, token = ids("", page_size=2)
    assert (first, ids("", page_size=2, page_token=token)) == (["c", "ghosts"], (["other"], ""))


async def test_collection_ids_at_a_past_time(filled: World) -> None:
    before = (await filled.commit(update("new/x", {}), delete("other/x"))).commit_time
    assert before is not None
    await filled.commit(delete("new/x"), update("other/x", {}))

    found = filled.engine.list_collection_ids(ROOT, ADMIN, page_size=0, page_token="", read_time=before)

    assert found == (["c", "new"], "")


async def test_token_of_the_official_emulator_continues_behind_its_document(filled: World) -> None:
    """Recorded from it, apart from the project's name: a name and eight octets that are none of ours."""
    name = path("c/b").name.encode()
    token = base64.b64encode(b"\n" + bytes([len(name)]) + name + b"\x12\x08\x81\x7b\x5b\x17\xc9\xbd\xa9\x96")

    page = await _list(filled, page_token=token.decode())

    assert [document.path.id for document in page.documents] == ["d", "e"]


@pytest.mark.parametrize(
    ("collection", "order_by", "message"),
    [
        ("", "a", "collection id must be set when show_missing is true"),
        ("__x__", "", 'Collection id "__x__" is invalid because it is reserved.'),
        ("c", "a", "cannot specify an order when show_missing is true"),
        ("c", "__name__", "cannot specify an order when show_missing is true"),
    ],
    ids=["no collection", "reserved collection", "order", "order by name"],
)
@pytest.mark.parametrize("caller", [ANONYMOUS, ADMIN], ids=["anonymous", "admin"])
async def test_missing_documents_are_refused_before_asking_who_wants_them(
    world: World, caller: Caller, collection: str, order_by: str, message: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await world.engine.list_documents(ROOT, collection, caller, order_by=order_by, show_missing=True)
    assert refused.value.message == message


@pytest.mark.parametrize("caller", [ANONYMOUS, ADMIN], ids=["anonymous", "admin"])
async def test_negative_page_of_collection_ids_is_refused_before_asking_who_wants_it(
    world: World, caller: Caller
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        world.engine.list_collection_ids(ROOT, caller, page_size=-1)
    assert refused.value.message == "page_size must be greater than or equal to zero."


async def test_metadata_is_for_admins(world: World) -> None:
    message = r"^Metadata operations require admin authentication\.$"

    with pytest.raises(PermissionDenied, match=message):
        world.engine.list_collection_ids(ROOT, ANONYMOUS, page_size=0, page_token="")
    with pytest.raises(PermissionDenied, match=message):
        await _list(world, ANONYMOUS, show_missing=True)


async def test_partitions_cut_a_group_into_even_parts(world: World) -> None:
    for n in range(10):
        await world.commit(update(f"p/{n}/g/x", {}))
    group = query("g", all_descendants=True)

    cuts, token = await world.engine.partition_query(
        group, ADMIN, partition_count=4, page_size=0, page_token=""
    )

    assert token == ""
    assert [cut.values[0] for cut in cuts] == [Reference(path(f"p/{n}/g/x")) for n in (2, 4, 6, 8)]
    assert all(isinstance(cut, Cursor) and cut.before for cut in cuts)


async def test_partitions_come_in_pages_and_never_more_than_documents(world: World) -> None:
    for n in range(3):
        await world.commit(update(f"p/{n}/g/x", {}))
    group = query("g", all_descendants=True)

    first, token = await world.engine.partition_query(
        group, ADMIN, partition_count=9, page_size=1, page_token=""
    )
    rest, end = await world.engine.partition_query(
        group, ADMIN, partition_count=9, page_size=5, page_token=token
    )

    assert (len(first), len(rest), end) == (1, 1, "")
