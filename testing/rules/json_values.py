"""Values of the Firestore REST API as Python values."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from testing.rules.values import GeoPoint, Reference


def from_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a document, or of a map value."""
    return {name: from_value(value) for name, value in document.get("fields", {}).items()}


def from_value(value: Mapping[str, Any]) -> Any:
    [(kind, content)] = value.items()
    match kind:
        case "integerValue":
            return int(content)
        case "doubleValue":
            return float(content)
        case "bytesValue":
            return base64.b64decode(content)
        case "timestampValue":
            return datetime.fromisoformat(content)
        case "referenceValue":
            return Reference(content.partition("/documents/")[2])
        case "geoPointValue":
            return GeoPoint(content.get("latitude", 0.0), content.get("longitude", 0.0))
        case "arrayValue":
            return [from_value(item) for item in content.get("values", [])]
        case "mapValue":
            return from_fields(content)
    return content
