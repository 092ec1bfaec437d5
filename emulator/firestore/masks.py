"""Document masks (google.firestore.v1.DocumentMask)."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.firestore.paths import FieldPath
from emulator.firestore.values import MISSING, Missing, Value, get_field, with_field, without_field


def apply_mask(fields: dict[str, Value], mask: Sequence[FieldPath]) -> dict[str, Value]:
    """The fields the mask names; the input is left alone. Absent paths stay absent."""
    selected: dict[str, Value] = {}
    for path in mask:
        value = get_field(fields, path)
        if not isinstance(value, Missing):
            selected = with_field(selected, path, value)
    return selected


def merge_fields(
    stored: dict[str, Value], update: dict[str, Value], mask: Sequence[FieldPath]
) -> dict[str, Value]:
    """The stored fields with every masked path taken from `update`; a masked path absent there is deleted."""
    merged = stored
    for path in mask:
        value = get_field(update, path)
        merged = without_field(merged, path) if value is MISSING else with_field(merged, path, value)
    return merged
