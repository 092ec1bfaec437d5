"""Points on the globe."""

import math
from dataclasses import dataclass

from emulator.rules.errors import EvaluationError
from emulator.rules.types.registry import NUMBER, function, method

_EARTH_RADIUS_METRES = 6_371_010.0


@dataclass(frozen=True, slots=True)
class LatLng:
    """In degrees."""

    latitude: float
    longitude: float


@method(LatLng, "latitude")
def latitude(value: LatLng) -> float:
    return value.latitude


@method(LatLng, "longitude")
def longitude(value: LatLng) -> float:
    return value.longitude


@method(LatLng, "distance", LatLng)
def distance(here: LatLng, there: LatLng) -> float:
    """Metres along the great circle, by the haversine formula."""
    phi1, phi2 = math.radians(here.latitude), math.radians(there.latitude)
    half_dphi = (phi2 - phi1) / 2
    half_dlambda = math.radians(there.longitude - here.longitude) / 2
    chord = math.sin(half_dphi) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_dlambda) ** 2
    return 2 * _EARTH_RADIUS_METRES * math.asin(math.sqrt(min(1.0, chord)))


@function("latlng", "value", NUMBER, NUMBER)
def of_degrees(latitude: float, longitude: float) -> LatLng:
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise EvaluationError(f"LatLng out of range: {latitude}, {longitude}.")
    return LatLng(float(latitude), float(longitude))
