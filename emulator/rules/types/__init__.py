"""The values of the rules language. Importing the package fills the tables of `registry`."""

from emulator.rules.types import bytes as _bytes
from emulator.rules.types import hashing as _hashing
from emulator.rules.types import list as _list
from emulator.rules.types import map as _map
from emulator.rules.types import math as _math
from emulator.rules.types.duration import Duration
from emulator.rules.types.latlng import LatLng
from emulator.rules.types.mapdiff import MapDiff
from emulator.rules.types.path import Path
from emulator.rules.types.registry import Value
from emulator.rules.types.set import RulesSet
from emulator.rules.types.timestamp import Timestamp

__all__ = ["Duration", "LatLng", "MapDiff", "Path", "RulesSet", "Timestamp", "Value"]

_TABLES = (_bytes, _hashing, _list, _map, _math)
