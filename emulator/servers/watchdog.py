"""Says when the event loop does not turn any more, which is when nobody is answered, and what keeps it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from emulator.servers.stacks import stack_of

logger = logging.getLogger(__name__)

#: Seconds between two questions to the loop.
TICK = 1.0

#: Ticks for which a question may stay open. They are counted, not timed: of a time in which the whole process
#: stood still (a machine that slept, SIGSTOP) no more than one is seen.
PATIENCE = 5


@contextmanager
def watched(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Meanwhile a thread asks the loop once a tick whether it turns. One that does not is reported once, with
    the place where it stands, and again when it goes on. For use in the thread of the loop.
    """
    watchdog = _Watchdog(loop)
    thread = threading.Thread(target=watchdog.watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watchdog.ended.set()


class _Watchdog:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ended = threading.Event()
        self._loop = loop
        self._thread = threading.get_ident()
        self._is_open = False
        self._asked_at = 0.0
        self._reported = False

    def watch(self) -> None:
        waited = 0
        while not self.ended.wait(TICK):
            if not self._is_open:
                waited = 0
                self._ask()
                continue
            waited += 1
            if waited == PATIENCE:
                self._report()

    def _ask(self) -> None:
        self._is_open = True
        self._asked_at = time.monotonic()
        try:
            self._loop.call_soon_threadsafe(self._answer)
        except RuntimeError:
            self.ended.set()  # the loop was closed between two ticks

    def _report(self) -> None:
        self._reported = True
        stack = stack_of(self._thread)
        if self._is_open:
            logger.warning(
                "The event loop has not turned for %.0f s, so nobody is answered. It stands at:\n%s",
                PATIENCE * TICK,
                stack,
            )

    def _answer(self) -> None:
        """Runs in the loop."""
        self._is_open = False
        if self._reported:
            self._reported = False
            logger.warning("The event loop goes on after %.1f s.", time.monotonic() - self._asked_at)
