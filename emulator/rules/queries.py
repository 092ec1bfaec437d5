"""A list request as its rules see it: the part of the path and of the document that the query determines."""

from emulator.rules.matching import ANY_PARENTS, UNKNOWN_DOCUMENT, Token
from emulator.rules.requests import FieldConstraint, RulesQuery
from emulator.rules.types import Path, Value
from emulator.rules.types.unknown import PartialMap, Unknown

_DOCUMENT_NAME = ("__name__",)


def listed_path(
    path: tuple[str, ...], query: RulesQuery, disjunct: tuple[FieldConstraint, ...]
) -> tuple[Token, ...]:
    """The path of the documents that one disjunct of the query can return."""
    document = _document_path(disjunct)
    if document is not None:
        return document.segments
    if not query.all_descendants:
        return (*path, UNKNOWN_DOCUMENT)
    collection = Unknown("the collection") if query.collection_id is None else query.collection_id
    return (*path, ANY_PARENTS, collection, UNKNOWN_DOCUMENT)


def listed_resource(disjunct: tuple[FieldConstraint, ...]) -> Value:
    """The `resource` of a document that satisfies the disjunct."""
    document = _document_path(disjunct)
    return {
        "data": _known_data(disjunct),
        "id": Unknown("resource.id") if document is None else document.segments[-1],
        "__name__": Unknown("resource.__name__") if document is None else document,
    }


def _document_path(disjunct: tuple[FieldConstraint, ...]) -> Path | None:
    for constraint in disjunct:
        if constraint.field == _DOCUMENT_NAME and constraint.op == "==" and type(constraint.value) is Path:
            return constraint.value
    return None


def _known_data(disjunct: tuple[FieldConstraint, ...]) -> PartialMap:
    data = PartialMap("resource.data", {})
    fixed = [constraint for constraint in disjunct if constraint.op == "=="]
    bounded = [constraint for constraint in disjunct if constraint.op != "=="]
    for constraint in sorted(fixed, key=lambda each: len(each.field)) + bounded:
        if constraint.field != _DOCUMENT_NAME:
            _add(data, constraint)
    return data


def _add(data: PartialMap, constraint: FieldConstraint) -> None:
    """Enter what the constraint says, unless a value already fixed says more."""
    fields, name = data.fields, data.name
    for step in constraint.field[:-1]:
        name = f"{name}.{step}"
        inner = fields.get(step)
        if inner is None or type(inner) is Unknown:
            inner = fields[step] = PartialMap(name, {})
        if type(inner) is not PartialMap:
            return
        fields = inner.fields
    last = constraint.field[-1]
    if constraint.op == "==":
        fields.setdefault(last, constraint.value)
        return
    known = fields.get(last)
    if last not in fields:
        known = fields[last] = Unknown(f"{name}.{last}")
    if type(known) is Unknown:
        fields[last] = Unknown(known.name, (*known.constraints, (constraint.op, constraint.value)))
