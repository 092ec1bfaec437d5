"""A checked program to what a request runs: patterns and closures."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from emulator.rules import ast
from emulator.rules.environment import Environment, Evaluate, Locals
from emulator.rules.expressions import Compiled, ExpressionCompiler, Observe
from emulator.rules.matching import Pattern, pattern_of
from emulator.rules.scopes import Block, Program
from emulator.rules.types import Value

_SIMPLE_METHODS = {"read": ("get", "list"), "write": ("create", "update", "delete")}


class CompiledAllow:
    """An allow statement. `cost` counts the expressions that run whenever the condition does.

    The condition is compiled when it is asked for the first time: of a long file most never are, and whoever
    saves one should not wait for those.
    """

    __slots__ = ("_compile", "condition", "cost", "start")

    def __init__(self, start: int, compile_condition: Callable[[], Compiled]) -> None:
        self.start = start
        self.cost = 0
        self.condition: Evaluate = self._first
        self._compile = compile_condition

    def _first(self, env: Environment, slots: Locals) -> Value:
        self.condition, self.cost = self._compile()
        env.spend(self.cost)
        return self.condition(env, slots)


@dataclass(frozen=True, slots=True)
class CompiledBlock:
    """A match statement: its allows by simple method (get, list, create, update, delete)."""

    pattern: Pattern
    allows: dict[str, tuple[CompiledAllow, ...]]


def compile_service(program: Program, service: str, observe: Observe | None) -> tuple[CompiledBlock, ...]:
    """The blocks of one service in source order. `observe` wraps each closure."""
    expressions = ExpressionCompiler(service, observe)
    version = program.file.version
    return tuple(_compile_block(block, expressions, version) for block in program.blocks[service])


def _compile_block(block: Block, expressions: ExpressionCompiler, version: int) -> CompiledBlock:
    allows: dict[str, list[CompiledAllow]] = {}
    for allow in block.match.allows:
        compiled = CompiledAllow(allow.start, partial(_condition, allow, block, expressions))
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
