"""The operators, as tables from the types of the operands to what computes the result."""

from collections.abc import Callable, Container
from typing import TypeAlias

from emulator.rules.errors import (
    EvaluationError,
    null_value,
    out_of_bounds,
    type_error,
    undefined_property,
    unsupported,
)
from emulator.rules.types import duration, number, string, timestamp
from emulator.rules.types.duration import Duration
from emulator.rules.types.equality import equal, key
from emulator.rules.types.ordering import comparable
from emulator.rules.types.path import Path
from emulator.rules.types.path import item as path_item
from emulator.rules.types.proofs import MIRRORED, proves, proves_membership
from emulator.rules.types.registry import Value, type_name
from emulator.rules.types.set import RulesSet
from emulator.rules.types.timestamp import Timestamp
from emulator.rules.types.unknown import PartialMap, Unknown

BinaryOperator: TypeAlias = Callable[[Value, Value], Value]
_Pairs: TypeAlias = dict[tuple[type, type], BinaryOperator]

_NUMBERS = ((int, int), (int, float), (float, int), (float, float))


def _arithmetic(integers: BinaryOperator, numbers: BinaryOperator) -> _Pairs:
    return {pair: integers if pair == (int, int) else numbers for pair in _NUMBERS}


_ADD: _Pairs = _arithmetic(lambda a, b: number.checked(a + b), lambda a, b: a + b) | {
    (str, str): lambda a, b: string.checked(a + b),
    (Timestamp, Duration): lambda a, b: timestamp.checked(a.nanoseconds + b.nanoseconds),
    (Duration, Timestamp): lambda a, b: timestamp.checked(a.nanoseconds + b.nanoseconds),
    (Duration, Duration): lambda a, b: duration.checked(a.nanoseconds + b.nanoseconds),
}
_SUBTRACT: _Pairs = _arithmetic(lambda a, b: number.checked(a - b), lambda a, b: a - b) | {
    (Timestamp, Duration): lambda a, b: timestamp.checked(a.nanoseconds - b.nanoseconds),
    (Timestamp, Timestamp): lambda a, b: duration.checked(a.nanoseconds - b.nanoseconds),
    (Duration, Duration): lambda a, b: duration.checked(a.nanoseconds - b.nanoseconds),
}
_MULTIPLY = _arithmetic(lambda a, b: number.checked(a * b), lambda a, b: a * b)
_DIVIDE = _arithmetic(number.divide, number.divide)
_REMAINDER = _arithmetic(number.remainder, number.remainder)

_ARITHMETIC = {"+": _ADD, "-": _SUBTRACT, "*": _MULTIPLY, "/": _DIVIDE, "%": _REMAINDER}

_COMPARISONS: dict[str, BinaryOperator] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _arithmetic_operator(operator: str, pairs: _Pairs) -> BinaryOperator:
    def apply(left: Value, right: Value) -> Value:
        implementation = pairs.get((type(left), type(right)))
        if implementation is None:
            raise _no_operation(operator, left, right)
        return implementation(left, right)

    return apply


def _ordering_operator(operator: str, compare: BinaryOperator) -> BinaryOperator:
    def apply(left: Value, right: Value) -> Value:
        if comparable(left, right):
            return compare(left, right)
        if type(left) is Unknown:
            return _proven(left, operator, right)
        if type(right) is Unknown:
            return _proven(right, MIRRORED[operator], left)
        raise _no_operation(operator, left, right)

    return apply


def _proven(subject: Unknown, operator: str, value: Value) -> bool:
    if proves(subject, operator, value):
        return True
    raise subject.error()


def unequal(left: Value, right: Value) -> bool:
    if type(left) is Unknown:
        return _proven(left, "!=", right)
    if type(right) is Unknown:
        return _proven(right, "!=", left)
    return not equal(left, right)


def contains(item: Value, group: Value) -> bool:
    """`item in group`"""
    kind = type(group)
    if kind is list:
        wanted = key(item)
        return any(key(other) == wanted for other in group)
    if kind is RulesSet:
        return key(item) in group.keys
    if kind is dict or kind is PartialMap:
        if type(item) is not str:
            raise type_error(type_name(item), "string")
        return item in group if kind is dict else group.contains(item)
    if kind is Unknown and proves_membership(group, item):
        return True
    raise _no_operation("in", item, group)


def negate(value: Value) -> Value:
    if type(value) is int:
        return number.checked(-value)
    if type(value) is float:
        return -value
    raise _wrong_type(value, "number")


def invert(value: Value) -> bool:
    if type(value) is not bool:
        raise _wrong_type(value, "bool")
    return not value


def is_type(types: Container[type], value: Value) -> bool:
    if type(value) is Unknown:
        raise value.error()
    return type(value) in types


def member(target: Value, name: str) -> Value:
    """`target.name`"""
    kind = type(target)
    if kind is dict and name in target:
        return target[name]
    if kind is PartialMap:
        return target.field(name)
    if kind is Unknown:
        raise target.error()
    raise null_value() if target is None else undefined_property(name)


def item(target: Value, index: Value) -> Value:
    """`target[index]`"""
    kind = type(target)
    if kind is dict or kind is PartialMap:
        if type(index) is not str:
            raise _wrong_type(index, "string")
        return member(target, index)
    if type(index) is not int:
        raise _wrong_type(index, "int")
    if kind is Path:
        return path_item(target, index)
    if kind is not list and kind is not str:
        raise _wrong_type(target, "list, map, path, string")
    if not 0 <= index < len(target):
        raise out_of_bounds(index, len(target))
    return target[index]


def part(target: Value, lower: Value, upper: Value) -> Value:
    """`target[lower:upper]`. The end is from 1 to the size, and the start before the size."""
    for bound in (lower, upper):
        if type(bound) is not int:
            raise _wrong_type(bound, "int")
    kind = type(target)
    if kind is not list and kind is not str and kind is not Path:
        raise _wrong_type(target, "list, path, string")
    items = target.segments if kind is Path else target
    if not (0 <= lower < len(items) and 1 <= upper <= len(items) and lower <= upper):
        raise out_of_bounds(f"{lower}:{upper}", len(items))
    return Path(items[lower:upper]) if kind is Path else items[lower:upper]


def not_bool(value: Value) -> EvaluationError:
    """The error of a condition that is no truth value."""
    return _wrong_type(value, "bool")


def not_segment(value: Value) -> EvaluationError:
    """The error of a path segment that is no text."""
    return _wrong_type(value, "path, string")


def _wrong_type(value: Value, expected: str) -> EvaluationError:
    if value is None:
        return null_value()
    if type(value) is Unknown or type(value) is PartialMap:
        return value.error()
    return type_error(type_name(value), expected)


def _no_operation(operator: str, left: Value, right: Value) -> EvaluationError:
    if left is None or right is None:
        return null_value()
    for operand in (left, right):
        if type(operand) is Unknown or type(operand) is PartialMap:
            return operand.error()
    received = f"{type_name(left)} {operator} {type_name(right)}"
    return unsupported(received, f"operands of {operator}")


BINARY: dict[str, BinaryOperator] = {
    "==": equal,
    "!=": unequal,
    "in": contains,
    **{operator: _arithmetic_operator(operator, pairs) for operator, pairs in _ARITHMETIC.items()},
    **{operator: _ordering_operator(operator, compare) for operator, compare in _COMPARISONS.items()},
}
"""Every binary operator other than `&&`, `||` and `is`."""
