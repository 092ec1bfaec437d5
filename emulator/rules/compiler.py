"""A checked program to what a request runs: patterns and closures."""

from dataclasses import dataclass

from emulator.rules import ast
from emulator.rules.environment import Environment, Evaluate, Locals
from emulator.rules.expressions import Compiled, ExpressionCompiler, Observe
from emulator.rules.matching import Pattern, pattern_of
from emulator.rules.scopes import Block, Program
from emulator.rules.types import Value

_SIMPLE_METHODS = {"read": ("get", "list"), "write": ("create", "update", "delete")}


@dataclass(frozen=True, slots=True)
class CompiledAllow:
    """`cost` counts the expressions that run whenever the condition does."""

    start: int
    condition: Evaluate
    cost: int


@dataclass(frozen=True, slots=True)
class CompiledBlock:
    """A match statement: its allows by simple method (get, list, create, update, delete)."""

    pattern: Pattern
    allows: dict[str, tuple[CompiledAllow, ...]]


def compile_service(program: Program, service: str, observe: Observe | None) -> tuple[CompiledBlock, ...]:
    """The blocks of one service in source order. `observe` wraps each closure, for coverage."""
    expressions = ExpressionCompiler(service, observe)
    version = program.file.version
    return tuple(_compile_block(block, expressions, version) for block in program.blocks[service])


def _compile_block(block: Block, expressions: ExpressionCompiler, version: int) -> CompiledBlock:
    allows: dict[str, list[CompiledAllow]] = {}
    for allow in block.match.allows:
        condition, cost = _condition(allow, block, expressions)
        compiled = CompiledAllow(allow.start, condition, cost)
        for method in simple_methods(allow):
            allows.setdefault(method, []).append(compiled)
    by_method = {method: tuple(found) for method, found in allows.items()}
    return CompiledBlock(pattern_of(block.path, version), by_method)


def _condition(allow: ast.Allow, block: Block, expressions: ExpressionCompiler) -> Compiled:
    if allow.condition is None:
        return _always, 0
    return expressions.condition(allow.condition, block.scope)


def simple_methods(allow: ast.Allow) -> list[str]:
    """What it names, `read` and `write` taken apart; each method once."""
    found = [simple for method in allow.methods for simple in _SIMPLE_METHODS.get(method, (method,))]
    return list(dict.fromkeys(found))


def _always(env: Environment, slots: Locals) -> Value:
    return True
