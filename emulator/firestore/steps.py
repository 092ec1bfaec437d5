"""Long work in steps, so that nobody waits for what another has asked for.

A step is a fraction of a millisecond. What is read in several steps has to be held still: see `View.held`.
"""

from __future__ import annotations

import asyncio
import operator
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from emulator.firestore.values import Timestamp

_T = TypeVar("_T")

#: Work that stops after each step and gives its result at the end.
Steps: TypeAlias = Generator[None, None, _T]

#: Elements that a step takes, where one costs about a microsecond.
PIECE = 128

#: Elements that are sorted in a step.
RUN = 2_048

#: Microseconds for which steps follow each other before others have their turn. A small request takes a dozen
#: turns of the event loop.
SLICE = 1_000


def at_once(steps: Steps[_T]) -> _T:
    """The result of all steps, between which nothing happens."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: _T = done.value
            return result


def pieces(elements: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """All elements, as many at a time as a step takes."""
    return (elements[start : start + PIECE] for start in range(0, len(elements), PIECE))


def sort(elements: list[_T], key: Callable[[_T], Any], *, reverse: bool = False) -> Steps[list[_T]]:
    """The elements in order, stable as `sorted`: runs by themselves, then merged two by two."""
    runs = [elements[start : start + RUN] for start in range(0, len(elements), RUN)]
    for run in runs:
        run.sort(key=key, reverse=reverse)
        yield
    while len(runs) > 1:
        merged: list[list[_T]] = []
        for left, right in zip(runs[::2], [*runs[1::2], []], strict=False):
            merged.append((yield from _merge(left, right, key, reverse)))
        runs = merged
    return runs[0] if runs else []


def _merge(left: list[_T], right: list[_T], key: Callable[[_T], Any], reverse: bool) -> Steps[list[_T]]:
    """Two sorted lists as one, a run of each at a time. Of equals, those of the left come first."""
    before = operator.gt if reverse else operator.lt

    def behind(end: Any) -> Callable[[_T], bool]:
        return lambda each: before(end, key(each))

    def not_before(end: Any) -> Callable[[_T], bool]:
        return lambda each: not before(key(each), end)

    merged: list[_T] = []
    at, other = 0, 0
    while at < len(left) and other < len(right):
        mine, others = left[at : at + RUN], right[other : other + RUN]
        end = key(others[-1])
        if before(end, key(mine[-1])):
            mine = mine[: first(mine, behind(end))]
        else:
            others = others[: first(others, not_before(key(mine[-1])))]
        at, other = at + len(mine), other + len(others)
        merged += sorted(mine + others, key=key, reverse=reverse)
        yield
    return merged + left[at:] + right[other:]


def first(elements: list[_T], holds: Callable[[_T], bool]) -> int:
    """The position of the first for which it holds, as it does for all that follow."""
    return bisect_left(range(len(elements)), True, key=lambda position: holds(elements[position]))


class Turns:
    """Who may go on with long work. Of all who have some, one does a slice of it at each turn of the event
    loop, so it matters to nobody else how many they are.
    """

    def __init__(self, clock: Callable[[], Timestamp]) -> None:
        self._clock = clock
        self._turn = asyncio.Lock()

    async def take(self, steps: Steps[_T]) -> _T:
        """The result of all steps. What takes less than a slice is done at once."""
        try:
            while True:
                self._slice(steps)
                async with self._turn:
                    await asyncio.sleep(0)
        except StopIteration as done:
            result: _T = done.value
            return result
        finally:
            steps.close()

    def _slice(self, steps: Steps[Any]) -> None:
        """At least one step; a clock that was put back ends the slice."""
        begin = self._clock()
        end = Timestamp(begin.micros + SLICE)
        next(steps)
        while begin <= self._clock() < end:
            next(steps)
