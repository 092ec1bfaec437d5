"""The plain parts of uploading, run by Node: sizes of pieces, waiting, pace, the sentence over the tray."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KIBIBYTE = 1024


def run(module: str, expression: str) -> Any:
    """The value of a JavaScript expression over the exports of a module of `uploads/`."""
    script = (
        f"import * as it from './hosting/src/uploads/{module}.js'; console.log(JSON.stringify({expression}));"
    )
    command = ["node", "--input-type=module", "--eval", script]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("size", "elapsed", "following"),
    [
        (256, 200, 512),
        (256, 2000, 256),
        (1024, 5000, 512),
        (256, 9000, 256),
        (8192, 100, 8192),
    ],
    ids=["brief doubles", "fair stays", "long halves", "never below the least", "never above the most"],
)
def test_piece_grows_and_shrinks_with_the_connection_by_whole_units(size, elapsed, following):
    assert run("transfer", f"it.nextChunkSize({size * KIBIBYTE}, {elapsed})") == following * KIBIBYTE


def test_waiting_doubles_up_to_a_minute_and_two_clients_never_wait_alike():
    longest = run("patience", "[0, 1, 2, 5, 6, 7, 40].map((attempt) => it.backoff(attempt, () => 1))")
    shortest = run("patience", "[0, 1, 2, 5, 6, 7, 40].map((attempt) => it.backoff(attempt, () => 0))")
    assert longest == [1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000]
    assert shortest == [wait / 2 for wait in longest]


@pytest.mark.parametrize(
    ("samples", "speed"),
    [
        ([(0, 0)], None),
        ([(0, 0), (500, 400)], None),
        ([(0, 0), (100, 1000), (300, 2000)], 150),
        ([(0, 0), (9000, 1000), (9100, 8000), (9800, 15_000)], 100),
        ([(900, 0), (300, 1000), (500, 3000)], 100),
    ],
    ids=["one sample", "too early", "average", "what is long ago is forgotten", "a step back begins anew"],
)
def test_pace_is_that_of_the_last_seconds(samples, speed):
    notes = "".join(f"pace.note({sent}, {now});" for sent, now in samples)
    assert run("pace", f"(() => {{ const pace = new it.Pace(); {notes} return pace.speed; }})()") == speed


def item(phase: str, sent: int = 0, speed: int | None = None) -> dict[str, Any]:
    return {"phase": phase, "size": 100, "sent": sent, "speed": speed}


@pytest.mark.parametrize(
    ("items", "summary"),
    [
        (
            [item("uploading", 50, 10), item("queued"), item("paused", 20), item("ready", 100)],
            {"key": "traySending", "count": 2, "progress": 0.425, "secondsLeft": 15, "isDone": False},
        ),
        (
            [item("offline", 50), item("failed")],
            {"key": "trayOffline", "count": 1, "progress": 0.5, "secondsLeft": None, "isDone": False},
        ),
        (
            [item("processing", 100), item("ready", 100)],
            {"key": "trayProcessing", "count": 1, "progress": None, "secondsLeft": None, "isDone": False},
        ),
        (
            [item("duplicate"), item("rejected", 100), item("ready", 100)],
            {"key": "trayAttention", "count": 2, "progress": None, "secondsLeft": None, "isDone": True},
        ),
        (
            [item("ready", 100)],
            {"key": "trayDone", "count": 1, "progress": None, "secondsLeft": None, "isDone": True},
        ),
    ],
    ids=["uploading", "offline", "processing", "attention", "done"],
)
def test_tray_sums_up_what_most_deserves_to_be_said(items, summary):
    assert run("summary", f"it.summarize({json.dumps(items)})") == summary
