"""Being asked to end: Ctrl-C, TERM and HUP become exceptions, and none falls between two programs.

kit becomes another Python (`bootstrap`). Until that one can answer, signals wait: a Python that is
interrupted while it loads its own modules prints where. Standard library only.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_ASKING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """kit was asked to end by a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


@contextmanager
def signals_raise() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into Stopped for the time of the context, so that `finally` clauses run.

    SIGHUP stays ignored under nohup. SIGINT interrupts even where a shell script started kit in the
    background, for which shells switch it off.
    """

    def stop(number: int, _frame: object) -> None:
        raise Stopped(number)

    wanted = {signal.SIGTERM: stop, signal.SIGHUP: stop, signal.SIGINT: signal.default_int_handler}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        del wanted[signal.SIGHUP]
    before = {name: signal.signal(name, handler) for name, handler in wanted.items()}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def hold_signals() -> None:
    """Let them wait, also for the program that this process becomes."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING)


def let_signals_in() -> None:
    """Those that waited come now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKING)
