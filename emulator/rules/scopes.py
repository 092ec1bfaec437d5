"""Who sees which name. Scopes are lexical: a function sees the wildcards around its declaration."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from emulator.rules import ast

VariableKind = Literal["wildcard", "parameter", "let"]

FIRESTORE = "cloud.firestore"
STORAGE = "firebase.storage"
GLOBALS = frozenset({"request", "resource"})
NAMESPACES = frozenset({"duration", "hashing", "latlng", "math", "timestamp"})
FIRESTORE_NAMESPACE = "firestore"
FIRESTORE_FUNCTIONS = ("get", "exists", "getAfter", "existsAfter")


@dataclass(frozen=True, slots=True)
class Variable:
    """`slot` counts the wildcards from the outermost match, or a function's parameters and then lets."""

    kind: VariableKind
    name: str
    slot: int
    start: int
    end: int


@dataclass(slots=True)
class Scope:
    parent: "Scope | None" = None
    variables: dict[str, Variable] = field(default_factory=dict)
    functions: "dict[str, FunctionSymbol]" = field(default_factory=dict)

    def variable(self, name: str) -> Variable | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.variables:
                return scope.variables[name]
            scope = scope.parent
        return None

    def function(self, name: str) -> "FunctionSymbol | None":
        scope: Scope | None = self
        while scope is not None:
            if name in scope.functions:
                return scope.functions[name]
            scope = scope.parent
        return None


@dataclass(eq=False, slots=True)
class FunctionSymbol:
    """A declared function. The n-th let is evaluated in `let_scopes[n]`, the result in `scope`."""

    declaration: ast.Function
    let_scopes: tuple[Scope, ...]
    scope: Scope


@dataclass(frozen=True, slots=True)
class Block:
    """One match statement with the whole path that leads to it, those around it included."""

    match: ast.Match
    path: tuple[ast.Segment, ...]
    scope: Scope


@dataclass(frozen=True, slots=True)
class Program:
    """The names of a file: match blocks by service in source order, and all functions."""

    file: ast.File
    blocks: dict[str, tuple[Block, ...]]
    functions: tuple[FunctionSymbol, ...]


def program_of(file: ast.File) -> Program:
    functions: list[FunctionSymbol] = []
    blocks: dict[str, tuple[Block, ...]] = {}
    top = Scope()
    functions.extend(_declare_functions(file.functions, top))
    for service in file.services:
        scope = Scope(parent=top)
        functions.extend(_declare_functions(service.functions, scope))
        found = [block for match in service.matches for block in _declare_match(match, (), scope, functions)]
        blocks[service.name] = blocks.get(service.name, ()) + tuple(found)
    return Program(file, blocks, tuple(functions))


def _declare_match(
    match: ast.Match, prefix: tuple[ast.Segment, ...], parent: Scope, functions: list[FunctionSymbol]
) -> Iterator[Block]:
    scope = Scope(parent=parent)
    slot = sum(segment.is_capture for segment in prefix)
    for segment in match.path:
        if segment.is_capture:
            variable = Variable("wildcard", segment.text, slot, segment.start, segment.end)
            scope.variables.setdefault(segment.text, variable)
            slot += 1
    functions.extend(_declare_functions(match.functions, scope))
    path = prefix + match.path
    yield Block(match, path, scope)
    for inner in match.matches:
        yield from _declare_match(inner, path, scope, functions)


def _declare_functions(declarations: tuple[ast.Function, ...], scope: Scope) -> list[FunctionSymbol]:
    symbols = [_function_symbol(declaration, scope) for declaration in declarations]
    for symbol in symbols:
        scope.functions.setdefault(symbol.declaration.name, symbol)
    return symbols


def _function_symbol(declaration: ast.Function, parent: Scope) -> FunctionSymbol:
    scope = Scope(parent=parent)
    for slot, name in enumerate(declaration.parameters):
        scope.variables[name] = Variable("parameter", name, slot, declaration.start, declaration.end)
    let_scopes = []
    for slot, let in enumerate(declaration.lets, start=len(declaration.parameters)):
        let_scopes.append(scope)
        scope = Scope(parent=scope)
        scope.variables[let.name] = Variable("let", let.name, slot, let.start, let.end)
    return FunctionSymbol(declaration, tuple(let_scopes), scope)
