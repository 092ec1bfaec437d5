"""Points in time, UTC, with nanoseconds."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from emulator.rules.errors import EvaluationError
from emulator.rules.types.duration import NANOS_PER_DAY, NANOS_PER_SECOND, Duration
from emulator.rules.types.registry import function, method

# RFC 3339: date "T" time [ "." digits ] ( "Z" | offset )
_RFC_3339 = re.compile(r"([^.]{19})(?:\.([0-9]{1,9})[0-9]*)?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z, the range of google.protobuf.Timestamp
_EARLIEST = -62_135_596_800 * NANOS_PER_SECOND
_LATEST = 253_402_300_800 * NANOS_PER_SECOND - 1


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """`nanoseconds` since 1970-01-01T00:00:00Z."""

    nanoseconds: int

    @classmethod
    def parse(cls, text: str) -> "Timestamp":
        """Read RFC 3339. Raises ValueError."""
        found = _RFC_3339.fullmatch(text)
        if found is None:
            raise ValueError(f"not an RFC 3339 time: {text[:40]!r}")
        since = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00")) - _EPOCH
        fraction = int((found[2] or "").ljust(9, "0"))
        return cls((since.days * 86_400 + since.seconds) * NANOS_PER_SECOND + fraction)

    def to_datetime(self) -> datetime:
        """The second it lies in."""
        return _EPOCH + timedelta(seconds=self.nanoseconds // NANOS_PER_SECOND)

    def isoformat(self) -> str:
        """RFC 3339 with as many digits of the second as are needed."""
        text = self.to_datetime().strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
        fraction = self.nanoseconds % NANOS_PER_SECOND
        return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else text + "Z"


def checked(nanoseconds: int) -> Timestamp:
    """The timestamp, or an error when it is out of range."""
    if not _EARLIEST <= nanoseconds <= _LATEST:
        raise EvaluationError("Timestamp out of range.")
    return Timestamp(nanoseconds)


@method(Timestamp, "year")
def year(value: Timestamp) -> int:
    return value.to_datetime().year


@method(Timestamp, "month")
def month(value: Timestamp) -> int:
    return value.to_datetime().month


@method(Timestamp, "day")
def day(value: Timestamp) -> int:
    return value.to_datetime().day


@method(Timestamp, "hours")
def hours(value: Timestamp) -> int:
    return value.to_datetime().hour


@method(Timestamp, "minutes")
def minutes(value: Timestamp) -> int:
    return value.to_datetime().minute


@method(Timestamp, "seconds")
def seconds(value: Timestamp) -> int:
    return value.to_datetime().second


@method(Timestamp, "nanos")
def nanos(value: Timestamp) -> int:
    return value.nanoseconds % NANOS_PER_SECOND


@method(Timestamp, "dayOfWeek")
def day_of_week(value: Timestamp) -> int:
    return value.to_datetime().isoweekday()


@method(Timestamp, "dayOfYear")
def day_of_year(value: Timestamp) -> int:
    return value.to_datetime().timetuple().tm_yday


@method(Timestamp, "toMillis")
def to_millis(value: Timestamp) -> int:
    return value.nanoseconds // 1_000_000


@method(Timestamp, "date")
def midnight(value: Timestamp) -> Timestamp:
    return Timestamp(value.nanoseconds - value.nanoseconds % NANOS_PER_DAY)


@method(Timestamp, "time")
def time_of_day(value: Timestamp) -> Duration:
    return Duration(value.nanoseconds % NANOS_PER_DAY)


@function("timestamp", "date", int, int, int)
def of_date(year: int, month: int, day: int) -> Timestamp:
    try:
        days = date(year, month, day).toordinal() - _EPOCH.toordinal()
    except (ValueError, OverflowError):
        raise EvaluationError(f"Invalid date: {year}-{month}-{day}.") from None
    return Timestamp(days * NANOS_PER_DAY)


@function("timestamp", "value", int)
def of_millis(millis: int) -> Timestamp:
    return checked(millis * 1_000_000)
