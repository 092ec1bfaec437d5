"""Rules text to a syntax tree: recursive descent over the declarations, precedence climbing in expressions.

The first syntax error ends the parse; what can be found in a tree is the checker's.
"""

from collections.abc import Callable
from typing import NoReturn, TypeVar

from emulator.rules import ast
from emulator.rules.limits import MAX_MATCH_NESTING, MAX_OPEN_BRACKETS, MAX_PATH_SEGMENTS, MAX_SOURCE_BYTES
from emulator.rules.source import Source
from emulator.rules.tokens import END, FLOAT, INT, KEYWORDS, NAME, STRING, Lexer, Token
from emulator.rules.types.type_tests import TYPE_TESTS

T = TypeVar("T")

METHODS = ("read", "write", "get", "list", "create", "update", "delete")

_BINARY_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "in": 4,
    "is": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
_UNARY_OPERATORS = frozenset({"!", "-"})
_SHOWN = 40
_PATH_TOO_LONG = f"Path has more than {MAX_PATH_SEGMENTS} segments."
_LITERALS = {"true": True, "false": False, "null": None}


def parse(source: Source) -> ast.File:
    """The tree of a whole file. Raises RulesCompileError at the first syntax error."""
    return _Parser(source).file()


class _Parser:
    def __init__(self, source: Source) -> None:
        self._lexer = Lexer(source)
        if len(source.text.encode("utf-8", "surrogatepass")) > MAX_SOURCE_BYTES:
            self._lexer.fail(0, 0, f"Source is larger than {MAX_SOURCE_BYTES} bytes.")
        self._token = self._lexer.token(0)
        self._previous_end = 0
        self._open_brackets = 0

    # ---- token verbs

    def _advance(self) -> Token:
        token = self._token
        self._previous_end = token.end
        self._token = self._lexer.token(token.end)
        return token

    def _accept(self, kind: str) -> bool:
        if self._token.kind != kind:
            return False
        self._advance()
        return True

    def _expect(self, kind: str, expected: str = "") -> Token:
        if self._token.kind != kind:
            self._unexpected(expected or f"'{kind}'")
        return self._advance()

    def _at_word(self, word: str) -> bool:
        return self._token.text == word and self._token.kind == NAME

    def _unexpected(self, expected: str) -> NoReturn:
        """Fail at the current token, with what would have been right there."""
        text = self._token.text[:_SHOWN]
        self._fail(f"Unexpected '{text}'.", f"mismatched input '{text}' expecting {expected}")

    def _fail(self, *descriptions: str) -> NoReturn:
        self._lexer.fail(self._token.start, self._token.end, *descriptions)

    def _resume_at(self, offset: int) -> None:
        """Go back to tokens after reading a path by characters."""
        self._previous_end = offset
        self._token = self._lexer.token(offset)

    # ---- declarations

    def file(self) -> ast.File:
        version = self._version()
        functions, services = [], []
        while self._token.kind != END:
            if self._at_word("function"):
                functions.append(self._function())
            elif self._at_word("service"):
                services.append(self._service())
            elif self._at_word("rules_version"):
                self._fail("Unexpected 'rules_version'.")
            else:
                self._unexpected("{'function', 'service'}")
        return ast.File(0, self._token.end, version, tuple(functions), tuple(services))

    def _version(self) -> int:
        if not self._at_word("rules_version"):
            return 1
        self._advance()
        self._expect("=")
        token = self._expect(STRING, "a version string")
        version = self._lexer.string_value(token)
        if version not in ("1", "2"):
            self._lexer.fail(token.start, token.end, f"Unsupported rules version: '{version}'.")
        self._accept(";")
        return int(version)

    def _service(self) -> ast.Service:
        start = self._advance().start
        names = [self._name("a service name").text]
        while self._accept("."):
            names.append(self._name("a service name").text)
        self._expect("{")
        functions, matches = [], []
        while not self._accept("}"):
            if self._at_word("function"):
                functions.append(self._function())
            elif self._at_word("match"):
                matches.append(self._match(depth=1))
            else:
                self._unexpected("{'function', 'match', '}'}")
        return ast.Service(start, self._previous_end, ".".join(names), tuple(functions), tuple(matches))

    def _match(self, depth: int) -> ast.Match:
        if depth > MAX_MATCH_NESTING:
            self._fail(f"Match statements are nested deeper than {MAX_MATCH_NESTING}.")
        start = self._advance().start
        path = self._declared_path()
        self._expect("{")
        functions, allows, matches = [], [], []
        while not self._accept("}"):
            if self._at_word("allow"):
                allows.append(self._allow())
            elif self._at_word("match"):
                matches.append(self._match(depth + 1))
            elif self._at_word("function"):
                functions.append(self._function())
            else:
                self._unexpected("{'allow', 'function', 'match', '}'}")
        end = self._previous_end
        return ast.Match(start, end, path, tuple(functions), tuple(allows), tuple(matches))

    def _declared_path(self) -> tuple[ast.Segment, ...]:
        if self._token.kind != "/":
            self._unexpected("'/'")
        offset = self._token.start
        segments: list[ast.Segment] = []
        while self._lexer.starts_with("/", offset):
            segment = self._declared_segment(offset + 1)
            segments.append(segment)
            offset = segment.end
            if len(segments) > MAX_PATH_SEGMENTS:
                self._lexer.fail(segment.start, segment.end, _PATH_TOO_LONG)
        self._resume_at(offset)
        return tuple(segments)

    def _declared_segment(self, offset: int) -> ast.Segment:
        literal = self._lexer.literal_segment(offset)
        if literal is not None:
            return ast.Segment(literal.start, literal.end, literal.text, False, False)
        capture = self._lexer.capture(offset)
        if capture is None:
            self._token = self._lexer.token(offset)
            self._unexpected("a path segment")
        if capture.name in KEYWORDS:
            self._lexer.fail(capture.start, capture.end, f"Unexpected '{capture.name}'.")
        return ast.Segment(capture.start, capture.end, capture.name, True, capture.is_glob)

    def _allow(self) -> ast.Allow:
        start = self._advance().start
        methods = [self._allow_method()]
        while self._accept(","):
            methods.append(self._allow_method())
        condition = None
        if self._accept(":"):
            self._expect("if")
            if self._token.kind in (";", "}", END):
                self._fail("Missing conditional expression after 'if'.")
            condition = self._expression()
        end = self._previous_end
        if not self._accept(";") and self._token.kind != "}":
            self._unexpected("';'" if condition else "{',', ':', ';'}")
        return ast.Allow(start, end, tuple(methods), condition)

    def _allow_method(self) -> str:
        if self._token.text not in METHODS:
            self._unexpected("{" + ", ".join(f"'{method}'" for method in METHODS) + "}")
        return self._advance().text

    def _function(self) -> ast.Function:
        start = self._advance().start
        name = self._name("a function name").text
        self._expect("(")
        parameters: list[str] = []
        while not self._accept(")"):
            if parameters:
                self._expect(",", "{',', ')'}")
            parameters.append(self._name("a parameter name").text)
        self._expect("{")
        lets = []
        while self._token.kind == "let":
            lets.append(self._let())
        self._expect("return", "{'let', 'return'}")
        result = self._expression()
        self._accept(";")
        self._expect("}")
        return ast.Function(start, self._previous_end, name, tuple(parameters), tuple(lets), result)

    def _let(self) -> ast.Let:
        start = self._advance().start
        name = self._name("a variable name").text
        self._expect("=")
        value = self._expression()
        self._expect(";")
        return ast.Let(start, self._previous_end, name, value)

    def _name(self, expected: str) -> Token:
        return self._expect(NAME, expected)

    # ---- expressions

    # A node begins where its first token does, which may be a parenthesis around its first operand.

    def _expression(self) -> ast.Expression:
        start = self._token.start
        condition = self._binary(start, self._unary(), 1)
        if not self._accept("?"):
            return condition
        self._open()
        when_true = self._expression()
        self._expect(":")
        when_false = self._expression()
        self._close()
        return ast.Conditional(start, self._previous_end, condition, when_true, when_false)

    def _binary(self, start: int, left: ast.Expression, lowest: int) -> ast.Expression:
        """Extend `left`, read from `start` on, with every operator that binds as tightly as `lowest`."""
        while (precedence := _BINARY_PRECEDENCE.get(self._token.kind, 0)) >= lowest:
            operator = self._advance().kind
            if operator == "is":
                type_name = self._type_name()
                left = ast.TypeTest(start, self._previous_end, left, type_name)
                continue
            right = self._binary(self._token.start, self._unary(), precedence + 1)
            if operator in ("&&", "||"):
                left = self._logical(start, operator, precedence, [left, right])
            else:
                left = ast.Binary(start, self._previous_end, operator, left, right)
        return left

    def _logical(
        self, start: int, operator: str, precedence: int, operands: list[ast.Expression]
    ) -> ast.Expression:
        """One node for the whole of `a && b && c`, its first two operands read."""
        while self._accept(operator):
            operands.append(self._binary(self._token.start, self._unary(), precedence + 1))
        return ast.Logical(start, self._previous_end, operator, tuple(operands))

    def _type_name(self) -> str:
        token = self._token
        if token.kind in (NAME, "null") and token.text not in TYPE_TESTS:
            self._fail(f"Unknown type '{token.text}' after 'is'.")
        return self._expect(NAME, "a type name").text

    def _unary(self) -> ast.Expression:
        start = self._token.start
        if self._token.kind not in _UNARY_OPERATORS:
            return self._postfix(start, self._primary())
        operators = []
        while self._token.kind in _UNARY_OPERATORS:
            operators.append(self._advance())
            if len(operators) > MAX_OPEN_BRACKETS:
                self._too_deep()
        if operators and operators[-1].kind == "-" and self._token.kind == INT:
            minus = operators.pop()
            operand = self._postfix(minus.start, self._negative_int(minus))
        else:
            operand = self._postfix(self._token.start, self._primary())
        for operator in reversed(operators):
            operand = ast.Unary(operator.start, self._previous_end, operator.kind, operand)
        return operand

    def _negative_int(self, minus: Token) -> ast.Expression:
        """The sign belongs to the literal, because the smallest integer has no positive counterpart."""
        token = self._advance()
        return ast.Literal(minus.start, token.end, self._lexer.int_value(token, negative=True))

    def _postfix(self, start: int, target: ast.Expression) -> ast.Expression:
        while True:
            kind = self._token.kind
            if kind == ".":
                target = self._member(start, target)
            elif kind == "[":
                target = self._index(start, target)
            else:
                return target

    def _member(self, start: int, target: ast.Expression) -> ast.Expression:
        self._advance()
        if self._token.kind != NAME and self._token.kind not in KEYWORDS:
            self._unexpected("a member name")
        name = self._advance().text
        if self._token.kind != "(":
            return ast.Member(start, self._previous_end, target, name)
        arguments = self._arguments()
        return ast.MethodCall(start, self._previous_end, target, name, arguments)

    def _index(self, start: int, target: ast.Expression) -> ast.Expression:
        self._open()
        self._advance()
        lower = self._expression()
        upper = self._expression() if self._accept(":") else None
        self._expect("]")
        self._close()
        if upper is None:
            return ast.Index(start, self._previous_end, target, lower)
        return ast.Slice(start, self._previous_end, target, lower, upper)

    def _arguments(self) -> tuple[ast.Expression, ...]:
        self._advance()
        return self._items(")", self._expression)

    def _items(self, end: str, item: Callable[[], T]) -> tuple[T, ...]:
        """Comma-separated items up to the closing mark; a comma may follow the last one."""
        self._open()
        items = []
        while not self._accept(end):
            items.append(item())
            if self._token.kind != end:
                self._expect(",", f"{{',', '{end}'}}")
        self._close()
        return tuple(items)

    def _primary(self) -> ast.Expression:
        token = self._token
        kind = token.kind
        if kind == NAME:
            return self._variable_or_call()
        if kind == STRING:
            self._advance()
            return ast.Literal(token.start, token.end, self._lexer.string_value(token))
        if kind in _LITERALS:
            self._advance()
            return ast.Literal(token.start, token.end, _LITERALS[kind])
        if kind == INT:
            self._advance()
            return ast.Literal(token.start, token.end, self._lexer.int_value(token))
        if kind == FLOAT:
            self._advance()
            return ast.Literal(token.start, token.end, self._lexer.float_value(token))
        if kind == "(":
            return self._parenthesised()
        if kind == "[":
            self._advance()
            items = self._items("]", self._expression)
            return ast.ListLiteral(token.start, self._previous_end, items)
        if kind == "{":
            self._advance()
            entries = self._items("}", self._entry)
            return ast.MapLiteral(token.start, self._previous_end, entries)
        if kind != "/":
            self._unexpected("an expression")
        return self._path()

    def _variable_or_call(self) -> ast.Expression:
        token = self._advance()
        if self._token.kind != "(":
            return ast.Variable(token.start, token.end, token.text)
        arguments = self._arguments()
        return ast.Call(token.start, self._previous_end, token.text, arguments)

    def _parenthesised(self) -> ast.Expression:
        self._open()
        self._advance()
        inner = self._expression()
        self._expect(")")
        self._close()
        return inner

    def _entry(self) -> tuple[str, ast.Expression]:
        if self._token.kind == STRING:
            key = self._lexer.string_value(self._advance())
        else:
            key = self._name("a string key").text
        self._expect(":")
        return key, self._expression()

    def _path(self) -> ast.Expression:
        start = offset = self._token.start
        segments: list[str | ast.Expression] = []
        while self._lexer.starts_with("/", offset):
            if self._lexer.starts_with("$(", offset + 1):
                self._resume_at(offset + 2)
                segments.append(self._parenthesised())
                offset = self._previous_end
            else:
                literal = self._lexer.literal_segment(offset + 1)
                text = literal.text.rstrip(":") if literal else ""
                if not text:
                    self._resume_at(offset + 1)
                    self._unexpected("a path segment")
                segments.append(text)
                offset += 1 + len(text)
            if len(segments) > MAX_PATH_SEGMENTS:
                self._lexer.fail(start, offset, _PATH_TOO_LONG)
        self._resume_at(offset)
        return ast.PathLiteral(start, offset, tuple(segments))

    def _open(self) -> None:
        self._open_brackets += 1
        if self._open_brackets > MAX_OPEN_BRACKETS:
            self._too_deep()

    def _close(self) -> None:
        self._open_brackets -= 1

    def _too_deep(self) -> NoReturn:
        self._fail(f"Expression is nested deeper than {MAX_OPEN_BRACKETS} levels.")
