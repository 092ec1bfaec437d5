"""Field transforms (google.firestore.v1.DocumentTransform)."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.errors import InvalidArgument
from emulator.firestore.documents import FieldTransform, TransformKind
from emulator.firestore.validation import check_field_name, check_inner_name, check_value
from emulator.firestore.value_order import value_key
from emulator.firestore.values import Missing, Timestamp, Value, get_field, with_field

INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1

_NUMERIC = (TransformKind.INCREMENT, TransformKind.MAXIMUM, TransformKind.MINIMUM)


def check_transform(transform: FieldTransform) -> None:
    if transform.kind in _NUMERIC and not _is_number(transform.operand):
        raise InvalidArgument("Input must be int64 or double.")
    check_field_name(transform.field[0])
    for name in transform.field[1:]:
        check_inner_name(name)
    check_value(transform.operand)


def apply_transforms(
    fields: dict[str, Value], transforms: Sequence[FieldTransform], request_time: Timestamp
) -> tuple[dict[str, Value], tuple[Value, ...]]:
    """The fields after all transforms, each on the result of the one before, and one result per transform.

    Array transforms answer null. `request_time` is already cut to milliseconds.
    """
    results: list[Value] = []
    for transform in transforms:
        stored = get_field(fields, transform.field)
        value = _transformed(stored, transform, request_time)
        fields = with_field(fields, transform.field, value)
        results.append(None if isinstance(value, list) else value)
    return fields, tuple(results)


def _transformed(stored: Value | Missing, transform: FieldTransform, request_time: Timestamp) -> Value:
    operand = transform.operand
    match transform.kind:
        case TransformKind.SERVER_TIMESTAMP:
            return request_time
        case TransformKind.INCREMENT:
            return _increment(stored, operand)
        case TransformKind.MAXIMUM | TransformKind.MINIMUM:
            return _extreme(stored, operand, transform.kind)
        case TransformKind.ARRAY_UNION:
            return _union(stored, operand)
        case TransformKind.ARRAY_REMOVE:
            return _remove(stored, operand)


def _is_number(value: Value | Missing) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _increment(stored: Value | Missing, operand: Value) -> Value:
    """Integers saturate; anything that is no number counts as absent."""
    if not _is_number(stored):
        return operand
    assert isinstance(stored, (int, float))
    assert isinstance(operand, (int, float))
    total = stored + operand
    return max(INT64_MIN, min(INT64_MAX, total)) if isinstance(total, int) else total


def _extreme(stored: Value | Missing, operand: Value, kind: TransformKind) -> Value:
    """Equal numbers keep the stored one; NaN wins in both directions."""
    if isinstance(stored, Missing) or not _is_number(stored):
        return operand
    assert isinstance(stored, (int, float))
    assert isinstance(operand, (int, float))
    if stored == operand or stored != stored:
        return stored
    if operand != operand:
        return operand
    return max(stored, operand) if kind is TransformKind.MAXIMUM else min(stored, operand)


def _union(stored: Value | Missing, operand: Value) -> Value:
    assert isinstance(operand, list)
    united = list(stored) if isinstance(stored, list) else []
    seen = {value_key(element) for element in united}
    for element in operand:
        key = value_key(element)
        if key not in seen:
            seen.add(key)
            united.append(element)
    return united


def _remove(stored: Value | Missing, operand: Value) -> Value:
    assert isinstance(operand, list)
    if not isinstance(stored, list):
        return []
    removed = {value_key(element) for element in operand}
    return [element for element in stored if value_key(element) not in removed]
