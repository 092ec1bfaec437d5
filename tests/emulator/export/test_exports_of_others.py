"""Exports as production and the official emulator write them, and the ways in which one is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from emulator.firestore.documents import Document
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.values import Timestamp
from emulator.wire.entity_proto import encode_entity
from emulator.wire.leveldb import LogWriter
from tests.emulator.process import Emulator, running_emulator

ALL = "all_namespaces/all_kinds/all_namespaces_all_kinds.export_metadata"
OLD_NAME = "2019-04-17T11:47:55_12345.overall_export_metadata"


def field(number: int, data: bytes | int) -> bytes:
    """A field of a protobuf message."""
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(number: int) -> bytes:
    rest, low = number >> 7, number & 0x7F
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def entity(name: str) -> bytes:
    """A document as production exports it: `s~` stands before the project."""
    path = DocumentPath(DatabaseId("prod"), (name.partition("/")[0], name.partition("/")[2]))
    record = encode_entity(Document(path, {"of": name}, Timestamp(1), Timestamp(1)))
    return record.replace(b"dev~prod", b"srv~prod")


def log(*records: bytes) -> bytes:
    writer = LogWriter()
    return b"".join(map(writer.add, records))


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def export(folder: Path, groups: dict[str, list[list[str]]], *, name: str, minor: int = 3) -> Path:
    """Groups by the path of their metadata: for each output file the documents in it."""
    overall = b""
    for place, outputs in groups.items():
        version = field(1, 2) + field(3, minor)
        count = sum(map(len, outputs))
        group = field(1, version) + field(2, place.encode()) + field(3, count) + field(4, 1_000)
        overall += field(1, group)
        files = [f"output-{number}" for number in range(len(outputs))]
        listed = field(1, b"__all__") + b"".join(field(2, file.encode()) for file in files)
        put(folder / place, field(1, field(1, name.encode())) + field(2, listed))
        for file, documents in zip(files, outputs, strict=True):
            put((folder / place).parent / file, log(*map(entity, documents)))
    put(folder / name, log(b"3", overall))
    return folder / name


def import_(emulator: Emulator, project: str, directory: Path | str, **more: str) -> tuple[int, str]:
    body = {"database": f"projects/{project}/databases/(default)", "export_directory": str(directory), **more}
    answer = emulator.http("POST", f"/emulator/v1/projects/{project}:import", json.dumps(body))
    return answer.status, answer.body


def documents(emulator: Emulator, project: str) -> list[str]:
    """The names below the root, of all collections."""
    query = {"structuredQuery": {"from": [{"allDescendants": True}]}}
    path = f"/v1/projects/{project}/databases/(default)/documents:runQuery"
    answer = emulator.http("POST", path, json.dumps(query), {"Authorization": "Bearer owner"})
    found = [each["document"]["fields"] for each in json.loads(answer.body) if "document" in each]
    return sorted(fields["of"]["stringValue"] for fields in found)


EXPORTS = {
    "one output": {ALL: [["a/1", "b/1"]]},
    "several outputs": {ALL: [["a/1"], ["a/2", "b/1"], [], ["c/1"]]},
    "a group for each collection": {
        f"all_namespaces/kind_{kind}/all_namespaces_kind_{kind}.export_metadata": [
            [f"{kind}/1"],
            [f"{kind}/2"],
        ]
        for kind in ("a", "b")
    },
    "a namespace": {"default_namespace/kind_a/default_namespace_kind_a.export_metadata": [["a/1"]]},
}


@pytest.mark.parametrize("minor", [0, 3, 9])
@pytest.mark.parametrize("groups", EXPORTS.values(), ids=EXPORTS)
def test_every_output_of_every_group_is_imported(emulator, project, tmp_path, groups, minor):
    """The metadata lists the outputs of a group one by one; until now only the last was read."""
    overall = export(tmp_path, groups, name=OLD_NAME, minor=minor)
    assert import_(emulator, project, overall)[0] == 200
    everything = [name for outputs in groups.values() for output in outputs for name in output]
    assert documents(emulator, project) == sorted(everything)


@pytest.mark.parametrize("name", [OLD_NAME, "x.overall_export_metadata", "metadata", "이름.anything"])
def test_metadata_file_is_taken_by_its_path_whatever_its_name(emulator, project, tmp_path, name):
    overall = export(tmp_path / "folder", EXPORTS["one output"], name=name)
    assert import_(emulator, project, overall)[0] == 200
    assert documents(emulator, project) == ["a/1", "b/1"]
    with running_emulator("--seed_from_export", str(overall)) as seeded:
        assert documents(seeded, project) == ["a/1", "b/1"]


def test_relative_path_is_below_the_emulators_own_folder(emulator, project, tmp_path):
    overall = export(tmp_path, EXPORTS["one output"], name=OLD_NAME)
    assert import_(emulator, project, os.path.relpath(overall))[0] == 200
    assert documents(emulator, project) == ["a/1", "b/1"]


@pytest.mark.parametrize(
    ("directory", "more"),
    [("mine", {}), ("mine", {"export_name": "mine"}), (".", {"export_name": "mine"}), ("mine/", {})],
)
def test_folder_of_an_export_and_what_export_was_given_will_do_too(
    emulator, project, tmp_path, directory, more
):
    export(tmp_path / "mine", EXPORTS["one output"], name="mine.overall_export_metadata")
    assert import_(emulator, project, f"{tmp_path}/{directory}", **more)[0] == 200
    assert documents(emulator, project) == ["a/1", "b/1"]


def test_folder_with_two_exports_is_refused(emulator, project, tmp_path):
    for name in ("one", "two"):
        export(tmp_path, EXPORTS["one output"], name=f"{name}.overall_export_metadata")
    status, said = import_(emulator, project, tmp_path)
    assert status == 400
    assert "Failed to parse overall export metadata file" in said
    assert documents(emulator, project) == []


def test_output_that_is_missing_is_refused_and_nothing_is_imported(emulator, project, tmp_path):
    overall = export(tmp_path, EXPORTS["several outputs"], name=OLD_NAME)
    (tmp_path / ALL).with_name("output-1").unlink()
    status, said = import_(emulator, project, overall)
    assert status == 400
    assert "output-1: No such file or directory" in said
    assert documents(emulator, project) == []


def test_export_cannot_be_written_into_a_file(emulator, project, tmp_path):
    overall = export(tmp_path, EXPORTS["one output"], name=OLD_NAME)
    body = json.dumps({"export_directory": str(overall)})
    answer = emulator.http("POST", f"/emulator/v1/projects/{project}:export", body)
    assert answer.status == 400
    assert "export_directory must be a directory" in answer.body
