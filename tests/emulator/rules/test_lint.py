"""What is doubted in a file that compiles, and what beside it is not."""

import time

import pytest

from emulator.rules import FIRESTORE, inspect_rules
from tests.emulator.rules.asking import request, rules


def found(body: str, version: str = "rules_version = '2';") -> list[str]:
    """The findings as `lint line:column text`; the body stands on line 4."""
    opening = f"{version}\nservice cloud.firestore {{\n  match /databases/{{database}}/documents {{\n"
    return said(f"{opening}{body}\n  }}\n}}\n")


def said(source: str) -> list[str]:
    inspection = inspect_rules(source)
    assert all(issue.severity == "WARNING" for issue in inspection.issues), inspection.issues
    return [
        f"{each.lint} {each.issue.line}:{each.issue.column} {each.issue.description}"
        for each in inspection.findings
    ]


def names(body: str) -> list[str]:
    return [text.partition(" ")[0] for text in found(body)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # an allow that an earlier one leaves nothing to do
        ("match /a/{b} { allow read: if true; allow get: if request.auth != null; }",
         "unreachable-allow 4:37 The allow on L4 already allows this to everyone."),
        ("match /a/{b} { allow read: if true || request.auth.uid == b; allow get: if b == 'x'; }",
         "unreachable-allow 4:62 The allow on L4 already allows this to everyone."),
        ("match /a/{b} { allow write: if b == 'x'; allow create: if (b=='x'); }",
         "unreachable-allow 4:42 The allow on L4 has the same condition."),
        (("\nmatch /{all=**} { allow get: if true; }\n"
         "match /c/{d} { allow get: if d == 'x'; allow create: if d == 'x'; }"),
         "unreachable-allow 6:16 The match on L5 already allows this to everyone."),
        # an allow that is never true
        ("match /a/{b} { allow get: if 1 == 2; }",
         "unreachable-allow 4:16 This condition is never true in a get."),
        ("match /a/{b} { allow create: if resource.data.x == 1; }",
         ("unreachable-allow 4:16 This condition is never true in a create: resource is null in a create"
         " (read on L4).")),
        ("match /a/{b} { allow get: if request.resource.data.x == 1; }",
         ("unreachable-allow 4:16 This condition is never true in a get: a get has no request.resource"
         " (read on L4).")),
        ("match /a/{b} { allow get: if b.nothing(); }",
         "unreachable-allow 4:16 This condition is never true in a get."),
        ("match /a/{b} { allow create, update: if 1 == 2; }",
         "unreachable-allow 4:16 This condition is never true in a create or an update."),
        # a path that nothing has
        ("match /a { allow read: if request.auth != null; }",
         ("unreachable-allow 4:7 No document has such a path: after /databases/{database}/documents it has to"
         " end in a document.")),
        # a match without effect
        ("match /{all=**} { allow read: if true; }\nmatch /a/{b} { allow read: if b == 'x'; }",
         "shadowed-match 5:7 The match on L4 already allows all of this to everyone."),
        ("match /a/{b} { allow get: if b == 'x'; }\nmatch /a/{c} { allow get: if c == 'y'; }",
         "shadowed-match 5:7 The match on L4 has the same path; their allows add up."),
        ("match /a/{b} { match /c/{b} { allow get: if b == 'x'; } }",
         "shadowed-wildcard 4:25 The wildcard b hides the one of an outer match."),
        ("match /{all=**} { allow read: if request.auth != null; }\nmatch /s/{id} { allow read: if false; }",
         "ineffective-deny 5:17 `if false` takes nothing back: the allow on L4 covers get here."),
        # names without a use
        ("function f() { return g(); } function g() { return true; }",
         "unused-function 4:30 Function g is called by unused functions only."),
        ("function f(a, b) { return a; } match /a/{b} { allow get: if f(b, 1); }",
         "unused-variable 4:1 Unused parameter: b of function f."),
        # an allow without a condition
        ("match /a/{b} { allow get, list; }",
         "allow-without-condition 4:16 This allows get, list to everyone; if that is meant, say `if true`."),
        # request.resource in a delete
        ("match /a/{b} { allow delete: if request.resource.data.x == 1; }",
         ("request-resource-in-delete 4:33 A delete has no request.resource, so the allow on L4 never allows"
         " one.")),
        ("match /a/{b} { allow delete: if b == 'x' || request.resource.data.x == 1; }",
         "request-resource-in-delete 4:45 A delete has no request.resource."),
        ("match /a/{b} { allow write: if b == 'x' && request.resource.data.x == 1; }",
         ("request-resource-in-delete 4:44 A delete has no request.resource, so the allow on L4 never allows"
         " one.")),
        (("function ok(data) {\nlet size = data.size;\nreturn size < 5;\n}\n"
         "match /a/{b} { allow write: if ok(request.resource.data); }"),
         ("request-resource-in-delete 8:35 A delete has no request.resource, so the allow on L8 never allows"
         " one.")),
        # a list that no query satisfies
        ("match /a/{b} { allow list: if resource.data.keys().hasOnly(['a']); }",
         ("unsatisfiable-list 4:31 No query satisfies this condition: a query determines single fields, not"
         " the whole of resource.data (read on L4).")),
        ("match /a/{b} { allow read: if resource.data.size() < 3; }",
         ("unsatisfiable-list 4:31 No query satisfies this condition: a query determines single fields, not"
         " the whole of resource.data (read on L4). If only single reads are meant, allow get.")),
        ("match /a/{b} { allow list: if !('deleted' in resource.data); }",
         "unsatisfiable-list 4:31 No query satisfies this condition."),
        ("match /a/{b} { allow list: if request.resource.data.a == 1; }",
         ("unsatisfiable-list 4:31 No query satisfies this condition: a list has no request.resource (read on"
         " L4).")),
        ("match /a/{b} { allow list: if resource == null; }",
         "unsatisfiable-list 4:31 No query satisfies this condition."),
    ],
)  # fmt: skip
def test_what_can_hardly_be_meant_is_found_with_its_place(body, expected):
    assert found(body) == [expected]


@pytest.mark.parametrize(
    "body",
    [
        "match /a/{b} { allow get: if true; allow list: if b == 'x'; }",
        "match /a/{b} { allow get: if b == 'x'; allow get: if b == 'y'; }",
        "match /a/{b} { allow write: if false; }",
        "match /{all=**} { allow read: if false; } match /a/{b} { allow read: if true; }",
        "match /{all=**} { allow get: if true; } match /a/{b} { allow create: if true; }",
        "match /a/{b} { allow get: if true; } match /a/{b}/c/{d} { allow get: if d == b; }",
        "match /a/x { allow get: if true; } match /a/{b} { allow get: if b == 'y'; }",
        "match /{p=**}/posts/{id} { allow get: if true; } match /users/{id} { allow get: if id == 'y'; }",
        "match /s/{id} { allow read: if request.auth != null; } match /{all=**} { allow read: if false; }",
        "match /a/{b} { allow delete: if request.auth.uid == b; }",
        "match /a/{b} { allow delete: if request.method == 'delete' || request.resource.data.x == 1; }",
        "match /a/{b} { allow write: if request.method == 'delete' || request.resource.data.x == 1; }",
        "match /a/{b} { allow write: if request.auth.uid == b || request.resource.data.x == 1; }",
        "match /a/{b} { allow write: if !('resource' in request) || request.resource.data.x == 1; }",
        "match /a/{b} { allow create, update: if request.resource.data.x == 1; }",
        "match /a/{b} { allow create, update: if resource == null || resource.data.x == 1; }",
        "match /a/{b} { allow write: if resource.data.x == 1; }",
        "match /a/{b} { allow list: if resource.data.owner == request.auth.uid; }",
        "match /a/{b} { allow list: if 'owner' in resource.data && resource.data.get('owner', 1) == 1; }",
        "match /a/{b} { allow list: if request.query.limit <= 10 && resource.data.a.b.size() > 1; }",
        "match /a/{b} { allow list: if exists(/databases/$(database)/documents/a/$(resource.data.c)); }",
        "match /a/{b} { allow get: if resource.data.keys().hasOnly(['a']); }",
        "match /a/{b} { allow read: if request.method == 'get' && resource.data.size() < 3; }",
        "match /{all=**} { allow read: if resource.data.open; }",
        "match /a/{b=**} { allow read: if request.auth.uid == 'x'; }",
        "match /a { match /{b} { allow read: if request.auth.uid == b; } }",
    ],
)
def test_what_can_well_be_meant_is_not_doubted(body):
    assert found(body) == []


def test_service_of_storage_is_read_with_its_own_requests():
    def of(body: str) -> list[str]:
        return said(f"rules_version = '2'; service firebase.storage {{ match /b/{{bucket}}/o {{ {body} }} }}")

    [text] = of("match /{all=**} { allow list: if resource.size < 5; }")
    assert text.startswith("unsatisfiable-list 1:")
    assert "resource is null in a list" in text
    [text] = of("match /{all=**} { allow delete: if request.resource.size < 5; }")
    assert text.startswith("request-resource-in-delete 1:")
    assert (
        of("match /{all=**} { allow write: if request.resource == null || request.resource.size < 5; }") == []
    )
    assert of("match /{all=**} { allow create: if resource == null && request.resource.size < 5; }") == []
    [text] = said("service firebase.storage { match /o/{all=**} { allow get: if all != null; } }")
    assert text.startswith("unreachable-allow 1:")


def test_version_1_glob_takes_a_segment_so_it_covers_less():
    body = "match /a/{b}/{c=**} { allow get: if true; } match /a/{b} { allow get: if b == 'x'; }"
    assert names(body) == ["shadowed-match"]
    assert found(body, "rules_version = '1';") == []


def test_file_with_an_error_is_not_doubted():
    inspection = inspect_rules(
        "service cloud.firestore { match /a { allow read } } function f() { return f(); }"
    )
    assert [issue.severity for issue in inspection.issues] == ["ERROR"]
    assert inspection.findings == ()


@pytest.mark.parametrize(
    "condition",
    ["resource.data.keys().hasOnly(['a'])", "request.resource.data.a == 1", "!('a' in resource.data)"],
)
def test_doubted_list_is_denied_whatever_the_query_fixes(condition):
    from tests.emulator.rules.asking import listing

    ruleset = rules(f"match /notes/{{id}} {{ allow list: if {condition}; }}")
    for query in (listing(), listing(("a", "==", 1)), listing(("a", ">", 1)), listing(("b", "!=", None))):
        assert not ruleset.evaluate(request("list", "notes", query=query, uid="alice")).allowed


def test_calls_that_grow_with_every_level_are_given_up_in_time():
    functions = "function f0(x) { return x == x; }" + "".join(
        f"function f{n}(x) {{ return f{n - 1}(x) && f{n - 1}(x) && f{n - 1}(x); }}" for n in range(1, 18)
    )
    started = time.process_time()
    assert names(f"{functions} match /a/{{b}} {{ allow write: if f17(b); }}") == []
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "allows",
    [
        "match /a/{b} { " + "allow get: if f17(b); " * 2000 + "}",
        "match /a/{b} { allow write: if f17(b); } " * 1500,
    ],
    ids=["in one match", "in many"],
)
def test_costly_condition_in_many_places_is_given_up_in_time(allows):
    functions = "function f0(x) { return x == x; }" + "".join(
        f"function f{n}(x) {{ return f{n - 1}(x) && f{n - 1}(x) && f{n - 1}(x); }}" for n in range(1, 18)
    )
    started = time.process_time()
    found(functions + allows)
    assert time.process_time() - started < 30


def test_huge_file_of_match_statements_is_read_in_time():
    body = "".join(
        f"match /c{n}/{{x=**}} {{ allow read: if true; allow write: if false; }}\n" for n in range(1000)
    )
    started = time.process_time()
    assert names(body) == []
    assert time.process_time() - started < 20


def test_rules_of_this_project_leave_nothing_to_say():
    from pathlib import Path

    root = Path(__file__).parents[3]
    for name in ("firestore.rules", "storage.rules"):
        inspection = inspect_rules((root / name).read_text(), name)
        assert (inspection.issues, inspection.findings) == ((), ())


def test_finding_names_its_file_and_covers_its_text():
    source = f"service {FIRESTORE} {{ match /databases/{{d}}/documents/a/{{b}} {{ allow read; }} }}"
    [finding] = inspect_rules(source, "my.rules").findings
    issue = finding.issue
    assert issue.file_name == "my.rules"
    assert source[issue.current_offset : issue.end_offset + 1] == "allow read"
