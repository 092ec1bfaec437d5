"""What a stored document may hold.

Two passes, in the order the official emulator complains: first what makes a value no entity value at all
(nested arrays, reserved names, geo points off the globe), then limits (lengths, depth, the whole document).
"""

from __future__ import annotations

import math
import re

from emulator.errors import InvalidArgument
from emulator.firestore.paths import DocumentPath
from emulator.firestore.sizes import MAX_DOCUMENT_BYTES, document_size
from emulator.firestore.values import VECTOR_TYPE, GeoPoint, Reference, Timestamp, Value, is_vector

MAX_VALUE_BYTES = 1_048_487
MAX_NAME_BYTES = 1500
MAX_DEPTH = 20
MAX_VECTOR_DIMENSION = 2048

_RESERVED = re.compile(r"__.*__", re.DOTALL)

#: What the official emulator calls the types of values.
_TYPE_NAMES: dict[type, str] = {
    bool: "BOOLEAN",
    int: "LONG",
    float: "DOUBLE",
    bytes: "BYTES",
    list: "ARRAY",
    dict: "MAP",
    Timestamp: "TIMESTAMP",
    Reference: "ENTITY_REF",
    GeoPoint: "GEO_POINT",
}


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
    if is_reserved(name):
        raise InvalidArgument(f"field name {name} is reserved")


def is_reserved(name: str) -> bool:
    return name.startswith("__") and _RESERVED.fullmatch(name) is not None


def check_inner_name(name: str) -> None:
    """The name of a field within a map."""
    if not name:
        raise InvalidArgument("The property.name is the empty string.")
    if is_reserved(name):
        raise InvalidArgument(f"field name '{name}' is reserved.")


def check_value(value: Value, in_array: bool = False) -> None:
    if isinstance(value, list):
        if in_array:
            raise InvalidArgument("Nested arrays are not allowed")
        for element in value:
            check_value(element, in_array=True)
    elif isinstance(value, dict):
        _check_map(value)
    elif isinstance(value, GeoPoint):
        _check_geo_point(value)


def _check_geo_point(point: GeoPoint) -> None:
    if not -90.0 <= point.latitude <= 90.0:
        raise InvalidArgument(f"Geo point latitude '{point.latitude}' outside permitted range -90.0 to 90.0.")
    if not -180.0 <= point.longitude <= 180.0:
        raise InvalidArgument(
            f"Geo point longitude '{point.longitude}' outside permitted range -180.0 to 180.0."
        )


def _check_map(value: dict[str, Value]) -> None:
    """One with `__type__` is a vector, which holds no NaN; any other type fails later, with the limits."""
    if "__type__" not in value:
        for name, inner in value.items():
            check_inner_name(name)
            check_value(inner)
    elif type_name(value) == VECTOR_TYPE and any(map(math.isnan, vector_elements(value))):
        raise InvalidArgument("Vector cannot contain NaN values.")


def type_name(value: dict[str, Value]) -> str:
    """The `__type__` of a map that has one. InvalidArgument when it is no text."""
    name = value["__type__"]
    if not isinstance(name, str):
        kind = "NULL" if name is None else _TYPE_NAMES[type(name)]
        raise InvalidArgument(f"Field __type__ must be a string; founds {kind}.")
    return name


def vector_elements(value: dict[str, Value]) -> list[float]:
    """The numbers of a map whose `__type__` is that of vectors. InvalidArgument when it is none."""
    if "value" not in value:
        raise InvalidArgument("Vector map is missing key 'value'.")
    elements = value["value"]
    if not isinstance(elements, list):
        raise InvalidArgument("Vector value type must be an array.")
    if len(value) != 2:
        raise InvalidArgument("Vector value map has extraneous entries.")
    if not elements:
        raise InvalidArgument("Cannot have a zero length vector.")
    if len(elements) > MAX_VECTOR_DIMENSION:
        raise InvalidArgument(f"Vectors must be at most {MAX_VECTOR_DIMENSION} dimensions.")
    numbers = [element for element in elements if isinstance(element, float)]
    if len(numbers) < len(elements):
        raise InvalidArgument("Vector must only contain values of type 'double'")
    return numbers


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
    if isinstance(value, (list, dict)) and not _fits(value, name, 1):
        raise InvalidArgument(f"Property {name} contains an invalid nested entity.")


def _fits(value: Value, prefix: str, depth: int) -> bool:
    """Whether all within a map or array keeps the limits. `prefix` is the dotted name so far, with arrays
    named `array`.
    """
    if isinstance(value, list):
        children = [(prefix, element) for element in value]
    elif isinstance(value, dict):
        if "__type__" in value:
            return is_vector(value)
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
