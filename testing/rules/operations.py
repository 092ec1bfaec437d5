"""What a client can ask for, as the backends carry it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal, TypeAlias

from emulator.firestore import queries
from emulator.firestore.documents import FieldTransform, Precondition, WriteKind
from emulator.firestore.documents import Write as StoredWrite
from emulator.firestore.paths import DocumentPath, FieldPath, parse_field_path
from emulator.firestore.values import Value, with_field
from testing.rules.values import DELETE_FIELD, Codec, Data, leaves

WriteName = Literal["create", "set", "merge", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Write:
    """One write. The keys of an update are field paths (`usage.bytes`), as in the SDKs."""

    kind: WriteName
    path: str
    data: Data = field(default_factory=dict)


Condition: TypeAlias = tuple[str, str, Any]
"""A field path, an operator (== != < <= > >= in not-in array-contains array-contains-any), a value."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions of which one must hold."""

    conditions: tuple[Condition, ...]


def any_of(*conditions: Condition) -> AnyOf:
    return AnyOf(conditions)


@dataclass(frozen=True, slots=True)
class Query:
    """All conditions must hold. A minus before a field orders downwards. `group` asks every collection of
    that id.
    """

    collection: str
    where: tuple[Condition | AnyOf, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int | None = None
    group: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """An object to store. `size` stands for that many zero bytes where the content does not matter."""

    content: bytes = b""
    _: KW_ONLY
    name: str = ""
    size: int | None = None
    content_type: str = "application/octet-stream"
    content_encoding: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def length(self) -> int:
        return len(self.content) if self.size is None else self.size

    @property
    def bytes(self) -> bytes:
        return self.content if self.size is None else bytes(self.size)


def stored_write(write: Write, codec: Codec) -> StoredWrite:
    """The write as the protocol knows it: fields, mask, transforms, precondition."""
    path = codec.document_path(write.path)
    if write.kind == "delete":
        return StoredWrite(WriteKind.DELETE, path)
    named = [(name if write.kind == "update" else None, name, value) for name, value in write.data.items()]
    fields: dict[str, Value] = {}
    mask: list[FieldPath] = []
    transforms: list[FieldTransform] = []
    for update_path, name, value in named:
        above = parse_field_path(update_path) if update_path is not None else (name,)
        found = list(leaves(value, above)) if isinstance(value, Mapping) and value else [(above, value)]
        for place, leaf in found:
            transform = codec.transform(place, leaf)
            if transform is not None:
                transforms.append(transform)
            elif leaf is not DELETE_FIELD:
                fields = with_field(fields, place, codec.encode(leaf))
        mask.extend(_mask(write, above, found, codec))
    return StoredWrite(
        WriteKind.UPDATE,
        path,
        fields,
        None if write.kind in ("create", "set") else tuple(mask),
        tuple(transforms),
        Precondition(exists={"create": False, "update": True}.get(write.kind)),
    )


def _mask(
    write: Write, above: FieldPath, found: Sequence[tuple[FieldPath, Any]], codec: Codec
) -> list[FieldPath]:
    """An update replaces the field that its key names, a merge each leaf; transforms stand in no mask."""
    plain = [place for place, leaf in found if codec.transform(place, leaf) is None]
    if write.kind == "update":
        return [above] if plain else []
    return plain


def stored_query(query: Query, codec: Codec) -> queries.Query:
    """Raises ValueError when the path is not that of a collection."""
    segments = tuple(query.collection.split("/"))
    if len(segments) % 2 == 0 or not all(segments):
        raise ValueError(f"{query.collection!r} is no collection's path; one looks like users/alice/files")
    filters = tuple(_filter(condition, codec) for condition in query.where)
    where = filters[0] if len(filters) == 1 else queries.CompositeFilter("AND", filters) if filters else None
    return queries.Query(
        DocumentPath(codec.database, segments[:-1]),
        segments[-1],
        query.group,
        where,
        tuple(_order(field) for field in query.order_by),
        limit=query.limit,
    )


def _filter(condition: Condition | AnyOf, codec: Codec) -> queries.Filter:
    if isinstance(condition, AnyOf):
        return queries.CompositeFilter("OR", tuple(_filter(each, codec) for each in condition.conditions))
    name, operator, value = condition
    field_path = parse_field_path(name)
    if value is None and operator in ("==", "!="):
        return queries.FieldFilter(
            field_path, queries.Operator("is-null" if operator == "==" else "is-not-null")
        )
    return queries.FieldFilter(field_path, queries.Operator(operator), codec.encode(value))


def _order(name: str) -> queries.Order:
    if name.startswith("-"):
        return queries.Order(parse_field_path(name[1:]), queries.Direction.DESCENDING)
    return queries.Order(parse_field_path(name))
