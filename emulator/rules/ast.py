"""The syntax tree. Every node carries the half-open range of source offsets it was read from.

Nodes are named tuples: a file has thousands, and both their classes and their instances are made several
times faster than those of frozen dataclasses, which counts for the start of the Storage runtime.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias


class Node(Protocol):
    """What every class below has."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


# ---- expressions


class Literal(NamedTuple):
    start: int
    end: int
    value: Any


class Variable(NamedTuple):
    start: int
    end: int
    name: str


class Member(NamedTuple):
    start: int
    end: int
    target: "Expression"
    name: str


class Index(NamedTuple):
    start: int
    end: int
    target: "Expression"
    place: "Expression"


class Slice(NamedTuple):
    start: int
    end: int
    target: "Expression"
    lower: "Expression"
    upper: "Expression"


class Unary(NamedTuple):
    start: int
    end: int
    operator: str
    operand: "Expression"


class Binary(NamedTuple):
    start: int
    end: int
    operator: str
    left: "Expression"
    right: "Expression"


class Logical(NamedTuple):
    """A chain of one operator, `&&` or `||`, with two or more operands."""

    start: int
    end: int
    operator: str
    operands: "tuple[Expression, ...]"


class TypeTest(NamedTuple):
    start: int
    end: int
    operand: "Expression"
    type_name: str


class Conditional(NamedTuple):
    start: int
    end: int
    condition: "Expression"
    when_true: "Expression"
    when_false: "Expression"


class Call(NamedTuple):
    start: int
    end: int
    name: str
    arguments: "tuple[Expression, ...]"


class MethodCall(NamedTuple):
    start: int
    end: int
    target: "Expression"
    name: str
    arguments: "tuple[Expression, ...]"


class ListLiteral(NamedTuple):
    start: int
    end: int
    items: "tuple[Expression, ...]"


class MapLiteral(NamedTuple):
    start: int
    end: int
    entries: "tuple[tuple[str, Expression], ...]"


class PathLiteral(NamedTuple):
    """`/a/$(e)/(default)`: a string is a literal segment."""

    start: int
    end: int
    segments: "tuple[str | Expression, ...]"


Expression: TypeAlias = (
    Literal
    | Variable
    | Member
    | Index
    | Slice
    | Unary
    | Binary
    | Logical
    | TypeTest
    | Conditional
    | Call
    | MethodCall
    | ListLiteral
    | MapLiteral
    | PathLiteral
)


# By type: a match statement would try the fifteen classes in turn for every node of a file.
_CHILDREN: Mapping[type, Callable[[Any], "tuple[Expression, ...]"]] = {
    Literal: lambda node: (),
    Variable: lambda node: (),
    Member: lambda node: (node.target,),
    Index: lambda node: (node.target, node.place),
    Slice: lambda node: (node.target, node.lower, node.upper),
    Unary: lambda node: (node.operand,),
    Binary: lambda node: (node.left, node.right),
    Logical: lambda node: node.operands,
    TypeTest: lambda node: (node.operand,),
    Conditional: lambda node: (node.condition, node.when_true, node.when_false),
    Call: lambda node: node.arguments,
    MethodCall: lambda node: (node.target, *node.arguments),
    ListLiteral: lambda node: node.items,
    MapLiteral: lambda node: tuple([value for _, value in node.entries]),
    PathLiteral: lambda node: tuple([segment for segment in node.segments if not isinstance(segment, str)]),
}


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct sub-expressions in source order."""
    return _CHILDREN[type(node)](node)


def walk(expression: Expression) -> Iterator[tuple[Expression, int]]:
    """Every node with its depth, the root first at depth 1, without recursion."""
    pending = [(expression, 1)]
    while pending:
        node, depth = pending.pop()
        yield node, depth
        inner = _CHILDREN[type(node)](node)
        if inner:
            depth += 1
            pending.extend([(child, depth) for child in reversed(inner)])


# ---- declarations


class Let(NamedTuple):
    start: int
    end: int
    name: str
    value: Expression


class Function(NamedTuple):
    start: int
    end: int
    name: str
    parameters: tuple[str, ...]
    lets: tuple[Let, ...]
    result: Expression


class Segment(NamedTuple):
    """A segment of a declared path: a literal, or a wildcard for one segment or, as a glob, for many."""

    start: int
    end: int
    text: str
    is_capture: bool
    is_glob: bool


class Allow(NamedTuple):
    """`condition` is None for an allow that has none: it always allows."""

    start: int
    end: int
    methods: tuple[str, ...]
    condition: Expression | None


class Match(NamedTuple):
    start: int
    end: int
    path: tuple[Segment, ...]
    functions: tuple[Function, ...]
    allows: tuple[Allow, ...]
    matches: "tuple[Match, ...]"


class Service(NamedTuple):
    start: int
    end: int
    name: str
    functions: tuple[Function, ...]
    matches: tuple[Match, ...]


class File(NamedTuple):
    start: int
    end: int
    version: int
    functions: tuple[Function, ...]
    services: tuple[Service, ...]
