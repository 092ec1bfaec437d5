"""Documents, writes and queries as messages."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import FirestoreError, InvalidArgument
from emulator.firestore.documents import Document, Precondition, TransformKind, WriteKind
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.queries import FieldFilter, Operator
from emulator.firestore.values import Timestamp
from emulator.wire import protos
from emulator.wire.documents import decode_write, embed, encode_document
from emulator.wire.queries import decode_aggregations, decode_query

DATABASE = DatabaseId("p")
ROOT = DocumentPath(DATABASE, ())
NAME = "projects/p/databases/(default)/documents/c/d"


def test_a_document_is_encoded_once() -> None:
    document = Document(DocumentPath(DATABASE, ("c", "d")), {"a": 1}, Timestamp(1), Timestamp(2_000_003))

    encoded = encode_document(document)
    message = protos.Document.FromString(encoded)

    assert encode_document(document) is encoded
    assert (message.name, message.fields["a"].integer_value) == (NAME, 1)
    assert (message.update_time.seconds, message.update_time.nanos) == (2, 3000)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 3_000_000])
def test_an_embedded_message_of_any_size_is_read_back(size: int) -> None:
    inner = protos.Document(name="x" * size).SerializeToString()

    outer = protos.RunQueryResponse.FromString(embed(1, inner))

    assert outer.document.name == "x" * size


def test_an_update_has_mask_transforms_and_precondition() -> None:
    message = protos.Write(
        update={"name": NAME},
        update_mask={"field_paths": ["a.b", "`c d`"]},
        update_transforms=[
            {"field_path": "n", "increment": {"integer_value": 2}},
            {"field_path": "t", "set_to_server_value": 1},
            {"field_path": "l", "append_missing_elements": {"values": [{"string_value": "x"}]}},
        ],
        current_document={"exists": True},
    )

    write = decode_write(message)

    assert (write.kind, write.path.name, write.mask) == (WriteKind.UPDATE, NAME, (("a", "b"), ("c d",)))
    assert [(each.kind, each.operand) for each in write.transforms] == [
        (TransformKind.INCREMENT, 2),
        (TransformKind.SERVER_TIMESTAMP, None),
        (TransformKind.ARRAY_UNION, ["x"]),
    ]
    assert write.precondition == Precondition(exists=True)


def test_an_empty_mask_is_not_the_absence_of_one() -> None:
    assert decode_write(protos.Write(update={"name": NAME}, update_mask={})).mask == ()
    assert decode_write(protos.Write(update={"name": NAME})).mask is None


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (protos.Write(), "empty write operation"),
        (protos.Write(delete=NAME, update_mask={}), "a delete must not specify a document mask."),
        (
            protos.Write(delete=NAME, update_transforms=[{"field_path": "a"}]),
            "a delete must not specify a update transform.",
        ),
        (protos.Write(delete="x"), 'Document name "x" lacks "projects" at index 0.'),
        (protos.Write(update={"name": NAME}, update_transforms=[{"field_path": "a"}]), "no transform type"),
    ],
)
def test_a_write_that_says_nothing_or_too_much_is_refused(message: Any, complaint: str) -> None:
    with pytest.raises(InvalidArgument) as failure:
        decode_write(message)

    assert complaint in failure.value.message


@pytest.mark.parametrize("selectors", [[], [{}]], ids=["none", "an empty one"])
def test_a_query_without_a_collection_means_all_of_them_directly_below(selectors: Any) -> None:
    query = decode_query(ROOT, protos.StructuredQuery(from_=selectors))

    assert (query.collection, query.all_descendants) == (None, False)
    assert (query.limit, query.offset, query.select) == (None, 0, None)


def test_unary_filters_carry_no_value() -> None:
    message = protos.StructuredQuery(where={"unary_filter": {"op": 3, "field": {"field_path": "a"}}})

    assert decode_query(ROOT, message).where == FieldFilter(("a",), Operator.IS_NULL)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (protos.StructuredQuery(offset=-1), "offset is negative"),
        (protos.StructuredQuery(limit={"value": -1}), "limit is negative"),
        (protos.StructuredQuery(from_=[{}, {}]), "cannot have more than one collection selector"),
        (protos.StructuredQuery(where={"composite_filter": {}}), "Unsupported CompositeFilter operator."),
        (protos.StructuredQuery(where={"field_filter": {}}), "Unknown FieldFilter operator."),
        (protos.StructuredQuery(where={"unary_filter": {}}), "Unknown UnaryFilter operator."),
    ],
)
def test_a_malformed_query_is_refused(message: Any, complaint: str) -> None:
    with pytest.raises(InvalidArgument, match=complaint):
        decode_query(ROOT, message)


def vector_message(*elements: Any) -> dict[str, Any]:
    return {
        "map_value": {
            "fields": {
                "__type__": {"string_value": "__vector__"},
                "value": {"array_value": {"values": list(elements)}},
            }
        }
    }


VECTOR = vector_message({"double_value": 1.0})


@pytest.mark.parametrize(
    ("find", "complaint"),
    [
        ({}, "Cannot convert firestore.v1.Value with type unset."),
        ({"query_vector": {"integer_value": 1}}, "Query Value must be of type vector."),
        ({"query_vector": {"array_value": {}}}, "Query Value must be of type vector."),
        ({"query_vector": vector_message()}, "Cannot have a zero length vector."),
        (
            {"query_vector": vector_message({"integer_value": 1})},
            "Vector must only contain values of type 'double'",
        ),
        ({"query_vector": VECTOR}, "FindNearest.limit must be a positive integer of no more than 1000"),
        ({"query_vector": VECTOR, "limit": {"value": 1}}, "Unknown Distance Measure."),
        (
            {"query_vector": VECTOR, "limit": {"value": 1}, "distance_measure": 1},
            "Invalid empty property path string.",
        ),
    ],
    ids=["nothing", "number", "array", "empty", "integers", "limit next", "measure next", "field last"],
)
def test_find_nearest_is_checked_in_the_order_of_the_official_emulator(find: Any, complaint: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        decode_query(ROOT, protos.StructuredQuery(find_nearest=find))
    assert refused.value.message == complaint


def test_an_aggregation_without_an_operator_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"^Operator field in Aggregation is not set\.$"):
        decode_aggregations(protos.StructuredAggregationQuery(aggregations=[{"alias": "x"}]))


def test_aggregations_without_an_alias_are_numbered() -> None:
    message = protos.StructuredAggregationQuery(
        aggregations=[{"count": {"up_to": {"value": 5}}}, {"alias": "mine", "count": {}}, {"count": {}}]
    )

    decoded = decode_aggregations(message)

    assert [(each.alias, each.up_to) for each in decoded] == [
        ("field_1", 5),
        ("mine", None),
        ("field_2", None),
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    with suppress(DecodeError, FirestoreError):
        decode_write(protos.Write.FromString(data))
    with suppress(DecodeError, FirestoreError):
        decode_query(ROOT, protos.StructuredQuery.FromString(data))
