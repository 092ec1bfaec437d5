"""A firebase.json with several databases, comments and unusual sections, through ./kit and the plain CLI."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.tools.conftest import wait_until
from tests.tools.project_copy import ProjectCopy, copy_project

HEAD = "rules_version = '2';\nservice cloud.firestore { match /databases/{database}/documents {\n"
OPEN = HEAD + "match /open/{id} { allow read, write: if true; } } }"
STORAGE = """rules_version = '2';
service firebase.storage { match /b/{bucket}/o { match /{name} {
  allow read, write: if firestore.exists(/databases/second/documents/open/$(name));
} } }"""
FIRESTORE = [
    {"database": "(default)", "rules": "firestore.rules", "indexes": "firestore.indexes.json"},
    {
        "database": "second",
        "rules": "config/second.rules",
        "indexes": "config/second.json",
        "location": "nam5",
    },
    {"database": "bare", "edition": "standard", "location": "nam5"},
]


def config(emulators: dict[str, Any], **more: Any) -> str:
    """With what an editor may put around it."""
    storage = {"rules": "config/storage.rules"}
    whole = {"firestore": FIRESTORE, "storage": storage, "emulators": emulators, **more}
    return f"\ufeff// one entry for each database\n{json.dumps(whole, indent=2)} /* the end */\n"


ASK = """
import json, os, sys, urllib.error, urllib.request
at = "http://" + os.environ["FIRESTORE_EMULATOR_HOST"] + "/v1/projects/demo-kindling/databases/{}/documents{}"
def ask(method, address, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, headers, method=method)
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
databases = ("(default)", "second", "bare", "unknown")
told = {name: ask("PATCH", at.format(name, "/open/x"), {}) for name in databases}
told |= {name + " users": ask("GET", at.format(name, "/users/x")) for name in databases}
query = {"structuredQuery": json.loads(sys.argv[1])}
for name in databases[:2]:
    told[name + " query"] = ask("POST", at.format(name, ":runQuery"), query, Authorization="Bearer owner")
if "FIREBASE_STORAGE_EMULATOR_HOST" in os.environ:
    storage = "http://" + os.environ["FIREBASE_STORAGE_EMULATOR_HOST"]
    bucket = storage + "/v0/b/demo-kindling.appspot.com/o?name="
    told |= {"storage " + name: ask("POST", bucket + name, {}) for name in ("x", "y")}
print(json.dumps(told))
"""
QUERY = {
    "from": [{"collectionId": "open"}],
    "where": {"fieldFilter": {"field": {"fieldPath": "a"}, "op": "EQUAL", "value": {"integerValue": "1"}}},
    "orderBy": [{"field": {"fieldPath": "b"}}],
}
FIELDS = [{"fieldPath": "a", "mode": "ASCENDING"}, {"fieldPath": "b", "mode": "ASCENDING"}]
INDEXES = {"indexes": [{"collectionGroup": "open", "fields": FIELDS}]}
JUDGED = {
    "(default)": 403, "second": 200, "bare": 403, "unknown": 403,
    "(default) users": 403, "second users": 403, "bare users": 403, "unknown users": 403,
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    copy = copy_project(tmp_path)
    copy.write("firebase.json", config({"auth": {}, "ui": {"enabled": False}}))
    copy.write("config/second.rules", OPEN)
    copy.write("config/storage.rules", STORAGE)
    copy.write("config/second.json", f"// from firebase init\n{json.dumps(INDEXES)}")
    return copy


def answers(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    assert done.returncode == 0, done.stderr
    told: dict[str, int] = json.loads(done.stdout)
    return told


def test_private_suite_has_the_rules_and_the_indexes_of_every_database(project: ProjectCopy):
    command = (sys.executable, "-c", ASK, json.dumps(QUERY))
    done = project.kit("exec", "--only", "firestore,storage", "--require-indexes", "--", *command)
    queries = {"(default) query": 400, "second query": 200}
    assert answers(done) == JUDGED | queries | {"storage x": 200, "storage y": 403}
    assert "firebase.json names no rules for database bare, so its clients are denied" in done.stderr


@pytest.mark.parametrize("command", ["exec", "start", "test", "seed"])
def test_missing_rules_of_one_database_keep_a_suite_from_starting(project: ProjectCopy, command: str):
    project.remove("config/second.rules")
    done = project.kit(command, *(["--", "true"] if command == "exec" else []))
    assert done.returncode == 1
    assert "names config/second.rules as the rules of database second: there is no such file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["exec", "--", "true"], ["start"], ["env"], ["indexes"], ["rules", "check"], ["rules", "matrix"]],
)
@pytest.mark.parametrize("text", ['{\n  "firestore": {"rules": "a"},\n}', "// nothing", "[]"])
def test_broken_firebase_json_is_named_with_the_line_by_every_command(
    project: ProjectCopy, arguments: list[str], text: str
):
    project.write("firebase.json", text)
    done = project.kit(*arguments)
    assert done.returncode == 1
    assert re.search(r"^kit: firebase\.json:\d+:\d+: .+\.$", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr


def test_rules_of_every_database_are_checked_and_explained(project: ProjectCopy):
    done = project.kit("rules", "check")
    assert done.returncode == 0
    for name in ("firestore.rules", "config/second.rules", "config/storage.rules"):
        assert f"{name}: nothing to say" in done.stderr
    allowed = project.kit("rules", "explain", "--op", "get", "--database", "second", "open/x")
    assert "ALLOWED by the allow on L3 of config/second.rules" in allowed.stdout
    whole = project.kit("rules", "explain", "--op", "get", "/databases/second/documents/open/x")
    assert whole.stdout == allowed.stdout
    assert "DENIED" in project.kit("rules", "explain", "--op", "get", "open/x").stdout
    none = project.kit("rules", "explain", "--op", "get", "--database", "bare", "open/x")
    assert none.returncode == 1
    assert "names no rules for database bare" in none.stderr
    documents = project.write("documents.json", '{"/databases/second/documents/open/x": {}, "open/y": {}}')
    for name, verdict in (("x", "ALLOWED"), ("y", "DENIED")):
        asked = ("rules", "explain", "--storage", "--op", "get", name, "--documents", str(documents))
        assert verdict in project.kit(*asked).stdout


def test_matrix_of_rules_that_are_missing_or_broken_is_refused_in_a_sentence(project: ProjectCopy):
    project.write("firestore.rules", "service cloud.firestore { match / }")
    broken = project.kit("rules", "matrix")
    assert (broken.returncode, "the rules have errors" in broken.stderr) == (1, True)
    project.remove("firestore.rules")
    missing = project.kit("rules", "matrix")
    assert (missing.returncode, "there is no such file" in missing.stderr) == (1, True)
    assert "Traceback" not in broken.stderr + missing.stderr


def plain_cli(project: ProjectCopy, port: int) -> subprocess.CompletedProcess[str]:
    """`firebase emulators:exec` in a shell that has evaluated `./kit env`."""
    names = ("firestore", "hub", "logging", "auth")
    emulators: dict[str, Any] = {
        name: {"host": "127.0.0.1", "port": port + at} for at, name in enumerate(names)
    }
    emulators["firestore"]["websocketPort"] = port + 9
    project.write("firebase.json", config({**emulators, "ui": {"enabled": False}}))
    exports = project.kit("env")
    assert exports.returncode == 0, exports.stderr
    asking = project.write("ask.sh", f"exec {sys.executable} ask.py '{json.dumps(QUERY)}'")
    project.write("ask.py", ASK)
    command = f"firebase emulators:exec --project demo-kindling --only firestore 'sh {asking}'"
    return project.run("sh", "-c", f"{exports.stdout}\nexec {command}")


def test_plain_cli_has_the_rules_of_every_database_too(project: ProjectCopy):
    done = plain_cli(project, 23_300)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert told.items() >= JUDGED.items()


def test_plain_cli_does_not_run_without_rules_that_are_named(project: ProjectCopy):
    project.remove("config/second.rules")
    done = plain_cli(project, 23_320)
    assert done.returncode != 0
    assert "names config/second.rules as the rules of database second" in project.read("firestore-debug.log")


def test_start_serves_a_configuration_of_all_kinds_and_reads_rules_again(project: ProjectCopy):
    more = {
        "functions": {"source": "functions", "runtime": "python311"},
        "hosting": [{"site": "a", "public": "site"}, {"site": "b", "public": "b"}],
        "database": {"rules": "d.json"},
    }
    project.write("firebase.json", config({"auth": {}, "ui": {"enabled": False}}, **more))
    project.write("site/index.html", "mine")
    errors = (project.folder / "err").open("w")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tools", "start", "--ports", "23340", "--fresh"],
        cwd=project.folder, env=project.environment(), stdout=subprocess.PIPE, stderr=errors,
        start_new_session=True, text=True,
    )  # fmt: skip
    errors.close()
    assert process.stdout is not None
    try:
        addresses: dict[str, str] = {}
        for line in process.stdout:
            addresses |= dict(re.findall(r"^  (\S[\w ]+?)\s+(http://\S+)$", line.rstrip()))
            if "ready" in line:
                break
        assert "Emulator UI" not in addresses
        assert requests.get(addresses["Page"], timeout=10).text == "mine"
        at = f"{addresses['Firestore']}/v1/projects/demo-kindling/databases/second/documents/open/x"
        assert requests.patch(at, json={}, timeout=10).status_code == 200
        project.write("config/second.rules", OPEN.replace("if true", "if false"))
        wait_until(lambda: requests.get(at, timeout=10).status_code == 403, "the rules to be read again", 30)
        wait_until(lambda: "Rules read again" in project.read("err"), "the line about it", 30)
        assert "does not support multiple databases" not in project.read("err")
        assert "not started: database" in project.read("err")
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        process.stdout.close()
