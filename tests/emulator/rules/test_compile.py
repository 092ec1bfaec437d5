"""Syntax, what the checker finds, and the limits on the text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.rules import RulesCompileError, Ruleset, compile_ruleset, inspect_rules
from emulator.rules.limits import MAX_EXPRESSION_DEPTH, MAX_MATCH_NESTING, MAX_OPEN_BRACKETS, MAX_SOURCE_BYTES
from tests.emulator.rules.asking import request, rules, verdict

EVERYTHING = """rules_version = '2'; // two
/* a comment
   over lines */
function signedIn() { return request.auth != null }
service cloud.firestore {
  function isOwner(uid) { let me = request.auth.uid; return signedIn() && me == uid; }
  match /databases/{database}/documents {
    match /users/{uid} {
      allow get, list: if isOwner(uid) || request.auth.token.admin == true;
      allow create: if request.resource.data.keys().hasOnly(['name', "age"])
        && request.resource.data.name is string && request.resource.data.name.matches('^[a-z]+$')
        && request.resource.data.age % 2 == 0;
      allow update: if (resource.data.n == null ? 0 : -resource.data.n) < 5.5 && !('x' in {'a': [1, 2][0:1]});
      allow delete
    }
    match /{path=**}/posts/{id} { allow read: if exists(/databases/$(database)/documents/posts/$(id)) }
  }
}
"""


def errors(source: str) -> list[str]:
    with pytest.raises(RulesCompileError) as caught:
        compile_ruleset(source)
    return [str(issue) for issue in caught.value.issues if issue.severity == "ERROR"]


def warnings(body: str) -> list[str]:
    return [str(issue) for issue in rules(body).warnings]


def test_file_that_uses_the_whole_grammar_compiles_without_a_warning():
    ruleset = compile_ruleset(EVERYTHING, "my.rules")
    assert (ruleset.version, ruleset.file_name, ruleset.services) == (2, "my.rules", ("cloud.firestore",))
    assert ruleset.source == EVERYTHING
    assert ruleset.warnings == ()


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("service cloud.firestore {}", 1),
        ("rules_version = '1'; service cloud.firestore {}", 1),
        ('rules_version = "2" service cloud.firestore {}', 2),
        ("rules_version = '2'; service cloud.firestore { match /a { } }", 2),
        ("rules_version='2';service cloud.firestore{match /a/{b}{allow read:if true;match /c/{d=**}{}}}", 2),
    ],
)
def test_sparse_file_compiles(source, version):
    assert compile_ruleset(source).version == version


def test_whole_file_gives_the_positions_of_its_error():
    source = (
        "rules_version = '2';\nservice cloud.firestore {\n  match /a/{b} {\n    allow read: iff true;\n  }\n}"
    )
    with pytest.raises(RulesCompileError) as caught:
        compile_ruleset(source, "firestore.rules")
    issue = caught.value.issues[0]
    offset = source.index("iff")
    assert issue.to_json() == {
        "sourcePosition": {
            "fileName": "firestore.rules", "line": 4, "column": 17,
            "currentOffset": offset, "endOffset": offset + 2,
        },
        "description": "Unexpected 'iff'.",
        "severity": "ERROR",
    }  # fmt: skip
    assert str(caught.value) == "L4:17 Unexpected 'iff'.\nL4:17 mismatched input 'iff' expecting 'if'"


@pytest.mark.parametrize(
    "source", ["", "\n// nothing\n", "function f() { return true; }", "rules_version = '2';"]
)
def test_file_without_a_service_is_an_error_at_its_end(source):
    line, column = source.count("\n") + 1, len(source.rpartition("\n")[2]) + 1
    assert errors(source) == [f"L{line}:{column} No service is declared."]


def test_columns_count_characters_not_bytes():
    assert errors("service cloud.firestore { /* 한글😀 */ oops }")[0] == "L1:37 Unexpected 'oops'."


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("service cloud.firestore {", "L1:26 Unexpected '<EOF>'."),
        ("service {", "L1:9 Unexpected '{'."),
        ("service a. {", "L1:12 Unexpected '{'."),
        ("match /a {}", "L1:1 Unexpected 'match'."),
        ("service a {} rules_version = '2';", "L1:14 Unexpected 'rules_version'."),
        ("rules_version = '3';", "L1:17 Unsupported rules version: '3'."),
        ("rules_version = 2;", "L1:17 Unexpected '2'."),
        ("service a { match b {} }", "L1:19 Unexpected 'b'."),
        ("service a { match / {} }", "L1:21 Unexpected '{'."),
        ("service a { match /a/{} {} }", "L1:22 Unexpected '{'."),
        ("service a { match /{if} {} }", "L1:20 Unexpected 'if'."),
        ("service a { match /a { allow; } }", "L1:29 Unexpected ';'."),
        ("service a { match /a { allow fly; } }", "L1:30 Unexpected 'fly'."),
        ("service a { match /a { allow read: true; } }", "L1:36 Unexpected 'true'."),
        ("service a { match /a { allow read: if; } }", "L1:38 Missing conditional expression after 'if'."),
        ("service a { match /a { allow read: if } }", "L1:39 Missing conditional expression after 'if'."),
        ("service a { match /a { allow read: if true allow write; } }", "L1:44 Unexpected 'allow'."),
        ("service a { match /a { allow read allow write; } }", "L1:35 Unexpected 'allow'."),
        ("function f() { let a = 1; }", "L1:27 Unexpected '}'."),
        ("function f() { let a = 1 return a; }", "L1:26 Unexpected 'return'."),
        ("function f() { return 1; let a = 1; }", "L1:26 Unexpected 'let'."),
        ("function f(a b) { return 1; }", "L1:14 Unexpected 'b'."),
        ("function if() { return 1; }", "L1:10 Unexpected 'if'."),
        ("function f() { return 'abc; }", "L1:23 Unclosed string literal."),
        ("function f() { return 'a\nb'; }", "L1:23 Unclosed string literal."),
        ("function f() { return 1; } /* open", "L1:28 Unclosed comment."),
        ("function f() { return 'a\\q'; }", "L1:25 Invalid escape sequence '\\q'."),
        ("function f() { return '\\u12'; }", "L1:24 Invalid escape sequence '\\u'."),
        ("function f() { return 9223372036854775808; }", "L1:23 Integer literal out of range."),
        (f"function f() {{ return {'9' * 100_000}; }}", "L1:23 Integer literal out of range."),
        ("function f() { return 2.join(); }", "L1:23 Unexpected '2.'."),
        ("function f() { return .5; }", "L1:23 Unexpected '.'."),
        ("function f() { return 1 +; }", "L1:26 Unexpected ';'."),
        ("function f() { return a b; }", "L1:25 Unexpected 'b'."),
        ("function f() { return a.; }", "L1:25 Unexpected ';'."),
        ("function f() { return a[]; }", "L1:25 Unexpected ']'."),
        ("function f() { return [1 2]; }", "L1:26 Unexpected '2'."),
        ("function f() { return {1: 2}; }", "L1:24 Unexpected '1'."),
        ("function f() { return true ? 1; }", "L1:31 Unexpected ';'."),
        ("function f() { return a = 1; }", "L1:25 Unexpected '='."),
        ("function f() { return a & b; }", "L1:25 Unexpected '&'."),
        ("function f() { return /a//b; }", "L1:26 Unexpected '/'."),
        ("function f() { return 1 is thing; }", "L1:28 Unknown type 'thing' after 'is'."),
        ("function f() { return 1 is null; }", "L1:28 Unknown type 'null' after 'is'."),
        ("function f() { return 1 is 2; }", "L1:28 Unexpected '2'."),
        ("\ufeffservice a {}", "L1:1 Unexpected '\ufeff'."),
        ("service a {\x00}", "L1:12 Unexpected '\x00'."),
    ],
)
def test_syntax_error_is_told_with_its_position(source, error):
    assert errors(source)[0] == error


BOUND = "The identifier [x] is already bound in the current scope."
GLOB = "Invalid glob match expression."
SECOND_GLOB = f"{GLOB} Only one glob match is permitted in a match declaration path."


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (
            "function f() { let x = 1; let x = 2; return x; }",
            f"L1:27 {BOUND}",
        ),
        ("function f(x, x) { return x; }", f"L1:1 {BOUND}"),
        ("function f(x) { let x = 1; return x; }", f"L1:17 {BOUND}"),
        ("function f() {return 1;} function f() {return 2;}",
         "L1:26 The identifier [f] is already bound in the current scope."),
        ("service a { match /{x}/{x} {} }", f"L1:24 {BOUND}"),
        ("function f(math) { return 1; }", "L1:1 The identifier [math] is reserved."),
        ("function f() { let latlng = 1; return latlng; }", "L1:16 The identifier [latlng] is reserved."),
        ("service a { match /{duration} {} }", "L1:20 The identifier [duration] is reserved."),
        ("function f() { return f(); }", "L1:23 Recursive call is not allowed."),
        ("function f() { return g(); } function g() { return 1 + f(); }",
         "L1:56 Recursive call is not allowed."),
        ("function f() { return 'a'.matches('('); }",
         "L1:35 Invalid regular expression pattern. Pattern: (."),
        ("function f() { return 'a'.replace('(?=a)', ''); }",
         "L1:35 Invalid regular expression pattern. Pattern: (?=a)."),
        ("function f() { return 'a'.split('(a)\\\\1'); }",
         "L1:33 Invalid regular expression pattern. Pattern: (a)\\1."),
        ("service a { match /{x=**}/{y=**} {} }",
         f"L1:27 {SECOND_GLOB}"),
        ("rules_version = '2'; service a { match /{x=**} { match /{y=**} {} } }",
         f"L1:57 {SECOND_GLOB}"),
        ("service a { match /{x=**}/b {} }",
         f"L1:20 {GLOB} In rules version 1 it must be the last path segment."),
        ("function f(a, b, c, d, e, g, h, i) { return 1; }", "L1:1 Function f has more than 7 arguments."),
        (f"function f() {{ {' '.join(f'let a{n} = 1;' for n in range(12))} return 1; }}",
         "L1:1 Function f has more than 11 lets."),
        (f"service a {{ match {''.join(f'/{{v{n}}}' for n in range(21))} {{}} }}",
         "L1:130 Path has more than 20 captures."),
        (f"service a {{ match {'/a' * 101} {{}} }}", "L1:220 Path has more than 100 segments."),
        (f"service a {{ match {'/a' * 60} {{ match {'/a' * 60} {{}} }} }}",
         "L1:267 Path has more than 100 segments."),
    ],
)  # fmt: skip
def test_meaningless_declaration_is_told_with_its_position(source, error):
    assert error in errors(source)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("function f() { let x = 1; return true; } match /a { allow read: if f(); }",
         ["L4:16 Unused variable: x."]),
        ("function f() { return true; }", ["L4:1 Unused function: f."]),
        ("match /a { allow read: if nothing == 1; }", ["L4:27 Invalid variable name: nothing."]),
        ("match /a { allow read: if nothing(1); }", ["L4:27 Invalid function name: nothing."]),
        ("match /a { allow read: if math.nothing(1); }", ["L4:27 Invalid function name: math.nothing."]),
        ("match /a { allow read: if math.abs() == 1; }",
         ["L4:27 Incorrect number of arguments supplied to function: math.abs."]),
        ("match /a { allow read: if get() == 1; }",
         ["L4:27 Incorrect number of arguments supplied to function: get."]),
        ("function f(a) { return a; } match /a { allow read: if f(); }",
         ["L4:55 Incorrect number of arguments supplied to function: f."]),
        ("match /a { allow read: if firestore.get(/a) == 1; }", ["L4:27 Invalid variable name: firestore."]),
        ("function f() { let a = b; let b = 1; return a == b; } match /a { allow read: if f(); }",
         ["L4:24 Invalid variable name: b."]),
        ("match /a { allow read: if request.auth.uid == resource.data.uid; }", []),
    ],
)  # fmt: skip
def test_doubtful_code_compiles_with_a_warning(body, expected):
    assert warnings(body) == expected


def test_warning_beside_an_error_is_told_too():
    source = "function f() { let x = 1; return g(); } function g() { return f(); }"
    with pytest.raises(RulesCompileError) as caught:
        compile_ruleset(source)
    severities = [issue.severity for issue in caught.value.issues]
    assert sorted(set(severities)) == ["ERROR", "WARNING"]
    assert "Unused" not in str(caught.value)


@pytest.mark.parametrize(
    "opening",
    ["(", "[", "!", "-", "f(", "a[", "{'a':", "/a/$(", "true ? ", "a.b(", "a && (b || (", "1 + (2 * (3 == ("],
)
@pytest.mark.parametrize("times", [MAX_OPEN_BRACKETS + 1, 10_000])
def test_deep_nesting_is_a_diagnostic(opening, times):
    source = "function f() { return " + opening * times
    assert errors(source)[0].endswith(f"Expression is nested deeper than {MAX_OPEN_BRACKETS} levels.")


@pytest.mark.parametrize("link", [".a", "[0]", "[0:1]", ".a()", " + 1", " is int", " == 1", " in b", " < 1"])
def test_long_chain_is_a_diagnostic(link):
    source = f"function f() {{ return a{link * 20_000}; }}"
    assert errors(source)[0].endswith(f"Expression is nested deeper than {MAX_EXPRESSION_DEPTH} levels.")


def test_long_chain_of_one_logical_operator_is_no_nesting():
    assert verdict("false || " * 400 + "true") == "true"
    assert verdict(" && ".join(["true"] * 10_000)) == "true"


def test_nesting_up_to_the_limit_compiles_and_runs():
    assert verdict("(" * MAX_OPEN_BRACKETS + "true" + ")" * MAX_OPEN_BRACKETS) == "true"
    assert verdict("1" + " + 1" * (MAX_EXPRESSION_DEPTH - 3) + f" == {MAX_EXPRESSION_DEPTH - 2}") == "true"


def test_match_statements_nest_up_to_a_limit():
    def nested(depth: int) -> str:
        return "service a {" + "match /a {" * depth + "}" * depth + "}"

    assert compile_ruleset(nested(MAX_MATCH_NESTING))
    assert errors(nested(MAX_MATCH_NESTING + 1)) == [
        f"L1:{12 + 10 * MAX_MATCH_NESTING} Match statements are nested deeper than {MAX_MATCH_NESTING}."
    ]


def test_source_up_to_its_limit_compiles_and_beyond_is_refused():
    text = "service a {}"
    assert compile_ruleset(text + " " * (MAX_SOURCE_BYTES - len(text)))
    assert errors(text + "é" * MAX_SOURCE_BYTES) == [f"L1:1 Source is larger than {MAX_SOURCE_BYTES} bytes."]


def test_many_functions_that_call_one_another_compile():
    functions = "".join(f"function f{n}() {{ return f{n + 1}(); }}" for n in range(3000))
    source = functions + "function f3000() { return f2999(); }"
    assert any(error.endswith("Recursive call is not allowed.") for error in errors(source))
    assert compile_ruleset(functions + "function f3000() { return true; } service a {}")


def test_file_truncated_at_every_character_is_a_ruleset_or_a_diagnostic():
    for length in range(len(EVERYTHING)):
        check_outcome(EVERYTHING[:length])


def check_outcome(source: str) -> None:
    """Either a ruleset that decides, or issues that lie in the source."""
    outcome = compiled_or_refused(source)
    inspection = inspect_rules(source)
    if isinstance(outcome, Ruleset):
        assert inspection.issues == outcome.warnings
        decision = outcome.evaluate(request(path="users/alice", method="update", uid="alice"))
        assert decision.allowed or decision.message.startswith("\n")
        return
    assert outcome.issues
    assert inspection.issues == outcome.issues
    for issue in outcome.issues:
        assert 1 <= issue.line <= source.count("\n") + 1
        assert 0 <= issue.current_offset <= issue.end_offset <= len(source)


def compiled_or_refused(source: str) -> Ruleset | RulesCompileError:
    try:
        return compile_ruleset(source)
    except RulesCompileError as error:
        return error


@pytest.mark.parametrize("repeated", [60, 900], ids=["long programs", "programs that are too long"])
def test_many_long_regular_expressions_are_refused_before_they_take_long(repeated):
    conditions = "".join(
        f"allow read: if x.matches('(a|\\\\pL{{{repeated}}}){number}'); " for number in range(500)
    )
    outcome = compiled_or_refused(f"service a {{ match /a/{{b}} {{ {conditions} }} }}")
    assert isinstance(outcome, RulesCompileError)
    errors = [issue.description for issue in outcome.issues if issue.severity == "ERROR"]
    assert errors[-1] == "The regular expressions of this file have more than 1000000 instructions together."
    assert len(errors) < 20


PIECES = st.sampled_from(
    [*"(){}[]<>=!&|+-*/%.,;:?$'\"\\\n0é\ud800", "**", "&&", "if ", "let ", "return ", "/a", "{x=**}", "is "]
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(EVERYTHING)), st.integers(0, 12), st.lists(PIECES, max_size=6).map("".join))
def test_file_with_a_random_edit_is_a_ruleset_or_a_diagnostic(place, removed, inserted):
    check_outcome(EVERYTHING[:place] + inserted + EVERYTHING[place + removed :])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_ruleset_or_a_diagnostic(text):
    check_outcome(text)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_condition_is_decided_or_refused(condition):
    check_outcome(f"service cloud.firestore {{ match /{{all=**}} {{ allow update: if {condition}; }} }}")
