"""Strategies for syntax trees that some text has."""

from hypothesis import strategies as st

from emulator.rules import ast
from emulator.rules.limits import INT_MAX, INT_MIN
from emulator.rules.parser import METHODS
from emulator.rules.tokens import KEYWORDS
from emulator.rules.types.type_tests import TYPE_TESTS

NAMES = st.one_of(
    st.sampled_from(["a", "request", "resource", "math", "match", "service", "allow", "function", "_"]),
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True),
).filter(lambda name: name not in KEYWORDS)
MEMBERS = NAMES | st.sampled_from(sorted(KEYWORDS))
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["", "\ud800", "'", '"', "\\", "\\u0041", "\n\r\t\x00\x7f", "😀", "/*", "//"]
)
LITERALS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(INT_MIN, INT_MAX),
    st.floats(min_value=0, allow_nan=False).map(abs),
    TEXTS,
).map(lambda value: ast.Literal(0, 0, value))
SEGMENTS = st.from_regex(r"[A-Za-z0-9_\-.~%&':]{0,5}[A-Za-z0-9_\-.~%&']|\([a-z:]{0,3}\)", fullmatch=True)
LEAVES = LITERALS | NAMES.map(lambda name: ast.Variable(0, 0, name))


def _built(inner: st.SearchStrategy) -> st.SearchStrategy:
    def node(kind, *parts):
        return st.builds(lambda *values: kind(0, 0, *values), *parts)

    some = st.lists(inner, max_size=3).map(tuple)
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    segments = st.lists(SEGMENTS | inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        node(ast.Member, inner, MEMBERS),
        node(ast.Index, inner, inner),
        node(ast.Slice, inner, inner, inner),
        node(ast.Unary, st.sampled_from("!-"), inner).filter(_is_no_literal),
        node(ast.Binary, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", *"+-*/%"]), inner, inner),
        node(ast.Logical, st.sampled_from(["&&", "||"]), several),
        node(ast.TypeTest, inner, st.sampled_from(sorted(TYPE_TESTS))),
        node(ast.Conditional, inner, inner, inner),
        node(ast.Call, NAMES, some),
        node(ast.MethodCall, inner, MEMBERS, some),
        node(ast.ListLiteral, some),
        node(ast.MapLiteral, st.lists(st.tuples(TEXTS, inner), max_size=3).map(tuple)),
        node(ast.PathLiteral, segments),
    )


def _is_no_literal(node: ast.Unary) -> bool:
    """The sign of the smallest integer is part of the literal: it has no positive counterpart."""
    return not (isinstance(node.operand, ast.Literal) and node.operand.value == -INT_MIN)


EXPRESSIONS = st.recursive(LEAVES, _built, max_leaves=14)

LETS = st.builds(lambda name, value: ast.Let(0, 0, name, value), NAMES, EXPRESSIONS)
FUNCTIONS = st.builds(
    lambda name, parameters, lets, result: ast.Function(0, 0, name, parameters, lets, result),
    NAMES,
    st.lists(NAMES, max_size=3).map(tuple),
    st.lists(LETS, max_size=2).map(tuple),
    EXPRESSIONS,
)
LITERAL_SEGMENTS = st.from_regex(r"[A-Za-z0-9_\-.~%&':]{1,5}|\([a-z:]{0,3}\)", fullmatch=True)
DECLARED = LITERAL_SEGMENTS.map(lambda text: ast.Segment(0, 0, text, False, False)) | st.builds(
    lambda name, glob: ast.Segment(0, 0, name, True, glob), NAMES, st.booleans()
)
ALLOWS = st.builds(
    lambda methods, condition: ast.Allow(0, 0, methods, condition),
    st.lists(st.sampled_from(METHODS), min_size=1, max_size=3).map(tuple),
    st.none() | EXPRESSIONS,
)


def _matches(nested: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(
        lambda path, functions, allows, matches: ast.Match(0, 0, path, functions, allows, matches),
        st.lists(DECLARED, min_size=1, max_size=3).map(tuple),
        st.lists(FUNCTIONS, max_size=1).map(tuple),
        st.lists(ALLOWS, max_size=2).map(tuple),
        nested,
    )


SERVICES = st.builds(
    lambda name, functions, matches: ast.Service(0, 0, name, functions, matches),
    st.sampled_from(["cloud.firestore", "firebase.storage", "a"]),
    st.lists(FUNCTIONS, max_size=1).map(tuple),
    st.lists(_matches(st.lists(_matches(st.just(())), max_size=2).map(tuple)), max_size=2).map(tuple),
)
FILES = st.builds(
    lambda version, functions, services: ast.File(0, 0, version, functions, services),
    st.sampled_from([1, 2]),
    st.lists(FUNCTIONS, max_size=2).map(tuple),
    st.lists(SERVICES, max_size=2).map(tuple),
)
