"""The types that may stand after `is`."""

from collections.abc import Container

from emulator.rules.types.duration import Duration
from emulator.rules.types.latlng import LatLng
from emulator.rules.types.path import Path
from emulator.rules.types.timestamp import Timestamp
from emulator.rules.types.unknown import PartialMap

# `set` is accepted after `is`, but no value answers to it. Observed on the official emulator.
TYPE_TESTS: dict[str, Container[type]] = {
    "bool": frozenset({bool}),
    "bytes": frozenset({bytes}),
    "duration": frozenset({Duration}),
    "float": frozenset({float}),
    "int": frozenset({int}),
    "latlng": frozenset({LatLng}),
    "list": frozenset({list}),
    "map": frozenset({dict, PartialMap}),
    "number": frozenset({int, float}),
    "path": frozenset({Path}),
    "set": frozenset(),
    "string": frozenset({str}),
    "timestamp": frozenset({Timestamp}),
}
