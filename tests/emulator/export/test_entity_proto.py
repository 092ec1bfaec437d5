"""Entities: the bytes of official exports, and every value there and back."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.firestore.documents import Document
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.values import GeoPoint, Reference, Timestamp
from emulator.wire.entity_proto import EntityError, decode_entity, encode_entity

HERE = DatabaseId("demo-project")
OTHER = DatabaseId("elsewhere", "second")
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def document(fields, segments=("widgets", "w1"), database=HERE):
    return Document(DocumentPath(database, segments), fields, Timestamp(1), Timestamp(2))


def round_trip(fields):
    return decode_entity(encode_entity(document(fields))).fields


def same(left, right):
    """Equality of stored values: types and the bits of doubles count."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return struct.pack("d", left) == struct.pack("d", right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def field(name, value, *, meaning=b"", multiple=0):
    """One property of an entity, written by hand: meaning, name, multiple, value."""
    body = meaning + bytes((0x1A, len(name))) + name + bytes((0x20, multiple, 0x2A, len(value))) + value
    return bytes((len(body),)) + body


KEY = b"j0j\x10dev~demo-projectr\x1c\x0b\x12\x07widgets\x22\x02w1\x0c\x0b\x12\x05parts\x22\x02p1\x0c"
GROUP = b"\x82\x01\x0f\x0b\x12\x07widgets\x22\x02w1\x0c"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        pytest.param("1", b"z" + field(b"f", b"\x1a\x011"), id="string"),
        pytest.param(None, b"z" + field(b"f", b""), id="null"),
        pytest.param(0, b"z" + field(b"f", b"\x08\x00"), id="integer"),
        pytest.param(False, b"z" + field(b"f", b"\x10\x00"), id="boolean"),
        pytest.param(0.5, b"z" + field(b"f", b"\x21" + struct.pack("<d", 0.5)), id="double"),
        pytest.param(
            Timestamp(300), b"z" + field(b"f", b"\x08\xac\x02", meaning=b"\x08\x07"), id="timestamp"
        ),
        pytest.param(b"\xff", b"z" + field(b"f", b"\x1a\x01\xff", meaning=b"\x08\x0e"), id="bytes"),
        pytest.param(
            GeoPoint(1.0, 2.0),
            b"z"
            + field(
                b"f",
                b"+1" + struct.pack("<d", 1.0) + b"9" + struct.pack("<d", 2.0) + b",",
                meaning=b"\x08\x09",
            ),
            id="geo point",
        ),
        pytest.param([], b"r" + field(b"f", b"", meaning=b"\x08\x18"), id="empty array is indexed"),
        pytest.param(
            ["a", None],
            b"z" + field(b"f", b"\x1a\x01a", multiple=1) + b"z" + field(b"f", b"", multiple=1),
            id="array",
        ),
        pytest.param(
            {"g": []},
            b"z"
            + field(
                b"f",
                b"\x1a\x14j\x04j\x00r\x00r" + field(b"g", b"", meaning=b"\x08\x18") + b"\x82\x01\x00",
                meaning=b"\x08\x13",
            ),
            id="map is an entity with an empty key",
        ),
    ],
)
def test_entity_has_the_bytes_of_an_official_export(value, encoded):
    """Put together as records in exports of the official emulator 1.11 to 1.19 are."""
    record = encode_entity(document({"f": value}, ("widgets", "w1", "parts", "p1")))
    assert record == KEY + encoded + GROUP


def test_entity_of_an_official_export_is_read():
    """A whole record as the official emulator 1.15 wrote it."""
    record = (
        b'j5j\x10dev~demo-projectr!\x0b\x12\x07widgets"\x142gNi6stJhPlPQWTWfjwa\x0c'
        b"z\x0b\x1a\x02id \x00*\x03\x1a\x011z\x15\x1a\x04name \x00*\x0b\x1a\twidget_01"
        b'\x82\x01!\x0b\x12\x07widgets"\x142gNi6stJhPlPQWTWfjwa\x0c'
    )
    entity = decode_entity(record)
    assert entity.path == DocumentPath(HERE, ("widgets", "2gNi6stJhPlPQWTWfjwa"))
    assert entity.fields == {"id": "1", "name": "widget_01"}
    assert encode_entity(document(entity.fields, entity.path.segments)) == record


@pytest.mark.parametrize(
    "value",
    [
        INT64_MIN,
        INT64_MAX,
        -0.0,
        5e-324,
        math.inf,
        -math.inf,
        math.nan,
        Timestamp(-62135596800000000),
        Timestamp(253402300799999999),
        "",
        "가나다 😀 \x00",
        b"",
        [None],
        [{"a": [{"b": [1]}]}],
        {},
        {"a": {"b": {}}},
        {"a": [], "b": {"c": []}},
        [GeoPoint(-90.0, 180.0), Reference(DocumentPath(HERE, ("a", "b")))],
        Reference(DocumentPath(OTHER, ("a", "b", "c", "__id7__"))),
        {"__type__": "__vector__", "value": [1.0, -0.0]},
        {"__type__": "__vector__", "value": []},
    ],
    ids=repr,
)
def test_value_survives(value):
    assert same(round_trip({"f": value}), {"f": value})


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: not name.startswith("__")
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(INT64_MIN, INT64_MAX),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.binary(max_size=20),
    st.integers(INT64_MIN, INT64_MAX).map(Timestamp),
    st.builds(GeoPoint, st.floats(-90, 90), st.floats(-180, 180)),
    st.builds(
        lambda database, names: Reference(DocumentPath(database, tuple(names))),
        st.sampled_from([HERE, OTHER]),
        st.lists(names, min_size=2, max_size=4).filter(lambda names: len(names) % 2 == 0),
    ),
    st.lists(st.floats(), max_size=4).map(lambda numbers: {"__type__": "__vector__", "value": numbers}),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.dictionaries(names, inner, max_size=4),
        # An array holds no arrays.
        st.lists(inner.filter(lambda value: not isinstance(value, list)), max_size=4),
    ),
    max_leaves=20,
)


@given(st.dictionaries(names, values, max_size=5))
def test_any_document_survives(fields):
    assert same(round_trip(fields), fields)


@pytest.mark.parametrize(
    "segments",
    [
        ("a", "__id7__"),
        ("a", "__id-9223372036854775808__"),
        ("a", "__id9223372036854775807__"),
        ("a", "__id9223372036854775808__"),
        ("a", "__id07__"),
        ("a", "__id-0__"),
        ("가", "나", "c", "😀"),
    ],
)
def test_document_name_survives(segments):
    assert decode_entity(encode_entity(document({}, segments))).path.segments == segments


def test_database_id_survives():
    assert decode_entity(encode_entity(document({}, database=OTHER))).path.database == OTHER


def test_production_writes_another_letter_before_the_project():
    record = encode_entity(document({})).replace(b"dev~", b"srv~")
    assert decode_entity(record).path.database == HERE


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xff\xff", id="not a message"),
        pytest.param(b"j\x02j\x00", id="a key without a path"),
        pytest.param(KEY + b"z" + field(b"f", b"\x1a\x01\xff") + GROUP, id="a string that is not UTF-8"),
        pytest.param(
            KEY + b"z" + field(b"f", b"\x1a\x01\xff", meaning=b"\x08\x13") + GROUP,
            id="a map that is no entity",
        ),
        pytest.param(
            KEY + b"z" + field(b"f", b"") + b"z" + field(b"f", b"", multiple=1), id="single value, then array"
        ),
    ],
)
def test_record_that_is_no_document_is_refused(record):
    with pytest.raises(EntityError):
        decode_entity(record)


def test_maps_without_end_are_refused():
    value = {}
    for _ in range(150):
        value = {"m": value}
    record = encode_entity(document(value))
    with pytest.raises(EntityError, match="nested too deeply"):
        decode_entity(record)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        decode_entity(data)
    except EntityError:
        pass
