"""Several databases in one emulator: each has its own rules and its own indexes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.process import DEADLINE, ROOT, Emulator, running_emulator, start_process

NEEDS_AN_INDEX = {
    "structuredQuery": {
        "from": [{"collectionId": "files"}],
        "where": {
            "fieldFilter": {"field": {"fieldPath": "a"}, "op": "EQUAL", "value": {"integerValue": "1"}}
        },
        "orderBy": [{"field": {"fieldPath": "b"}, "direction": "DESCENDING"}],
    }
}
INDEX = {
    "collectionGroup": "files",
    "queryScope": "COLLECTION",
    "fields": [{"fieldPath": "a", "order": "ASCENDING"}, {"fieldPath": "b", "order": "DESCENDING"}],
}


def rules(folder: Path, opened: str, *, name: str | None = None, broken: bool = False) -> Path:
    """A rules file that lets everybody read one collection."""
    path = folder / f"{name or opened}.rules"
    verb = "raed" if broken else "read"
    path.write_text(
        "service cloud.firestore { match /databases/{d}/documents {"
        f" match /{opened}/{{id}} {{ allow {verb}; }} }} }}",
        encoding="utf-8",
    )
    return path


def index_file(folder: Path, name: str, *indexes: object) -> Path:
    path = folder / f"{name}.indexes.json"
    path.write_text(json.dumps({"indexes": indexes, "fieldOverrides": []}), encoding="utf-8")
    return path


def status(emulator: Emulator, database: str, collection: str, project: str = "p") -> int:
    """404 where the rules allow the read."""
    documents = f"/v1/projects/{project}/databases/{database}/documents"
    return emulator.http("GET", f"{documents}/{collection}/x").status


def put(emulator: Emulator, scope: str, file: Path) -> int:
    body = json.dumps({"rules": {"files": [{"content": file.read_text(encoding="utf-8")}]}})
    return emulator.http("PUT", f"/emulator/v1/projects/{scope}:securityRules", body).status


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_each_database_has_its_own_rules_and_one_without_is_closed(tmp_path: Path) -> None:
    flags = [f"--rules=(default)={rules(tmp_path, 'open')}", f"--rules=second={rules(tmp_path, 'other')}"]
    with running_emulator(*flags) as emulator:
        seen = {
            database: [status(emulator, database, collection) for collection in ("open", "other")]
            for database in ("(default)", "second", "third")
        }
    assert seen == {"(default)": [404, 403], "second": [403, 404], "third": [403, 403]}


def test_plain_file_serves_the_databases_that_no_other_names(tmp_path: Path) -> None:
    flags = ["--rules", str(rules(tmp_path, "open")), "--rules", f"second={rules(tmp_path, 'other')}"]
    with running_emulator(*flags) as emulator:
        assert [status(emulator, database, "open") for database in ("(default)", "second", "third")] == [
            404,
            403,
            404,
        ]


def test_broken_rules_close_their_database_alone_until_they_are_mended(tmp_path: Path) -> None:
    broken = rules(tmp_path, "open", broken=True)
    flags = ["--rules", f"(default)={broken}", "--rules", f"second={rules(tmp_path, 'other')}"]
    with running_emulator(*flags) as emulator:
        assert f"Everything is denied until {broken} is mended." in emulator.log
        assert (status(emulator, "(default)", "open"), status(emulator, "second", "other")) == (403, 404)
        rules(tmp_path, "open")
        wait_until(lambda: status(emulator, "(default)", "open") == 404)


def test_edit_that_does_not_compile_leaves_the_rules_before(tmp_path: Path) -> None:
    file = rules(tmp_path, "open", name="mine")
    with running_emulator("--rules", f"(default)={file}") as emulator:
        rules(tmp_path, "other", name="mine", broken=True)
        wait_until(lambda: "The rules before stay in force" in emulator.log)
        assert status(emulator, "(default)", "open") == 404
        rules(tmp_path, "other", name="mine")
        wait_until(lambda: status(emulator, "(default)", "other") == 404)
        assert status(emulator, "(default)", "open") == 403


def test_rules_are_put_for_a_project_or_for_one_of_its_databases(tmp_path: Path) -> None:
    first, second = rules(tmp_path, "open"), rules(tmp_path, "other")
    with running_emulator(f"--rules=(default)={first}", f"--rules=second={first}") as emulator:
        assert put(emulator, "p/databases/second", second) == 200
        assert [status(emulator, each, "other") for each in ("(default)", "second")] == [403, 404]
        assert put(emulator, "p", second) == 200
        assert [status(emulator, each, "other") for each in ("(default)", "second", "third")] == [404] * 3
        assert put(emulator, "p", first) == 200
        assert [status(emulator, each, "other") for each in ("(default)", "second", "third")] == [403] * 3
        assert status(emulator, "third", "open", project="q") == 403, "another project has those of the start"


def test_edit_replaces_what_was_put_before_for_the_project_of_the_start(tmp_path: Path) -> None:
    """As the CLI does with the one file it watches."""
    file = rules(tmp_path, "open", name="mine")
    flags = ["--project_id", "p", f"--rules=second={file}", f"--rules=(default)={rules(tmp_path, 'open')}"]
    with running_emulator(*flags) as emulator:
        put(emulator, "p", rules(tmp_path, "put"))
        rules(tmp_path, "edited", name="mine")
        wait_until(lambda: status(emulator, "second", "edited") == 404)
        assert (status(emulator, "(default)", "put"), status(emulator, "(default)", "edited")) == (404, 403)


def test_coverage_is_that_of_the_database(tmp_path: Path) -> None:
    flags = [f"--rules=(default)={rules(tmp_path, 'open')}", f"--rules=second={rules(tmp_path, 'other')}"]
    with running_emulator(*flags) as emulator:
        of_project = emulator.http("GET", "/emulator/v1/projects/p:ruleCoverage").body
        of_second = emulator.http("GET", "/emulator/v1/projects/p/databases/second:ruleCoverage").body
        page = emulator.http("GET", "/emulator/v1/projects/p/databases/second:ruleCoverage.html").body
    assert ("match /open/" in of_project, "match /other/" in of_project) == (True, False)
    assert ("match /open/" in of_second, "match /other/" in of_second) == (False, True)
    assert "match /other/" in page


def query(emulator: Emulator, database: str) -> tuple[int, str]:
    path = f"/v1/projects/p/databases/{database}/documents:runQuery"
    answer = emulator.http("POST", path, json.dumps(NEEDS_AN_INDEX), {"Authorization": "Bearer owner"})
    return answer.status, answer.body


def test_each_database_is_judged_by_its_own_indexes(tmp_path: Path) -> None:
    flags = [
        f"--index_file=(default)={index_file(tmp_path, 'first', INDEX)}",
        f"--index_file=second={index_file(tmp_path, 'second')}",
        "--require_indexes",
    ]
    with running_emulator(*flags) as emulator:
        assert query(emulator, "(default)")[0] == 200
        refused, said = query(emulator, "second")
        assert refused == 400
        assert "add to second.indexes.json" in said
        unnamed, said = query(emulator, "third")
        assert unnamed == 400
        assert "an index file for database third" in said

        for scope, lacks in (("p", []), ("p/databases/second", [INDEX]), ("p/databases/third", [INDEX])):
            answer = emulator.http("GET", f"/emulator/v1/projects/{scope}:missingIndexes")
            assert json.loads(answer.body)["indexes"] == lacks, scope

        index_file(tmp_path, "second", INDEX)
        assert query(emulator, "second")[0] == 200


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["--rules=second=/no/such/file"], "/no/such/file"),
        (["--rules=second=a", "--rules=second=b"], "--rules names two files for second"),
        (["--index_file=a", "--index_file=b"], "--index_file names two files for all databases"),
        (["--index_file=second=/no/such/file"], "/no/such/file"),
    ],
)
def test_files_that_cannot_be_are_said_at_the_start(flags: list[str], text: str) -> None:
    process = start_process("--port", "0", *flags)
    output, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert text in output.decode()
    assert "Traceback" not in output.decode()


def test_path_with_an_equals_sign_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    with running_emulator("--rules", str(rules(tmp_path / "a=b", "open"))) as emulator:
        assert [status(emulator, each, "open") for each in ("(default)", "second")] == [404, 404]


@pytest.fixture
def shim_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("KINDLING_")}


def test_files_of_databases_come_from_the_environment_beside_the_command_line_of_the_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the CLI starts it: `java -jar PATH flags`, here with the one rules file it may know."""
    monkeypatch.setenv("KINDLING_RULES", json.dumps({"second": str(rules(tmp_path, "other"))}))
    files = {"(default)": str(index_file(tmp_path, "first", INDEX)), "second": str(tmp_path / "none")}
    monkeypatch.setenv("KINDLING_INDEX_FILE", json.dumps(files))
    monkeypatch.setenv("KINDLING_REQUIRE_INDEXES", "1")
    flags = ["--rules", str(rules(tmp_path, "open"))]
    with running_emulator(*flags, launcher=["emulator/java_shim.py", "-jar", "emulator.jar"]) as emulator:
        assert [status(emulator, each, "open") for each in ("(default)", "second")] == [404, 403]
        assert status(emulator, "second", "other") == 404
        assert [query(emulator, each)[0] for each in ("(default)", "second")] == [200, 400]


def test_environment_that_is_no_object_is_named(shim_environment: dict[str, str]) -> None:
    shim = [sys.executable, "emulator/java_shim.py", "-jar", "emulator.jar", "--port", "0"]
    ended = subprocess.run(
        shim,
        env=shim_environment | {"KINDLING_RULES": "{second}", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("KINDLING_RULES is neither a path nor a JSON object of paths")
