"""Values as JSON that names their types, for the coverage report and the request monitor.

The form of `google.firebase.rules` expression values as observed on the official emulator.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from emulator.rules.types.duration import NANOS_PER_SECOND, Duration
from emulator.rules.types.latlng import LatLng
from emulator.rules.types.mapdiff import MapDiff
from emulator.rules.types.number import float_text
from emulator.rules.types.path import Path
from emulator.rules.types.registry import Value
from emulator.rules.types.set import RulesSet
from emulator.rules.types.timestamp import Timestamp


def typed_value(value: Value) -> dict[str, Any]:
    """`{"stringValue": "a"}` and the like; a value that is not known is `{"undefined": {}}`."""
    match value:
        case None:
            return {"nullValue": None}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            finite = value - value == 0
            return {"floatValue": value if finite else float_text(value)}
        case str():
            return {"stringValue": value}
        case bytes():
            return {"bytesValue": b64encode(value).decode("ascii")}
        case Timestamp():
            return {"timestampValue": value.isoformat()}
        case Duration():
            return {"durationValue": _seconds(value)}
        case LatLng():
            return {"latlngValue": {"latitude": value.latitude, "longitude": value.longitude}}
        case Path():
            return {"pathValue": {"segments": [{"simple": segment} for segment in value.segments]}}
        case list():
            return {"listValue": {"values": [typed_value(item) for item in value]}}
        case RulesSet():
            return {"setValue": {"values": [typed_value(item) for item in value.items]}}
        case Mapping():
            return {"mapValue": {"fields": {name: typed_value(item) for name, item in value.items()}}}
        case MapDiff():
            return {"mapDiffValue": {"after": typed_value(value.after), "before": typed_value(value.before)}}
    return {"undefined": {}}


def _seconds(duration: Duration) -> str:
    whole, fraction = divmod(abs(duration.nanoseconds), NANOS_PER_SECOND)
    sign = "-" if duration.nanoseconds < 0 else ""
    return f"{sign}{whole}.{fraction:09d}".rstrip("0").rstrip(".") + "s"
