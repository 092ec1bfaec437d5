"""Indexes added to the text of a file, whose comments and layout stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.wire.commented_json import ConfigFileError, parse
from emulator.wire.index_config import parse_catalog
from emulator.wire.index_edit import with_addition

ROOT = Path(__file__).parents[3]
INDEX = {
    "collectionGroup": "files",
    "queryScope": "COLLECTION",
    "fields": [{"fieldPath": "a", "order": "ASCENDING"}, {"fieldPath": "b", "order": "ASCENDING"}],
}
OVERRIDE = {
    "collectionGroup": "files",
    "fieldPath": "at",
    "indexes": [{"order": "ASCENDING", "queryScope": "COLLECTION_GROUP"}],
}
ADDITION: dict[str, Any] = {"indexes": [INDEX], "fieldOverrides": [OVERRIDE]}
TEMPLATE = ROOT / "node_modules/firebase-tools/templates/init/firestore/firestore.indexes.json"

TEXTS = {
    "empty": "",
    "mark alone": "\ufeff",
    "empty object": "{}",
    "empty lists": '{"indexes": [], "fieldOverrides": []}',
    "comment in an empty list": '{"indexes": [ // none yet\n  ]}',
    "comment in an empty object": "{ // none yet\n}",
    "null": '{"indexes": null /* later */, "fieldOverrides": null}',
    "comment behind the last": '{"indexes": [' + str(INDEX).replace("'", '"') + " // last\n ] // end\n}",
    "something else": '{"more": 1 // mine\n}',
    "as firebase init writes it": TEMPLATE.read_text(encoding="utf-8"),
    "as this project has it": (ROOT / "firestore.indexes.json").read_text(encoding="utf-8"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_addition_is_in_the_file_and_every_line_with_a_comment_stays(name: str):
    text = TEXTS[name]
    fresh = with_addition(text, ADDITION)
    assert parse_catalog(fresh).has(next(iter(parse_catalog(with_addition("", ADDITION)).composites)))
    found = parse(fresh, "f.json")
    assert INDEX in found["indexes"]
    assert OVERRIDE in found["fieldOverrides"]
    comments = [line.partition("//")[2] for line in text.splitlines() if "//" in line]
    assert [line.partition("//")[2] for line in fresh.splitlines() if "//" in line] == comments


def test_override_takes_the_place_of_the_one_of_its_field_and_keeps_its_lifetime():
    text = """{
  "fieldOverrides": [
    {"collectionGroup": "files", "fieldPath": "at", "ttl": true, "indexes": []}, // lives an hour
    {"collectionGroup": "notes", "fieldPath": "at", "indexes": []}
  ]
}"""
    fresh = with_addition(text, {"indexes": [], "fieldOverrides": [OVERRIDE]})
    assert parse(fresh, "f.json")["fieldOverrides"] == [
        {**OVERRIDE, "ttl": True},
        {"collectionGroup": "notes", "fieldPath": "at", "indexes": []},
    ]
    assert "// lives an hour" in fresh


def test_field_that_is_listed_twice_is_listed_once_afterwards():
    twice = '{"fieldOverrides": [{"collectionGroup": "files", "fieldPath": "at", "indexes": []},'
    twice += ' {"collectionGroup": "files", "fieldPath": "at", "indexes": []}], "more": 1}'
    found = parse(with_addition(twice, ADDITION), "f.json")
    assert found == {"fieldOverrides": [OVERRIDE], "indexes": [INDEX], "more": 1}


def test_text_that_is_not_json_is_refused_with_its_place():
    with pytest.raises(ConfigFileError, match=r"^own\.json:2:1: "):
        with_addition('{"indexes": []\n"x": 1}', ADDITION, "own.json")
