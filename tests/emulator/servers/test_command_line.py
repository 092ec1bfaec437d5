"""The program: its flags, its exit codes, its start and its end."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from emulator.wire import protos
from tests.emulator.process import DEADLINE, running_emulator, start_process

ALLOWED_TO_STOP = 5.0
"""Seconds; waiting for the streams that are open would never end."""
OPEN = "service cloud.firestore { match /databases/{d}/documents { match /open/{x} { allow read; } } }"


def run(*arguments: str) -> tuple[int, str]:
    """The exit code and the output of a run that ends by itself."""
    process = start_process(*arguments)
    output, _ = process.communicate(timeout=DEADLINE)
    return process.returncode, output.decode()


@pytest.mark.parametrize(("flag", "text"), [("--help", "--seed_from_export"), ("--version", "1.22.0")])
def test_information_is_printed_and_nothing_served(flag: str, text: str) -> None:
    code, output = run(flag)

    assert code == 0
    assert text in output


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--port", "x"], "is not a port"),
        (["--port", "70000"], "is not a port"),
        (["--port"], "expected one argument"),
        (["--single_project_mode", "maybe"], "neither true nor false"),
        (["--single_project_mode"], "--single_project_mode needs --project_id"),
        (["--single_project_mode_error"], "--single_project_mode_error needs --single_project_mode"),
        (["--export-name", "x"], "--export-name needs --export-on-exit"),
        (["--export-on-exit", "/dev/null/x", "--port", "0"], "/dev/null/x"),
        (["--export-on-exit", "/tmp", "--export-name", "a/b", "--port", "0"], "name of a folder"),
        (["--database-edition", "ENTERPRISE"], "--database-edition enterprise is not implemented"),
        (["--require_indexes"], "--require_indexes needs --index_file"),
        (["--rules", "/no/such/file", "--port", "0"], "/no/such/file"),
        (["--seed_from_export", "/no/such/file", "--port", "0"], "export metadata"),
    ],
)
def test_what_makes_no_sense_ends_with_one_line_and_code_1(arguments: list[str], text: str) -> None:
    code, output = run(*arguments)

    assert code == 1
    assert text in output
    assert "Traceback" not in output


def test_a_taken_port_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, output = run("--host", "127.0.0.1", "--port", str(taken.getsockname()[1]))

    assert code == 1
    assert "address already in use" in output


@pytest.mark.parametrize(
    "flags",
    [
        ["--database-edition", "standard", "--single_project_mode", "true", "--project_id", "p", "stray"],
        ["--database-edition=STANDARD", "--single_project_mode=false", "--a-flag-of-a-later-cli=1"],
    ],
)
def test_flags_are_read_in_both_forms(flags: list[str]) -> None:
    with running_emulator(*flags) as emulator:
        assert emulator.http("GET", "/").body == "Ok\n"


def test_another_project_is_served_with_a_warning_in_single_project_mode() -> None:
    with running_emulator("--single_project_mode", "--project_id", "one") as emulator:
        for project in ("one", "two"):
            path = f"/v1/projects/{project}/databases/(default)/documents/a/b"
            assert emulator.http("GET", path).status == 404

        assert "project two is served beside one" in emulator.log
        assert "project one" not in emulator.log


def test_another_project_is_refused_where_single_project_mode_is_an_error() -> None:
    with running_emulator(
        "--single_project_mode", "--single_project_mode_error", "--project_id", "one"
    ) as emulator:
        for _ in range(2):
            refused = emulator.http("GET", "/v1/projects/two/databases/(default)/documents/a/b")

            assert refused.status == 400
            assert json.loads(refused.body)["error"]["status"] == "FAILED_PRECONDITION"
            assert "Project two is not served: this emulator is for one alone" in refused.body

        assert emulator.http("GET", "/v1/projects/one/databases/(default)/documents/a/b").status == 404


def test_an_export_on_exit_is_what_the_next_one_begins_with(tmp_path: Path) -> None:
    """Also what the second one is never asked for is in the third."""
    overall = tmp_path / "kept" / "mine" / "mine.overall_export_metadata"
    flags = ["--export-on-exit", str(tmp_path / "kept"), "--export-name", "mine"]
    default, other = (f"/v1/projects/p/databases/{name}/documents/a/b" for name in ("(default)", "other"))
    with running_emulator(*flags) as emulator:
        for path in (default, other):
            emulator.http("PATCH", path, json.dumps({"fields": {"of": {"stringValue": path}}}))
    with running_emulator(*flags, "--import-data", str(overall)) as emulator:
        assert default in emulator.http("GET", default).body

    with running_emulator("--import-data", str(overall)) as emulator:
        assert [path in emulator.http("GET", path).body for path in (default, other)] == [True, True]


def test_an_export_on_exit_has_every_project_and_the_official_part_is_the_one_named(tmp_path: Path) -> None:
    overall = tmp_path / "firestore_export" / "firestore_export.overall_export_metadata"
    paths = [
        f"/v1/projects/{project}/databases/{database}/documents/by/{project}-{database}"
        for project in ("theirs", "mine")
        for database in ("(default)", "second")
    ]
    with running_emulator("--export-on-exit", str(tmp_path), "--project_id", "mine") as emulator:
        for path in paths:
            emulator.http("PATCH", path, "{}")
    exported = (tmp_path / "firestore_export/all_namespaces/all_kinds/output-0").read_bytes()
    assert [part in exported for part in (b"mine-(default)", b"mine-second", b"theirs")] == [
        True,
        False,
        False,
    ]

    with running_emulator("--import-data", str(overall)) as emulator:
        assert [emulator.http("GET", path).status for path in paths] == [200] * 4
        strange = paths[0].replace("(default)/documents", "second/documents")
        assert emulator.http("GET", strange).status == 404, "no database got what is another's"


def test_rules_of_the_start_decide(tmp_path: Path) -> None:
    rules = tmp_path / "firestore.rules"
    rules.write_text(OPEN)

    with running_emulator("--rules", str(rules)) as emulator:
        path = "/v1/projects/p/databases/(default)/documents"
        assert emulator.http("GET", path + "/open/a").status == 404
        assert emulator.http("GET", path + "/closed/a").status == 403


def test_broken_rules_of_the_start_deny_everything_and_say_where(tmp_path: Path) -> None:
    rules = tmp_path / "firestore.rules"
    rules.write_text(OPEN.replace("allow read", "allow raed"))

    with running_emulator("--rules", str(rules)) as emulator:
        path = "/v1/projects/p/databases/(default)/documents/open/a"
        assert emulator.http("GET", path).status == 403
        assert emulator.http("GET", path, headers={"Authorization": "Bearer owner"}).status == 404
        assert "L1:" in emulator.log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_with_success_though_streams_are_open(number: signal.Signals) -> None:
    with running_emulator() as emulator, socket.create_connection(("127.0.0.1", emulator.port)) as half:
        half.sendall(b"GET / HT")
        with grpc.insecure_channel(emulator.host) as channel:
            listening = channel.stream_stream("/google.firestore.v1.Firestore/Listen")(endless_listening())
            next(listening)

            emulator.process.send_signal(number)
            code = emulator.process.wait(ALLOWED_TO_STOP)

            assert (code, listening.code()) == (0, grpc.StatusCode.UNAVAILABLE)


def endless_listening() -> Iterator[bytes]:
    """Requests of a Listen stream that its client never ends."""
    database = "projects/p/databases/(default)"
    request = protos.ListenRequest(database=database)
    request.add_target.documents.documents.append(f"{database}/documents/a/b")
    yield request.SerializeToString()
    threading.Event().wait(DEADLINE)


def test_being_stopped_while_it_loads_is_success_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = start_process("--host", "127.0.0.1", "--port", str(port))
    try:
        wait_until_connected(port)  # the port opens before the rest is loaded
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 0
    finally:
        process.kill()
        process.communicate()


def wait_until_connected(port: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            continue
        return
    pytest.fail("nobody listens")


def test_nothing_is_left_in_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = start_process("--host", "127.0.0.1", "--port", "0")
    assert process.stdout is not None
    assert b"ready" in process.stdout.readline()
    folders = list(tmp_path.iterdir())
    process.terminate()
    process.communicate(timeout=DEADLINE)

    assert [oct(folder.stat().st_mode) for folder in folders if folder.exists()] == []
    assert len(folders) == 1
    assert list(tmp_path.iterdir()) == []
