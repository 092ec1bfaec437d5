"""Maps from strings to values."""

from emulator.rules.errors import EvaluationError
from emulator.rules.types.mapdiff import MapDiff
from emulator.rules.types.registry import ANY, Value, method
from emulator.rules.types.unknown import PartialMap


@method(dict, "size")
def size(entries: dict[str, Value]) -> int:
    return len(entries)


@method(dict, "keys")
def keys(entries: dict[str, Value]) -> list[str]:
    return sorted(entries)


@method(dict, "values")
def values(entries: dict[str, Value]) -> list[Value]:
    return [entries[name] for name in sorted(entries)]


@method(dict, "diff", dict)
def diff(after: dict[str, Value], before: dict[str, Value]) -> MapDiff:
    return MapDiff(after, before)


@method(dict, "get", (str, list), ANY)
def get(entries: dict[str, Value], path: str | list[Value], default: Value) -> Value:
    """The value of a key, or along a list of keys, or the default where there is none."""
    value: Value = entries
    for name in [path] if isinstance(path, str) else path:
        if type(name) is not str:
            raise EvaluationError("Map keys are strings.")
        if type(value) is PartialMap:
            value = partial_get(value, name, default)
        elif type(value) is dict and name in value:
            value = value[name]
        else:
            return default
    return value


@method(PartialMap, "get", (str, list), ANY)
def partial_get(entries: PartialMap, path: str | list[Value], default: Value) -> Value:
    """A field that the query does not determine may be there or not: neither its value nor the default."""
    if isinstance(path, str):
        return entries.field(path) if entries.contains(path) else default
    if not path or type(path[0]) is not str:
        raise EvaluationError("Map keys are strings.")
    value = partial_get(entries, path[0], default)
    if len(path) == 1:
        return value
    if type(value) is PartialMap:
        return partial_get(value, path[1:], default)
    return get(value, path[1:], default) if type(value) is dict else default
