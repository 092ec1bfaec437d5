"""When two values are the same.

`==` compares an int with a float by number, but inside lists, maps and sets equality is strict about types:
`1 == 1.0` and `{'a': 1} != {'a': 1.0}`. Observed on the official emulator.
"""

from collections.abc import Hashable

from emulator.rules.types.registry import Value
from emulator.rules.types.unknown import PartialMap, Unknown

# Their own hash and equality, within one Python type, are those of the language.
_SELF_KEYED = frozenset({str, bytes, int, type(None)})


def key(value: Value) -> Hashable:
    """A hashable stand-in: two values have the same key exactly when they are strictly equal."""
    kind = type(value)
    if kind in _SELF_KEYED:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return (bool, value)
    if kind is float:
        return (float, value if value == value else "NaN")
    if kind is list:
        return (list, tuple([key(item) for item in value]))
    if kind is dict:
        return (dict, frozenset([(name, key(item)) for name, item in value.items()]))
    if kind is Unknown or kind is PartialMap:
        raise value.error()
    return value  # type: ignore[no-any-return]


def equal(left: Value, right: Value) -> bool:
    """`left == right`. Raises when a value that the query does not determine decides it."""
    kind = type(left)
    other = type(right)
    if kind is other:
        if kind is dict or kind is list:
            return key(left) == key(right)
        if kind is not Unknown and kind is not PartialMap:
            return bool(left == right)
    if kind is Unknown or kind is PartialMap:
        return left.equals(right)  # type: ignore[no-any-return]
    if other is Unknown or other is PartialMap:
        return right.equals(left)  # type: ignore[no-any-return]
    if (kind is int and other is float) or (kind is float and other is int):
        return bool(left == right)
    return False
