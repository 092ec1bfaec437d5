"""The syntax tree. Every node carries the half-open range of source offsets it was read from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Node:
    start: int
    end: int


# ---- expressions


@dataclass(frozen=True, slots=True)
class Literal(Node):
    value: Any


@dataclass(frozen=True, slots=True)
class Variable(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    target: "Expression"
    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    target: "Expression"
    index: "Expression"


@dataclass(frozen=True, slots=True)
class Slice(Node):
    target: "Expression"
    lower: "Expression"
    upper: "Expression"


@dataclass(frozen=True, slots=True)
class Unary(Node):
    operator: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary(Node):
    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Logical(Node):
    """A chain of one operator, `&&` or `||`, with two or more operands."""

    operator: str
    operands: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class TypeTest(Node):
    operand: "Expression"
    type_name: str


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    condition: "Expression"
    when_true: "Expression"
    when_false: "Expression"


@dataclass(frozen=True, slots=True)
class Call(Node):
    name: str
    arguments: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class MethodCall(Node):
    target: "Expression"
    name: str
    arguments: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    items: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class MapLiteral(Node):
    entries: "tuple[tuple[str, Expression], ...]"


@dataclass(frozen=True, slots=True)
class PathLiteral(Node):
    """`/a/$(e)/(default)`: a string is a literal segment."""

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


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct sub-expressions in source order."""
    match node:
        case Literal() | Variable():
            return ()
        case Member(target=target):
            return (target,)
        case Index(target=target, index=index):
            return (target, index)
        case Slice(target=target, lower=lower, upper=upper):
            return (target, lower, upper)
        case Unary(operand=operand) | TypeTest(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Logical(operands=operands):
            return operands
        case Conditional(condition=condition, when_true=when_true, when_false=when_false):
            return (condition, when_true, when_false)
        case Call(arguments=arguments):
            return arguments
        case MethodCall(target=target, arguments=arguments):
            return (target, *arguments)
        case ListLiteral(items=items):
            return items
        case MapLiteral(entries=entries):
            return tuple(value for _, value in entries)
        case PathLiteral(segments=segments):
            return tuple(segment for segment in segments if not isinstance(segment, str))


def walk(expression: Expression) -> Iterator[tuple[Expression, int]]:
    """Every node with its depth, the root first at depth 1, without recursion."""
    pending = [(expression, 1)]
    while pending:
        node, depth = pending.pop()
        yield node, depth
        pending.extend((child, depth + 1) for child in reversed(children(node)))


# ---- declarations


@dataclass(frozen=True, slots=True)
class Let(Node):
    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Function(Node):
    name: str
    parameters: tuple[str, ...]
    lets: tuple[Let, ...]
    result: Expression


@dataclass(frozen=True, slots=True)
class Segment(Node):
    """A segment of a declared path: a literal, or a wildcard for one segment or, as a glob, for many."""

    text: str
    is_capture: bool
    is_glob: bool


@dataclass(frozen=True, slots=True)
class Allow(Node):
    """`condition` is None for an allow that has none: it always allows."""

    methods: tuple[str, ...]
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Match(Node):
    path: tuple[Segment, ...]
    functions: tuple[Function, ...]
    allows: tuple[Allow, ...]
    matches: "tuple[Match, ...]"


@dataclass(frozen=True, slots=True)
class Service(Node):
    name: str
    functions: tuple[Function, ...]
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class File(Node):
    version: int
    functions: tuple[Function, ...]
    services: tuple[Service, ...]
