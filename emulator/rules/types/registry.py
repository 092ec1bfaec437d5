"""The table of methods and functions of the value types. Each type's module adds its own."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from types import NoneType
from typing import Any, TypeAlias, TypeVar

# A rules value: None, bool, int, float, str, bytes, list, dict with str keys, or a class of this package.
# Rules are dynamically typed; the tables below check types where a call is made.
Value: TypeAlias = Any

Implementation = TypeVar("Implementation", bound=Callable[..., Any])

TYPE_NAMES: dict[type, str] = {
    NoneType: "null",
    bool: "bool",
    int: "int",
    float: "float",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
}


class _AnyType:
    def __contains__(self, item: object) -> bool:
        return True


ANY = _AnyType()
NUMBER = (int, float)
Accepted: TypeAlias = "type | tuple[type, ...] | _AnyType"


@dataclass(frozen=True, slots=True)
class Operation:
    """An implementation and the types its arguments may have. `expected` says so in an error."""

    call: Callable[..., Value]
    accepts: tuple[Container[type], ...]
    expected: str


# (method name, number of arguments) -> type of the target -> operation
METHODS: dict[tuple[str, int], dict[type, Operation]] = {}
# (namespace or "", function name) -> number of arguments -> operation
FUNCTIONS: dict[tuple[str, str], dict[int, Operation]] = {}


def type_name(value: Value) -> str:
    """The name of the value's type in error texts."""
    kind = type(value)
    return TYPE_NAMES.get(kind) or str(kind.__name__).lower()


def method(target: type, name: str, *accepts: Accepted) -> Callable[[Implementation], Implementation]:
    """Add a method of the type `target`."""

    def add(call: Implementation) -> Implementation:
        owner = TYPE_NAMES.setdefault(target, target.__name__.lower())
        operation = _operation(f"{owner}.{name}", call, accepts)
        METHODS.setdefault((name, len(accepts)), {})[target] = operation
        return call

    return add


def function(namespace: str, name: str, *accepts: Accepted) -> Callable[[Implementation], Implementation]:
    """Add a function, in a namespace such as `math`, or a global one."""

    def add(call: Implementation) -> Implementation:
        full_name = f"{namespace}.{name}" if namespace else name
        FUNCTIONS.setdefault((namespace, name), {})[len(accepts)] = _operation(full_name, call, accepts)
        return call

    return add


def _operation(name: str, call: Callable[..., Value], accepts: tuple[Accepted, ...]) -> Operation:
    containers = tuple(_types(accepted) for accepted in accepts)
    expected = ", ".join(_names(container) for container in containers)
    return Operation(call, containers, f"{name}({expected})")


def _types(accepted: Accepted) -> Container[type]:
    if isinstance(accepted, _AnyType):
        return accepted
    return frozenset(accepted if isinstance(accepted, tuple) else (accepted,))


def _names(container: Container[type]) -> str:
    if not isinstance(container, frozenset):
        return "any"
    return "|".join(sorted(TYPE_NAMES.get(kind) or kind.__name__.lower() for kind in container))
