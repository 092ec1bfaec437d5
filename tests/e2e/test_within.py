"""Waiting with a bound: `hosting/src/within.js` in Node."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import { within } from './hosting/src/within.js';
console.log(await within(MS, PROMISE).catch(({ name, code }) => `${name} ${code}`));
"""


@pytest.mark.parametrize(
    ("milliseconds", "promise", "outcome"),
    [
        (60_000, "Promise.resolve('at once')", "at once"),
        (60_000, "'no promise'", "no promise"),
        (60_000, "Promise.reject(new RangeError())", "RangeError undefined"),
        (1, "new Promise(() => {})", "NoAnswer drop/no-answer"),
    ],
    ids=["answer", "value", "failure", "silence"],
)
def test_what_is_awaited_is_answered_or_given_up(milliseconds: int, promise: str, outcome: str):
    """The process ends with the answer: no timer is left behind."""
    script = SCRIPT.replace("MS", str(milliseconds)).replace("PROMISE", promise)
    command = ["node", "--input-type=module", "--eval", script]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == outcome
