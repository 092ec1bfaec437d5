"""What is wrong with a ruleset although its syntax is right."""

from collections.abc import Iterator

from emulator.rules import ast
from emulator.rules.errors import EvaluationError
from emulator.rules.issues import Issue, Severity, issue_at
from emulator.rules.limits import (
    MAX_EXPRESSION_DEPTH,
    MAX_FUNCTION_ARGUMENTS,
    MAX_LETS_PER_FUNCTION,
    MAX_PATH_CAPTURES,
    MAX_PATH_SEGMENTS,
    MAX_REGEX_INSTRUCTIONS,
)
from emulator.rules.scopes import (
    FIRESTORE,
    FIRESTORE_FUNCTIONS,
    FIRESTORE_NAMESPACE,
    GLOBALS,
    NAMESPACES,
    STORAGE,
    Block,
    FunctionSymbol,
    Program,
    Scope,
)
from emulator.rules.source import Source
from emulator.rules.types import regex
from emulator.rules.types.registry import FUNCTIONS

_INVALID_GLOB = "Invalid glob match expression."
_SECOND_GLOB = f"{_INVALID_GLOB} Only one glob match is permitted in a match declaration path."
_GLOB_NOT_LAST = f"{_INVALID_GLOB} In rules version 1 it must be the last path segment."
_REGEXES_TOO_LARGE = (
    f"The regular expressions of this file have more than {MAX_REGEX_INSTRUCTIONS} instructions together."
)
# RE2 gives up within the time that a good one of this length takes.
_INSTRUCTIONS_OF_TOO_LARGE = 200_000
_REGEX_METHODS = frozenset({"matches", "replace", "split"})


def check(source: Source, program: Program) -> tuple[Issue, ...]:
    """Errors and warnings in source order."""
    return _Checker(source, program).issues()


class _Checker:
    def __init__(self, source: Source, program: Program) -> None:
        self._source = source
        self._program = program
        self._issues: list[Issue] = []
        self._calls: dict[FunctionSymbol, list[tuple[ast.Call, FunctionSymbol]]] = {}
        self._called: set[FunctionSymbol] = set()
        self._used_lets: set[int] = set()
        self._regexes: set[str] = set()
        self._regex_instructions = 0

    def issues(self) -> tuple[Issue, ...]:
        self._check_services()
        self._check_duplicate_functions()
        for symbol in self._program.functions:
            self._check_function(symbol)
        for blocks in self._program.blocks.values():
            for block in blocks:
                self._check_block(block)
        self._check_recursion()
        self._check_unused()
        unique = dict.fromkeys(self._issues)
        return tuple(sorted(unique, key=lambda issue: (issue.current_offset, issue.description)))

    def _report(self, node: ast.Node, description: str, severity: Severity = "ERROR") -> None:
        self._issues.append(issue_at(self._source, node.start, node.end, description, severity))

    def _warn(self, node: ast.Node, description: str) -> None:
        self._report(node, description, "WARNING")

    # ---- declarations

    def _check_services(self) -> None:
        """A file without a service would deny everything: surely it is cut off, or not yet written."""
        file = self._program.file
        if not file.services:
            self._issues.append(issue_at(self._source, file.end, file.end, "No service is declared."))

    def _check_duplicate_functions(self) -> None:
        file = self._program.file
        groups = [file.functions, *(service.functions for service in file.services)]
        groups.extend(block.match.functions for blocks in self._program.blocks.values() for block in blocks)
        for functions in groups:
            seen: set[str] = set()
            for function in functions:
                self._check_bound_once(function, function.name, seen)

    def _check_bound_once(self, node: ast.Node, name: str, seen: set[str]) -> None:
        if name in seen:
            self._report(node, f"The identifier [{name}] is already bound in the current scope.")
        seen.add(name)

    def _check_variable_name(self, node: ast.Node, name: str, seen: set[str]) -> None:
        self._check_bound_once(node, name, seen)
        if name in NAMESPACES:
            self._report(node, f"The identifier [{name}] is reserved.")

    def _check_function(self, symbol: FunctionSymbol) -> None:
        function = symbol.declaration
        if len(function.parameters) > MAX_FUNCTION_ARGUMENTS:
            self._report(
                function, f"Function {function.name} has more than {MAX_FUNCTION_ARGUMENTS} arguments."
            )
        if len(function.lets) > MAX_LETS_PER_FUNCTION:
            self._report(function, f"Function {function.name} has more than {MAX_LETS_PER_FUNCTION} lets.")
        seen: set[str] = set()
        for parameter in function.parameters:
            self._check_variable_name(function, parameter, seen)
        for let, scope in zip(function.lets, symbol.let_scopes, strict=True):
            self._check_expression(let.value, scope, symbol)
            self._check_variable_name(let, let.name, seen)
        self._check_expression(function.result, symbol.scope, symbol)

    def _check_block(self, block: Block) -> None:
        self._check_path(block)
        for allow in block.match.allows:
            if allow.condition is not None:
                self._check_expression(allow.condition, block.scope, None)

    def _check_path(self, block: Block) -> None:
        own = block.match.path
        seen: set[str] = set()
        for segment in own:
            if segment.is_capture:
                self._check_variable_name(segment, segment.text, seen)
        if len(block.path) > MAX_PATH_SEGMENTS:
            self._report(own[-1], f"Path has more than {MAX_PATH_SEGMENTS} segments.")
        if sum(segment.is_capture for segment in block.path) > MAX_PATH_CAPTURES:
            self._report(own[-1], f"Path has more than {MAX_PATH_CAPTURES} captures.")
        globs = [segment for segment in block.path if segment.is_glob]
        if len(globs) > 1:
            self._report(globs[1], _SECOND_GLOB)
        elif globs and self._program.file.version == 1 and not block.path[-1].is_glob:
            self._report(globs[0], _GLOB_NOT_LAST)

    # ---- expressions

    def _check_expression(self, root: ast.Expression, scope: Scope, inside: FunctionSymbol | None) -> None:
        for node, depth in ast.walk(root):
            if depth > MAX_EXPRESSION_DEPTH:
                self._report(node, f"Expression is nested deeper than {MAX_EXPRESSION_DEPTH} levels.")
                return
            if isinstance(node, ast.Variable):
                self._check_variable(node, scope)
            elif isinstance(node, ast.Call):
                self._check_call(node, scope, inside)
            elif isinstance(node, ast.MethodCall):
                self._check_method_call(node, scope)

    def _check_variable(self, node: ast.Variable, scope: Scope) -> None:
        variable = scope.variable(node.name)
        if variable is None:
            if node.name not in GLOBALS | NAMESPACES | {FIRESTORE_NAMESPACE}:
                self._warn(node, f"Invalid variable name: {node.name}.")
        elif variable.kind == "let":
            self._used_lets.add(variable.start)

    def _check_call(self, node: ast.Call, scope: Scope, inside: FunctionSymbol | None) -> None:
        symbol = scope.function(node.name)
        if symbol is None:
            counts: set[int] = set(FUNCTIONS.get(("", node.name), ()))
            if node.name in FIRESTORE_FUNCTIONS and FIRESTORE in self._program.blocks:
                counts.add(1)
            self._check_count(node, node.name, counts)
            return
        self._called.add(symbol)
        if inside is not None:
            self._calls.setdefault(inside, []).append((node, symbol))
        self._check_count(node, node.name, {len(symbol.declaration.parameters)})

    def _check_method_call(self, node: ast.MethodCall, scope: Scope) -> None:
        target = node.target
        if isinstance(target, ast.Variable) and scope.variable(target.name) is None:
            full_name = f"{target.name}.{node.name}"
            if target.name in NAMESPACES:
                self._check_count(node, full_name, set(FUNCTIONS.get((target.name, node.name), ())))
            elif target.name == FIRESTORE_NAMESPACE and STORAGE in self._program.blocks:
                self._check_count(node, full_name, {1} if node.name in ("get", "exists") else set())
            elif target.name == FIRESTORE_NAMESPACE:
                self._warn(target, f"Invalid variable name: {target.name}.")
        if node.name in _REGEX_METHODS and node.arguments:
            self._check_regex(node.arguments[0])

    def _check_count(self, node: ast.Call | ast.MethodCall, name: str, counts: set[int]) -> None:
        """`counts` are the numbers of arguments that the function takes; none for an unknown function."""
        if not counts:
            self._warn(node, f"Invalid function name: {name}.")
        elif len(node.arguments) not in counts:
            self._warn(node, f"Incorrect number of arguments supplied to function: {name}.")

    def _check_regex(self, pattern: ast.Expression) -> None:
        if not isinstance(pattern, ast.Literal) or not isinstance(pattern.value, str):
            return
        if pattern.value in self._regexes or self._regex_instructions > MAX_REGEX_INSTRUCTIONS:
            return
        try:
            self._regex_instructions += regex.instructions(pattern.value)
            self._regexes.add(pattern.value)
        except EvaluationError as error:
            self._report(pattern, error.message)
            if isinstance(error, regex.TooLarge):
                self._regex_instructions += _INSTRUCTIONS_OF_TOO_LARGE
        if self._regex_instructions > MAX_REGEX_INSTRUCTIONS:
            self._report(pattern, _REGEXES_TOO_LARGE)

    # ---- the whole

    def _check_recursion(self) -> None:
        """Report each call that closes a circle, by a depth-first walk without recursion."""
        finished: set[FunctionSymbol] = set()
        for root in self._program.functions:
            if root in finished:
                continue
            active = {root}
            stack = [(root, self._calls_of(root))]
            while stack:
                symbol, calls = stack[-1]
                node, callee = next(calls, (None, None))
                if node is None or callee is None:
                    stack.pop()
                    active.discard(symbol)
                    finished.add(symbol)
                elif callee in active:
                    self._report(node, "Recursive call is not allowed.")
                elif callee not in finished:
                    active.add(callee)
                    stack.append((callee, self._calls_of(callee)))

    def _calls_of(self, symbol: FunctionSymbol) -> Iterator[tuple[ast.Call, FunctionSymbol]]:
        return iter(self._calls.get(symbol, ()))

    def _check_unused(self) -> None:
        for symbol in self._program.functions:
            if symbol not in self._called:
                self._warn(symbol.declaration, f"Unused function: {symbol.declaration.name}.")
            for let in symbol.declaration.lets:
                if let.start not in self._used_lets:
                    self._warn(let, f"Unused variable: {let.name}.")
