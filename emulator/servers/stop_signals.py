"""SIGINT and SIGTERM end the process, whatever it does.

The first asks for an orderly end. When nothing comes of it in time, the process says where it stands and ends
at once; a second signal ends it at once too.

Python runs the handler of a signal when the main thread comes by. That may take long: a library can work on
without the interpreter. So each signal also wakes a thread, by the byte that the interpreter writes from the
signal itself. Only a library that works and keeps the interpreter's lock is out of reach of both.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

SIGNALS = (signal.SIGINT, signal.SIGTERM)

#: Of a process that was told to stop and did not manage to in order. firebase-tools takes it for a stop.
EXIT_CODE = 130

#: Seconds until all must be over; firebase-tools waits for 4.
PATIENCE = 3.0

#: Seconds more for an event loop that has begun to end, where an export follows. That has all its time.
BEFORE_EXPORT = 20.0

#: Seconds to print the reason, since a full pipe may hold the print up.
LAST_WORDS = 0.5


class StopSignals:
    """What the signals mean: at first that the main thread leaves, with success."""

    def __init__(self) -> None:
        self._main = threading.get_ident()
        self._ask: Callable[[], object] | None = None
        self._handled = 0
        self._has_more_time = False
        self._is_exporting = False
        self._woken, self._waking = socket.socketpair()
        self._waking.setblocking(False)
        for number in SIGNALS:
            signal.signal(number, self._handle)
        self._wake_thread()
        threading.Thread(target=self._watch, name="stop-signals", daemon=True).start()

    def serve(self, loop: AbstractEventLoop, stop: Callable[[], None], *, export: bool) -> None:
        """From now on the first signal calls `stop` in the loop; `export` says whether one follows. For use
        when the loop runs, since it makes itself the one that is woken.
        """

        def end() -> None:
            if export:
                self._has_more_time = True
                self._set_last_resort(PATIENCE + BEFORE_EXPORT)
            stop()

        self._ask = partial(loop.call_soon_threadsafe, end)
        self._wake_thread()

    def export_begins(self) -> None:
        """From now on only a second signal cuts it short."""
        self._is_exporting = True
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _wake_thread(self) -> None:
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """In the main thread, at once or when it comes by."""
        self._handled += 1
        if self._handled > 1:
            os._exit(EXIT_CODE)
        if not self._has_more_time:
            self._set_last_resort(PATIENCE)
        if self._ask is None:
            sys.exit(0)

    def _set_last_resort(self, seconds: float) -> None:
        """The system itself ends the process by SIGALRM if nothing here can any more."""
        signal.setitimer(signal.ITIMER_REAL, seconds + LAST_WORDS)
        if self._is_exporting:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _watch(self) -> None:
        name = signal.Signals(self._next_signal()).name
        self._set_last_resort(PATIENCE)
        if self._ask is not None:
            with suppress(RuntimeError):  # the loop is closed: it has ended by itself
                self._ask()
        told_again = self._is_told_again(PATIENCE)
        if self._has_more_time:
            told_again = self._is_told_again(BEFORE_EXPORT)
        if not (told_again or self._is_exporting):
            self._say_where_it_stands(name)
            os._exit(EXIT_CODE)
        self._next_signal()
        os._exit(EXIT_CODE)

    def _next_signal(self) -> int:
        while (number := self._woken.recv(1)[0]) not in SIGNALS:
            pass
        return number

    def _is_told_again(self, seconds: float) -> bool:
        """Whether another signal has come; waits for it so long."""
        return bool(select.select([self._woken], [], [], seconds)[0])

    def _say_where_it_stands(self, name: str) -> None:
        from emulator.servers.stacks import stack_of  # what it needs takes long to load at a start

        seconds = PATIENCE + BEFORE_EXPORT * self._has_more_time
        print(
            f"Told to stop by {name}, the emulator does not come to an end within {seconds:.0f} s."
            f" It stands at:\n{stack_of(self._main)}\n"
            "It ends now, without an export on exit; what --data-dir keeps is complete.",
            file=sys.stderr,
            flush=True,
        )
