"""firebase.json in every form that the Firebase CLI accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.wire.commented_json import ConfigFileError
from emulator.wire.firebase_json import (
    FirebaseJson,
    firestore_files,
    load_firebase_json,
    load_targets,
    no_targets,
)

CONFIG = "firebase.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def loaded(folder: Path, content: Any) -> FirebaseJson:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / CONFIG).write_text(text, encoding="utf-8")
    return load_firebase_json(folder / CONFIG)


def test_file_of_no_bytes_is_an_empty_configuration(folder: Path):
    config = loaded(folder, "")
    assert config.tree == {}
    assert config.databases(no_targets) == config.rules_files(no_targets) == config.function_sources() == []


def test_comments_and_a_byte_order_mark_are_no_hindrance(folder: Path):
    config = loaded(folder, '\ufeff// mine\n{"firestore": {"rules": "a.rules" /* ours */}}')
    assert [each.rules for each in config.databases(no_targets)] == ["a.rules"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n  "firestore": {"rules": "a.rules"},\n}', "firebase.json:2:36: a comma with nothing behind it"),
        ("// nothing", "firebase.json:1:1: the file holds nothing but comments"),
        ("[]", "firebase.json:1:1: the file must hold an object"),
        ('{\n "firestore": 5}', "firebase.json:2:15: firestore must be an object"),
        ('{"emulators": []}', "firebase.json:1:15: emulators must be an object"),
        ('{"hosting": "hosting.yaml"}', "firebase.json:1:13: hosting is hosting.yaml, and only a JSON file"),
        ('{"hosting": "none.json"}', "none.json: there is no such file"),
    ],
)
def test_file_that_cannot_be_used_is_named_with_the_place(folder: Path, text: str, said: str):
    with pytest.raises(ConfigFileError) as told:
        loaded(folder, text)
    assert str(told.value).startswith(said)


@pytest.mark.parametrize(
    ("firestore", "said"),
    [
        ([1], "16: firestore[0] must be an object"),
        ([{"rules": "a.rules"}], '16: firestore[0] names neither a "database" nor a "target"'),
        ([{"database": "a", "rules": ["x"]}], "43: firestore[0].rules must be a text"),
        ([{"target": "t"}], "27: firestore[0].target is t, and .firebaserc lists nothing"),
    ],
)
def test_entry_that_makes_no_sense_is_named_with_the_place(folder: Path, firestore: Any, said: str):
    config = loaded(folder, {"firestore": firestore})
    with pytest.raises(ConfigFileError) as told:
        config.databases(no_targets)
    assert str(told.value).startswith(f"firebase.json:1:{said}")


def test_rules_outside_of_the_project_are_refused_as_by_the_cli(folder: Path):
    config = loaded(folder, {"firestore": {"rules": "../a.rules"}})
    with pytest.raises(ConfigFileError, match="outside of the project"):
        config.rules_files(no_targets)


def test_one_entry_serves_every_database_and_its_indexes_one(folder: Path):
    config = loaded(folder, {"firestore": {"rules": "config/a.rules", "indexes": "a.json"}})
    files = firestore_files(config, no_targets)
    assert files.rules == {}
    assert files.indexes == {"(default)": folder / "a.json"}
    assert [(each.scope, each.path) for each in config.rules_files(no_targets)] == [
        ("Firestore", folder / "config/a.rules")
    ]


def test_list_of_databases_has_files_for_each(folder: Path):
    entries = [
        {"database": "(default)", "rules": "a.rules", "indexes": "a.json", "location": "nam5"},
        {"database": "second", "rules": "b.rules", "edition": "standard"},
        {"target": "many", "rules": "c.rules", "indexes": "c.json"},
        {"database": "bare"},
    ]
    config = loaded(folder, {"firestore": entries})
    (folder / ".firebaserc").write_text(
        '// mine\n{"targets": {"demo": {"firestore": {"many": ["third", "fourth"]}}}}', encoding="utf-8"
    )
    files = firestore_files(config, load_targets(folder, "demo", pytest.fail))
    assert {name: path.name for name, path in files.rules.items()} == {
        "(default)": "a.rules",
        "second": "b.rules",
        "third": "c.rules",
        "fourth": "c.rules",
    }
    assert {name: path.name for name, path in files.indexes.items()} == {
        "(default)": "a.json",
        "third": "c.json",
        "fourth": "c.json",
    }


@pytest.mark.parametrize("text", ["{", "[]", '{"targets": []}', ""])
def test_firebaserc_that_cannot_be_read_is_worth_a_warning_as_for_the_cli(folder: Path, text: str):
    (folder / ".firebaserc").write_text(text, encoding="utf-8")
    warnings: list[str] = []
    targets = load_targets(folder, "demo", warnings.append)
    assert targets("storage", "main") == ()
    assert len(warnings) == 1
    assert ".firebaserc" in warnings[0]


def test_firebaserc_of_another_project_or_without_targets_lists_nothing(folder: Path):
    for text in ('{"projects": {"default": "mine"}}', '{"targets": {"mine": {"storage": {"main": ["b"]}}}}'):
        (folder / ".firebaserc").write_text(text, encoding="utf-8")
        assert load_targets(folder, "demo", pytest.fail)("storage", "main") == ()


def test_section_may_be_imported_from_a_file_as_a_whole_or_under_its_name(folder: Path):
    (folder / "hosting.json").write_text('// mine\n{"public": "site"}', encoding="utf-8")
    (folder / "functions.json").write_text('{"functions": [{"source": "api"}]}', encoding="utf-8")
    config = loaded(folder, {"hosting": "hosting.json", "functions": "functions.json"})
    assert config.public_folders() == ["site"]
    assert [source for source, _ in config.function_sources()] == ["api"]


@pytest.mark.parametrize(
    ("functions", "sources"),
    [
        ({"source": "api"}, ["api"]),
        ([{"source": "api", "codebase": "a"}, {"source": "jobs", "codebase": "b"}], ["api", "jobs"]),
        ([{"remoteSource": {"repository": "r", "ref": "m"}, "codebase": "a"}], []),
        ({}, ["functions"]),
        ([], []),
        (None, []),
    ],
)
def test_sources_of_functions(folder: Path, functions: Any, sources: list[str]):
    (folder / "functions").mkdir()
    config = loaded(folder, {"functions": functions})
    assert [source for source, _ in config.function_sources()] == sources


def test_several_sites_have_folders_of_their_own_and_some_have_none(folder: Path):
    sites = [{"target": "a", "public": "a"}, {"site": "b", "rewrites": []}, {"target": "c", "public": "c"}]
    assert loaded(folder, {"hosting": sites}).public_folders() == ["a", "c"]


def test_port_may_be_text_and_missing_but_nothing_else(folder: Path):
    config = loaded(folder, {"emulators": {"auth": {"port": "9000"}, "storage": None, "ui": {"port": "x"}}})
    assert config.port("auth", "port", 1) == 9000
    assert config.port("storage", "port", 9199) == 9199
    with pytest.raises(ConfigFileError, match=r"firebase\.json:1:\d+: emulators\.ui\.port is 'x'"):
        config.port("ui", "port", 4000)
