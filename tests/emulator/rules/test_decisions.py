"""Matching, bindings, scopes, document access, limits of one decision, and denial texts."""

import pytest

from emulator.rules import AccessBudget, RulesQuery, compile_ruleset, denial_message
from tests.emulator.rules.asking import Documents, request, ruled_by, rules, told, verdict


def allows(body: str, version: str = "rules_version = '2';", **about: object) -> bool:
    return rules(body, version).evaluate(request(**about)).allowed  # type: ignore[arg-type]


VERSION_1 = "rules_version = '1';"


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/users/{id}", "users/alice", True),
        ("/users/alice", "users/alice", True),
        ("/users/alice", "users/bob", False),
        ("/Users/{id}", "users/alice", False),
        ("/users/{id}", "users/alice/posts/p1", False),
        ("/users/{id}/posts/{post}", "users/alice/posts/p1", True),
        ("/{all=**}", "users/alice", True),
        ("/{all=**}", "users/alice/posts/p1", True),
        ("/users/{rest=**}", "users/alice/posts/p1", True),
        ("/users/{id}/{rest=**}", "users/alice", True),
        ("/{path=**}/posts/{id}", "posts/p1", True),
        ("/{path=**}/posts/{id}", "users/alice/posts/p1", True),
        ("/{path=**}/posts/{id}", "users/alice", False),
        ("/users/{path=**}/posts/{id}", "users/alice/posts/p1", True),
        ("/users/{path=**}/posts/{id}", "users/alice/notes/p1", False),
        ("/users/{id=*}", "users/alice", True),
        ("/a-b_c.d~e%f&g'h:i/{id}", "a-b_c.d~e%f&g'h:i/x", True),
    ],
)
def test_match_statement_covers_whole_paths(pattern, path, matches):
    assert allows(f"match {pattern} {{ allow get; }}", path=path) is matches


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [("/users/{id}/{rest=**}", "users/alice", False), ("/users/{rest=**}", "users/alice", True)],
)
def test_version_1_glob_takes_at_least_one_segment(pattern, path, matches):
    assert allows(f"match {pattern} {{ allow get; }}", VERSION_1, path=path) is matches


@pytest.mark.parametrize(
    ("declared", "allowed"),
    [
        ("read", {"get", "list"}),
        ("write", {"create", "update", "delete"}),
        ("get, delete", {"get", "delete"}),
        ("list", {"list"}),
        ("create", {"create"}),
        ("update", {"update"}),
    ],
)
def test_allow_covers_the_methods_it_names(declared, allowed):
    ruleset = rules(f"match /notes/{{id}} {{ allow {declared}: if true; }}")
    methods = ["get", "list", "create", "update", "delete"]
    assert {
        method
        for method in methods
        if ruleset.evaluate(
            request(method, path="notes" if method == "list" else "notes/n1", query=listing(method))
        ).allowed
    } == allowed


def listing(method: str) -> RulesQuery | None:
    return RulesQuery() if method == "list" else None


def test_any_allow_of_any_matching_statement_is_enough():
    body = """
      match /{all=**} { allow get: if false; }
      match /notes/{id} { allow get: if 1 / 0 == 1; allow get: if id == 'n1'; }"""
    assert allows(body)
    assert not allows(body, path="notes/n2")


def test_glob_binds_the_matched_rest_as_a_path():
    body = "match /deep/{rest=**} { allow get: if rest == /x/y && rest[1] == 'y'; }"
    assert allows(body, path="deep/x/y")
    assert not allows(body, path="deep/x/z")
    assert allows("match /deep/{id}/{rest=**} { allow get: if rest == path(''); }", path="deep/x")


def test_function_sees_the_wildcards_around_its_declaration_not_those_of_its_caller():
    body = """
      match /users/{uid} {
        function here() { return uid; }
        match /posts/{post} {
          allow get: if here() == 'alice' && post == 'p1' && database == '(default)';
        }
      }
      function there() { return uid; }
      match /other/{uid} { allow get: if there() == 'alice'; }"""
    assert allows(body, path="users/alice/posts/p1")
    assert not allows(body, path="other/alice")


def test_inner_names_shadow_outer_ones():
    body = """
      function f() { return 'outer'; }
      function g() { return f(); }
      match /a/{x} {
        match /b/{x} {
          function f() { return 'inner'; }
          function h(x) { let y = x; return y; }
          allow get: if x == '2' && f() == 'inner' && g() == 'outer' && h('3') == '3';
        }
      }"""
    assert allows(body, path="a/1/b/2")


def test_declared_function_shadows_a_builtin_one():
    assert verdict("int('x') == 7", "function int(x) { return 7; }") == "true"


def test_function_may_have_the_name_of_a_namespace():
    functions = "function math() { return true; } function duration() { return math(); }"
    assert verdict("math() && duration() && math.abs(-1) == 1", functions) == "true"


def test_unused_let_that_fails_does_not_fail_its_function():
    assert verdict("f()", "function f() { let broken = 1 / 0; return true; }") == "true"
    assert (
        verdict("f()", "function f() { let broken = 1 / 0; return broken == 1; }") == "Divide by zero error."
    )


def test_request_holds_what_applies_to_the_method():
    path = "/databases/$(database)/documents/notes/$(id)"
    assert verdict("request.auth == null && request.method == 'get'") == "true"
    assert verdict(f"request.path == {path} && request.time.year() == 2024") == "true"
    assert (
        verdict("request.auth.uid == 'a' && request.auth.token.admin", uid="a", token={"admin": True})
        == "true"
    )
    assert verdict("request.auth.uid == 'a'") == "Null value error."
    assert verdict("request.auth.token.admin", uid="a") == "Property admin is undefined on object."
    assert verdict("!('resource' in request) && !('query' in request)") == "true"
    assert verdict("request.resource == null") == "Property resource is undefined on object."
    assert verdict("request.query.limit < 5") == "Property query is undefined on object."
    assert verdict("request.resource == null", method="delete") == "Property resource is undefined on object."
    assert verdict("request.resource.data.a == 1", method="create", written={"a": 1}) == "true"
    assert verdict("request.keys() == ['auth', 'method', 'path', 'time']") == "true"


def test_missing_document_is_a_null_resource():
    assert verdict("resource == null") == "true"
    assert verdict("resource.data.a == 1") == "Null value error."
    assert verdict("resource != null && resource.data.a == 1", resource={"a": 1}) == "true"
    assert verdict("resource.data.b == null", resource={"a": 1}) == "Property b is undefined on object."


BASE = "/databases/$(database)/documents"


def test_get_and_exists_read_the_committed_state_and_their_twins_the_state_after():
    def documents() -> Documents:
        return Documents({"users/a": {"n": 1}}, {"users/a": {"n": 2}, "users/b": {}})

    for condition in (
        f"get({BASE}/users/a).data.n == 1",
        f"getAfter({BASE}/users/a).data.n == 2",
        f"exists({BASE}/users/a) && !exists({BASE}/users/b)",
        f"existsAfter({BASE}/users/b)",
        f"get({BASE}/users/a).id == 'a' && get({BASE}/users/a).__name__ == {BASE}/users/a",
        f"get({BASE}/users/c) == null",
    ):
        assert verdict(condition, documents=documents()) == "true"
    assert verdict(f"get({BASE}/users/c).data.n == 1", documents=documents()) == "Null value error."


def test_reference_in_a_document_is_a_path_to_get():
    documents = Documents({"users/a": {"n": 1}})
    note = {"owner": documents.get(("", "", "", "users", "a")).name}
    assert verdict("get(resource.data.owner).data.n == 1", resource=note, documents=documents) == "true"


@pytest.mark.parametrize(
    "path",
    ["/users/a", f"{BASE}/users", f"{BASE}", "/databases/other/documents/users/a", f"{BASE}/users/$('')"],
)
def test_get_of_what_is_no_document_of_the_database_is_a_service_call_error(path):
    assert verdict(f"exists({path})").startswith(
        "Service call error. Function: [exists], Argument: [path_value {"
    )


@pytest.mark.parametrize(
    ("argument", "cause"),
    [
        ("'users/a'", "Type error. Received one of: [string]. Expected one of: [path]."),
        ("null", "Null value error."),
    ],
)
def test_get_of_what_is_no_path_is_an_error(argument, cause):
    assert verdict(f"exists({argument})") == cause


def reads(*names: object) -> str:
    return " && ".join(f"!exists({BASE}/users/u{name})" for name in names)


def test_eleventh_distinct_document_of_a_request_is_an_error_and_repeats_are_free():
    documents = Documents()
    assert verdict(reads(*range(10), *range(10)), documents=documents) == "true"
    assert len(documents.loads) == 10
    cause = verdict(reads(*range(11)))
    assert cause == (
        'Service call error. Function: [exists], Argument: [path_value { segments { simple: "databases" } '
        'segments { simple: "(default)" } segments { simple: "documents" } segments { simple: "users" } '
        'segments { simple: "u10" } }].'
    )
    assert verdict(f"({reads(*range(11))}) || true") == "true"


def test_batch_shares_a_budget_of_twenty_documents():
    distinct = " && ".join(f"!exists({BASE}/users/$(id + '{n}'))" for n in range(9))
    ruleset = rules(f"match /notes/{{id}} {{ allow get: if {distinct}; }}")
    budget = AccessBudget.batch()

    def note(name: str) -> bool:
        return ruleset.evaluate(request(path=f"notes/{name}", budget=budget)).allowed

    assert [note("a"), note("b"), note("c"), note("a")] == [True, True, False, True]


def test_expressions_of_one_request_are_limited():
    many = " && ".join(["request.time == request.time"] * 300)
    cause = verdict(many)
    assert cause == (
        "Unable to evaluate the expression as the maximum of 1000 expressions to evaluate has been reached."
    )
    assert verdict(" && ".join(["request.time == request.time"] * 190)) == "true"
    assert verdict(f"({many}) || true") == cause
    assert verdict(f"true || ({many})") == "true"


def test_work_that_grows_with_every_call_stops_at_the_limit_of_expressions():
    functions = "function f0(x) { return x == x; }" + "".join(
        f"function f{n}(x) {{ return f{n - 1}(x) && f{n - 1}(x) && f{n - 1}(x); }}" for n in range(1, 18)
    )
    assert verdict("f17(1)", functions).startswith("Unable to evaluate the expression as the maximum of 1000")


@pytest.mark.parametrize(
    ("calls", "expected"), [(20, "true"), (21, "Function calls are nested deeper than 20.")]
)
def test_calls_nest_up_to_a_limit(calls, expected):
    chain = "function f1() { return true; }" + "".join(
        f"function f{n}() {{ return f{n - 1}(); }}" for n in range(2, calls + 1)
    )
    assert verdict(f"f{calls}()", chain) == expected


def test_deepest_calls_of_deepest_expressions_are_decided():
    nested = "(" * 15 + "{}" + " == true)" * 15
    functions = "function f0() { return true; } {}".removesuffix(" {}") + "".join(
        f"function f{n}() {{ let v = {nested.format(f'f{n - 1}()')}; return v; }}" for n in range(1, 20)
    )
    assert verdict("f19()", functions) == "true"


def test_denial_lists_errors_then_falses_then_causes():
    ruleset = rules(
        """match /notes/{id} {
  allow read: if request.auth.uid == 'a';
  allow get: if false;
  allow read: if true
    && resource.data.missing == 1;
}"""
    )
    decision = ruleset.evaluate(request(resource={}))
    assert decision.message == (
        "\nevaluation error at L5:18 for 'get' @ L5, evaluation error at L8:8 for 'get' @ L7, "
        "false for 'get' @ L6, Null value error. for 'get' @ L5, "
        "Property missing is undefined on object. for 'get' @ L7"
    )
    assert decision.outcomes == ((5, "error"), (6, "deny"), (7, "error"))
    assert decision.errored


def test_allowed_decision_has_no_message():
    decision = rules("match /notes/{id} { allow get: if false;\nallow get: if true; }").evaluate(request())
    assert (decision.allowed, decision.message, decision.errored) == (True, "", False)
    assert decision.outcomes == ((4, "deny"), (5, "allow"))


def test_denial_without_a_matching_statement_says_so():
    decision = rules("match /other/{id} { allow get; }").evaluate(request())
    assert decision.message == "\nNo matching allow statements"
    assert not decision.errored


def test_denial_of_another_service_says_that_nothing_matched():
    ruleset = compile_ruleset("service firebase.storage { match /{all=**} { allow read; } }")
    assert ruleset.evaluate(request()).message == "\nNo matching allow statements"


def test_one_denial_tells_of_several_decisions():
    ruleset = rules("match /notes/{id} { allow write: if false; }")
    create, update = (ruleset.evaluate(request(method, written={})) for method in ("create", "update"))
    assert denial_message(create, update) == "\nfalse for 'create' @ L4, false for 'update' @ L4"


def test_debug_logs_its_argument(caplog):
    caplog.set_level("INFO", logger="emulator.rules.debug")
    assert verdict("debug(request.method) == 'get'") == "true"
    assert "'get'" in caplog.text


def test_deeply_nested_claims_are_an_error_not_a_crash():
    deep: object = []
    for _ in range(100_000):
        deep = [deep]
    ruleset = ruled_by("request.auth.token.deep == [1]")
    decision = ruleset.evaluate(request(uid="a", token={"deep": deep}))
    assert told(decision) == "Expressions are nested too deeply."
    while deep:
        deep = deep.pop()  # type: ignore[attr-defined]
