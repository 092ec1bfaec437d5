"""What a stored document may hold.

Two passes, in the order the official emulator complains: first what makes a value no entity value at all
(nested arrays, reserved names, geo points off the globe), then limits (lengths, depth, the whole document).
"""

from __future__ import annotations

import re

from emulator.errors import InvalidArgument
from emulator.firestore.paths import DocumentPath
from emulator.firestore.sizes import MAX_DOCUMENT_BYTES, document_size
from emulator.firestore.values import GeoPoint, Value, is_vector

MAX_VALUE_BYTES = 1_048_487
MAX_NAME_BYTES = 1500
MAX_DEPTH = 20
MAX_VECTOR_DIMENSION = 2048

_RESERVED = re.compile(r"__.*__", re.DOTALL)


def check_document(path: DocumentPath, fields: dict[str, Value]) -> int:
    """The document's size; InvalidArgument for the first limit it breaks.

    Its values have passed `check_values`.
    """
    size = document_size(path, fields)
    for name, value in fields.items():
        # Where the whole is shorter than any limit on a part, only depth is left to look at.
        if size > MAX_NAME_BYTES or isinstance(value, (list, dict)):
            _check_limits(name, value)
    if size > MAX_DOCUMENT_BYTES:
        raise InvalidArgument(f"maximum entity size is {MAX_DOCUMENT_BYTES} bytes")
    return size


def check_values(fields: dict[str, Value]) -> None:
    """The first pass alone: names and values that exist in no document."""
    for name in fields:
        check_field_name(name)
    for value in fields.values():
        if isinstance(value, (list, dict, GeoPoint)):
            check_value(value)


def check_field_name(name: str) -> None:
    """The name of a field at the top of a document."""
    if not name:
        raise InvalidArgument("The property.name is the empty string.")
    if name.startswith("__") and _RESERVED.fullmatch(name):
        raise InvalidArgument(f"field name {name} is reserved")


def check_value(value: Value, in_array: bool = False) -> None:
    if isinstance(value, list):
        if in_array:
            raise InvalidArgument("Nested arrays are not allowed")
        for element in value:
            check_value(element, in_array=True)
    elif isinstance(value, dict):
        if value.get("__type__") is not None:
            _check_vector(value)
            return
        for name, inner in value.items():
            if not name:
                raise InvalidArgument("The property.name is the empty string.")
            if name.startswith("__") and _RESERVED.fullmatch(name):
                raise InvalidArgument(f"field name '{name}' is reserved.")
            check_value(inner)
    elif isinstance(value, GeoPoint):
        _check_geo_point(value)


def _check_geo_point(point: GeoPoint) -> None:
    if not -90.0 <= point.latitude <= 90.0:
        raise InvalidArgument(f"Geo point latitude '{point.latitude}' outside permitted range -90.0 to 90.0.")
    if not -180.0 <= point.longitude <= 180.0:
        raise InvalidArgument(
            f"Geo point longitude '{point.longitude}' outside permitted range -180.0 to 180.0."
        )


def _check_vector(value: dict[str, Value]) -> None:
    elements = value.get("value")
    if not is_vector(value) or not isinstance(elements, list) or len(value) != 2:
        raise InvalidArgument("field name '__type__' is reserved.")
    if not elements:
        raise InvalidArgument("Vectors must contain at least one element.")
    if len(elements) > MAX_VECTOR_DIMENSION:
        raise InvalidArgument(f"Vectors can have a maximum of {MAX_VECTOR_DIMENSION} dimensions.")
    if not all(type(element) in (int, float) for element in elements):
        raise InvalidArgument("Vectors must only contain numeric values.")


def _check_limits(name: str, value: Value) -> None:
    if _longer(name, MAX_NAME_BYTES):
        raise InvalidArgument(f"The property.name is longer than {MAX_NAME_BYTES} bytes.")
    if isinstance(value, list):
        # The official emulator stores an array as a repeated property and forgets the name the array has.
        name = "array"
        for element in value:
            if _is_long_value(element):
                raise InvalidArgument(
                    f'The value of property "array" is longer than {MAX_VALUE_BYTES} bytes.'
                )
    elif _is_long_value(value):
        raise InvalidArgument(f'The value of property "{name}" is longer than {MAX_VALUE_BYTES} bytes.')
    if isinstance(value, (list, dict)) and not is_vector(value) and not _fits(value, name, 1):
        raise InvalidArgument(f"Property {name} contains an invalid nested entity.")


def _fits(value: Value, prefix: str, depth: int) -> bool:
    """Whether all within a map or array keeps the limits. `prefix` is the dotted name so far, with arrays
    named `array`.
    """
    if isinstance(value, list):
        children = [(prefix, element) for element in value]
    elif isinstance(value, dict):
        children = [
            (f"{prefix}.array" if isinstance(inner, list) else f"{prefix}.{name}", inner)
            for name, inner in value.items()
        ]
        if any(_longer(f"{prefix}.{name}", MAX_NAME_BYTES) for name in value):
            return False
    else:
        return not _is_long_value(value)
    if depth > MAX_DEPTH:
        return False
    return all(_fits(child, name, depth + 1) for name, child in children)


def _is_long_value(value: Value) -> bool:
    if isinstance(value, str):
        return _longer(value, MAX_VALUE_BYTES)
    return isinstance(value, bytes) and len(value) > MAX_VALUE_BYTES


def _longer(text: str, limit: int) -> bool:
    return len(text) * 4 > limit and len(text.encode()) > limit
