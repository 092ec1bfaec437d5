"""What an expression can come to in one kind of request, whatever the documents hold.

An over-approximation: what is said to be impossible is impossible. It knows which variables a request of a
method lacks (`request.resource` in a delete, `resource` in a create) and what a list leaves open; everything
else can be anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from emulator.rules import ast, operators
from emulator.rules.errors import EvaluationError
from emulator.rules.limits import MAX_CALL_DEPTH
from emulator.rules.scopes import (
    FIRESTORE,
    FIRESTORE_FUNCTIONS,
    FIRESTORE_NAMESPACE,
    NAMESPACES,
    STORAGE,
    FunctionSymbol,
    Scope,
)
from emulator.rules.types.registry import FUNCTIONS, Value
from emulator.rules.types.registry import METHODS as METHODS_OF_TYPES
from emulator.rules.types.type_tests import TYPE_TESTS

MAX_STEPS: Final = 20_000
"""Expressions looked at for one condition; beyond, everything is possible."""

_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which results are possible. `other` is a value that is no bool.

    `constant` is the value where it is known; `thing` names a part of the request where it is one.
    """

    true: bool = False
    false: bool = False
    other: bool = False
    error: bool = False
    constant: Value = _NOTHING
    thing: str = ""

    @property
    def fails(self) -> bool:
        """Whether it is an error in any case."""
        return not (self.true or self.false or self.other)

    @property
    def is_constant(self) -> bool:
        return self.constant is not _NOTHING


ANYTHING: Final = Outcome(True, True, True, True)
ERROR: Final = Outcome(error=True)
VALUE: Final = Outcome(other=True, error=True)
TRUTH: Final = Outcome(True, True, error=True)


def known(value: Value) -> Outcome:
    return Outcome(value is True, value is False, type(value) is not bool, constant=value)


def _part(name: str) -> Outcome:
    """A map that is there: `request`, `resource.data` and the like."""
    return Outcome(other=True, thing=name)


def _situation(service: str, method: str) -> dict[str, Outcome]:
    """What is known of the variables: by name, what they are; what is not named can be anything."""
    facts = {
        "request": _part("request"),
        "request.method": known(method),
        "request.time": Outcome(other=True),
        "request.path": Outcome(other=True),
    }
    written = method in ("create", "update")
    if service == STORAGE:
        facts["request.resource"] = _part("request.resource") if written else known(None)
        facts["request.query"] = ERROR
        if method == "list":
            facts["resource"] = known(None)
        return facts
    facts["request.resource"] = _part("request.resource") if written else ERROR
    facts["request.resource.data"] = _part("request.resource.data")
    facts["request.query"] = _part("request.query") if method == "list" else ERROR
    if method == "list":
        facts["resource"] = _part("resource")
        facts["resource.data"] = _part(LISTED_DATA)
    if method == "create":
        facts["resource"] = known(None)
    return facts


LISTED_DATA: Final = "resource.data"
"""Of a list: only fields that the query fixes or bounds are known."""

METHODS: Final = ("get", "list", "create", "update", "delete")
SITUATIONS: Final[Mapping[tuple[str, str], Mapping[str, Outcome]]] = MappingProxyType(
    {(service, method): _situation(service, method) for service in (FIRESTORE, STORAGE) for method in METHODS}
)


@dataclass(slots=True)
class Findings:
    """The result of a condition, the reads of what the request lacks, and how many steps it took to see."""

    outcome: Outcome = ANYTHING
    missing: list[tuple[str, ast.Expression]] = field(default_factory=list)
    steps: int = 0


def findings(expression: ast.Expression, scope: Scope, service: str, method: str) -> Findings:
    """What the condition can come to in requests of the method ("" for any method)."""
    interpreter = _Interpreter(service, SITUATIONS.get((service, method), {}))
    outcome = interpreter.outcome(expression, scope, {})
    if interpreter.steps > MAX_STEPS:
        return Findings(steps=interpreter.steps)
    return Findings(outcome, interpreter.missing, interpreter.steps)


@dataclass(frozen=True, slots=True)
class _Later:
    """A let, looked at only where it is used."""

    value: ast.Expression
    scope: Scope


_Local = dict[str, Outcome | _Later]
"""The parameters and lets of the function that is being looked at."""


class _Interpreter:
    def __init__(self, service: str, facts: Mapping[str, Outcome]) -> None:
        self._service = service
        self._facts = facts
        self._depth = 0
        self.steps = 0
        self.missing: list[tuple[str, ast.Expression]] = []

    def outcome(self, node: ast.Expression, scope: Scope, local: _Local) -> Outcome:
        self.steps += 1
        if self.steps > MAX_STEPS:
            return ANYTHING
        match node:
            case ast.Literal(value=value):
                return known(value)
            case ast.Variable():
                return self._variable(node, scope, local)
            case ast.Member(target=target, name=name):
                return self._member(node, self.outcome(target, scope, local), name)
            case ast.Index(target=target, place=place):
                return self._index(
                    node, self.outcome(target, scope, local), self.outcome(place, scope, local)
                )
            case ast.Logical():
                return self._logical(node, scope, local)
            case ast.Conditional():
                return self._conditional(node, scope, local)
            case ast.Call():
                return self._call(node, scope, local)
            case ast.MethodCall():
                return self._method_call(node, scope, local)
        values = [self.outcome(child, scope, local) for child in ast.children(node)]
        if any(value.fails for value in values):
            return ERROR
        match node:
            case ast.Binary(operator=operator):
                return self._binary(node, operator, *values)
            case ast.Unary(operator="!"):
                return _inverted(values[0])
            case ast.TypeTest(type_name=name):
                if values[0].is_constant:
                    return known(type(values[0].constant) in TYPE_TESTS[name])
                return TRUTH
        return VALUE

    # ---- names

    def _variable(self, node: ast.Variable, scope: Scope, local: _Local) -> Outcome:
        variable = scope.variable(node.name)
        if variable is not None:
            return ANYTHING if variable.kind == "wildcard" else self._local(node.name, local)
        if node.name in ("request", "resource"):
            return self._fact(node.name, node, _part("request") if node.name == "request" else ANYTHING)
        return ERROR

    def _local(self, name: str, local: _Local) -> Outcome:
        found = local.get(name, ANYTHING)
        if isinstance(found, _Later):
            found = local[name] = self.outcome(found.value, found.scope, local)
        return found

    def _fact(self, name: str, node: ast.Expression, unknown: Outcome = ANYTHING) -> Outcome:
        fact = self._facts.get(name, unknown)
        if fact.fails:
            self.missing.append((name, node))
        return fact

    def _member(self, node: ast.Expression, target: Outcome, name: str) -> Outcome:
        if target.thing:
            return self._fact(f"{target.thing}.{name}", node)
        if target.is_constant and target.constant is None:
            self._note_null(node)
        if target.fails or not target.other or (target.is_constant and type(target.constant) is not dict):
            return ERROR
        return ANYTHING

    def _note_null(self, node: ast.Expression) -> None:
        """Remember a read of `resource.x` or `request.resource.x` where the resource is null."""
        if isinstance(node, ast.Member | ast.MethodCall):
            target = node.target
            if isinstance(target, ast.Variable):
                self.missing.append((target.name, target))
            elif isinstance(target, ast.Member) and isinstance(target.target, ast.Variable):
                self.missing.append((f"{target.target.name}.{target.name}", target))

    def _index(self, node: ast.Expression, target: Outcome, place: Outcome) -> Outcome:
        if place.fails:
            return ERROR
        if target.thing and isinstance(place.constant, str):
            return self._member(node, target, place.constant)
        if target.fails or (target.is_constant and target.constant is None):
            return ERROR
        return ANYTHING

    # ---- operators that skip operands

    def _logical(self, node: ast.Logical, scope: Scope, local: _Local) -> Outcome:
        """`&&` and `||` are one thing with true and false exchanged."""
        conjunction = node.operator == "&&"
        all_neutral, decided, failing = True, False, False
        for operand in node.operands:
            found = self.outcome(operand, scope, local)
            neutral, decisive = (found.true, found.false) if conjunction else (found.false, found.true)
            all_neutral = all_neutral and neutral
            decided = decided or decisive
            failing = failing or found.error or found.other
            if decisive and not (neutral or found.error or found.other):
                all_neutral = failing = False
                break
        if conjunction:
            return Outcome(true=all_neutral, false=decided, error=failing)
        return Outcome(true=decided, false=all_neutral, error=failing)

    def _conditional(self, node: ast.Conditional, scope: Scope, local: _Local) -> Outcome:
        condition = self.outcome(node.condition, scope, local)
        chosen = []
        if condition.true:
            chosen.append(self.outcome(node.when_true, scope, local))
        if condition.false:
            chosen.append(self.outcome(node.when_false, scope, local))
        if len(chosen) == 1 and not (condition.error or condition.other):
            return chosen[0]
        return Outcome(
            true=any(each.true for each in chosen),
            false=any(each.false for each in chosen),
            other=any(each.other for each in chosen),
            error=condition.error or condition.other or any(each.error for each in chosen),
        )

    # ---- calls

    def _call(self, node: ast.Call, scope: Scope, local: _Local) -> Outcome:
        arguments = [self.outcome(argument, scope, local) for argument in node.arguments]
        if any(argument.fails for argument in arguments):
            return ERROR
        symbol = scope.function(node.name)
        if symbol is not None:
            return self._call_declared(symbol, arguments)
        if self._service == FIRESTORE and node.name in FIRESTORE_FUNCTIONS:
            return TRUTH if node.name.startswith("exists") else VALUE
        return _called("", node.name, len(arguments))

    def _call_declared(self, symbol: FunctionSymbol, arguments: list[Outcome]) -> Outcome:
        declaration = symbol.declaration
        if len(arguments) != len(declaration.parameters):
            return ERROR
        if self._depth >= MAX_CALL_DEPTH:
            return ANYTHING
        local: _Local = dict(zip(declaration.parameters, arguments, strict=True))
        for let, scope in zip(declaration.lets, symbol.let_scopes, strict=True):
            local[let.name] = _Later(let.value, scope)
        self._depth += 1
        result = self.outcome(declaration.result, symbol.scope, local)
        self._depth -= 1
        return result

    def _method_call(self, node: ast.MethodCall, scope: Scope, local: _Local) -> Outcome:
        target = node.target
        arguments = [self.outcome(argument, scope, local) for argument in node.arguments]
        if isinstance(target, ast.Variable) and scope.variable(target.name) is None:
            if target.name in NAMESPACES:
                return _called(target.name, node.name, len(arguments))
            if target.name == FIRESTORE_NAMESPACE and self._service == STORAGE:
                return TRUTH if node.name == "exists" else VALUE
        receiver = self.outcome(target, scope, local)
        if receiver.is_constant and receiver.constant is None:
            self._note_null(node)
            return ERROR
        if receiver.fails or any(argument.fails for argument in arguments):
            return ERROR
        if (node.name, len(arguments)) not in METHODS_OF_TYPES:
            return ERROR
        if receiver.thing == LISTED_DATA and node.name != "get":
            return self._whole_of_listed(node)
        return self._whole_of_listed(node) if _has_listed(arguments) else ANYTHING

    def _whole_of_listed(self, node: ast.Expression) -> Outcome:
        """A query determines single fields, never the whole of `resource.data`."""
        self.missing.append((LISTED_DATA, node))
        return ERROR

    def _binary(self, node: ast.Expression, operator: str, left: Outcome, right: Outcome) -> Outcome:
        if left.is_constant and right.is_constant:
            try:
                return known(operators.BINARY[operator](left.constant, right.constant))
            except EvaluationError:
                return ERROR
        if operator == "in":
            return self._membership(left, right)
        if _has_listed((left, right)):
            return self._whole_of_listed(node)
        if operator in ("==", "!="):
            is_null_test = any(each.is_constant and each.constant is None for each in (left, right))
            return known(operator == "!=") if is_null_test and (left.thing or right.thing) else TRUTH
        return TRUTH if operator in ("<", "<=", ">", ">=") else VALUE

    def _membership(self, item: Outcome, group: Outcome) -> Outcome:
        if group.is_constant and group.constant is None:
            return ERROR
        if group.thing == LISTED_DATA:
            return Outcome(true=True, error=True)
        if group.thing and isinstance(item.constant, str):
            fact = self._facts.get(f"{group.thing}.{item.constant}", ANYTHING)
            return known(False) if fact.fails else TRUTH
        return TRUTH


def _has_listed(operands: Iterable[Outcome]) -> bool:
    return any(operand.thing == LISTED_DATA for operand in operands)


def _inverted(operand: Outcome) -> Outcome:
    if operand.is_constant and type(operand.constant) is bool:
        return known(not operand.constant)
    return Outcome(operand.false, operand.true, error=operand.error or operand.other)


def _called(namespace: str, name: str, arguments: int) -> Outcome:
    return ANYTHING if arguments in FUNCTIONS.get((namespace, name), {}) else ERROR
