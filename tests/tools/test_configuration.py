"""What kit says of a firebase.json before it starts anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import configuration
from tools.configuration import can_require_indexes, check, only_without, started_parts
from tools.suite import DEFAULT_PORTS, configured, with_ports
from tools.terminal import Failure

RULES = "rules_version = '2'; service {} {{ }}"
FIRESTORE = {"rules": "firestore.rules", "indexes": "firestore.indexes.json"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "firestore.rules").write_text(RULES.format("cloud.firestore"), encoding="utf-8")
    (tmp_path / "storage.rules").write_text(RULES.format("firebase.storage"), encoding="utf-8")
    (tmp_path / "firestore.indexes.json").write_text('{"indexes": []}', encoding="utf-8")
    return tmp_path


def loaded(folder: Path, content: Any) -> Any:
    (folder / "firebase.json").write_text(json.dumps(content), encoding="utf-8")
    return configuration.configuration(folder / "firebase.json")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ({"firestore": FIRESTORE}, {"firestore", "ui"}),
        ({"emulators": {"auth": {}}}, {"auth", "ui"}),
        ({"firestore": FIRESTORE, "emulators": {"ui": {"enabled": False}}}, {"firestore"}),
        ({"hosting": {"public": "site"}}, {"hosting"}),
        ({"hosting": [{"site": "a", "public": "site"}]}, {"hosting"}),
        # The CLI says an error and goes on without what has no section of its own.
        ({"emulators": {"auth": {}, "functions": {}, "hosting": {}}}, {"auth", "ui"}),
        ({"functions": [], "emulators": {"storage": None}}, {"storage", "ui"}),
    ],
)
def test_parts_are_those_that_the_cli_starts(folder: Path, content: Any, parts: set[str]):
    assert started_parts(loaded(folder, content)) == parts | {"hub"}


def test_only_narrows_the_parts(folder: Path):
    config = loaded(folder, {"firestore": FIRESTORE, "storage": {"rules": "storage.rules"}})
    assert started_parts(config, "storage,firestore:rules") == {"storage", "firestore", "ui", "hub"}
    assert started_parts(config, "hosting") == {"hub"}


@pytest.mark.parametrize("content", [{}, {"emulators": {}}, {"remoteconfig": {"template": "x"}}])
def test_configuration_of_nothing_is_told_with_the_remedy(folder: Path, content: Any):
    with pytest.raises(Failure, match="names nothing that a suite could start") as told:
        check(loaded(folder, content))
    assert '"firestore" or "hosting"' in told.value.remedy


def test_missing_rules_are_a_failure_unless_their_part_is_left_out(folder: Path):
    config = loaded(folder, {"firestore": FIRESTORE, "storage": {"rules": "config/s.rules"}})
    with pytest.raises(Failure, match=r"names config/s\.rules as the rules of Storage: there is no such"):
        check(config)
    check(config, "firestore")


def test_missing_rules_of_one_of_several_databases_are_a_failure(folder: Path):
    entries = [{"database": "(default)", **FIRESTORE}, {"database": "second", "rules": "second.rules"}]
    with pytest.raises(Failure, match=r"names second\.rules as the rules of database second"):
        check(loaded(folder, {"firestore": entries}))


def test_rules_that_do_not_compile_are_said_with_their_place(folder: Path, capsys):
    (folder / "firestore.rules").write_text("service cloud.firestore {\n  match / }", encoding="utf-8")
    check(loaded(folder, {"firestore": FIRESTORE}))
    said = capsys.readouterr().err
    assert "firestore.rules:2:" in said
    assert "every request of a client to Firestore is denied" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"emulators": {"firestore": {}}}, "names no rules for Firestore, so every request is allowed"),
        ({"emulators": {"storage": {}}}, "names no rules for Storage, so every request is allowed"),
        (
            {"firestore": [{"database": "(default)", **FIRESTORE}, {"database": "second"}]},
            "names no rules for database second, so its clients are denied",
        ),
        (
            {"firestore": [{"database": "second", **FIRESTORE, "edition": "ENTERPRISE"}]},
            "database second is served as one of the standard edition",
        ),
    ],
)
def test_what_nobody_expects_is_said(folder: Path, capsys, content: Any, said: str):
    check(loaded(folder, content))
    assert said in capsys.readouterr().err


def test_complete_configuration_is_not_talked_about(folder: Path, capsys):
    check(
        loaded(folder, {"firestore": FIRESTORE, "storage": {"rules": "storage.rules"}}), require_indexes=True
    )
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["", '{"indexes": [],}', '{"indexes": [{}]}', None])
def test_index_file_that_cannot_be_read_is_a_warning_and_in_strict_mode_a_failure(
    folder: Path, capsys, text: str | None
):
    path = folder / "firestore.indexes.json"
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="utf-8")
    config = loaded(folder, {"firestore": FIRESTORE})
    check(config)
    said = capsys.readouterr().err
    assert "! firestore.indexes.json:" in said
    assert "missing indexes of database (default) are not told" in said
    with pytest.raises(Failure, match=r"firestore\.indexes\.json:"):
        check(config, require_indexes=True)


def test_tests_are_strict_where_index_files_can_be_used(folder: Path):
    config = loaded(folder, {"firestore": FIRESTORE})
    assert can_require_indexes(config)
    (folder / "firestore.indexes.json").write_text("", encoding="utf-8")
    assert not can_require_indexes(config)
    assert not can_require_indexes(loaded(folder, {"firestore": {"rules": "firestore.rules"}}))


def test_strict_mode_without_any_index_file_is_a_failure(folder: Path):
    with pytest.raises(Failure, match="names no index file"):
        check(loaded(folder, {"firestore": {"rules": "firestore.rules"}}), require_indexes=True)


def test_storage_target_without_a_bucket_is_a_failure_since_the_cli_would_open_everything(folder: Path):
    content = {"storage": [{"target": "main", "rules": "storage.rules"}]}
    with pytest.raises(Failure, match=r"storage\[0\]\.target is main") as told:
        check(loaded(folder, content))
    assert "target:apply storage TARGET demo-kindling.appspot.com" in told.value.remedy
    buckets = {"targets": {"demo-kindling": {"storage": {"main": ["demo-kindling.appspot.com"]}}}}
    (folder / ".firebaserc").write_text(json.dumps(buckets), encoding="utf-8")
    check(loaded(folder, content))


@pytest.mark.parametrize("many", [True, False])
def test_hosting_target_without_a_site_is_a_failure_with_the_command_that_lists_one(folder: Path, many: bool):
    section = {"target": "app", "public": "site"}
    with pytest.raises(Failure, match=r"hosting(\[0\])?\.target is app") as told:
        check(loaded(folder, {"hosting": [section] if many else section}))
    assert "target:apply hosting TARGET demo-kindling --project demo-kindling" in told.value.remedy
    (folder / ".firebaserc").write_text(
        json.dumps({"targets": {"demo-kindling": {"hosting": {"app": ["a"]}}}}), encoding="utf-8"
    )
    check(loaded(folder, {"hosting": [section] if many else section}))


def test_emulators_that_need_java_are_left_out_and_named(folder: Path, capsys):
    config = loaded(folder, {"firestore": FIRESTORE, "database": {"rules": "d.json"}, "dataconnect": {}})
    assert set((only_without(config, None) or "").split(",")) == {"firestore", "dataconnect", "extensions"}
    assert "not started: database" in capsys.readouterr().err
    assert only_without(config, "firestore,database") == "firestore"
    assert set((only_without(config, None, private=True) or "").split(",")) == {"firestore", "extensions"}
    assert only_without(loaded(folder, {"firestore": FIRESTORE}), None) is None


def test_addresses_are_the_defaults_of_the_cli_where_none_are_named(folder: Path):
    emulators = {"auth": {"host": "0.0.0.0", "port": "9100"}, "storage": {"host": "::1"}, "firestore": {}}
    suite = configured(loaded(folder, {"emulators": emulators}))
    assert suite.host("auth") == "127.0.0.1:9100"
    assert suite.host("storage") == "[::1]:9199"
    assert suite.host("firestore") == "127.0.0.1:8080"


def test_private_ports_add_no_part_that_the_configuration_lacks(folder: Path):
    config = loaded(folder, {"firestore": FIRESTORE, "emulators": {"singleProjectMode": False, "auth": None}})
    ports = {name: 15_000 + at for at, name in enumerate(DEFAULT_PORTS)}
    tree = with_ports(config, ports)
    assert tree["emulators"]["singleProjectMode"] is False
    assert tree["emulators"]["firestore"] == {
        "host": "127.0.0.1",
        "port": ports["firestore"],
        "websocketPort": ports["websocket"],
    }
    assert {"auth", "hub", "ui"} <= tree["emulators"].keys()
    assert not {"storage", "functions", "hosting"} & tree["emulators"].keys()
