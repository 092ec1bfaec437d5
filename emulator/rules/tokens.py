"""The lexer. It reads on demand, because paths have a grammar of their own."""

import re
from typing import NamedTuple, NoReturn

from emulator.rules.issues import RulesCompileError, issue_at
from emulator.rules.limits import INT_MAX
from emulator.rules.source import Source

END = "<EOF>"
NAME = "name"
INT = "int"
FLOAT = "float"
STRING = "string"

KEYWORDS = frozenset({"true", "false", "null", "in", "is", "if", "return", "let"})

# blank = { whitespace | "//" to the end of the line | "/*" to "*/" }
# Possessive: what follows may fail, and no other way to read the same blanks may then be tried.
_BLANK = re.compile(r"(?:\s++|//[^\n]*+|/\*(?s:.*?)\*/)*+")
_TOKEN = re.compile(
    _BLANK.pattern + r"(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<float>[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<int>[0-9]+)"
    r"|(?P<string>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<mark>&&|\|\||==|!=|<=|>=|[-+*/%!<>=(){}\[\],;:.?$]))"
)
_NAME, _MARK = 1, 5
_KINDS = {2: FLOAT, 3: INT, 4: STRING}
"""The groups of _TOKEN by number."""
_KEYWORD_KINDS = {word: word for word in KEYWORDS}
# segment of a declared path: literal | "{" name [ "=" ("*" | "**") ] "}" | "(" characters ")"
_LITERAL_SEGMENT = re.compile(r"[A-Za-z0-9_\-.~%&':]+")
_PARENTHESISED_SEGMENT = re.compile(r"\([A-Za-z0-9_\-.~%&':]*\)")
_CAPTURE = re.compile(r"\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:=\s*(\*{1,2})\s*)?\}")

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[^u]|u)")
_SIMPLE_ESCAPES = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t", "/": "/"}
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class Token(NamedTuple):
    """`kind` is one of the constants above, a keyword, or the mark itself; `end` is exclusive."""

    kind: str
    text: str
    start: int
    end: int


class Capture(NamedTuple):
    """A wildcard of a declared path."""

    name: str
    is_glob: bool
    start: int
    end: int


# What Token(...) comes to, in half the time.
_new_tuple = tuple.__new__


class Lexer:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text

    def token(self, offset: int) -> Token:
        """The token at or after `offset`, blanks and comments skipped."""
        found = _TOKEN.match(self._text, offset)
        if found is None:
            return self._no_token(offset)
        group = found.lastindex or 0
        text = found[group]
        end = found.end()
        start = end - len(text)
        if group == _MARK:
            kind = text
            if text == "/" and self._text.startswith("*", end):
                self.fail(start, start + 2, "Unclosed comment.")
        else:
            kind = _KEYWORD_KINDS.get(text, NAME) if group == _NAME else _KINDS[group]
        return _new_tuple(Token, (kind, text, start, end))

    def _no_token(self, offset: int) -> Token:
        blank = _BLANK.match(self._text, offset)
        start = blank.end() if blank else offset
        char = self._text[start : start + 1]
        if char in ("'", '"'):
            self.fail(start, start + 1, "Unclosed string literal.")
        if char:
            self.fail(start, start + 1, f"Unexpected '{char}'.")
        return Token(END, END, start, start)

    def literal_segment(self, offset: int) -> Token | None:
        """The literal path segment that begins exactly at `offset`; `(default)` keeps its parentheses."""
        found = _LITERAL_SEGMENT.match(self._text, offset)
        if found is not None:
            return Token(NAME, found[0], found.start(), found.end())
        found = _PARENTHESISED_SEGMENT.match(self._text, offset)
        return Token(NAME, found[0], found.start(), found.end()) if found else None

    def capture(self, offset: int) -> Capture | None:
        """The `{name}` or `{name=**}` that begins exactly at `offset`."""
        found = _CAPTURE.match(self._text, offset)
        return Capture(found[1], found[2] == "**", found.start(), found.end()) if found else None

    def starts_with(self, mark: str, offset: int) -> bool:
        return self._text.startswith(mark, offset)

    def int_value(self, token: Token, negative: bool = False) -> int:
        # The length is looked at first: turning a long run of digits into a number is quadratic.
        digits = token.text.lstrip("0") or "0"
        value = int(digits) if len(digits) <= 19 else INT_MAX + 2
        if value > INT_MAX + negative:
            self.fail(token.start, token.end, "Integer literal out of range.")
        return -value if negative else value

    def float_value(self, token: Token) -> float:
        if not token.text.partition(".")[2][:1].isdigit():
            self.fail(token.start, token.end, f"Unexpected '{token.text}'.")
        return float(token.text)

    def string_value(self, token: Token) -> str:
        body = token.text[1:-1]
        if "\\" not in body:
            return body

        def unescape(found: re.Match[str]) -> str:
            code = found[1]
            if len(code) == 5:
                return chr(int(code[1:], 16))
            plain = _SIMPLE_ESCAPES.get(code)
            if plain is None:
                start = token.start + 1 + found.start()
                self.fail(start, start + len(found[0]), f"Invalid escape sequence '{found[0]}'.")
            return plain

        return _SURROGATE_PAIR.sub(_join_surrogates, _ESCAPE.sub(unescape, body))

    def fail(self, start: int, end: int, *descriptions: str) -> NoReturn:
        raise RulesCompileError(issue_at(self._source, start, end, text) for text in descriptions)


def _join_surrogates(found: re.Match[str]) -> str:
    return found[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
