"""firestore.indexes.json read and written, and the words in which production asks for an index.

The format is that of the Firebase CLI (https://firebase.google.com/docs/reference/firestore/indexes).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from emulator.errors import FirestoreError
from emulator.firestore.index_requirements import (
    EVERY_FIELD,
    FieldOverride,
    IndexCatalog,
    IndexDefinition,
    IndexField,
    Mode,
)
from emulator.firestore.paths import DatabaseId, FieldPath, format_field_path, parse_field_path
from emulator.firestore.queries import NAME
from emulator.wire.commented_json import ConfigFileError, parse, place_of

Json: TypeAlias = dict[str, Any]

_COLLECTION, _GROUP = "COLLECTION", "COLLECTION_GROUP"
_CONSOLE = "https://console.firebase.google.com/v1/r/project"
#: google.firestore.admin.v1.Index.IndexField.Order and ArrayConfig, and Index.QueryScope.
_ORDER_NUMBERS = {Mode.ASCENDING: 1, Mode.DESCENDING: 2}
_CONTAINS_NUMBER = 1
_SCOPE_NUMBERS = {False: 1, True: 2}


#: The words of the first version of the format, which the CLI still reads (and `firebase init` still shows).
_OLD_MODES = {"ARRAY_CONTAINS": "CONTAINS"}


class IndexFileError(Exception):
    """The file is not what the CLI would deploy; the message begins with its name, line and column."""


class _WrongShape(Exception):
    """A value that an index file cannot have at `place`."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place} {reason}")
        self.place = place


def parse_catalog(text: str, name: str = "firestore.indexes.json") -> IndexCatalog:
    """The catalog of a firestore.indexes.json, read as the CLI reads it. Raises IndexFileError."""
    try:
        tree = parse(text, name)
    except ConfigFileError as error:
        raise IndexFileError(str(error)) from None
    if not isinstance(tree, dict):
        raise IndexFileError(f"{name}:1:1: the file must hold an object")
    try:
        return IndexCatalog.of(
            (
                index
                for at, each in enumerate(_list("", tree, "indexes"))
                if (index := _index(f"indexes[{at}]", each)) is not None
            ),
            (
                _override(f"fieldOverrides[{at}]", each)
                for at, each in enumerate(_list("", tree, "fieldOverrides"))
            ),
        )
    except _WrongShape as error:
        line, column = place_of(text, error.place)
        raise IndexFileError(f"{name}:{line}:{column}: {error}") from None


def _index(place: str, tree: Any) -> IndexDefinition | None:
    """The index, or None for one that no query of this edition of Firestore uses (full text search)."""
    listed = _list(f"{place}.", _object(place, tree), "fields")
    if not listed:
        raise _WrongShape(place, "has no fields")
    if any(isinstance(each, dict) and "searchConfig" in each for each in listed):
        return None
    fields = [_field(f"{place}.fields[{at}]", each) for at, each in enumerate(listed)]
    if len(fields) > 1 and fields[-1].path == NAME:
        usual = fields[-2].mode if fields[-2].mode is Mode.DESCENDING else Mode.ASCENDING
        if fields[-1].mode is usual:
            fields.pop()
    collection = _text(place, tree, "collectionGroup" if tree.get("collectionGroup") else "collectionId")
    return IndexDefinition(collection, _scope(place, tree), tuple(fields))


def _field(place: str, tree: Any) -> IndexField:
    path = _path(place, tree)
    if "vectorConfig" in tree:
        dimension = _object(f"{place}.vectorConfig", tree["vectorConfig"]).get("dimension")
        if not isinstance(dimension, int):
            raise _WrongShape(f"{place}.vectorConfig", "needs a number as dimension")
        return IndexField(path, Mode.VECTOR, dimension)
    return IndexField(path, _mode(place, tree))


def _override(place: str, tree: Any) -> FieldOverride:
    listed = _list(f"{place}.", _object(place, tree), "indexes")
    indexes = [
        (_mode(f"{place}.indexes[{at}]", each), _scope(f"{place}.indexes[{at}]", each))
        for at, each in enumerate(listed)
    ]
    return FieldOverride(_text(place, tree, "collectionGroup"), _path(place, tree), frozenset(indexes))


def _mode(place: str, tree: Any) -> Mode:
    given = _object(place, tree)
    asked = given.get("order") or given.get("arrayConfig") or given.get("mode")
    asked = _OLD_MODES.get(asked, asked) if isinstance(asked, str) else asked
    if asked not in ("ASCENDING", "DESCENDING", "CONTAINS"):
        raise _WrongShape(place, "needs order ASCENDING or DESCENDING, or arrayConfig CONTAINS")
    return Mode(asked)


def _scope(place: str, tree: Json) -> bool:
    scope = tree.get("queryScope") or _COLLECTION
    if scope not in (_COLLECTION, _GROUP):
        raise _WrongShape(place, f"has the queryScope {scope!r}, which is neither {_COLLECTION} nor {_GROUP}")
    return bool(scope == _GROUP)


def _path(place: str, tree: Any) -> FieldPath:
    text = _text(place, _object(place, tree), "fieldPath")
    if text == "*":
        return EVERY_FIELD
    try:
        return NAME if text == "__name__" else parse_field_path(text)
    except FirestoreError as error:
        raise _WrongShape(f"{place}.fieldPath", f"is no field path: {error.message}") from None


def _text(place: str, tree: Json, key: str) -> str:
    value = tree.get(key)
    if not isinstance(value, str) or not value:
        raise _WrongShape(place, f"needs a text as {key}")
    return value


def _list(prefix: str, tree: Json, key: str) -> list[Any]:
    value = tree.get(key)
    if value is not None and not isinstance(value, list):
        raise _WrongShape(f"{prefix}{key}", "must be a list")
    return value or []


def _object(place: str, value: Any) -> Json:
    if not isinstance(value, dict):
        raise _WrongShape(place, "must be an object")
    return value


def to_add(missing: Iterable[IndexDefinition], catalog: IndexCatalog) -> Json:
    """What to write into the file, in its own form. An override is given whole: it replaces the one of its
    field.
    """
    indexes: list[Json] = []
    overrides: dict[tuple[str, FieldPath], set[tuple[Mode, bool]]] = {}
    for index in missing:
        only = index.fields[0]
        if len(index.fields) == 1 and only.mode is not Mode.VECTOR:
            key = (index.collection, only.path)
            found = overrides.setdefault(key, set(catalog.of_field(index.collection, only.path)))
            found.add((only.mode, index.group))
        else:
            indexes.append(_print_index(index))
    return {
        "indexes": indexes,
        "fieldOverrides": [
            _print_override(collection, path, found) for (collection, path), found in overrides.items()
        ],
    }


def _print_index(index: IndexDefinition) -> Json:
    return {
        "collectionGroup": index.collection,
        "queryScope": _GROUP if index.group else _COLLECTION,
        "fields": [{"fieldPath": _format(each.path), **_print_mode(each)} for each in index.fields],
    }


def _print_override(collection: str, path: FieldPath, found: set[tuple[Mode, bool]]) -> Json:
    ordered = sorted(found, key=lambda each: (each[1], each[0].value))
    indexes = [
        {**_print_mode(IndexField(path, mode)), "queryScope": _GROUP if group else _COLLECTION}
        for mode, group in ordered
    ]
    return {"collectionGroup": collection, "fieldPath": _format(path), "indexes": indexes}


def _print_mode(field: IndexField) -> Json:
    if field.mode is Mode.VECTOR:
        return {"vectorConfig": {"dimension": field.dimension, "flat": {}}}
    key = "arrayConfig" if field.mode is Mode.CONTAINS else "order"
    return {key: field.mode.value}


def _format(path: FieldPath) -> str:
    return path[0] if path in (NAME, EVERY_FIELD) else format_field_path(path)


def describe(
    database: DatabaseId, index: IndexDefinition, catalog: IndexCatalog, file: str = "firestore.indexes.json"
) -> str:
    """Production's sentence with its link, and what to write into the file of that name."""
    addition = {key: value for key, value in to_add([index], catalog).items() if value}
    entry = json.dumps(addition, ensure_ascii=False)
    return f"{_sentence(database, index)} Or add to {file}: {entry}"


def _sentence(database: DatabaseId, index: IndexDefinition) -> str:
    only = index.fields[0]
    if any(each.mode is Mode.VECTOR for each in index.fields):
        return (
            "Missing vector index configuration. Please create the required index"
            f" with the following gcloud command: {_command(database, index)}"
        )
    if len(index.fields) > 1:
        link = _link(database, index, "create_composite", "indexes")
        return f"The query requires an index. You can create it here: {link}"
    scope = _GROUP if index.group else _COLLECTION
    kind = {Mode.ASCENDING: "ASC", Mode.DESCENDING: "DESC"}.get(only.mode, "CONTAINS")
    link = _link(database, index, "create_exemption", "fields")
    return (
        f"The query requires a {scope}_{kind} index for collection {index.collection}"
        f" and field {_format(only.path)}. You can create it here: {link}"
    )


def _command(database: DatabaseId, index: IndexDefinition) -> str:
    """What makes an index with a vector, which the console cannot. A shell reads it as it is."""
    named = "" if database.database == "(default)" else f" --database={database.database}"
    configs = " ".join(f"--field-config={_field_config(field)}" for field in index.fields)
    return (
        f"gcloud firestore indexes composite create --project={database.project}{named}"
        f" --collection-group={index.collection}"
        f" --query-scope={_GROUP if index.group else _COLLECTION} {configs}"
    )


def _field_config(field: IndexField) -> str:
    path = f"field-path={_format(field.path)}"
    if field.mode is Mode.VECTOR:
        return f"""vector-config='{{"dimension":"{field.dimension}","flat": "{{}}"}}',{path}"""
    kind = "array-config" if field.mode is Mode.CONTAINS else "order"
    return f"{kind}={field.mode.value},{path}"


def _link(database: DatabaseId, index: IndexDefinition, action: str, kind: str) -> str:
    """The console's page that makes the index: a google.firestore.admin.v1.Index in base64."""
    group = f"projects/{database.project}/databases/{database.database}/collectionGroups/{index.collection}"
    last = "_" if kind == "indexes" else _format(index.fields[0].path)
    fields = [*index.fields]
    if kind == "indexes" and fields[-1].path != NAME:
        way = Mode.DESCENDING if fields[-1].mode is Mode.DESCENDING else Mode.ASCENDING
        fields.append(IndexField(NAME, way))
    message = _bytes_field(1, f"{group}/{kind}/{last}".encode()) + bytes(
        [2 << 3, _SCOPE_NUMBERS[index.group]]
    )
    message += b"".join(_bytes_field(3, _encode_field(each)) for each in fields)
    encoded = base64.urlsafe_b64encode(message).decode().rstrip("=")
    return f"{_CONSOLE}/{database.project}/firestore/indexes?{action}={encoded}"


def _encode_field(field: IndexField) -> bytes:
    path = _bytes_field(1, _format(field.path).encode())
    if field.mode is Mode.CONTAINS:
        return path + bytes([3 << 3, _CONTAINS_NUMBER])
    return path + bytes([2 << 3, _ORDER_NUMBERS[field.mode]])


def _bytes_field(number: int, value: bytes) -> bytes:
    """A length-delimited field of a protobuf message."""
    length, size = bytearray(), len(value)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + value


def merged(file: Mapping[str, Any], addition: Mapping[str, Any]) -> Json:
    """The file with an addition of `to_add` in it; everything else stays as it was."""
    listed = file.get("fieldOverrides") or []
    replaced = {_field_key(each) for each in addition["fieldOverrides"]}
    kept = [each for each in listed if _field_key(each) not in replaced]
    earlier = {_field_key(each): each for each in listed}
    overrides = [{**earlier.get(_field_key(each), {}), **each} for each in addition["fieldOverrides"]]
    return {
        **file,
        "indexes": [*(file.get("indexes") or []), *addition["indexes"]],
        "fieldOverrides": [*kept, *overrides],
    }


def _field_key(override: Mapping[str, Any]) -> tuple[Any, Any]:
    return override.get("collectionGroup"), override.get("fieldPath")
