"""Times of commits and reads."""

from __future__ import annotations

from collections.abc import Callable

from emulator.firestore.values import Timestamp


class CommitClock:
    """Commit times strictly increase, and lie after every read time given out before, so that a read can
    be repeated.
    """

    def __init__(self, clock: Callable[[], Timestamp]) -> None:
        self._clock = clock
        self._last = Timestamp(0)

    def now(self) -> Timestamp:
        """The plain clock."""
        return self._clock()

    def read_time(self) -> Timestamp:
        self._last = max(self._clock(), self._last)
        return self._last

    def commit_time(self) -> Timestamp:
        self._last = max(self._clock(), Timestamp(self._last.micros + 1))
        return self._last

    def request_time(self) -> Timestamp:
        """`request.time` in rules and the server timestamp of one request, which rules may compare: whole
        milliseconds.
        """
        micros = self._clock().micros
        return Timestamp(micros - micros % 1000)
