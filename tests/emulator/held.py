"""The emulator with collections whose queries hold the event loop, each in its own way.

`computing` computes until the file KINDLING_RELEASE is there, `matching` searches by a regular expression
that takes longer than anybody waits, `library` does so in a library that leaves the interpreter to others. An
export on exit takes longer than the event loop may.
"""

import os
import random
import re
import sys
import time
from typing import Any

from emulator.__main__ import main
from emulator.firestore import engine
from emulator.firestore.execution import Found, execution
from emulator.firestore.matching import Matcher
from emulator.firestore.steps import Steps
from emulator.firestore.views import View
from emulator.rules.types import regex
from emulator.servers import exit_export, stop_signals, watchdog
from emulator.servers.export_files import write_export


def compute_without_end() -> None:
    while not os.path.exists(os.environ["KINDLING_RELEASE"]):  # noqa: PTH110 - as busy as can be
        pass


def match_without_end() -> None:
    re.match("(a+)+b", "a" * 100)


def work_in_a_library_without_end() -> None:
    regex.matches("[ab]*a[ab]{900}c", "".join(random.Random(1).choices("ab", k=4_000_000)))


HOLDING = {
    "computing": compute_without_end,
    "matching": match_without_end,
    "library": work_in_a_library_without_end,
}


def export_for_long(*arguments: Any) -> None:
    end = time.monotonic() + stop_signals.PATIENCE + 2 * stop_signals.LAST_WORDS
    print("The export is held.", flush=True)
    while time.monotonic() < end:
        pass
    write_export(*arguments)


def holding(matcher: Matcher, view: View) -> Steps[Found]:
    hold = HOLDING.get(str(matcher.query.collection))
    if hold is not None:
        print("The loop is held.", flush=True)
        hold()
    return execution(matcher, view)


if __name__ == "__main__":
    engine.execution = holding
    exit_export.write_export = export_for_long
    watchdog.TICK = 0.05
    stop_signals.PATIENCE = 1.5
    sys.exit(main(sys.argv[1:]))
