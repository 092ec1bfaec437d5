"""Spans of time."""

from dataclasses import dataclass

from emulator.rules.errors import EvaluationError
from emulator.rules.types.registry import function, method

NANOS_PER_SECOND = 1_000_000_000
NANOS_PER_DAY = 86_400 * NANOS_PER_SECOND

_UNITS = {
    "w": 7 * NANOS_PER_DAY,
    "d": NANOS_PER_DAY,
    "h": 3_600 * NANOS_PER_SECOND,
    "m": 60 * NANOS_PER_SECOND,
    "s": NANOS_PER_SECOND,
    "ms": 1_000_000,
    "ns": 1,
}
# About 10,000 years, the range of google.protobuf.Duration.
_LONGEST = 315_576_000_000 * NANOS_PER_SECOND + NANOS_PER_SECOND - 1


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    nanoseconds: int


def checked(nanoseconds: int) -> Duration:
    """The duration, or an error when it is out of range."""
    if abs(nanoseconds) > _LONGEST:
        raise EvaluationError("Duration out of range.")
    return Duration(nanoseconds)


@method(Duration, "seconds")
def seconds(value: Duration) -> int:
    whole = abs(value.nanoseconds) // NANOS_PER_SECOND
    return whole if value.nanoseconds >= 0 else -whole


@method(Duration, "nanos")
def nanos(value: Duration) -> int:
    fraction = abs(value.nanoseconds) % NANOS_PER_SECOND
    return fraction if value.nanoseconds >= 0 else -fraction


@function("duration", "value", int, str)
def of_unit(amount: int, unit: str) -> Duration:
    if unit not in _UNITS:
        raise EvaluationError(f"Invalid duration unit: {unit}.")
    return checked(amount * _UNITS[unit])


@function("duration", "time", int, int, int, int)
def of_time(hours: int, minutes: int, seconds: int, nanos: int) -> Duration:
    return checked((hours * 3_600 + minutes * 60 + seconds) * NANOS_PER_SECOND + nanos)


@function("duration", "abs", Duration)
def absolute(value: Duration) -> Duration:
    return Duration(abs(value.nanoseconds))
