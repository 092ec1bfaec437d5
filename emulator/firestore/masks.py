"""Document masks (google.firestore.v1.DocumentMask)."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.firestore.paths import FieldPath
from emulator.firestore.values import Value


def apply_mask(fields: dict[str, Value], mask: Sequence[FieldPath]) -> dict[str, Value]:
    """The fields the mask names, in stored order; the input is left alone."""
    raise NotImplementedError
