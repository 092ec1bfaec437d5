"""How many files the process may have open. Every connection is one, and one of gRPC is three.

At the limit new connections are refused, or wait, until others end; what is open is served all the while.
"""

from __future__ import annotations

import logging
import resource
from collections.abc import Callable
from contextlib import suppress

logger = logging.getLogger(__name__)

#: What the process asks for; systems often give 1,024, and 256 on a Mac, unless asked.
WANTED = 65_536

#: Files that are left when the warning comes.
_RESERVE = 16

#: Seconds between two warnings.
_PAUSE = 60.0


def raise_limit() -> None:
    """Take what the system gives without asking anybody."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with suppress(OSError, ValueError):  # then it stays as it is
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class OpenFiles:
    """Says so when hardly another file can be opened. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._silent_until = 0.0

    def opened(self, number: int) -> None:
        """A connection has this descriptor; the system gives the lowest that is free."""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if limit == resource.RLIM_INFINITY or number < limit - _RESERVE or self._clock() < self._silent_until:
            return
        self._silent_until = self._clock() + _PAUSE
        logger.warning(
            "nearly as many connections and files are open as the system allows (ulimit -n: %d);"
            " beyond that, new connections are refused until others end",
            limit,
        )
