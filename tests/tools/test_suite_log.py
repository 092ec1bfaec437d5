from __future__ import annotations

from pathlib import Path

import pytest

from tools.suite_log import LogLine, death, parse_firestore_line, parse_line


@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        pytest.param(
            "i  functions: Finished \"us-central1-api\" in 7.1ms",
            LogLine("functions", 'Finished "us-central1-api" in 7.1ms'),
            id="label",
        ),
        pytest.param(
            "⚠  storage: Unexpected rules runtime error",
            LogLine("storage", "Unexpected rules runtime error", serious=True),
            id="warning",
        ),
        pytest.param(
            "✔  functions[us-central1-api]: http function initialized.",
            LogLine("functions", "us-central1-api: http function initialized."),
            id="detail",
        ),
        pytest.param(">  user created", LogLine("functions", "user created"), id="printed by a function"),
        pytest.param(
            'i  hosting: 127.0.0.1 - - [22/Nov/2026:11:11:01 +0000] "GET /a HTTP/1.1" 200 139 "-" "-"',
            LogLine("page", "GET /a 200", chatter=True),
            id="good request",
        ),
        pytest.param(
            'i  hosting: 127.0.0.1 - - [22/Nov/2026:11:11:01 +0000] "GET /a HTTP/1.1" 404 139 "-" "-"',
            LogLine("page", "GET /a 404"),
            id="missing page",
        ),
        pytest.param(
            'i  hosting: 127.0.0.1 - - [22/Nov/2026:11:11:01 +0000] "GET /a HTTP/1.1" 503 139 "-" "-"',
            LogLine("page", "GET /a 503", serious=True),
            id="failed request",
        ),
        pytest.param(
            "⚠  Unable to fetch the CLI MOTD and remote config.",
            LogLine("suite", "Unable to fetch the CLI MOTD and remote config.", chatter=True),
            id="needless warning",
        ),
        pytest.param("Traceback (...):", LogLine("suite", "Traceback (...):"), id="bare"),
        pytest.param(
            "⬢  functions: Failed to load function definition from source: FirebaseError: ...",
            LogLine(
                "functions",
                "Failed to load function definition from source: FirebaseError: ...",
                serious=True,
            ),
            id="error",
        ),
        pytest.param(
            ">    File \"/functions/main.py\", line 3, in f",
            LogLine("functions", '  File "/functions/main.py", line 3, in f'),
            id="printed by a function, its indentation kept",
        ),
        pytest.param(">", None, id="empty line printed by a function"),
        pytest.param(
            "i  functions[us-central1-nightly]: function ignored because the pubsub emulator does not exist",
            LogLine(
                "functions",
                "us-central1-nightly: function ignored because the pubsub emulator does not exist",
            ),
            id="a schedule that will not come",
        ),
        pytest.param("\x1b[90m│\x1b[39m i  View Emulator UI", None, id="frame"),
        pytest.param("", None, id="empty"),
    ],
)  # fmt: skip
def test_line_of_the_suite_means(raw: str, meaning: LogLine | None):
    assert parse_line(raw) == meaning


@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        pytest.param(
            "   Firestore Emulator has exited with code: 1, ",
            "the Firestore Emulator has exited with code: 1",
            id="as the CLI says it",
        ),
        pytest.param(
            "   Storage Emulator has exited: Error: its rules runtime ended by SIGKILL, ",
            "the Storage Emulator has exited: its rules runtime ended by SIGKILL",
            id="as we let it say",
        ),
        pytest.param("⚠  Firestore Emulator has exited upon receiving signal: SIGINT", None, id="asked to"),
        pytest.param(">    My Emulator has exited", None, id="printed by a function"),
        pytest.param("   stopping all running emulators", None, id="another line"),
    ],
)
def test_only_the_line_of_a_death_means_one(raw: str, meaning: str | None):
    assert death(raw) == meaning


RECORDED = Path(__file__).with_name("logs")


def shown(name: str) -> list[str]:
    lines = (RECORDED / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line.text for line in map(parse_line, lines) if line and not line.chatter]


@pytest.mark.parametrize("name", ["late_future_import", "syntax_error"])
def test_traceback_of_functions_that_cannot_be_loaded_is_shown_whole_and_in_order(name: str):
    """Recorded while main.py was edited."""
    raw = (RECORDED / f"{name}.txt").read_text(encoding="utf-8")
    wanted = [line.rstrip() for line in raw[raw.index("[20") : raw.index("127.0.0.1 -")].splitlines()]
    told = shown(name)
    at = told.index(wanted[0])
    assert told[at : at + len(wanted)] == wanted
    assert told[at + len(wanted)].startswith(
        "Failed to load function definition from source: FirebaseError: "
    )


def test_unreadable_secrets_are_told_with_their_file_and_the_reason_below():
    *_, where, why = shown("secrets")
    assert where.endswith("or provide override values in /home/ada/drop/functions/.secret.local:")
    assert why == "\tFirebaseError: Failed to authenticate, have you run firebase login?"


def test_ordinary_reload_and_request_say_little():
    assert shown("reload") == [
        "Loaded functions definitions from source: api, sweep.",
        'Finished "us-central1-api" in 33.451107ms',
    ]


def test_frames_and_addresses_of_the_start_are_not_shown():
    assert shown("ready") == []


@pytest.mark.parametrize(
    ("raw", "official", "meaning"),
    [
        ("WARNING no index", False, LogLine("firestore", "no index", serious=True)),
        ("ERROR it broke", False, LogLine("firestore", "it broke", serious=True)),
        ("WARNING: of Google's", True, LogLine("firestore", "of Google's", serious=True)),
        ("Error compiling rules: L1", False, LogLine("firestore", "Error compiling rules: L1")),
        ("API endpoint: http://", True, LogLine("firestore", "API endpoint: http://", chatter=True)),
        (
            "Firestore emulator is ready on 127.0.0.1:1",
            False,
            LogLine("firestore", "Firestore emulator is ready on 127.0.0.1:1", chatter=True),
        ),
        ("", False, None),
    ],
)
def test_line_of_the_firestore_emulator_means(raw: str, official: bool, meaning: LogLine | None):
    assert parse_firestore_line(raw, official=official) == meaning
