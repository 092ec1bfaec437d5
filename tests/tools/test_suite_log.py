from __future__ import annotations

import pytest

from tools.suite_log import LogLine, death, parse_line


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
        pytest.param("Traceback (...):", LogLine("suite", "Traceback (...):", chatter=True), id="bare"),
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
