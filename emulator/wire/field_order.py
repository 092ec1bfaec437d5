"""The order in which a JSON body wrote the fields of its documents.

Bodies are read through protobuf messages, whose maps forget order; the official emulator stores and prints
fields as they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emulator.firestore.documents import Write
from emulator.firestore.values import Value
from emulator.wire.rest_json import Json


def ordered_writes(writes: Sequence[Write], body: Json) -> list[Write]:
    """Writes decoded from a body with a list `writes`, each document's fields in the body's order."""
    trees = body.get("writes") or []
    return [
        replace(write, fields=ordered_fields(write.fields, (tree.get("update") or {}).get("fields") or {}))
        if write.fields
        else write
        for write, tree in zip(writes, trees, strict=True)
    ]


def ordered_fields(fields: dict[str, Value], tree: Json) -> dict[str, Value]:
    """The same fields, in the order of the JSON map they were decoded from."""
    return {name: _ordered_value(fields[name], value) for name, value in tree.items()}


def _ordered_value(value: Value, tree: Json) -> Value:
    match value:
        case dict():
            return ordered_fields(value, _part(tree, "mapValue", "map_value").get("fields") or {})
        case list():
            items = _part(tree, "arrayValue", "array_value").get("values") or []
            return [_ordered_value(item, each) for item, each in zip(value, items, strict=True)]
    return value


def _part(tree: Json, name: str, original_name: str) -> dict[str, Any]:
    return tree.get(name) or tree.get(original_name) or {}
