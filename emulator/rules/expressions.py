"""Expressions to closures.

Each closure takes the environment of the request and the locals of the current function. Its cost, the number
of expressions that run whenever it runs, is counted at compile time and charged where evaluation may
branch: for a whole condition, for each further operand of `&&` and `||`, for a branch, for a function's body.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

from emulator.rules import ast, operators
from emulator.rules.environment import Environment, Evaluate, Locals
from emulator.rules.errors import EvaluationError, RulesError, function_not_found, null_value, unsupported
from emulator.rules.functions import document_function
from emulator.rules.scopes import (
    FIRESTORE,
    FIRESTORE_FUNCTIONS,
    FIRESTORE_NAMESPACE,
    NAMESPACES,
    STORAGE,
    FunctionSymbol,
    Scope,
    Variable,
)
from emulator.rules.types.path import Path, joined
from emulator.rules.types.proofs import proves_membership
from emulator.rules.types.registry import FUNCTIONS, METHODS, Operation, Value, type_name
from emulator.rules.types.type_tests import TYPE_TESTS
from emulator.rules.types.unknown import PartialMap, Unknown

Observe: TypeAlias = Callable[[ast.Expression, Evaluate], Evaluate]
"""Wraps the closure of an expression to watch its values."""


Compiled: TypeAlias = tuple[Evaluate, int]
"""A closure and its cost."""


class CompiledFunction:
    """A declared function. Its body is set after the calls to it are compiled."""

    __slots__ = ("body", "cost", "lets")

    def __init__(self) -> None:
        self.body: Evaluate = _unevaluated
        self.cost = 0
        self.lets: list[Value] = []


class _Pending:
    """A let that nothing has asked for yet. An unused let that would fail does not fail its function."""

    __slots__ = ("cost", "run")

    def __init__(self, compiled: Compiled) -> None:
        self.run, self.cost = compiled


class ExpressionCompiler:
    """Compiles the expressions of one service."""

    def __init__(self, service: str, observe: Observe | None) -> None:
        self._service = service
        self._observe = observe
        self._functions: dict[FunctionSymbol, CompiledFunction] = {}
        self._waiting: list[FunctionSymbol] = []

    def condition(self, expression: ast.Expression, scope: Scope) -> Compiled:
        """The condition of an allow statement, with every function it may call."""
        compiled = self._compile(expression, scope)
        while self._waiting:
            symbol = self._waiting[-1]
            self._compile_function(symbol)
            self._waiting.remove(symbol)
        return compiled

    def _compile_function(self, symbol: FunctionSymbol) -> None:
        declaration, function = symbol.declaration, self._functions[symbol]
        function.lets = [
            _Pending(self._compile(let.value, scope))
            for let, scope in zip(declaration.lets, symbol.let_scopes, strict=True)
        ]
        function.body, function.cost = self._compile(declaration.result, symbol.scope)

    def _compile(self, expression: ast.Expression, scope: Scope) -> Compiled:
        kind = type(expression)
        compiled = _FORMS[kind](self, expression, scope)
        if self._observe is None or kind is ast.Literal:
            return compiled
        return self._observe(expression, compiled[0]), compiled[1]

    def _literal(self, node: ast.Literal, scope: Scope) -> Compiled:
        return _constant(node.value), 0

    def _member(self, node: ast.Member, scope: Scope) -> Compiled:
        run, cost = self._compile(node.target, scope)
        return _member(run, node.name, node.start), cost + 1

    def _binary(self, node: ast.Binary, scope: Scope) -> Compiled:
        return self._located(node, scope, operators.BINARY[node.operator], node.left, node.right)

    def _type_test(self, node: ast.TypeTest, scope: Scope) -> Compiled:
        return self._located(
            node, scope, partial(operators.is_type, TYPE_TESTS[node.type_name]), node.operand
        )

    def _unary(self, node: ast.Unary, scope: Scope) -> Compiled:
        apply = operators.invert if node.operator == "!" else operators.negate
        return self._located(node, scope, apply, node.operand)

    def _index(self, node: ast.Index, scope: Scope) -> Compiled:
        return self._located(node, scope, operators.item, node.target, node.place)

    def _slice(self, node: ast.Slice, scope: Scope) -> Compiled:
        return self._located(node, scope, operators.part, node.target, node.lower, node.upper)

    def _list(self, node: ast.ListLiteral, scope: Scope) -> Compiled:
        parts, cost = self._all(node.items, scope)
        return _list(parts), cost

    def _map(self, node: ast.MapLiteral, scope: Scope) -> Compiled:
        parts, cost = self._all([value for _, value in node.entries], scope)
        return _map([name for name, _ in node.entries], parts), cost

    def _all(self, expressions: Iterable[ast.Expression], scope: Scope) -> tuple[list[Evaluate], int]:
        """The closures of several expressions, and the cost of an expression that runs them all."""
        runs = []
        cost = 1
        for expression in expressions:
            run, its_cost = self._compile(expression, scope)
            runs.append(run)
            cost += its_cost
        return runs, cost

    def _located(
        self, node: ast.Expression, scope: Scope, apply: Callable[..., Value], *operands: ast.Expression
    ) -> Compiled:
        """Apply a function to the values of all operands; an error it raises happened at `node`."""
        runs, cost = self._all(operands, scope)
        return _application(apply, runs, node.start), cost

    # ---- names

    def _variable(self, node: ast.Variable, scope: Scope) -> Compiled:
        return self._named(node, scope), 1

    def _named(self, node: ast.Variable, scope: Scope) -> Evaluate:
        variable = scope.variable(node.name)
        if variable is not None:
            return _bound(variable, node.start)
        if node.name == "request":
            return _request
        if node.name == "resource":
            return _resource
        return _failing(null_value, node.start)

    def _call(self, node: ast.Call, scope: Scope) -> Compiled:
        symbol = scope.function(node.name)
        if symbol is not None:
            return self._call_declared(node, symbol, scope)
        if self._service == FIRESTORE and node.name in FIRESTORE_FUNCTIONS and len(node.arguments) == 1:
            return self._document_function(node, node.name, scope)
        return self._call_builtin(node, "", scope)

    def _call_declared(self, node: ast.Call, symbol: FunctionSymbol, scope: Scope) -> Compiled:
        if len(node.arguments) != len(symbol.declaration.parameters):
            return _failing(lambda: function_not_found(node.name), node.start), 1
        function = self._functions.get(symbol)
        if function is None:
            function = self._functions[symbol] = CompiledFunction()
            self._waiting.append(symbol)
        arguments, cost = self._all(node.arguments, scope)
        return _function_call(function, arguments), cost

    def _call_builtin(self, node: ast.Call | ast.MethodCall, namespace: str, scope: Scope) -> Compiled:
        operation = FUNCTIONS.get((namespace, node.name), {}).get(len(node.arguments))
        if operation is None:
            name = f"{namespace}.{node.name}" if namespace else node.name
            return _failing(lambda: function_not_found(name), node.start), 1
        arguments, cost = self._all(node.arguments, scope)
        full_name = operation.expected.partition("(")[0]
        return _builtin_call(operation, full_name, arguments, node.start), cost

    def _document_function(self, node: ast.Call | ast.MethodCall, name: str, scope: Scope) -> Compiled:
        arguments, cost = self._all(node.arguments, scope)
        return _application_of(document_function(name, arguments[0]), node.start), cost

    def _method_call(self, node: ast.MethodCall, scope: Scope) -> Compiled:
        target = node.target
        if isinstance(target, ast.Variable) and scope.variable(target.name) is None:
            if target.name in NAMESPACES:
                return self._call_builtin(node, target.name, scope)
            if target.name == FIRESTORE_NAMESPACE and self._service == STORAGE:
                return self._call_firestore(node, scope)
        runs, cost = self._all((target, *node.arguments), scope)
        operations = METHODS.get((node.name, len(node.arguments)), {})
        return _method(operations, node.name, runs[0], runs[1:], node.start), cost

    def _call_firestore(self, node: ast.MethodCall, scope: Scope) -> Compiled:
        if node.name in ("get", "exists") and len(node.arguments) == 1:
            return self._document_function(node, node.name, scope)
        name = f"{FIRESTORE_NAMESPACE}.{node.name}"
        return _failing(lambda: function_not_found(name), node.start), 1

    # ---- shapes

    def _logical(self, node: ast.Logical, scope: Scope) -> Compiled:
        compiled = [self._compile(operand, scope) for operand in node.operands]
        # The first operand always runs, so whoever runs the whole has paid for it.
        first, cost = compiled[0]
        charged = [(first, 0), *compiled[1:]]
        return _logical(charged, node.operator == "||", node.start), cost + 1

    def _conditional(self, node: ast.Conditional, scope: Scope) -> Compiled:
        condition, cost = self._compile(node.condition, scope)
        when_true = self._compile(node.when_true, scope)
        when_false = self._compile(node.when_false, scope)
        return _conditional(condition, when_true, when_false, node.start), cost + 1

    def _path(self, node: ast.PathLiteral, scope: Scope) -> Compiled:
        segments = node.segments
        if all(isinstance(segment, str) for segment in segments):
            return _constant(Path(tuple(map(str, segments)))), 1
        parts: list[str | Evaluate] = []
        cost = 1
        for segment in segments:
            if isinstance(segment, str):
                parts.append(segment)
            else:
                run, its_cost = self._compile(segment, scope)
                parts.append(run)
                cost += its_cost
        return _path(parts, node.start), cost


_FORMS: Mapping[type, Callable[[ExpressionCompiler, Any, Scope], Compiled]] = {
    ast.Literal: ExpressionCompiler._literal,
    ast.Variable: ExpressionCompiler._variable,
    ast.Member: ExpressionCompiler._member,
    ast.Index: ExpressionCompiler._index,
    ast.Slice: ExpressionCompiler._slice,
    ast.Unary: ExpressionCompiler._unary,
    ast.Binary: ExpressionCompiler._binary,
    ast.Logical: ExpressionCompiler._logical,
    ast.TypeTest: ExpressionCompiler._type_test,
    ast.Conditional: ExpressionCompiler._conditional,
    ast.Call: ExpressionCompiler._call,
    ast.MethodCall: ExpressionCompiler._method_call,
    ast.ListLiteral: ExpressionCompiler._list,
    ast.MapLiteral: ExpressionCompiler._map,
    ast.PathLiteral: ExpressionCompiler._path,
}


# ---- the closures


def _unevaluated(env: Environment, slots: Locals) -> Value:
    raise AssertionError("a function was called before its body was compiled")


def _request(env: Environment, slots: Locals) -> Value:
    return env.request


def _resource(env: Environment, slots: Locals) -> Value:
    return env.resource


def _constant(value: Value) -> Evaluate:
    return lambda env, slots: value


def _failing(error: Callable[[], EvaluationError], start: int) -> Evaluate:
    def run(env: Environment, slots: Locals) -> Value:
        raise error().at(start)

    return run


def _bound(variable: Variable, start: int) -> Evaluate:
    slot = variable.slot
    if variable.kind == "parameter":
        return lambda env, slots: slots[slot]
    if variable.kind == "let":
        return _let(slot)

    def wildcard(env: Environment, slots: Locals) -> Value:
        value = env.captures[slot]
        if type(value) is Unknown:
            raise value.error().at(start)
        return value

    return wildcard


def _let(slot: int) -> Evaluate:
    def run(env: Environment, slots: Locals) -> Value:
        value = slots[slot]
        if type(value) is _Pending:
            env.spend(value.cost)
            value = slots[slot] = value.run(env, slots)
        return value

    return run


def _member(target: Evaluate, name: str, start: int) -> Evaluate:
    def run(env: Environment, slots: Locals) -> Value:
        value = target(env, slots)
        if type(value) is dict and name in value:
            return value[name]
        try:
            return operators.member(value, name)
        except EvaluationError as error:
            raise error.at(start) from None

    return run


def _application(apply: Callable[..., Value], operands: list[Evaluate], start: int) -> Evaluate:
    if len(operands) == 2:
        first, second = operands

        def run_two(env: Environment, slots: Locals) -> Value:
            try:
                return apply(first(env, slots), second(env, slots))
            except RulesError as error:
                raise error.at(start) from None

        return run_two

    def run(env: Environment, slots: Locals) -> Value:
        try:
            return apply(*[operand(env, slots) for operand in operands])
        except RulesError as error:
            raise error.at(start) from None

    return run


def _application_of(inner: Evaluate, start: int) -> Evaluate:
    def run(env: Environment, slots: Locals) -> Value:
        try:
            return inner(env, slots)
        except RulesError as error:
            raise error.at(start) from None

    return run


def _function_call(function: CompiledFunction, arguments: list[Evaluate]) -> Evaluate:
    def run(env: Environment, slots: Locals) -> Value:
        values = [argument(env, slots) for argument in arguments]
        env.enter()
        try:
            env.spend(function.cost)
            return function.body(env, values + function.lets)
        finally:
            env.depth -= 1

    return run


def _builtin_call(operation: Operation, name: str, arguments: list[Evaluate], start: int) -> Evaluate:
    def run(env: Environment, slots: Locals) -> Value:
        values = [argument(env, slots) for argument in arguments]
        try:
            _check_types(operation, name, values)
            return operation.call(*values)
        except EvaluationError as error:
            raise error.at(start) from None

    return run


def _method(
    operations: dict[type, Operation], name: str, target: Evaluate, arguments: list[Evaluate], start: int
) -> Evaluate:
    if not arguments:

        def run_plain(env: Environment, slots: Locals) -> Value:
            receiver = target(env, slots)
            operation = operations.get(type(receiver))
            try:
                if operation is None:
                    raise _no_method(receiver, name)
                return operation.call(receiver)
            except EvaluationError as error:
                raise error.at(start) from None

        return run_plain

    def run(env: Environment, slots: Locals) -> Value:
        receiver = target(env, slots)
        values = [argument(env, slots) for argument in arguments]
        operation = operations.get(type(receiver))
        try:
            if operation is None:
                return _method_of_unknown(receiver, name, values)
            _check_types(operation, f"{type_name(receiver)}.{name}", values)
            return operation.call(receiver, *values)
        except EvaluationError as error:
            raise error.at(start) from None

    return run


def _method_of_unknown(receiver: Value, name: str, values: list[Value]) -> bool:
    """What array-contains filters prove of `hasAny` and `hasAll` on their field."""
    if type(receiver) is Unknown and name in ("hasAny", "hasAll") and type(values[0]) is list:
        proven = [proves_membership(receiver, value) for value in values[0]]
        if any(proven) if name == "hasAny" else proven and all(proven):
            return True
    raise _no_method(receiver, name)


def _no_method(receiver: Value, name: str) -> EvaluationError:
    if receiver is None:
        return null_value()
    if type(receiver) is Unknown or type(receiver) is PartialMap:
        return receiver.error()
    return function_not_found(name)


def _check_types(operation: Operation, name: str, values: list[Value]) -> None:
    for value, accepted in zip(values, operation.accepts, strict=True):
        if type(value) not in accepted:
            if value is None:
                raise null_value()
            received = ", ".join(type_name(each) for each in values)
            raise unsupported(f"{name}({received})", operation.expected)


def _logical(operands: list[tuple[Evaluate, int]], decisive: bool, start: int) -> Evaluate:
    """`||` where `decisive` is True, `&&` where it is False.

    One operand with the decisive value decides, even beside an error; otherwise an error stands.
    """
    other = not decisive

    def run(env: Environment, slots: Locals) -> bool:
        failure: EvaluationError | None = None
        for operand, cost in operands:
            if cost:
                env.spend(cost)
            try:
                value = operand(env, slots)
            except EvaluationError as error:
                failure = failure or error
                continue
            if value is decisive:
                return not other
            if value is not other:
                failure = failure or operators.not_bool(value)
        if failure is not None:
            raise failure.at(start)
        return other

    return run


def _conditional(condition: Evaluate, when_true: Compiled, when_false: Compiled, start: int) -> Evaluate:
    def run(env: Environment, slots: Locals) -> Value:
        value = condition(env, slots)
        if value is not True and value is not False:
            raise operators.not_bool(value).at(start)
        chosen, cost = when_true if value else when_false
        env.spend(cost)
        return chosen(env, slots)

    return run


def _list(items: list[Evaluate]) -> Evaluate:
    return lambda env, slots: [item(env, slots) for item in items]


def _map(names: list[str], values: list[Evaluate]) -> Evaluate:
    return lambda env, slots: {name: value(env, slots) for name, value in zip(names, values, strict=True)}


def _path(parts: list[str | Evaluate], start: int) -> Evaluate:
    def run(env: Environment, slots: Locals) -> Path:
        segments: list[str | Path] = []
        for part in parts:
            value = part if isinstance(part, str) else part(env, slots)
            if type(value) is not str and type(value) is not Path:
                raise operators.not_segment(value).at(start)
            segments.append(value)
        return joined(segments)

    return run
