"""Integers of 64 bits and doubles: arithmetic, conversion and text."""

import math
import re

from emulator.rules.errors import EvaluationError
from emulator.rules.limits import INT_MAX, INT_MIN
from emulator.rules.types.registry import function

_INT = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)


def checked(value: int) -> int:
    """The integer, or an error when it does not fit in 64 bits."""
    if not INT_MIN <= value <= INT_MAX:
        raise EvaluationError("Integer overflow error.")
    return value


def divide(left: float, right: float) -> float:
    """Truncates toward zero between integers; between doubles follows IEEE 754."""
    if isinstance(left, int) and isinstance(right, int):
        if right == 0:
            raise EvaluationError("Divide by zero error.")
        quotient = abs(left) // abs(right)
        return checked(quotient if (left < 0) == (right < 0) else -quotient)
    if right == 0:
        if left == 0 or left != left:
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1.0, right)
    return left / right


def remainder(left: float, right: float) -> float:
    """Takes the sign of the dividend."""
    if right == 0:
        if isinstance(left, int) and isinstance(right, int):
            raise EvaluationError("Divide by zero error.")
        return math.nan
    if isinstance(left, int) and isinstance(right, int):
        rest = abs(left) % abs(right)
        return rest if left >= 0 else -rest
    return math.nan if math.isinf(left) else math.fmod(left, right)


def truncated(value: float) -> int:
    if not math.isfinite(value):
        raise EvaluationError("Integer overflow error.")
    return checked(int(value))


def float_text(value: float) -> str:
    """As Java prints a double: `1.0`, `1.0E20`, `Infinity`."""
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = _decimal(value)
    return f"{sign}{digits[0]}.{digits[1:].rstrip('0') or '0'}E{exponent}"


def _decimal(value: float) -> tuple[str, str, int]:
    """Sign, shortest digits and the exponent of the first digit."""
    mantissa, _, exponent = repr(value).partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    if whole.strip("0"):
        first = len(whole.lstrip("0")) - 1
    else:
        first = -(len(fraction) - len(fraction.lstrip("0"))) - 1
    return sign, digits, first + int(exponent or 0)


@function("", "int", (int, float, str))
def to_int(value: float | str) -> int:
    if isinstance(value, str):
        if not _INT.fullmatch(value):
            raise EvaluationError(f"Invalid integer: {value[:40]}.")
        return checked(int(value))
    return value if isinstance(value, int) else truncated(value)


@function("", "float", (int, float, str))
def to_float(value: float | str) -> float:
    if isinstance(value, str) and not _FLOAT.fullmatch(value):
        raise EvaluationError(f"Invalid float: {value[:40]}.")
    return float(value)
