"""The stack of a thread, for messages about one that does not go on."""

from __future__ import annotations

import sys
import traceback

#: Calls that are shown, the innermost ones.
DEPTH = 40


def stack_of(thread: int) -> str:
    """The calls a thread is in, the innermost last; nothing when it has ended."""
    frame = sys._current_frames().get(thread)
    return "" if frame is None else "".join(traceback.format_stack(frame)[-DEPTH:]).rstrip()
