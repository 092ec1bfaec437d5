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


def test_a_query_without_a_collection_means_all_of_them() -> None:
    query = decode_query(ROOT, protos.StructuredQuery())

    assert (query.collection, query.limit, query.offset, query.select) == (None, None, 0, None)


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
    ],
)
def test_a_malformed_query_is_refused(message: Any, complaint: str) -> None:
    with pytest.raises(InvalidArgument, match=complaint):
        decode_query(ROOT, message)


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
