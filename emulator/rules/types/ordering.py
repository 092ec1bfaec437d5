"""Which values have an order, and which of two comes first."""

from emulator.rules.types.duration import Duration
from emulator.rules.types.registry import NUMBER, Value
from emulator.rules.types.timestamp import Timestamp

_ORDERED = frozenset({int, float, str, bytes, Timestamp, Duration})


def comparable(left: Value, right: Value) -> bool:
    """Whether `<` and its kin are defined for the pair: one ordered type on both sides, or two numbers."""
    kind, other = type(left), type(right)
    if kind is other:
        return kind in _ORDERED
    return kind in NUMBER and other in NUMBER
