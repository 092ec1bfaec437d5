"""firestore.indexes.json as the CLI deploys it, and what to add to it."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from google.cloud.firestore_admin_v1.types import Index

from emulator.firestore.index_requirements import IndexCatalog, IndexDefinition, IndexField, Mode
from emulator.firestore.paths import DatabaseId
from emulator.wire.index_config import IndexFileError, describe, merged, parse_catalog, to_add

DATABASE = DatabaseId("demo-test")
BY_TIME = {
    "collectionGroup": "files",
    "queryScope": "COLLECTION",
    "fields": [{"fieldPath": "state", "order": "ASCENDING"}, {"fieldPath": "at", "order": "DESCENDING"}],
}


def catalog(indexes: Any = (), overrides: Any = ()) -> IndexCatalog:
    return parse_catalog(json.dumps({"indexes": list(indexes), "fieldOverrides": list(overrides)}))


def definition(*fields: tuple[str, Mode], group: bool = False) -> IndexDefinition:
    return IndexDefinition("files", group, tuple(IndexField((name,), mode) for name, mode in fields))


STATE_AT = definition(("state", Mode.ASCENDING), ("at", Mode.DESCENDING))


def test_index_is_read_as_it_is_written():
    assert catalog([BY_TIME]).composites == {STATE_AT}
    assert to_add([STATE_AT], catalog())["indexes"] == [BY_TIME]


def test_name_at_the_end_counts_only_against_the_direction_before_it():
    last = BY_TIME["fields"]
    usual = {**BY_TIME, "fields": [*last, {"fieldPath": "__name__", "order": "DESCENDING"}]}
    against = {**BY_TIME, "fields": [*last, {"fieldPath": "__name__", "order": "ASCENDING"}]}
    assert catalog([usual]).composites == {STATE_AT}
    name = ("__name__", Mode.ASCENDING)
    assert catalog([against]).composites == {
        definition(("state", Mode.ASCENDING), ("at", Mode.DESCENDING), name)
    }


def test_missing_field_index_becomes_an_override_that_keeps_the_automatic_ones():
    added = to_add([definition(("at", Mode.ASCENDING), group=True)], catalog())
    assert added == {
        "indexes": [],
        "fieldOverrides": [
            {
                "collectionGroup": "files",
                "fieldPath": "at",
                "indexes": [
                    {"order": "ASCENDING", "queryScope": "COLLECTION"},
                    {"arrayConfig": "CONTAINS", "queryScope": "COLLECTION"},
                    {"order": "DESCENDING", "queryScope": "COLLECTION"},
                    {"order": "ASCENDING", "queryScope": "COLLECTION_GROUP"},
                ],
            }
        ],
    }
    again = parse_catalog(json.dumps(added))
    assert again.has(definition(("at", Mode.ASCENDING), group=True))
    assert again.has(definition(("at", Mode.DESCENDING)))


def test_merging_keeps_everything_else_of_the_file_and_the_lifetime_of_a_field():
    lifetime = {"collectionGroup": "files", "fieldPath": "at", "ttl": True, "indexes": []}
    other = {"collectionGroup": "notes", "fieldPath": "text", "indexes": []}
    file = {"indexes": [BY_TIME], "fieldOverrides": [lifetime, other], "more": 1}
    missing = definition(("at", Mode.ASCENDING), group=True)
    whole = merged(file, to_add([missing], catalog(overrides=[lifetime])))
    assert whole["indexes"] == [BY_TIME]
    assert whole["more"] == 1
    assert whole["fieldOverrides"] == [
        other,
        {**lifetime, "indexes": [{"order": "ASCENDING", "queryScope": "COLLECTION_GROUP"}]},
    ]


def test_vector_index_is_written_with_its_dimension():
    vector = IndexDefinition("files", False, (IndexField(("v",), Mode.VECTOR, 3),))
    added = to_add([vector], catalog())
    assert added["indexes"][0]["fields"] == [{"fieldPath": "v", "vectorConfig": {"dimension": 3, "flat": {}}}]
    assert catalog(added["indexes"]).composites == {vector}


def test_sentence_about_a_vector_index_has_the_command_that_makes_it():
    vector = IndexField(("v",), Mode.VECTOR, 3)
    index = IndexDefinition("files", False, (IndexField(("state",), Mode.ASCENDING), vector))

    said = describe(DATABASE, index, catalog())

    assert said.startswith(
        "Missing vector index configuration."
        " Please create the required index with the following gcloud command:"
        " gcloud firestore indexes composite create --project=demo-test --collection-group=files"
        " --query-scope=COLLECTION --field-config=order=ASCENDING,field-path=state"
        """ --field-config=vector-config='{"dimension":"3","flat": "{}"}',field-path=v"""
    )


@pytest.mark.parametrize(
    ("index", "action", "name", "fields"),
    [
        pytest.param(
            STATE_AT,
            "create_composite",
            "collectionGroups/files/indexes/_",
            [("state", "ASCENDING"), ("at", "DESCENDING"), ("__name__", "DESCENDING")],
            id="composite",
        ),
        pytest.param(
            definition(("at", Mode.ASCENDING), group=True),
            "create_exemption",
            "collectionGroups/files/fields/at",
            [("at", "ASCENDING")],
            id="exemption",
        ),
    ],
)
def test_link_opens_the_console_with_the_index_filled_in(
    index: IndexDefinition, action: str, name: str, fields: list[tuple[str, str]]
):
    sentence = describe(DATABASE, index, IndexCatalog())
    link = sentence.split("You can create it here: ")[1].split(" ")[0]
    parts = urlsplit(link)
    assert parts.path == "/v1/r/project/demo-test/firestore/indexes"
    encoded = parse_qs(parts.query)[action][0]
    asked = Index.deserialize(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    assert asked.name == f"projects/demo-test/databases/(default)/{name}"
    assert asked.query_scope == (2 if index.group else 1)
    assert [(field.field_path, field.order.name) for field in asked.fields] == fields


def test_sentence_about_one_field_names_scope_and_direction():
    sentence = describe(DATABASE, definition(("at", Mode.DESCENDING), group=True), IndexCatalog())
    assert sentence.startswith(
        "The query requires a COLLECTION_GROUP_DESC index for collection files and field at."
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("{", "not JSON", id="cut off"),
        pytest.param("[]", "must hold an object", id="list"),
        pytest.param('{"indexes": {}}', "indexes must be a list", id="indexes no list"),
        pytest.param('{"indexes": [1]}', r"indexes\[0\] must be an object", id="index no object"),
        pytest.param(
            '{"indexes": [{"collectionGroup": "c"}]}', r"indexes\[0\] has no fields", id="no fields"
        ),
        pytest.param(
            '{"indexes": [{"collectionGroup": "c", "fields": [{"fieldPath": "a"}]}]}',
            r"indexes\[0\].fields\[0\] needs order",
            id="no order",
        ),
        pytest.param(
            '{"indexes": [{"collectionGroup": "c", "queryScope": "X",'
            ' "fields": [{"fieldPath": "a", "order": "ASCENDING"}]}]}',
            "queryScope 'X'",
            id="unknown scope",
        ),
        pytest.param(
            '{"indexes": [{"collectionGroup": "c", '
            '"fields": [{"fieldPath": "a..b", "order": "ASCENDING"}]}]}',
            r"indexes\[0\].fields\[0\].fieldPath",
            id="bad path",
        ),
        pytest.param('{"fieldOverrides": [{"fieldPath": "a"}]}', "collectionGroup", id="override of nothing"),
    ],
)
def test_broken_file_is_refused_with_its_place(text: str, complaint: str):
    with pytest.raises(IndexFileError, match=complaint):
        parse_catalog(text)


def test_words_of_the_first_version_of_the_format_are_read_as_the_cli_reads_them():
    fields = [{"fieldPath": "state", "mode": "ASCENDING"}, {"fieldPath": "at", "mode": "DESCENDING"}]
    tags = [{"fieldPath": "tags", "mode": "ARRAY_CONTAINS"}, {"fieldPath": "at", "mode": "ASCENDING"}]
    old = [{"collectionId": "files", "fields": fields}, {"collectionId": "files", "fields": tags}]
    assert catalog(old).composites == {
        STATE_AT,
        definition(("tags", Mode.CONTAINS), ("at", Mode.ASCENDING)),
    }


def test_index_for_full_text_search_serves_no_query_and_is_passed_over():
    search = {"fieldPath": "text", "searchConfig": {"textSpec": {"indexSpecs": []}}}
    assert catalog([{"collectionGroup": "files", "fields": [search]}, BY_TIME]).composites == {STATE_AT}


def test_lists_that_are_null_are_empty():
    assert parse_catalog('{"indexes": null, "fieldOverrides": null}') == catalog()


def test_wrong_value_is_told_with_its_line_and_column():
    text = '// mine\n{\n  "indexes": [\n    {"collectionGroup": "c", "fields": [{"fieldPath": "a"}]}\n  ]\n}'
    with pytest.raises(IndexFileError, match=r"^own\.json:4:41: indexes\[0\]\.fields\[0\] needs order"):
        parse_catalog(text, "own.json")
