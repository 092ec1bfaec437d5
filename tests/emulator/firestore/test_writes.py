from __future__ import annotations

import math
from typing import Any

import pytest

from emulator.errors import (
    AlreadyExists,
    FailedPrecondition,
    FirestoreError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
)
from emulator.firestore.callers import ADMIN, ANONYMOUS
from emulator.firestore.documents import (
    FieldTransform,
    Precondition,
    TransformKind,
    Write,
    WriteKind,
    WriteResult,
)
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.values import Timestamp, identical
from tests.emulator.firestore.world import DATABASE, World, delete, path, update, verify

EXISTS = Precondition(exists=True)
MISSING = Precondition(exists=False)


def _transform(field: str, kind: str, operand: Any = None) -> FieldTransform:
    return FieldTransform(tuple(field.split(".")), TransformKind[kind], operand)


# --- updates and masks


async def test_update_without_mask_replaces_everything(world: World) -> None:
    await world.put(d={"a": 1, "b": 2})
    await world.put(d={"c": 3})

    assert await world.fields("c/d") == {"c": 3}


@pytest.mark.parametrize(
    ("fields", "mask", "merged"),
    [
        pytest.param({"a": 10}, ["a"], {"a": 10, "b": {"x": 1, "y": 2}}, id="set"),
        pytest.param({}, ["a"], {"b": {"x": 1, "y": 2}}, id="masked but absent deletes"),
        pytest.param({"b": {"x": 5}}, ["b.x"], {"a": 1, "b": {"x": 5, "y": 2}}, id="nested set"),
        pytest.param({}, ["b.x"], {"a": 1, "b": {"y": 2}}, id="nested delete"),
        pytest.param({"b": {"x": 5}}, ["b"], {"a": 1, "b": {"x": 5}}, id="whole map"),
        pytest.param({"a": {"n": 1}}, ["a.n"], {"a": {"n": 1}, "b": {"x": 1, "y": 2}}, id="through no map"),
        pytest.param({"z": 9}, [], {"a": 1, "b": {"x": 1, "y": 2}}, id="nothing masked"),
        pytest.param({"p.q": 1}, ["`p.q`"], {"a": 1, "b": {"x": 1, "y": 2}, "p.q": 1}, id="quoted"),
        pytest.param({}, ["no.such"], {"a": 1, "b": {"x": 1, "y": 2}}, id="delete of nothing"),
    ],
)
async def test_masked_update_changes_only_the_masked_paths(
    world: World, fields: dict[str, Any], mask: list[str], merged: dict[str, Any]
) -> None:
    stored = {"a": 1, "b": {"x": 1, "y": 2}}
    await world.put(d=stored)

    await world.commit(update("c/d", fields, mask=mask))

    assert await world.fields("c/d") == merged
    assert stored == {"a": 1, "b": {"x": 1, "y": 2}}


async def test_masked_update_of_a_missing_document_creates_it(world: World) -> None:
    await world.commit(update("c/d", {"a": 1, "b": {"x": 1}}, mask=["b.x"]))

    assert await world.fields("c/d") == {"b": {"x": 1}}


async def test_commit_gives_all_its_documents_one_time_and_the_next_a_later_one(world: World) -> None:
    first = await world.commit(update("c/a", {}), update("c/b", {}))
    second = await world.commit(update("c/a", {"n": 1}))

    assert {result.update_time for result in first.results} == {first.commit_time}
    document = await world.engine.get_document(path("c/a"), ADMIN)
    assert (document.create_time, document.update_time) == (first.commit_time, second.commit_time)
    assert first.commit_time is not None
    assert second.commit_time is not None
    assert second.commit_time > first.commit_time


async def test_commit_times_increase_although_the_clock_stands_still(world: World) -> None:
    world.engine._clock._clock = lambda: Timestamp(5)

    times = [(await world.commit(update("c/d", {"n": n}))).commit_time for n in range(3)]

    assert times == sorted(set(times), key=times.index)
    assert len(set(times)) == 3


async def test_write_that_changes_nothing_keeps_the_update_time(world: World) -> None:
    first = await world.commit(update("c/d", {"a": 1}))
    again = await world.commit(update("c/d", {"a": 1}))
    other = await world.commit(update("c/d", {"a": 1.0}))

    assert again.results[0].update_time == first.commit_time
    assert other.results[0].update_time == other.commit_time


async def test_two_writes_of_one_document_in_a_commit_apply_in_order(world: World) -> None:
    result = await world.commit(update("c/d", {"a": 1}), update("c/d", {"b": 2}, mask=["b"]))

    assert await world.fields("c/d") == {"a": 1, "b": 2}
    assert [each.update_time for each in result.results] == [result.commit_time] * 2


async def test_commit_without_writes_has_no_time(world: World) -> None:
    result = await world.commit()

    assert (result.results, result.commit_time) == ((), None)


async def test_delete_of_a_missing_document_is_fine_and_has_no_time(world: World) -> None:
    result = await world.commit(delete("c/d"))

    assert result.results == (WriteResult(None),)


# --- preconditions


def _no_entity(name: str) -> str:
    key = f'app: "dev~demo-test"\npath <\n  Element {{\n    type: "c"\n    name: "{name}"\n  }}\n>\n'
    return f"no entity to update: {key}"


@pytest.mark.parametrize(
    ("write", "error", "message"),
    [
        pytest.param(
            update("c/there", {}, precondition=MISSING),
            AlreadyExists,
            "entity already exists: EntityRef[partitionRef=dev~demo-test, path=/c/there]",
            id="create of an existing",
        ),
        pytest.param(update("c/gone", {}, precondition=EXISTS), NotFound, _no_entity("gone"), id="update"),
        pytest.param(delete("c/gone", EXISTS), NotFound, _no_entity("gone"), id="delete"),
        pytest.param(
            update("c/gone", {}, precondition=Precondition(update_time=Timestamp(5))),
            FailedPrecondition,
            "the stored version (0) does not match the required base version (5)",
            id="time of a missing",
        ),
    ],
)
async def test_failed_precondition_says_so_and_stores_nothing(
    world: World, write: Write, error: type[FirestoreError], message: str
) -> None:
    await world.put(there={"a": 1})

    with pytest.raises(error) as failed:
        await world.commit(update("c/first", {}), write)

    assert failed.value.message == message
    assert await world.fields("c/first") is None
    assert await world.fields("c/there") == {"a": 1}


async def test_update_time_precondition_passes_with_the_stored_time_only(world: World) -> None:
    stored = (await world.commit(update("c/d", {"a": 1}))).commit_time
    assert stored is not None

    await world.commit(update("c/d", {"a": 2}, precondition=Precondition(update_time=stored)))
    with pytest.raises(
        FailedPrecondition, match=r"^the stored version \(\d+\) does not match the required base"
    ):
        await world.commit(update("c/d", {"a": 3}, precondition=Precondition(update_time=stored)))
    assert await world.fields("c/d") == {"a": 2}


async def test_update_time_to_come_is_no_precondition(world: World) -> None:
    await world.commit(update("c/d", {"a": 1}))
    to_come = Precondition(update_time=Timestamp(world.now.micros + 1_000_000))

    for write in (update("c/d", {"a": 2}, precondition=to_come), delete("c/d", to_come)):
        with pytest.raises(InvalidArgument, match="cannot be in the future"):
            await world.commit(write)
    assert await world.fields("c/d") == {"a": 1}


async def test_precondition_sees_the_writes_before_it_in_the_commit(world: World) -> None:
    await world.commit(update("c/d", {"a": 1}), update("c/d", {"a": 2}, precondition=EXISTS))

    assert await world.fields("c/d") == {"a": 2}


async def test_verify_holds_or_stops_the_commit(world: World) -> None:
    await world.put(d={"a": 1})

    await world.commit(verify("c/d", EXISTS), update("c/e", {}))
    with pytest.raises(NotFound):
        await world.commit(verify("c/none", EXISTS), update("c/f", {}))
    assert await world.fields("c/e") == {}
    assert await world.fields("c/f") is None


async def test_document_deleted_and_set_in_one_commit_may_be_updated_in_it(world: World) -> None:
    await world.put(d={"a": 1})

    await world.commit(
        delete("c/d"), update("c/d", {"b": 1}), update("c/d", {"b": 2}, mask=["b"], precondition=EXISTS)
    )

    assert await world.fields("c/d") == {"b": 2}


@pytest.mark.parametrize(
    ("writes", "message"),
    [
        ([Write(WriteKind.VERIFY, path("c/d"))], "a verify must contain a precondition"),
        ([Write(WriteKind.DELETE, path("c/d"), mask=())], "a delete must not specify a document mask."),
        (
            [Write(WriteKind.DELETE, path("c/d"), transforms=(_transform("a", "INCREMENT", 1),))],
            "a delete must not specify a update transform.",
        ),
        (
            [verify("c/d", EXISTS), verify("c/d", EXISTS)],
            "the same document cannot be verified more than once in a single request",
        ),
        (
            [verify("c/d", EXISTS), update("c/d", {})],
            "the same document cannot be verified and then written in a single request",
        ),
        (
            [update("c/d", {}), verify("c/d", EXISTS)],
            "the same document cannot be written and then verified in a single request",
        ),
        (
            [delete("c/d"), update("c/d", {}, precondition=EXISTS)],
            "the same document cannot be updated after it was deleted in a single request",
        ),
    ],
    ids=[
        "verify alone",
        "delete mask",
        "delete transform",
        "verify twice",
        "verify then write",
        "write then verify",
        "delete then update",
    ],
)
async def test_write_that_contradicts_itself_is_refused(
    world: World, writes: list[Write], message: str
) -> None:
    await world.put(d={})

    with pytest.raises(InvalidArgument) as refused:
        await world.commit(*writes)
    assert refused.value.message == message


async def test_write_to_another_database_than_the_request_is_refused(world: World) -> None:
    elsewhere = Write(WriteKind.UPDATE, DocumentPath(DatabaseId("other"), ("c", "d")))

    with pytest.raises(InvalidArgument, match="but was attempting to access database 'projects/other/"):
        await world.commit(elsewhere)


# --- transforms


@pytest.mark.parametrize(
    ("stored", "kind", "operand", "after", "answer"),
    [
        pytest.param({}, "INCREMENT", 5, 5, 5, id="increment nothing"),
        pytest.param({"f": 5}, "INCREMENT", 3, 8, 8, id="increment"),
        pytest.param({"f": 1.5}, "INCREMENT", 2, 3.5, 3.5, id="increment a double"),
        pytest.param({"f": 5}, "INCREMENT", 2.5, 7.5, 7.5, id="increment by a double"),
        pytest.param({"f": "x"}, "INCREMENT", 7, 7, 7, id="increment text"),
        pytest.param({"f": 2**63 - 1}, "INCREMENT", 1, 2**63 - 1, 2**63 - 1, id="saturates above"),
        pytest.param({"f": -(2**63)}, "INCREMENT", -1, -(2**63), -(2**63), id="saturates below"),
        pytest.param({"f": 3}, "MAXIMUM", 5, 5, 5, id="maximum"),
        pytest.param({"f": 3}, "MAXIMUM", 3.0, 3, 3, id="maximum keeps an equal"),
        pytest.param({"f": 3}, "MAXIMUM", 2.5, 3, 3, id="maximum keeps a greater"),
        pytest.param({}, "MAXIMUM", 7, 7, 7, id="maximum of nothing"),
        pytest.param({"f": "x"}, "MAXIMUM", 1, 1, 1, id="maximum replaces text"),
        pytest.param({"f": 1}, "MAXIMUM", math.nan, math.nan, math.nan, id="maximum with NaN"),
        pytest.param({"f": 3}, "MINIMUM", 2.5, 2.5, 2.5, id="minimum"),
        pytest.param({"f": 3}, "MINIMUM", 3.0, 3, 3, id="minimum keeps an equal"),
        pytest.param(
            {"f": [1, "a"]}, "ARRAY_UNION", [1.0, "b", "b", None], [1, "a", "b", None], None, id="union"
        ),
        pytest.param({}, "ARRAY_UNION", [math.nan, math.nan], [math.nan], None, id="union of NaN"),
        pytest.param({"f": 5}, "ARRAY_UNION", ["x"], ["x"], None, id="union replaces a number"),
        pytest.param(
            {"f": [1, 1.0, 2, math.nan, None, {"k": 1}]},
            "ARRAY_REMOVE",
            [1, math.nan, None, {"k": 1.0}],
            [2],
            None,
            id="remove",
        ),
        pytest.param({}, "ARRAY_REMOVE", [1], [], None, id="remove from nothing"),
    ],
)
async def test_transform_changes_the_field_and_answers(
    world: World, stored: dict[str, Any], kind: str, operand: Any, after: Any, answer: Any
) -> None:
    await world.put(d=stored)

    result = await world.commit(update("c/d", {}, mask=[], transforms=[_transform("f", kind, operand)]))

    fields = await world.fields("c/d")
    assert fields is not None
    assert identical(fields["f"], after)
    assert identical(result.results[0].transform_results[0], answer)


async def test_server_timestamp_is_one_time_in_milliseconds_for_a_whole_commit(world: World) -> None:
    stamp = _transform("at", "SERVER_TIMESTAMP")
    nested = _transform("m.at", "SERVER_TIMESTAMP")

    await world.commit(update("c/a", {}, transforms=[stamp, nested]), update("c/b", {}, transforms=[stamp]))

    first, second = await world.fields("c/a"), await world.fields("c/b")
    assert first is not None
    assert second is not None
    assert first["at"] == first["m"]["at"] == second["at"]
    assert first["at"].micros % 1000 == 0
    assert abs(first["at"].micros - world.now.micros) < 2000


async def test_transforms_run_in_order_after_the_update(world: World) -> None:
    transforms = [_transform("a", "INCREMENT", 1), _transform("a", "INCREMENT", 2)]

    result = await world.commit(update("c/d", {"a": 10}, transforms=transforms))

    assert result.results[0].transform_results == (11, 13)
    assert await world.fields("c/d") == {"a": 13}


async def test_transform_replaces_a_parent_that_is_no_map(world: World) -> None:
    await world.put(d={"a": 1})

    await world.commit(update("c/d", {}, mask=[], transforms=[_transform("a.b", "INCREMENT", 1)]))

    assert await world.fields("c/d") == {"a": {"b": 1}}


async def test_transform_write_keeps_the_other_fields_and_creates_a_missing_document(world: World) -> None:
    await world.put(d={"n": 1, "o": 2})
    transforms = (_transform("n", "INCREMENT", 1),)

    await world.commit(
        Write(WriteKind.TRANSFORM, path("c/d"), transforms=transforms),
        Write(WriteKind.TRANSFORM, path("c/new"), transforms=transforms),
    )

    assert await world.fields("c/d") == {"n": 2, "o": 2}
    assert await world.fields("c/new") == {"n": 1}


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (_transform("a", "INCREMENT", "x"), "Input must be int64 or double."),
        (_transform("a", "MAXIMUM", True), "Input must be int64 or double."),
        (_transform("__a__", "INCREMENT", 1), "field name __a__ is reserved"),
        (_transform("a.__b__", "INCREMENT", 1), "field name '__b__' is reserved."),
        (_transform("a", "ARRAY_UNION", [[1]]), "Nested arrays are not allowed"),
    ],
    ids=["text", "boolean", "reserved", "reserved below", "nested array"],
)
async def test_bad_transform_is_refused(world: World, transform: FieldTransform, message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await world.commit(update("c/d", {}, transforms=[transform]))
    assert refused.value.message == message


# --- batch writes


async def test_batch_write_stores_what_it_can_and_says_what_it_could_not(world: World) -> None:
    await world.put(there={})

    outcomes = await world.engine.batch_write(
        DATABASE,
        [
            update("c/new", {}),
            update("c/gone", {}, precondition=EXISTS),
            update("c/there", {}, precondition=MISSING),
        ],
        ADMIN,
    )

    assert isinstance(outcomes[0], WriteResult)
    assert [type(outcome) for outcome in outcomes[1:]] == [NotFound, AlreadyExists]
    assert await world.fields("c/new") == {}


async def test_batch_write_with_a_document_twice_is_refused(world: World) -> None:
    with pytest.raises(InvalidArgument, match=r"^the same document cannot be written"):
        await world.engine.batch_write(DATABASE, [update("c/d", {}), delete("c/d")], ANONYMOUS)


async def test_batch_write_is_for_admins(world: World) -> None:
    with pytest.raises(PermissionDenied, match=r"^Batch writes require admin authentication\.$"):
        await world.engine.batch_write(DATABASE, [update("c/d", {})], ANONYMOUS)


# --- what observers hear


async def test_commit_observer_hears_changes_with_both_states_and_no_unchanged_document(world: World) -> None:
    await world.put(kept={"a": 1}, changed={"a": 1}, gone={"a": 1})
    events: list[Any] = []
    world.engine.commit_observers.append(events.append)

    await world.commit(
        update("c/kept", {"a": 1}),
        update("c/changed", {"a": 2}),
        delete("c/gone"),
        update("c/new", {}),
        delete("c/no"),
    )

    heard = {
        change.path.id: (change.before and change.before.fields, change.after and change.after.fields)
        for change in events[0].changes
    }
    assert heard == {"changed": ({"a": 1}, {"a": 2}), "gone": ({"a": 1}, None), "new": (None, {})}


async def test_commit_observer_hears_nothing_of_a_commit_that_changed_nothing(world: World) -> None:
    await world.put(d={"a": 1})
    events: list[Any] = []
    world.engine.commit_observers.append(events.append)

    await world.commit(update("c/d", {"a": 2}), update("c/d", {"a": 1}), update("c/e", {}), delete("c/e"))

    assert events == []
