"""Steps so small that every query over a few documents takes many, with a turn for others after each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from emulator.firestore import execution, indexes, planning, steps, store


@contextmanager
def small_steps() -> Iterator[None]:
    """One document a step, indexes for collections of any size, and commits as large ones are made."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (steps, execution):
            patch.setattr(module, "PIECE", 1)
            patch.setattr(module, "RUN", 2)
        patch.setattr(execution, "AT_ONCE", 0)
        patch.setattr(indexes, "STEP", 1)
        patch.setattr(planning, "SMALL", 1)
        patch.setattr(store, "_MANY", 1)
        patch.setattr(steps, "SLICE", 0)
        yield
