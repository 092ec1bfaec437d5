"""How often one client may ask, counted in the memory of this instance.

It keeps a single client from wearing out the database; an attacker with many addresses is not stopped, and
must not need to be: what is public here cannot be guessed.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock


@dataclass(slots=True)
class _Window:
    begun: float
    count: int


class ClientLimits:
    """At most `count` times in `seconds` for each of the `clients` seen last."""

    def __init__(self, count: int, seconds: float, clients: int = 10_000) -> None:
        self._count = count
        self._seconds = seconds
        self._clients = clients
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._lock = Lock()

    def count(self, client: str, now: float) -> None:
        """Counts one time more."""
        with self._lock:
            window = self._windows.get(client)
            if window is None or now - window.begun >= self._seconds:
                window = self._windows[client] = _Window(now, 0)
            self._windows.move_to_end(client)
            window.count += 1
            if len(self._windows) > self._clients:
                self._windows.popitem(last=False)

    def wait(self, client: str, now: float) -> int:
        """The seconds until this client may ask again, 0 when it may now."""
        with self._lock:
            window = self._windows.get(client)
            if window is None or window.count < self._count:
                return 0
            return max(0, math.ceil(window.begun + self._seconds - now))

    def __len__(self) -> int:
        return len(self._windows)
