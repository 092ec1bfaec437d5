"""The `math` namespace. `isInfinite` is documented, but production does not have it."""

import math

from emulator.rules.types.number import checked, truncated
from emulator.rules.types.registry import NUMBER, function


@function("math", "abs", NUMBER)
def absolute(value: float) -> float:
    return checked(abs(value)) if isinstance(value, int) else abs(value)


@function("math", "ceil", NUMBER)
def ceil(value: float) -> float:
    return float(math.ceil(value)) if math.isfinite(value) else float(value)


@function("math", "floor", NUMBER)
def floor(value: float) -> float:
    return float(math.floor(value)) if math.isfinite(value) else float(value)


@function("math", "round", NUMBER)
def round_half_up(value: float) -> int:
    if isinstance(value, int):
        return value
    below = truncated(value) if not math.isfinite(value) else math.floor(value)
    return checked(below + 1 if value - below >= 0.5 else below)


@function("math", "sqrt", NUMBER)
def square_root(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


@function("math", "pow", NUMBER, NUMBER)
def power(base: float, exponent: float) -> float:
    """As IEEE 754 pow: out of range is infinite, undefined is not a number."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        odd = float(exponent).is_integer() and exponent % 2 == 1
        return -math.inf if base < 0 and odd else math.inf
    except ValueError:
        if base != 0:
            return math.nan
        odd = float(exponent).is_integer() and exponent % 2 == 1
        return math.copysign(math.inf, base) if odd else math.inf


@function("math", "isNaN", NUMBER)
def is_nan(value: float) -> bool:
    return math.isnan(value)
