"""Parse, print, parse: the same tree."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from emulator.rules import ast
from emulator.rules.lint import same_tree
from emulator.rules.parser import parse
from emulator.rules.printer import print_expression, print_file, print_path
from emulator.rules.source import Source
from tests.emulator.rules.test_compile import EVERYTHING
from tests.emulator.rules.trees import EXPRESSIONS, FILES

ROOT = Path(__file__).parents[3]
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def parsed(text: str) -> ast.File:
    return parse(Source(text, "test.rules"))


def expression(text: str) -> ast.Expression:
    [function] = parsed(f"function f() {{ return {text}; }}").functions
    return function.result


@settings(SLOW, max_examples=200)
@given(EXPRESSIONS)
def test_expression_that_was_printed_is_read_as_the_same_tree(tree):
    text = print_expression(tree)
    assert same_tree(expression(text), tree), text


@settings(SLOW, max_examples=100)
@given(EXPRESSIONS)
def test_place_of_every_sub_expression_holds_its_whole_text(tree):
    text = f"function f() {{ return {print_expression(tree)}; }}"
    [function] = parsed(text).functions
    for node, _ in ast.walk(function.result):
        assert same_tree(expression(text[node.start : node.end]), node), text


@settings(SLOW, max_examples=40)
@given(FILES)
def test_file_that_was_printed_is_read_as_the_same_tree(tree):
    text = print_file(tree)
    assert same_tree(parsed(text), tree), text


SOURCES = {
    "firestore.rules": (ROOT / "firestore.rules").read_text(),
    "storage.rules": (ROOT / "storage.rules").read_text(),
    "the whole grammar": EVERYTHING,
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_source_keeps_its_tree_and_printing_again_changes_nothing(source):
    tree = parsed(source)
    text = print_file(tree)
    again = parsed(text)
    assert same_tree(again, tree)
    assert print_file(again) == text


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("a&&(b||c)&&!d", "a && (b || c) && !d"),
        ("(a && b) && c", "(a && b) && c"),
        ("a - (b - c) - d", "a - (b - c) - d"),
        ("(a + b) * c", "(a + b) * c"),
        ("((a))", "a"),
        ("-(5)", "-(5)"),
        ("- -5", "--5"),
        ("-a.b", "-a.b"),
        ("(-a).b", "(-a).b"),
        ("(5).size()", "(5).size()"),
        ("(a ? b : c) ? d : e ? f : g", "(a ? b : c) ? d : e ? f : g"),
        ("a is int == true", "a is int == true"),
        ("(a == b) is bool", "(a == b) is bool"),
        ('"it\'s"', "'it\\'s'"),
        ("{a: 1, 'b c': [1, 2,]}", "{'a': 1, 'b c': [1, 2]}"),
        ("1.5e300", "1.5e+300"),
        ("get(/users/$(b.c)/(default)).data", "get(/users/$(b.c)/(default)).data"),
        ("(/a/b)[0]", "(/a/b)[0]"),
        ("a[/b : c]", "a[/b : c]"),
        ("a[0:1]", "a[0:1]"),
        ("a ? /b : /c", "a ? /b : /c"),
    ],
)  # fmt: skip
def test_expression_is_printed_on_one_line_without_needless_parentheses(written, printed):
    assert print_expression(expression(written)) == printed


def test_path_of_a_match_statement_is_printed_as_declared():
    [service] = parsed("service a { match /x-y/{one=*}/(default)/{all=**} {} }").services
    assert print_path(service.matches[0].path) == "/x-y/{one}/(default)/{all=**}"
