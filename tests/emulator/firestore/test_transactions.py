"""Contention, on a loop whose time jumps: what takes two seconds says so, and what would hang fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from emulator.errors import Aborted, FailedPrecondition, FirestoreError, InvalidArgument, NotFound
from emulator.firestore.callers import ADMIN
from emulator.firestore.documents import Precondition
from emulator.firestore.paths import DatabaseId
from emulator.firestore.queries import Aggregation
from emulator.firestore.reads import Consistency, TransactionOptions
from emulator.firestore.values import Timestamp
from tests.emulator.firestore.fast_loop import run
from tests.emulator.firestore.world import DATABASE, World, delete, path, query, update, verify

READ_WRITE = TransactionOptions()
READ_ONLY = TransactionOptions(read_only=True)
EXPIRED = r"^The referenced transaction has expired or is no longer valid\.$"


def _begin(world: World, options: TransactionOptions = READ_WRITE) -> bytes:
    return world.engine.begin_transaction(DATABASE, options, ADMIN)


async def _get(world: World, transaction: bytes, name: str = "c/d") -> dict[str, Any] | None:
    result = await world.engine.batch_get(DATABASE, [path(name)], ADMIN, Consistency(transaction=transaction))
    document = result.found[0][1]
    return None if document is None else document.fields


async def _find(world: World, transaction: bytes, collection: str = "c") -> list[str]:
    result = await world.engine.run_query(query(collection), ADMIN, Consistency(transaction=transaction))
    return [document.path.id for document in result.documents]


def _elapsed() -> float:
    return asyncio.get_running_loop().time()


async def _outcome(task: Awaitable[Any]) -> str:
    try:
        await task
    except FirestoreError as failure:
        return failure.message
    return "stored"


async def test_transaction_of_another_database_is_not_taken_for_one_of_this(world: World) -> None:
    elsewhere = DatabaseId(DATABASE.project, "other")
    theirs = world.engine.begin_transaction(elsewhere, READ_WRITE, ADMIN)
    mine = _begin(world)

    with pytest.raises(Aborted, match=EXPIRED):
        await _get(world, theirs)
    assert await _get(world, mine) is None


# --- who waits for whom


async def _reads_document(world: World, transaction: bytes) -> None:
    await _get(world, transaction)


async def _reads_missing_document(world: World, transaction: bytes) -> None:
    await _get(world, transaction, "c/new")


async def _queries_collection(world: World, transaction: bytes) -> None:
    await _find(world, transaction)


async def _queries_same_id_elsewhere(world: World, transaction: bytes) -> None:
    consistency = Consistency(transaction=transaction)
    await world.engine.run_query(query("c", "x/y"), ADMIN, consistency)


async def _counts(world: World, transaction: bytes) -> None:
    consistency = Consistency(transaction=transaction)
    await world.engine.run_aggregation(query(), [Aggregation("", "count")], ADMIN, consistency)


async def _lists(world: World, transaction: bytes) -> None:
    await world.engine.list_documents(
        path(""),
        "c",
        ADMIN,
        page_size=0,
        page_token="",
        order_by="",
        show_missing=False,
        consistency=Consistency(transaction=transaction),
    )


async def _queries_everything(world: World, transaction: bytes) -> None:
    await world.engine.run_query(
        query(None, all_descendants=True), ADMIN, Consistency(transaction=transaction)
    )


Reads = Callable[[World, bytes], Awaitable[None]]


@pytest.mark.parametrize(
    ("reads", "write"),
    [
        (_reads_document, update("c/d", {"n": 2})),
        (_reads_document, delete("c/d")),
        (_reads_document, verify("c/d", Precondition(exists=True))),
        (_reads_missing_document, update("c/new", {})),
        (_queries_collection, update("c/new", {})),
        (_queries_collection, update("x/y/c/z", {})),
        (_queries_same_id_elsewhere, update("c/d", {"n": 2})),
        (_counts, update("c/new", {})),
        (_lists, update("c/new", {})),
        (_queries_everything, update("any/where", {})),
    ],
    ids=[
        "document", "delete", "verify", "missing document", "query", "query, other parent",
        "other parent, same id", "aggregation", "list", "all collections",
    ],
)  # fmt: skip
def test_plain_write_waits_for_a_transaction_that_has_read_it_and_gives_up(
    world: World, reads: Reads, write: Any
) -> None:
    async def scenario() -> None:
        await world.put(d={"n": 1})
        await reads(world, _begin(world))

        assert await _outcome(world.commit(write)) == "Transaction lock timeout."
        assert _elapsed() == pytest.approx(2.0)
        assert await world.fields("c/d") == {"n": 1}

    run(scenario())


@pytest.mark.parametrize(
    ("reads", "write"),
    [
        (_reads_document, update("c/other", {})),
        (_queries_collection, update("b/d", {})),
        (_queries_collection, update("c/d/b/d", {})),
    ],
    ids=["other document", "other collection", "below"],
)
def test_plain_write_of_something_else_does_not_wait(world: World, reads: Reads, write: Any) -> None:
    async def scenario() -> None:
        await world.put(d={"n": 1})
        await reads(world, _begin(world))

        assert await _outcome(world.commit(write)) == "stored"
        assert _elapsed() == 0.0

    run(scenario())


@pytest.mark.parametrize("ending", ["commit", "rollback", "failure"])
def test_waiting_write_goes_on_as_soon_as_the_transaction_ends(world: World, ending: str) -> None:
    async def scenario() -> None:
        await world.put(d={"n": 1})
        transaction = _begin(world)
        await _get(world, transaction)
        waiting = asyncio.create_task(world.commit(update("c/d", {"n": 3})))
        await asyncio.sleep(1)
        assert not waiting.done()

        if ending == "commit":
            await world.commit(update("c/d", {"n": 2}), transaction=transaction)
        elif ending == "rollback":
            world.engine.rollback(DATABASE, transaction)
        else:
            missing = update("c/none", {}, precondition=Precondition(exists=True))
            with pytest.raises(NotFound):
                await world.commit(missing, transaction=transaction)
        await waiting

        assert _elapsed() == pytest.approx(1.0)
        assert await world.fields("c/d") == {"n": 3}

    run(scenario())


def test_plain_reads_never_wait(world: World) -> None:
    async def scenario() -> None:
        await world.put(d={"n": 1})
        await _get(world, _begin(world))

        assert await world.fields("c/d") == {"n": 1}
        assert await world.names(query()) == ["d"]
        assert _elapsed() == 0.0

    run(scenario())


def test_two_transactions_that_read_and_write_the_same_end_with_one_aborted(world: World) -> None:
    async def scenario() -> None:
        await world.put(d={"n": 1})
        first, second = _begin(world), _begin(world)
        await _get(world, first)
        await _get(world, second)

        outcomes = await asyncio.gather(
            _outcome(world.commit(update("c/d", {"n": 2}), transaction=first)),
            _outcome(world.commit(update("c/d", {"n": 3}), transaction=second)),
        )

        assert sorted(outcomes) == ["Transaction lock timeout.", "stored"]
        assert _elapsed() == pytest.approx(2.0)

    run(scenario())


def test_counter_incremented_by_many_retrying_transactions_loses_nothing(world: World) -> None:
    async def increment() -> None:
        while True:
            transaction = _begin(world)
            fields = await _get(world, transaction) or {"n": 0}
            await asyncio.sleep(0.01)
            try:
                await world.commit(update("c/d", {"n": fields["n"] + 1}), transaction=transaction)
            except Aborted:
                continue
            return

    async def scenario() -> None:
        await asyncio.gather(*(increment() for _ in range(8)))

        assert await world.fields("c/d") == {"n": 8}

    run(scenario())


def test_deadlock_across_two_documents_ends(world: World) -> None:
    async def scenario() -> None:
        await world.put(a={"n": 1}, b={"n": 1})
        first, second = _begin(world), _begin(world)
        await _get(world, first, "c/a")
        await _get(world, second, "c/b")

        outcomes = await asyncio.gather(
            _outcome(world.commit(update("c/b", {"n": 2}), transaction=first)),
            _outcome(world.commit(update("c/a", {"n": 2}), transaction=second)),
        )

        assert "stored" in outcomes

    run(scenario())


def test_transaction_that_waited_in_vain_is_over(world: World) -> None:
    async def scenario() -> None:
        await world.put(d={"n": 1})
        holder, waiter = _begin(world), _begin(world)
        await _get(world, holder)

        assert (
            await _outcome(world.commit(update("c/d", {}), transaction=waiter)) == "Transaction lock timeout."
        )
        with pytest.raises(Aborted, match=EXPIRED):
            await _get(world, waiter)

    run(scenario())


def test_batch_write_waits_for_each_write_on_its_own(world: World) -> None:
    async def scenario() -> None:
        await world.put(d={"n": 1})
        await _get(world, _begin(world))

        outcomes = await world.engine.batch_write(DATABASE, [update("c/d", {}), update("c/e", {})], ADMIN)

        assert isinstance(outcomes[0], Aborted)
        assert await world.fields("c/e") == {}

    run(scenario())


async def test_batch_write_with_an_invalid_write_makes_none(world: World) -> None:
    with pytest.raises(InvalidArgument, match=r"^field name __x__ is reserved$"):
        await world.engine.batch_write(DATABASE, [update("c/d", {}), update("c/e", {"__x__": 1})], ADMIN)
    assert await world.fields("c/d") is None


def test_cancelled_writer_leaves_nothing_behind(world: World) -> None:
    async def scenario() -> None:
        await world.put(d={"n": 1})
        transaction = _begin(world)
        await _get(world, transaction)
        waiting = asyncio.create_task(world.commit(update("c/d", {"n": 9})))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

        await world.commit(update("c/d", {"n": 2}), transaction=transaction)
        assert await world.fields("c/d") == {"n": 2}

    run(scenario())


# --- what a transaction sees


async def test_reads_of_a_transaction_see_the_moment_of_its_first(world: World) -> None:
    await world.put(a={"n": 1}, b={"n": 1})
    transaction = _begin(world)
    await world.put(a={"n": 2})

    assert await _get(world, transaction, "c/a") == {"n": 2}
    await world.put(b={"n": 2}, e={})

    assert await _get(world, transaction, "c/b") == {"n": 1}
    assert await _find(world, transaction) == ["a", "b"]


@pytest.mark.parametrize("reads", [_reads_document, _queries_collection], ids=["document", "query"])
async def test_transaction_whose_later_read_was_outdated_cannot_write(world: World, reads: Reads) -> None:
    await world.put(d={"n": 1}, other={})
    transaction = _begin(world)
    await _get(world, transaction, "c/other")
    await world.put(d={"n": 2})
    await reads(world, transaction)

    with pytest.raises(Aborted):
        await world.commit(update("c/d", {"n": 10}), transaction=transaction)
    assert await world.fields("c/d") == {"n": 2}


async def test_transaction_may_write_what_it_has_read(world: World) -> None:
    await world.put(d={"n": 1})
    transaction = _begin(world)
    await _get(world, transaction)
    await _find(world, transaction)

    await world.commit(update("c/d", {"n": 2}), transaction=transaction)

    assert await world.fields("c/d") == {"n": 2}
    with pytest.raises(Aborted, match=EXPIRED):
        await _get(world, transaction)


async def test_read_only_transaction_holds_nobody_up_and_reads_its_snapshot(world: World) -> None:
    await world.put(d={"n": 1})
    transaction = _begin(world, READ_ONLY)
    assert await _get(world, transaction) == {"n": 1}

    await world.put(d={"n": 2})

    assert await _get(world, transaction) == {"n": 1}


async def test_read_only_transaction_sees_the_moment_it_began(world: World) -> None:
    await world.put(d={"n": 1})
    transaction = _begin(world, READ_ONLY)
    await world.put(d={"n": 2}, e={})

    assert await _get(world, transaction) == {"n": 1}
    assert await _find(world, transaction) == ["d"]


async def test_transaction_whose_past_is_forgotten_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.firestore.history.MAX_CHANGES", 2)
    transaction = _begin(world, READ_ONLY)
    for number in range(3):
        await world.put(d={"n": number})

    with pytest.raises(Aborted, match=EXPIRED):
        await _get(world, transaction)


async def test_read_only_transaction_refuses_writes_and_stays_usable(world: World) -> None:
    transaction = _begin(world, READ_ONLY)

    with pytest.raises(InvalidArgument, match=r"^Cannot modify entities in a read-only transaction\.$"):
        await world.commit(update("c/d", {}), transaction=transaction)
    assert await _get(world, transaction) is None
    await world.commit(transaction=transaction)


async def test_read_only_transaction_at_a_read_time(world: World) -> None:
    time = (await world.commit(update("c/d", {"n": 1}))).commit_time
    await world.put(d={"n": 2})

    transaction = _begin(world, replace(READ_ONLY, read_time=time))

    assert await _get(world, transaction) == {"n": 1}


async def test_invalid_write_leaves_the_transaction_open_and_a_failed_precondition_ends_it(
    world: World,
) -> None:
    transaction = _begin(world)

    with pytest.raises(InvalidArgument):
        await world.commit(update("c/d", {"__x__": 1}), transaction=transaction)
    assert await _get(world, transaction) is None
    with pytest.raises(FailedPrecondition):
        await world.commit(
            update("c/d", {}, precondition=Precondition(update_time=Timestamp(5))), transaction=transaction
        )
    with pytest.raises(Aborted, match=EXPIRED):
        await _get(world, transaction)


async def test_read_can_begin_a_transaction(world: World) -> None:
    new = Consistency(new_transaction=READ_WRITE)

    got = await world.engine.batch_get(DATABASE, [path("c/d")], ADMIN, new)
    queried = await world.engine.run_query(query(), ADMIN, new)

    assert got.transaction is not None
    assert queried.transaction is not None
    assert got.transaction != queried.transaction
    assert await _get(world, got.transaction) is None


def test_transaction_begun_by_a_read_that_failed_holds_nothing(world: World) -> None:
    async def scenario() -> None:
        with pytest.raises(InvalidArgument):
            await world.engine.run_query(query(limit=-1), ADMIN, Consistency(new_transaction=READ_WRITE))

        assert await _outcome(world.commit(update("c/d", {}))) == "stored"
        assert _elapsed() == 0.0

    run(scenario())


# --- ids and ends


async def test_id_is_a_mark_and_a_counter(world: World) -> None:
    assert _begin(world) == b"\x11" + (1).to_bytes(8, "little")
    assert _begin(world) == b"\x11" + (2).to_bytes(8, "little")


async def test_idle_transaction_expires_after_a_minute(world: World) -> None:
    await world.put(d={"n": 1})
    kept, idle = _begin(world), _begin(world)
    await _get(world, idle)
    world.pass_seconds(40)
    await _get(world, kept, "c/other")
    world.pass_seconds(40)

    await world.commit(update("c/d", {"n": 2}))
    assert await _get(world, kept, "c/other") is None
    with pytest.raises(Aborted, match=EXPIRED):
        await _get(world, idle)


async def test_busy_transaction_expires_too_after_four_and_a_half_minutes(world: World) -> None:
    transaction = _begin(world)
    for _ in range(5):
        world.pass_seconds(50)
        await _get(world, transaction)
    world.pass_seconds(21)

    with pytest.raises(Aborted, match=EXPIRED):
        await _get(world, transaction)


@pytest.mark.parametrize(
    "identifier", [b"", b"x", b"\x12" + bytes(8), b"\x11" + bytes(8), b"\x11" + bytes(9)]
)
async def test_malformed_id_is_refused_everywhere(world: World, identifier: bytes) -> None:
    with pytest.raises(InvalidArgument, match=r"^Invalid transaction\.$"):
        await _get(world, identifier)
    with pytest.raises(InvalidArgument, match=r"^Invalid transaction\.$"):
        world.engine.rollback(DATABASE, identifier)


async def test_rollback_may_be_repeated_but_not_of_a_transaction_never_begun(world: World) -> None:
    transaction = _begin(world)

    world.engine.rollback(DATABASE, transaction)
    world.engine.rollback(DATABASE, transaction)

    with pytest.raises(InvalidArgument, match=r"^Transaction is invalid or expired\.$"):
        world.engine.rollback(DATABASE, b"\x11" + (99).to_bytes(8, "little"))


async def test_retried_transaction_is_accepted(world: World) -> None:
    first = _begin(world)
    world.engine.rollback(DATABASE, first)

    assert _begin(world, replace(READ_WRITE, retry_transaction=first)) != first


async def test_reset_ends_transactions(world: World) -> None:
    transaction = _begin(world)
    await _get(world, transaction)

    await world.engine.reset()

    with pytest.raises(Aborted, match=EXPIRED):
        await _get(world, transaction)


# --- read times


async def test_past_read_time_shows_the_past(world: World) -> None:
    created = (await world.commit(update("c/d", {"n": 1}))).commit_time
    changed = (await world.commit(update("c/d", {"n": 2}))).commit_time
    deleted = (await world.commit(delete("c/d"))).commit_time
    assert created is not None

    async def fields(time: Timestamp | None) -> Any:
        found = await world.engine.batch_get(DATABASE, [path("c/d")], ADMIN, Consistency(read_time=time))
        assert found.read_time == time
        document = found.found[0][1]
        return document and document.fields

    assert [await fields(time) for time in (created, changed, deleted)] == [{"n": 1}, {"n": 2}, None]
    assert await fields(Timestamp(created.micros - 1)) is None


async def test_read_time_beyond_an_hour_or_in_the_future_is_refused(world: World) -> None:
    past = world.now
    world.pass_seconds(3601)

    with pytest.raises(FailedPrecondition, match=r"^The requested 'read_time' is too old\.$"):
        await world.engine.run_query(query(), ADMIN, Consistency(read_time=past))
    future = Timestamp(world.now.micros + 10_000_000)
    with pytest.raises(InvalidArgument, match=r"^The requested 'read_time' cannot be in the future\.$"):
        await world.engine.run_query(query(), ADMIN, Consistency(read_time=future))
    with pytest.raises(FailedPrecondition, match="too old"):
        _begin(world, replace(READ_ONLY, read_time=past))


async def test_read_time_belongs_to_read_only_transactions(world: World) -> None:
    with pytest.raises(InvalidArgument):
        _begin(world, replace(READ_WRITE, read_time=world.now))


async def test_history_is_bounded_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.firestore.history.MAX_CHANGES", 10)
    times = [(await world.commit(update("c/d", {"n": n}))).commit_time for n in range(20)]

    old, recent = Consistency(read_time=times[2]), Consistency(read_time=times[15])

    assert (await world.engine.run_query(query(), ADMIN, recent)).documents[0].fields == {"n": 15}
    with pytest.raises(FailedPrecondition, match="too old"):
        await world.engine.run_query(query(), ADMIN, old)


async def test_version_that_was_replaced_keeps_no_encoding(world: World) -> None:
    await world.put(a={"n": 1}, b={"n": 1})
    replaced, kept = (world.engine.database(DATABASE).latest.get(path(f"c/{name}").key) for name in "ab")
    assert replaced is not None
    assert kept is not None
    replaced.keep_encoding(b"as it was sent")
    kept.keep_encoding(b"as it was sent")

    await world.put(a={"n": 2})

    assert (replaced.encoding, kept.encoding) == (None, b"as it was sent")
