from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from emulator.errors import NotFound, PermissionDenied
from emulator.firestore.callers import ADMIN, ANONYMOUS, Caller
from emulator.firestore.documents import FieldTransform, Precondition, TransformKind, Write
from emulator.firestore.events import RulesEvaluation
from emulator.firestore.queries import Aggregation, CompositeFilter, Query
from emulator.firestore.reads import Consistency, TransactionOptions
from emulator.firestore.values import GeoPoint, Reference, Timestamp
from tests.emulator.firestore.world import DATABASE, World, delete, order, path, query, update, verify, where

ALICE = Caller(uid="alice", token={"sub": "alice", "admin": True})
BOB = Caller(uid="bob", token={"sub": "bob"})
EXISTS = Precondition(exists=True)


async def _get(world: World, name: str, caller: Caller) -> dict[str, Any]:
    return (await world.engine.get_document(path(name), caller)).fields


# --- who


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ("request.auth == null", ANONYMOUS),
        ("request.auth.uid == 'alice'", ALICE),
        ("request.auth.token.admin == true", ALICE),
        ("false", ADMIN),
    ],
    ids=["anonymous", "uid", "claim", "admin"],
)
async def test_caller_is_who_rules_see(world: World, condition: str, allowed: Caller) -> None:
    await world.put(d={})
    world.rules(f"match /c/{{id}} {{ allow get: if {condition}; }}")

    assert await _get(world, "c/d", allowed) == {}
    with pytest.raises(PermissionDenied, match=r"^\nfalse for 'get' @ L|evaluation error"):
        await _get(world, "c/d", BOB)


async def test_without_rules_everything_is_allowed(world: World) -> None:
    await world.commit(update("c/d", {}), caller=ANONYMOUS)
    assert await _get(world, "c/d", ANONYMOUS) == {}


async def test_rules_are_asked_before_existence(world: World) -> None:
    world.rules("match /open/{id} { allow get; }")

    with pytest.raises(
        NotFound, match=r"^Document \(projects/demo-test/databases/\(default\)/documents/open/no\)"
    ):
        await _get(world, "open/no", ANONYMOUS)
    with pytest.raises(PermissionDenied, match=r"^\nNo matching allow statements$"):
        await _get(world, "closed/no", ANONYMOUS)


# --- what rules see


async def test_every_kind_of_value_is_what_rules_expect(world: World) -> None:
    world.rules(
        """
        match /c/{id} {
          allow create: if request.resource.data.n == null && request.resource.data.b is bool
            && request.resource.data.i is int && request.resource.data.f is float
            && request.resource.data.s == 'x' && request.resource.data.y is bytes
            && request.resource.data.t == timestamp.date(1970, 1, 2)
            && request.resource.data.g.latitude() == 1.5
            && request.resource.data.r == /databases/$(db)/documents/c/other
            && request.resource.data.l[0] == 1 && request.resource.data.m.k == 'v'
            && request.resource.id == id
            && request.resource.__name__ == /databases/$(db)/documents/c/$(id);
        }
        """
    )
    fields = {
        "n": None,
        "b": True,
        "i": 1,
        "f": 1.0,
        "s": "x",
        "y": b"",
        "t": Timestamp(86_400_000_000),
        "g": GeoPoint(1.5, 0.0),
        "r": Reference(path("c/other")),
        "l": [1],
        "m": {"k": "v"},
    }

    await world.commit(update("c/d", fields), caller=ANONYMOUS)
    with pytest.raises(PermissionDenied):
        await world.commit(update("c/e", {**fields, "i": 1.0}), caller=ANONYMOUS)


WRITES = """
    match /c/{id} {
      allow create: if request.resource.data.kind == 'new';
      allow update: if request.resource.data.n == resource.data.n + 1;
      allow delete: if resource.data.done;
      allow get: if resource != null;
    }
"""


@pytest.mark.parametrize(
    ("allowed", "denied"),
    [
        pytest.param(update("c/x", {"kind": "new"}), update("c/x", {"kind": "old"}), id="create"),
        pytest.param(update("c/d", {"n": 2}), update("c/d", {"n": 3}), id="update"),
        pytest.param(update("c/d", {"n": 2}, mask=["n"]), update("c/d", {"z": 2}, mask=["z"]), id="masked"),
        pytest.param(
            update("c/d", {}, mask=[], transforms=[FieldTransform(("n",), TransformKind.INCREMENT, 1)]),
            update("c/d", {}, mask=[], transforms=[FieldTransform(("n",), TransformKind.INCREMENT, 2)]),
            id="transform",
        ),
        pytest.param(delete("c/done"), delete("c/d"), id="delete"),
        pytest.param(verify("c/d", EXISTS), verify("c/none", Precondition(exists=False)), id="verify"),
    ],
)
async def test_write_is_judged_by_what_it_makes_of_what_is_there(
    world: World, allowed: Write, denied: Write
) -> None:
    await world.put(d={"n": 1, "done": False}, done={"done": True})
    world.rules(WRITES)

    with pytest.raises(PermissionDenied):
        await world.commit(denied, caller=ALICE)
    await world.commit(allowed, caller=ALICE)


async def test_server_timestamp_is_the_time_of_the_request(world: World) -> None:
    world.rules("match /c/{id} { allow create: if request.resource.data.at == request.time; }")
    stamp = FieldTransform(("at",), TransformKind.SERVER_TIMESTAMP)

    await world.commit(update("c/x", {}, transforms=[stamp]), caller=ALICE)
    with pytest.raises(PermissionDenied):
        await world.commit(update("c/y", {"at": world.now}), caller=ALICE)


@pytest.mark.parametrize(
    ("precondition", "methods"),
    [
        pytest.param({}, ["create", "update"], id="none"),
        pytest.param({"precondition": Precondition(exists=False)}, ["create"], id="must not exist"),
        pytest.param({"precondition": EXISTS}, ["update"], id="must exist"),
    ],
)
@pytest.mark.parametrize("stored", [True, False], ids=["existing", "missing"])
async def test_denied_set_lists_the_kinds_of_write_it_could_have_been(
    world: World, precondition: dict[str, Any], methods: list[str], stored: bool
) -> None:
    if stored:
        await world.put(d={})
    world.rules("match /c/{id} { allow create, update: if false; }")

    with pytest.raises(PermissionDenied) as denied:
        await world.commit(update("c/d", {"n": 1}, **precondition), caller=ALICE)

    line = denied.value.message.rsplit("L", 1)[1]
    assert denied.value.message == "\n" + ", ".join(f"false for '{method}' @ L{line}" for method in methods)


async def test_batch_is_judged_write_by_write_before_and_after_all_of_it(world: World) -> None:
    world.rules(
        """
        match /c/{id} {
          allow create: if existsAfter(/databases/$(db)/documents/log/$(id))
            && getAfter(/databases/$(db)/documents/log/$(id)).data.of == id
            && !exists(/databases/$(db)/documents/log/$(id));
        }
        match /log/{id} { allow create; }
        """
    )

    await world.commit(update("c/x", {}), update("log/x", {"of": "x"}), caller=ALICE)
    with pytest.raises(PermissionDenied):
        await world.commit(update("c/y", {}), update("log/y", {"of": "z"}), caller=ALICE)
    with pytest.raises(PermissionDenied):
        await world.commit(update("log/z", {"of": "z"}), update("c/q", {}), caller=ALICE)
    assert await world.names(query("log")) == ["log/x"]


async def test_denied_write_leaves_all_others_undone_and_says_nothing_of_preconditions(world: World) -> None:
    world.rules("match /c/{id} { allow create; }")

    with pytest.raises(PermissionDenied):
        await world.commit(update("c/x", {}), update("d/y", {}, precondition=EXISTS), caller=ALICE)
    assert await world.fields("c/x") is None


# --- queries

LISTS = """
    match /c/{id} {
      allow list: if resource.data.owner == request.auth.uid && request.query.limit <= 10;
    }
    match /{prefix=**}/g/{id} { allow list: if resource.data.public == true; }
"""

OWN = where("owner", "==", "alice")


async def _run(world: World, asked: Query) -> None:
    await world.engine.run_query(asked, ALICE)


async def _count(world: World, asked: Query) -> None:
    await world.engine.run_aggregation(asked, [Aggregation("", "count")], ALICE)


Runs = Callable[[World, Query], Awaitable[None]]


@pytest.mark.parametrize("runs", [_run, _count], ids=["query", "aggregation"])
@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        pytest.param(query(where=OWN, limit=10), True, id="own"),
        pytest.param(query(limit=10), False, id="everyone's"),
        pytest.param(query(where=where("owner", "==", "bob"), limit=10), False, id="bob's"),
        pytest.param(query(where=OWN), False, id="no limit"),
        pytest.param(query(where=OWN, limit=11), False, id="high limit"),
        pytest.param(query(where=where("owner", "in", ["alice"]), limit=1), True, id="in one"),
        pytest.param(query(where=where("owner", "in", ["alice", "bob"]), limit=1), False, id="in two"),
        pytest.param(
            query(where=CompositeFilter("OR", (OWN, where("n", "==", 1))), limit=1),
            False,
            id="or something else",
        ),
        pytest.param(
            query(where=CompositeFilter("AND", (OWN, where("n", ">", 1))), limit=1),
            True,
            id="and something else",
        ),
        pytest.param(query("g", all_descendants=True, where=where("public", "==", True)), True, id="group"),
        pytest.param(query("g", all_descendants=True), False, id="group without filter"),
        pytest.param(query("c", all_descendants=True, where=OWN, limit=1), False, id="group of a plain rule"),
    ],
)
async def test_query_is_judged_by_what_it_asks(world: World, runs: Runs, asked: Query, allowed: bool) -> None:
    world.rules(LISTS)

    if allowed:
        await runs(world, asked)
    else:
        with pytest.raises(PermissionDenied, match=r"for 'list'|No matching"):
            await runs(world, asked)


async def test_page_size_is_the_limit_rules_see(world: World) -> None:
    world.rules("match /c/{id} { allow list: if request.query.limit <= 2; }")
    await world.put(a={}, b={}, d={})

    async def page(size: int) -> list[str]:
        result = await world.engine.list_documents(
            path(""), "c", ALICE, page_size=size, page_token="", order_by="", show_missing=False
        )
        return [document.path.id for document in result.documents]

    assert await page(2) == ["a", "b"]
    with pytest.raises(PermissionDenied):
        await page(3)


async def test_orders_of_a_query_are_visible(world: World) -> None:
    world.rules("match /c/{id} { allow list: if request.query.orderBy.n == 'DESC'; }")

    await _run(world, query(order_by=(order("n", "DESC"),)))
    with pytest.raises(PermissionDenied):
        await _run(world, query(order_by=(order("n"),)))


async def test_rules_of_a_past_read_see_the_past(world: World) -> None:
    time = (await world.commit(update("c/d", {"public": True}))).commit_time
    await world.put(d={"public": False})
    world.rules("match /c/{id} { allow get: if resource.data.public; }")

    found = await world.engine.batch_get(DATABASE, [path("c/d")], ALICE, Consistency(read_time=time))

    assert found.found[0][1] is not None
    with pytest.raises(PermissionDenied):
        await _get(world, "c/d", ALICE)


# --- observers


async def test_observer_hears_every_decision(world: World) -> None:
    heard: list[RulesEvaluation] = []
    world.engine.rules_observers.append(heard.append)
    world.rules("match /c/{id} { allow get, list, create; }")

    await world.commit(update("c/d", {"n": 1}), caller=ALICE)
    await _get(world, "c/d", ALICE)
    await _run(world, query())
    with pytest.raises(PermissionDenied):
        await world.commit(delete("c/d"), caller=ALICE)
    await _get(world, "c/d", ADMIN)

    assert [(each.method, each.path, each.decision and each.decision.allowed) for each in heard] == [
        ("create", "c/d", True),
        ("update", "c/d", False),
        ("get", "c/d", True),
        ("list", "c/*", True),
        ("delete", "c/d", False),
        ("get", "c/d", None),
    ]


async def test_read_in_a_transaction_says_so(world: World) -> None:
    heard: list[RulesEvaluation] = []
    world.engine.rules_observers.append(heard.append)
    world.rules("match /c/{id} { allow get; }")
    begun = Consistency(new_transaction=TransactionOptions(read_only=True))

    await world.engine.batch_get(DATABASE, [path("c/d")], ALICE, begun)

    assert heard[0].request is not None
    assert heard[0].request.in_transaction
