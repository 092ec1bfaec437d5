"""`:export`, `:import` and `--seed_from_export` of a running emulator."""

import itertools
import os
import resource
import threading
import uuid
from pathlib import Path

import pytest
import requests

from emulator.servers.export_files import read_export
from emulator.wire.leveldb import LogWriter
from tests.emulator.process import running_emulator

DEADLINE = 10
OVERALL = Path("firestore_export/firestore_export.overall_export_metadata")
OUTPUT = Path("firestore_export/all_namespaces/all_kinds/output-0")
GROUP = OUTPUT.with_name("all_namespaces_all_kinds.export_metadata")


class Project:
    """One project of the emulator, seen by its owner."""

    def __init__(self, port, project, database="(default)"):
        self.base = f"http://127.0.0.1:{port}"
        self.project = project
        self.name = f"projects/{project}/databases/{database}"

    def call(self, method, path, body=None, **headers):
        headers.setdefault("Authorization", "Bearer owner")
        return requests.request(method, self.base + path, json=body, headers=headers, timeout=DEADLINE)

    def set(self, path, fields):
        self.call("PATCH", f"/v1/{self.name}/documents/{path}", {"fields": fields}).raise_for_status()

    def get(self, path):
        answer = self.call("GET", f"/v1/{self.name}/documents/{path}")
        return answer.json().get("fields", {}) if answer.ok else None

    def export(self, directory, **more):
        body = {"database": self.name, "export_directory": str(directory), "export_name": "firestore_export"}
        return self.call("POST", f"/emulator/v1/projects/{self.project}:export", body | more)

    def load(self, directory, **more):
        body = {"database": self.name, "export_directory": str(directory), "export_name": "firestore_export"}
        return self.call("POST", f"/emulator/v1/projects/{self.project}:import", body | more)

    def clear(self):
        self.call("DELETE", f"/emulator/v1/{self.name}/documents").raise_for_status()


@pytest.fixture
def port(emulator):
    return emulator.port


@pytest.fixture
def project(port):
    return Project(port, f"demo-{uuid.uuid4().hex}")


def every_value(project):
    """One field for each kind of value, in REST's words."""
    long_text = "가" * 40_000  # longer than a block of the log
    return {
        "null": {"nullValue": None},
        "yes": {"booleanValue": True},
        "least": {"integerValue": "-9223372036854775808"},
        "most": {"integerValue": "9223372036854775807"},
        "double": {"doubleValue": 0.1},
        "nan": {"doubleValue": "NaN"},
        "infinite": {"doubleValue": "-Infinity"},
        "text": {"stringValue": "가나다 😀"},
        "long": {"stringValue": long_text},
        "bytes": {"bytesValue": "AP8="},
        "time": {"timestampValue": "1969-12-31T23:59:59.123456Z"},
        "place": {"geoPointValue": {"latitude": 37.5, "longitude": -127.25}},
        "here": {"referenceValue": f"{project.name}/documents/a/b"},
        "elsewhere": {"referenceValue": "projects/other/databases/second/documents/a/__id7__"},
        "list": {
            "arrayValue": {
                "values": [{"nullValue": None}, {"mapValue": {"fields": {"x": {"arrayValue": {}}}}}]
            }
        },
        "empty": {"arrayValue": {}},
        "map": {"mapValue": {"fields": {"a": {"mapValue": {"fields": {"b": {"mapValue": {}}}}}}}},
        "vector": {
            "mapValue": {
                "fields": {
                    "__type__": {"stringValue": "__vector__"},
                    "value": {"arrayValue": {"values": [{"doubleValue": 1.5}, {"doubleValue": 2.0}]}},
                }
            }
        },
    }


def test_every_value_comes_back_after_export_clear_and_import(project, tmp_path):
    values = every_value(project)
    project.set("kinds/every", values)
    project.set("kinds/every/below/__id-5__", {})
    assert project.export(tmp_path).json() == {}
    project.clear()
    assert project.get("kinds/every") is None
    assert project.load(tmp_path).json() == {}
    assert project.get("kinds/every") == values
    assert project.get("kinds/every/below/__id-5__") == {}


def test_export_has_the_files_of_an_official_one(project, tmp_path):
    project.set("a/b", {})
    project.export(tmp_path)
    files = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {OVERALL, OUTPUT, GROUP}
    assert (tmp_path / OVERALL).read_bytes()[:8] == bytes.fromhex("b86d444e01000133")
    assert (
        b"\x12\x41all_namespaces/all_kinds/all_namespaces_all_kinds.export_metadata\x18\x01"
        in (tmp_path / OVERALL).read_bytes()
    )
    assert (tmp_path / GROUP).read_bytes().startswith(b"\x0a\x24\x0a\x10firestore_export\x10")


def test_empty_database_is_an_overall_file_only(project, tmp_path):
    project.export(tmp_path)
    files = [path.relative_to(tmp_path) for path in tmp_path.rglob("*")]
    assert sorted(files) == [OVERALL.parent, OVERALL]
    assert project.load(tmp_path).status_code == 200


def test_relative_directory_is_below_the_emulators_own(project, tmp_path):
    """The CLI gives a folder it made in the current directory."""
    project.set("a/b", {})
    relative = os.path.relpath(tmp_path)
    assert project.export(relative).status_code == 200
    assert (tmp_path / OVERALL).is_file()


def test_second_export_replaces_the_first_and_leaves_nothing_else(project, tmp_path):
    project.set("a/one", {})
    project.export(tmp_path)
    project.call("DELETE", f"/v1/{project.name}/documents/a/one")
    project.set("a/two", {})
    project.export(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["firestore_export"]
    project.clear()
    project.load(tmp_path)
    assert (project.get("a/one"), project.get("a/two")) == (None, {})


def test_import_adds_to_what_is_there(project, tmp_path):
    project.set("a/old", {})
    project.export(tmp_path)
    project.clear()
    project.set("a/new", {})
    project.load(tmp_path)
    assert (project.get("a/old"), project.get("a/new")) == ({}, {})


def test_import_into_another_project_takes_its_references_along(port, project, tmp_path):
    project.set("a/b", every_value(project))
    project.export(tmp_path)
    other = Project(port, f"demo-{uuid.uuid4().hex}")
    other.load(tmp_path)
    fields = other.get("a/b")
    assert fields["here"] == {"referenceValue": f"{other.name}/documents/a/b"}
    assert fields["elsewhere"] == every_value(project)["elsewhere"]


def test_import_takes_only_documents_of_the_same_database(port, project, tmp_path):
    project.set("a/b", {})
    project.export(tmp_path)
    second = Project(port, project.project, "second")
    assert second.load(tmp_path).status_code == 200
    assert second.get("a/b") is None


def test_database_may_be_named_in_the_path(port, tmp_path):
    second = Project(port, f"demo-{uuid.uuid4().hex}", "second")
    second.set("a/b", {})
    body = {"export_directory": str(tmp_path), "export_name": "firestore_export"}
    assert second.call("POST", f"/emulator/v1/{second.name}:export", body).status_code == 200
    second.clear()
    second.load(tmp_path)
    assert second.get("a/b") == {}


def test_caller_without_token_may_export_but_a_malformed_token_may_not(project, tmp_path):
    body = {"export_directory": str(tmp_path)}
    path = f"/emulator/v1/projects/{project.project}:export"
    assert requests.post(project.base + path, json=body, timeout=DEADLINE).status_code == 200
    assert project.call("POST", path, body, Authorization="Bearer nonsense").status_code == 400


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        pytest.param(
            {"surprise": 1}, "INVALID_ARGUMENT", "Payload isn't valid for request.", id="unknown key"
        ),
        pytest.param(
            {"export_name": 5}, "INVALID_ARGUMENT", "Payload isn't valid for request.", id="no text"
        ),
        pytest.param(
            {"export_directory": "/no/such/folder"},
            "FAILED_PRECONDITION",
            "export_directory must be a directory",
            id="no folder",
        ),
        pytest.param(
            {"export_directory": ""},
            "FAILED_PRECONDITION",
            "export_directory must be a directory",
            id="no name",
        ),
        pytest.param(
            {"export_name": "../outside"},
            "INVALID_ARGUMENT",
            "export_name must be the name of a folder",
            id="a name that leaves the folder",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["export", "load"])
def test_bad_request_is_refused_and_nothing_is_written(project, tmp_path, verb, change, status, message):
    answer = getattr(project, verb)(tmp_path, **change)
    assert answer.status_code == 400
    assert answer.json()["error"] == {"code": 400, "message": message, "status": status}
    assert list(tmp_path.iterdir()) == []
    assert not (tmp_path.parent / "outside").exists()


def flip(path, position=20):
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(
            lambda folder: (folder / OVERALL).unlink(),
            "Failed to parse overall export metadata file",
            id="no overall metadata",
        ),
        pytest.param(
            lambda folder: flip(folder / OVERALL),
            "Failed to parse overall export metadata file",
            id="damaged overall metadata",
        ),
        pytest.param(
            lambda folder: (folder / OVERALL).write_bytes(LogWriter().add(b"4")),
            "Overall export metadata file version not supported",
            id="another version",
        ),
        pytest.param(
            lambda folder: flip(folder / OUTPUT), "Checksum doesn't validate.", id="damaged entities"
        ),
        pytest.param(
            lambda folder: (folder / OUTPUT).write_bytes((folder / OUTPUT).read_bytes()[:-1]),
            "Invalid record",
            id="cut entities",
        ),
        pytest.param(
            lambda folder: (folder / OUTPUT).unlink(), "Failed parse entity file:", id="no entities"
        ),
        pytest.param(
            lambda folder: (folder / GROUP).write_bytes(b"\x12\x13\x12\x11../../../output-0"),
            "a path that leaves the export",
            id="a path out of the folder",
        ),
    ],
)
def test_damaged_export_is_refused_and_nothing_is_loaded(project, tmp_path, damage, message):
    project.set("a/b", {"n": {"integerValue": "1"}})
    project.export(tmp_path)
    project.clear()
    damage(tmp_path)
    error = project.load(tmp_path).json()["error"]
    assert (error["code"], error["status"]) == (400, "FAILED_PRECONDITION")
    assert message in error["message"]
    assert project.get("a/b") is None


def test_seed_is_there_for_every_project_and_again_after_reset(project, tmp_path):
    project.set("a/b", {"n": {"integerValue": "1"}})
    project.export(tmp_path)
    with running_emulator("--seed_from_export", str(tmp_path / OVERALL)) as running:
        for name in ("demo-one", "demo-two"):
            seeded = Project(running.port, name)
            assert seeded.get("a/b") == {"n": {"integerValue": "1"}}
            seeded.set("a/b", {})
        seeded.call("POST", "/reset")
        assert seeded.get("a/b") == {"n": {"integerValue": "1"}}


def bound_files(running, size):
    """Let no file of the process grow larger, as on a disk that is full."""
    _, most = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, most))


def test_export_to_a_full_disk_leaves_nothing_but_the_one_before(tmp_path):
    with running_emulator() as running:
        full = Project(running.port, "demo-full")
        full.set("a/small", {})
        assert full.export(tmp_path).status_code == 200
        before = (tmp_path / OUTPUT).read_bytes()
        full.set("a/large", {"text": {"stringValue": "x" * 300_000}})
        bound_files(running, 100_000)
        error = full.export(tmp_path).json()["error"]
        assert error["message"] == "The export cannot be written: File too large"
        assert error["status"] == "FAILED_PRECONDITION"
        assert full.export(tmp_path, export_name="other").status_code == 400
        assert [path.name for path in tmp_path.iterdir()] == ["firestore_export"]
        assert (tmp_path / OUTPUT).read_bytes() == before
        assert "Traceback" not in running.log
        assert full.get("a/small") == {}, "it goes on"


def test_export_on_exit_to_a_full_disk_says_so_and_leaves_nothing(tmp_path):
    with running_emulator("--export-on-exit", str(tmp_path)) as running:
        full = Project(running.port, "demo-full")
        full.set("a/large", {"text": {"stringValue": "x" * 300_000}})
        bound_files(running, 100_000)
        running.process.terminate()
        assert running.process.wait(DEADLINE) == 1
        assert "The export cannot be written: File too large" in running.log
        assert "Traceback" not in running.log
    assert list(tmp_path.iterdir()) == []


def test_export_while_documents_change_is_one_moment(project, tmp_path):
    """Both documents change in every commit, so an export must never hold different numbers."""
    stop = threading.Event()

    def commit_on():
        for number in itertools.takewhile(lambda _: not stop.is_set(), itertools.count()):
            fields = {"n": {"integerValue": number}}
            names = [f"{project.name}/documents/a/{side}" for side in ("left", "right")]
            writes = [{"update": {"name": name, "fields": fields}} for name in names]
            project.call("POST", f"/v1/{project.name}/documents:commit", {"writes": writes})

    thread = threading.Thread(target=commit_on)
    thread.start()
    try:
        for number in range(5):
            folder = tmp_path / str(number)
            folder.mkdir()
            assert project.export(folder).status_code == 200
    finally:
        stop.set()
        thread.join()
    for number in range(5):
        entities = read_export(tmp_path / str(number) / OVERALL)
        assert len({str(entity.fields) for entity in entities}) <= 1


def test_everything_is_exported_where_the_cli_asks_and_each_database_comes_back_as_its_own(tmp_path):
    """The empty one as well: it does not begin with the documents of another project's."""
    databases = [("demo-a", "(default)"), ("demo-a", "second"), ("demo-b", "(default)"), ("demo-c", "x")]
    with running_emulator("--export_everything") as running:
        for project, database in databases:
            Project(running.port, project, database).set(f"at/{project}-{database}", {})
        emptied = Project(running.port, "demo-empty")
        emptied.set("a/b", {})
        emptied.clear()
        assert Project(running.port, "demo-a").export(tmp_path).status_code == 200
        alone = tmp_path / "alone"
        alone.mkdir()
        second = Project(running.port, "demo-a", "second")
        route = f"/emulator/v1/{second.name}:export"
        second.call("POST", route, {"export_directory": str(alone)}).raise_for_status()
        files = {path.relative_to(alone) for path in alone.rglob("*") if path.is_file()}
        assert files == {OVERALL, OUTPUT, GROUP}, "of a database that the URL names that one alone"
    assert b"second" not in (tmp_path / OUTPUT).read_bytes(), "another program reads (default) alone"

    with running_emulator("--seed_from_export", str(tmp_path / OVERALL)) as running:
        for project, database in databases:
            found = Project(running.port, project, database)
            listed = found.call("GET", f"/v1/{found.name}/documents/at").json()["documents"]
            assert [each["name"].rpartition("/")[2] for each in listed] == [f"{project}-{database}"]
        empty = Project(running.port, "demo-empty")
        assert empty.call("GET", f"/v1/{empty.name}/documents/at").json() == {}
        new = Project(running.port, "demo-new")
        assert new.get("at/demo-a-(default)") == {}, (
            "a project of which nothing is there begins with (default)"
        )
        assert Project(running.port, "demo-new", "second").get("at/demo-a-second") == {}


def test_a_list_of_databases_that_cannot_be_read_is_named(tmp_path):
    with running_emulator("--export_everything") as running:
        for project in ("demo-a", "demo-b"):
            Project(running.port, project).set("a/b", {})
        Project(running.port, "demo-a").export(tmp_path)
        (tmp_path / "firestore_export" / "databases.json").write_text("[{}]")
        answer = Project(running.port, "demo-a").load(tmp_path)
        assert answer.status_code == 400
        assert "databases.json" in answer.json()["error"]["message"]
