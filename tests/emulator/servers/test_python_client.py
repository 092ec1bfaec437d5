"""What an app does with google-cloud-firestore, through a real client."""

from __future__ import annotations

import queue
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore import FieldFilter
from google.cloud.firestore_v1.vector import Vector

DEADLINE = 20


def test_every_kind_of_value_comes_back_as_it_was_written(client: firestore.Client) -> None:
    reference = client.document("things/one")
    written = {
        "null": None,
        "boolean": True,
        "integer": -(2**63),
        "double": 1.5,
        "string": "한글 😀",
        "bytes": b"\x00\xff",
        "time": datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC),
        "reference": client.document("things/two"),
        "point": firestore.GeoPoint(1.5, -2.0),
        "list": [1, "two", {"three": 3.0}],
        "map": {"a.b": {"": 1}} | {"nested": {}},
        "vector": Vector([1.0, 2.5]),
    }
    del written["map"]["a.b"]

    reference.set(written)

    assert reference.get().to_dict() == written


def test_a_created_document_cannot_be_created_again(client: firestore.Client) -> None:
    reference = client.document("things/one")
    reference.create({"a": 1})

    with pytest.raises(exceptions.AlreadyExists):
        reference.create({"a": 2})

    assert reference.get().to_dict() == {"a": 1}


def test_update_changes_nested_fields_and_deletes_others(client: firestore.Client) -> None:
    reference = client.document("things/one")
    reference.set({"a": {"b": 1, "c": 2}, "gone": True})

    reference.update({"a.b": 5, "gone": firestore.DELETE_FIELD})

    assert reference.get().to_dict() == {"a": {"b": 5, "c": 2}}


def test_update_of_a_missing_document_is_not_found(client: firestore.Client) -> None:
    with pytest.raises(exceptions.NotFound):
        client.document("things/none").update({"a": 1})


def test_a_deleted_document_no_longer_exists(client: firestore.Client) -> None:
    reference = client.document("things/one")
    reference.set({"a": 1})

    reference.delete()

    assert not reference.get().exists


def test_transforms_apply_to_what_is_stored(client: firestore.Client) -> None:
    reference = client.document("things/one")
    reference.set({"n": 1, "tags": ["a", "b"], "high": 3, "low": 3})

    result = reference.update(
        {
            "n": firestore.Increment(2),
            "tags": firestore.ArrayUnion(["b", "c"]),
            "high": firestore.Maximum(5),
            "low": firestore.Minimum(1),
            "at": firestore.SERVER_TIMESTAMP,
        }
    )

    data = reference.get().to_dict()
    at = data.pop("at")
    assert data == {"n": 3, "tags": ["a", "b", "c"], "high": 5, "low": 1}
    assert abs((at - datetime.now(UTC)).total_seconds()) < DEADLINE
    assert result.transform_results


def test_a_precondition_on_an_old_update_time_fails(client: firestore.Client) -> None:
    reference = client.document("things/one")
    first = reference.set({"a": 1}).update_time
    reference.set({"a": 2})

    with pytest.raises(exceptions.FailedPrecondition):
        reference.update({"a": 3}, option=client.write_option(last_update_time=first))

    assert reference.get().get("a") == 2


def test_a_batch_is_written_whole_or_not_at_all(client: firestore.Client) -> None:
    batch = client.batch()
    batch.set(client.document("things/one"), {"a": 1})
    batch.update(client.document("things/none"), {"a": 1})

    with pytest.raises(exceptions.NotFound):
        batch.commit()

    assert not client.document("things/one").get().exists


def test_get_all_tells_found_from_missing(client: firestore.Client) -> None:
    client.document("things/one").set({"a": 1})

    snapshots = client.get_all([client.document("things/one"), client.document("things/none")])

    assert {snapshot.id: snapshot.exists for snapshot in snapshots} == {"one": True, "none": False}


def test_the_bulk_writer_writes_everything(client: firestore.Client) -> None:
    writer = client.bulk_writer()
    for number in range(50):
        writer.set(client.document(f"things/{number}"), {"n": number})
    writer.close()

    assert client.collection("things").count().get()[0][0].value == 50


@pytest.fixture
def cities(client: firestore.Client) -> firestore.CollectionReference:
    collection = client.collection("cities")
    batch = client.batch()
    for name, people, tags in [
        ("busan", 3_300_000, ["sea"]),
        ("daegu", 2_400_000, []),
        ("jeju", 490_000, ["sea", "island"]),
        ("seoul", 9_400_000, ["capital"]),
    ]:
        batch.set(collection.document(name), {"people": people, "tags": tags})
    batch.commit()
    return collection


def ids(query: Any) -> list[str]:
    return [snapshot.id for snapshot in query.stream()]


def test_a_range_query_is_in_order(cities: firestore.CollectionReference) -> None:
    query = cities.where(filter=FieldFilter("people", ">", 1_000_000)).order_by("people")

    assert ids(query) == ["daegu", "busan", "seoul"]


def test_array_contains_finds_members(cities: firestore.CollectionReference) -> None:
    assert ids(cities.where(filter=FieldFilter("tags", "array_contains", "sea"))) == ["busan", "jeju"]


def test_or_filters_join_their_results(cities: firestore.CollectionReference) -> None:
    either = firestore.Or(
        filters=[FieldFilter("people", "<", 500_000), FieldFilter("tags", "==", ["capital"])]
    )

    assert sorted(ids(cities.where(filter=either))) == ["jeju", "seoul"]


def test_limit_to_last_gives_the_end_in_order(cities: firestore.CollectionReference) -> None:
    assert [found.id for found in cities.order_by("people").limit_to_last(2).get()] == ["busan", "seoul"]


def test_a_cursor_starts_after_a_document(cities: firestore.CollectionReference) -> None:
    after = cities.document("daegu").get()

    assert ids(cities.order_by("people").start_after(after)) == ["busan", "seoul"]


def test_offset_and_projection_shape_the_result(cities: firestore.CollectionReference) -> None:
    found = cities.order_by("people").offset(1).limit(2).select(["people"]).get()

    assert [(snapshot.id, list(snapshot.to_dict())) for snapshot in found] == [
        ("daegu", ["people"]),
        ("busan", ["people"]),
    ]


def test_aggregations_count_sum_and_average(cities: firestore.CollectionReference) -> None:
    aggregated = cities.count(alias="n").sum("people", alias="sum").avg("people", alias="avg").get()

    values = {result.alias: result.value for result in aggregated[0]}
    assert values == {"n": 4, "sum": 15_590_000, "avg": 3_897_500.0}


def test_a_collection_group_spans_parents(client: firestore.Client) -> None:
    client.document("a/1/notes/x").set({"n": 1})
    client.document("b/1/notes/y").set({"n": 2})

    assert sorted(ids(client.collection_group("notes"))) == ["x", "y"]


def test_collections_lists_the_ids(client: firestore.Client) -> None:
    client.document("b/1").set({})
    client.document("a/1/sub/2").set({})

    assert [collection.id for collection in client.collections()] == ["a", "b"]
    assert [collection.id for collection in client.document("a/1").collections()] == ["sub"]


def test_list_documents_shows_missing_parents(client: firestore.Client) -> None:
    client.document("a/ghost/sub/2").set({})

    assert [reference.id for reference in client.collection("a").list_documents()] == ["ghost"]


def test_a_bad_query_tells_why(client: firestore.Client) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="limit is negative"):
        client.collection("a").limit(-1).get()


def test_transactions_of_two_threads_lose_no_update(client: firestore.Client) -> None:
    reference = client.document("counters/one")
    reference.set({"n": 0})

    @firestore.transactional
    def add_one(transaction: firestore.Transaction) -> None:
        n = reference.get(transaction=transaction).get("n")
        transaction.update(reference, {"n": n + 1})

    def work() -> None:
        for _ in range(2):
            add_one(client.transaction(max_attempts=50))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert reference.get().get("n") == 4


def test_a_failing_transaction_leaves_nothing_behind(client: firestore.Client) -> None:
    @firestore.transactional
    def write_and_fail(transaction: firestore.Transaction) -> None:
        transaction.set(client.document("things/one"), {"a": 1})
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_and_fail(client.transaction())

    assert not client.document("things/one").get().exists


def test_a_listener_sees_a_query_change(client: firestore.Client) -> None:
    seen: queue.Queue[list[tuple[str, str]]] = queue.Queue()
    collection = client.collection("things")
    collection.document("before").set({"n": 1})
    watch = collection.on_snapshot(
        lambda _, changes, __: seen.put([(change.type.name, change.document.id) for change in changes])
    )
    try:
        assert seen.get(timeout=DEADLINE) == [("ADDED", "before")]
        collection.document("later").set({"n": 2})
        assert seen.get(timeout=DEADLINE) == [("ADDED", "later")]
        collection.document("before").update({"n": 3})
        assert seen.get(timeout=DEADLINE) == [("MODIFIED", "before")]
        collection.document("later").delete()
        assert seen.get(timeout=DEADLINE) == [("REMOVED", "later")]
    finally:
        watch.unsubscribe()


def test_a_listener_on_a_document_sees_it_come_and_go(client: firestore.Client) -> None:
    seen: queue.Queue[bool] = queue.Queue()
    reference = client.document("things/one")
    watch = reference.on_snapshot(lambda snapshots, _, __: seen.put(any(each.exists for each in snapshots)))
    try:
        assert seen.get(timeout=DEADLINE) is False
        reference.set({"a": 1})
        assert seen.get(timeout=DEADLINE) is True
        reference.delete()
        assert seen.get(timeout=DEADLINE) is False
    finally:
        watch.unsubscribe()


def test_databases_of_a_project_are_apart(client: firestore.Client, project: str) -> None:
    other = firestore.Client(project=project, database="Other-DB")
    other.document("things/one").set({"a": 1})

    assert not client.document("things/one").get().exists
    assert other.document("things/one").get().exists
    other.close()
