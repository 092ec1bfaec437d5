from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import InvalidArgument
from emulator.firestore.paths import (
    DatabaseId,
    format_field_path,
    parse_database_name,
    parse_document_name,
    parse_field_path,
    parse_parent,
    path_key,
)

BASE = "projects/p/databases/(default)/documents"


def test_document_name_gives_its_parts_and_comes_back() -> None:
    path = parse_document_name(f"{BASE}/users/a b/files/é")

    assert path.database == DatabaseId("p", "(default)")
    assert path.segments == ("users", "a b", "files", "é")
    assert path.name == f"{BASE}/users/a b/files/é"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        pytest.param("", 'lacks "projects" at index 0.', id="empty"),
        pytest.param("project/p", 'lacks "projects" at index 0.', id="misspelt"),
        pytest.param("projects", 'lacks "/" at index 8.', id="projects alone"),
        pytest.param("projects//databases/d", "lacks a resource id at index 9.", id="no project"),
        pytest.param("projects/p/databases/d", 'lacks "/" at index 22.', id="a database"),
        pytest.param("projects/p/databases/d/docs/c/d", 'lacks "documents" at index 23.', id="no documents"),
        pytest.param(BASE, 'lacks "/" at index 40.', id="the root"),
        pytest.param(f"{BASE}/c", 'lacks "/" at index 42.', id="a collection"),
        pytest.param(f"{BASE}/c/d/", 'has invalid trailing "/".', id="trailing slash"),
        pytest.param(f"{BASE}//d", "lacks a collection id at index 41.", id="no collection"),
        pytest.param(f"{BASE}/c//s/d", "lacks a resource id at index 43.", id="no document"),
        pytest.param(f"{BASE}/c/.", 'contains a resource id "." at index 43.', id="one dot"),
        pytest.param(f"{BASE}/c/..", 'contains a resource id ".." at index 43.', id="two dots"),
    ],
)
def test_malformed_document_name_is_refused_at_its_index(name: str, complaint: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_document_name(name)

    assert refused.value.message == f'Document name "{name}" {complaint}'


@pytest.mark.parametrize(
    ("below", "message"),
    [
        pytest.param("__c__/d", 'Collection id "__c__" is invalid because it is reserved.', id="collection"),
        pytest.param("c/__d__", 'Resource id "__d__" is invalid because it is reserved.', id="document"),
        pytest.param(
            "c/__id5x__",
            "A long document ID string must be formatted like '__id{LONG}__',"
            " where LONG is a 64-bit integer. Found: '__id5x__'.",
            id="malformed number",
        ),
        pytest.param(
            f"c/__id{1 << 63}__",
            "A long document ID string must be formatted like '__id{LONG}__',"
            f" where LONG is a 64-bit integer. Found: '__id{1 << 63}__'.",
            id="number beyond 64 bits",
        ),
        pytest.param(
            "c" * 1501 + "/d", "The key path element kind is longer than 1500 bytes.", id="long kind"
        ),
        pytest.param(
            "c/" + "é" * 751, "The key path element name is longer than 1500 bytes.", id="long name"
        ),
    ],
)
def test_reserved_or_long_id_is_refused(below: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_document_name(f"{BASE}/{below}")

    assert refused.value.message == message


@pytest.mark.parametrize("below", ["c" * 1500 + "/d", "c/" + "é" * 750, "c/__id-5__", "c/__x", "c/x__"])
def test_id_at_the_limit_is_accepted(below: str) -> None:
    assert parse_document_name(f"{BASE}/{below}").relative == below


def test_parent_may_be_the_root_or_a_document_but_no_collection() -> None:
    assert parse_parent(BASE).segments == ()
    assert parse_parent(f"{BASE}/c/d").segments == ("c", "d")
    with pytest.raises(InvalidArgument) as refused:
        parse_parent(f"{BASE}/c")
    assert refused.value.message == f'Document parent name "{BASE}/c" lacks "/" at index 42.'


def test_database_name_takes_any_project_and_database() -> None:
    assert parse_database_name("projects/p:x/databases/My_DB") == DatabaseId("p:x", "My_DB")
    with pytest.raises(InvalidArgument):
        parse_database_name("projects/p/databases/d/documents")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b_1.C", ("a", "b_1", "C")),
        ("`a.b`.c", ("a.b", "c")),
        (r"`back\`tick`", ("back`tick",)),
        (r"`back\\slash`", ("back\\slash",)),
        ("`é 1`", ("é 1",)),
        ("__name__", ("__name__",)),
    ],
)
def test_field_path_text_gives_its_segments_and_comes_back(text: str, path: tuple[str, ...]) -> None:
    assert parse_field_path(text) == path
    assert format_field_path(path) == text


@pytest.mark.parametrize("text", ["a..b", ".a", "a.", "1a", "a b", "é", "`a", "``", "`a`b", "a`b`", "a\n"])
def test_malformed_field_path_is_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_field_path(text)

    assert refused.value.message == (
        f'Invalid property path "{text}". Unquoted property paths must match regex ([a-zA-Z_][a-zA-Z_0-9]*),'
        r" and quoted property paths must match regex (`(?:[^`\\]|(?:\\.))+`)"
    )


def test_empty_field_path_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"^Invalid empty property path string\.$"):
        parse_field_path("")


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_any_field_path_survives_its_text(segments: list[str]) -> None:
    assert parse_field_path(format_field_path(tuple(segments))) == tuple(segments)


def test_names_sort_segment_by_segment_with_numeric_ids_first() -> None:
    ordered = [
        "c/__id-9223372036854775808__/items/x",
        "c/__id-1__/items/x",
        "c/__id5__/items/x",
        "c/__id10__/items/x",
        "c/\0/items/x",
        "c/A/items/x",
        "c/a/items/x",
        "c/a/items/y",
        "c/a/sub/b/items/x",
        "c/a\u0001/items/x",
        "c/aa/items/x",
        "c/\uff5e/items/x",
        "c/\U0001f600/items/x",
        "c-b/x/items/x",
        "items/top",
    ]

    assert sorted(ordered, key=lambda name: path_key(tuple(name.split("/")))) == ordered
