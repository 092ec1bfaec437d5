"""The plugin in a project of its own: options, coverage, and tests that must fail."""

import json

import pytest

FIRESTORE = """\
rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /notes/{id} {
      allow get: if request.auth != null
        && resource.data.open == true;
    }
  }
}
"""
STORAGE = """\
rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o {
    match /notes/{name} { allow get: if request.auth != null; }
  }
}
"""
# The inner runs need none of them, and hypothesis alone takes a second of each.
WITHOUT_OTHER_PLUGINS = ("-p", "no:asyncio", "-p", "no:hypothesispytest")
BOTH_WAYS = """\
from testing.rules import assert_allowed, assert_denied

def test_note_is_read_when_it_is_open(rules):
    rules.seed({"notes/open": {"open": True}, "notes/closed": {"open": False}})
    alice = rules.as_user("alice").firestore
    assert_allowed(alice.get("notes/open"))
    assert_denied(alice.get("notes/closed"), reason="resource.data.open == true")

def test_note_is_not_read_without_sign_in(seed, as_guest):
    seed({"notes/open": {"open": True}})
    assert_denied(as_guest().firestore.get("notes/open"), reason="request.auth != null")
"""


@pytest.fixture(autouse=True)
def no_suite(monkeypatch):
    """The inner runs are the same inside ./kit test and outside."""
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)


@pytest.fixture
def project(pytester):
    """Writes a project with rules and one test file; gives the function that runs pytest in it."""
    (pytester.path / "firestore.rules").write_text(FIRESTORE)
    (pytester.path / "storage.rules").write_text(STORAGE)
    config = {"firestore": {"rules": "firestore.rules"}, "storage": [{"rules": "storage.rules"}]}
    (pytester.path / "firebase.json").write_text(json.dumps(config))
    pytester.makeconftest('pytest_plugins = ["testing.rules"]')

    def run(body, *arguments, ini=""):
        pytester.makeini(f"[pytest]\ntestpaths = .\n{ini}")
        pytester.makepyfile(body)
        return pytester.runpytest_inprocess(*WITHOUT_OTHER_PLUGINS, *arguments)

    return run


def test_coverage_of_conditions_is_in_the_summary(project):
    result = project(BOTH_WAYS)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*security rules*",
            "backends: engine 2 passed",
            "firestore.rules: 2 of 2 conditions both ways (100.0 %)",
        ]
    )


def test_condition_that_was_never_false_is_named_with_its_line(project):
    result = project(BOTH_WAYS, "-k", "open")
    result.stdout.fnmatch_lines(
        [
            "firestore.rules: 1 of 2 conditions both ways (50.0 %)",
            "  L5    never false              request.auth != null",
        ]
    )


def test_nothing_is_said_about_rules_that_no_test_asked(project):
    result = project("def test_nothing(): pass")
    result.stdout.no_fnmatch_line("*security rules*")


@pytest.mark.parametrize(("percent", "code"), [("100", 1), ("50", 0)])
def test_run_below_the_threshold_fails(project, percent, code):
    result = project(BOTH_WAYS, "-k", "open", f"--rules-coverage-fail-under={percent}")
    result.assert_outcomes(passed=1, deselected=1)
    assert result.ret == code
    assert ("FAILED: firestore.rules below 100 %" in result.stdout.str()) == (code == 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param([], 1, id="everything"),
        pytest.param(["-k", "note"], 0, id="a choice by name"),
        pytest.param(["--deselect=no.py::such_test"], 0, id="some left out"),
        pytest.param(["test_threshold_of_the_settings_counts_for_whole_runs.py"], 0, id="a path"),
    ],
)
def test_threshold_of_the_settings_counts_for_whole_runs(project, arguments, code):
    half = BOTH_WAYS.partition("def test_note_is_not")[0]
    result = project(half, *arguments, ini="rules_coverage_fail_under = 100")
    result.assert_outcomes(passed=1)
    assert result.ret == code


def test_counts_of_another_process_add_up(project, pytester):
    """What pytest-xdist hands from a worker to the process that prints the summary."""
    from testing.rules.session import RulesSession

    def counted(test):
        session = RulesSession(pytester.path / "firebase.json")
        backend = session.backend("engine", session.project_files())
        test(backend)
        session.count("engine", "passed")
        return session

    class Guest:
        name, admin, claims = "guest", False, None

    class Alice(Guest):
        name, claims = "alice", {"sub": "alice"}

    project("")
    one = counted(lambda backend: backend.get(Guest, "notes/n1"))
    other = counted(lambda backend: backend.get(Alice, "notes/n1"))
    assert [file.covered for file in one.coverage()] == [0]
    one.add(other.exported())
    assert [file.covered for file in one.coverage()] == [1]
    assert one.outcomes() == "engine 2 passed"


def test_denial_for_the_wrong_reason_fails_the_test(project):
    result = project(
        """\
        from testing.rules import assert_denied

        def test_closed_note_is_denied(rules):
            answer = rules.as_user("alice").firestore.get("notes/misspelt")
            assert_denied(answer, reason="resource.data.open == true")
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*denied for another reason: alice: get notes/misspelt",
            "*the condition at L5 failed to evaluate*",
            "*Null value error*",
        ]
    )


@pytest.mark.parametrize(
    ("request_made", "says"),
    [
        ('rules.as_guest().firestore.get("notes/n1")', "<guest: get notes/n1: denied>"),
        ('rules.bypassing_rules().firestore.update("notes/n1", {"a": 1})', "failed, NOT_FOUND"),
    ],
)
def test_answer_that_nobody_looked_at_fails_the_test(project, request_made, says):
    result = project(f"def test_forgets_to_assert(rules):\n    {request_made}\n")
    result.assert_outcomes(failed=1)
    assert f"{says}" in result.stdout.str()
    assert "the test does not look at it: use assert_allowed or assert_denied" in result.stdout.str()


def test_data_of_a_denied_request_says_why_it_is_not_there(project):
    result = project(
        'def test_reads(rules):\n    assert rules.as_guest().firestore.get("notes/n1").data is None\n'
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*RequestDenied: guest: get notes/n1 was denied: *"])


def test_same_test_runs_on_several_backends_and_counts_what_it_skips(project):
    result = project(BOTH_WAYS, "--rules-backend=engine,emulator,official")
    result.assert_outcomes(passed=2, skipped=4)
    result.stdout.fnmatch_lines(["backends: engine 2 passed; emulator 2 skipped; official 2 skipped"])


def test_rules_of_a_test_of_its_own_take_the_place_of_the_projects(project):
    result = project(
        """\
        import pytest
        from testing.rules import NO_RULE, RulesFiles, assert_denied

        @pytest.fixture
        def rules_files():
            return RulesFiles(storage="service firebase.storage { }")

        def test_nothing_is_allowed(rules):
            alice = rules.as_user("alice")
            assert_denied(alice.firestore.get("notes/n1"), reason=NO_RULE)
            assert_denied(alice.storage.get("notes/n1"), reason=NO_RULE)
        """
    )
    result.assert_outcomes(passed=1)


def test_unknown_backend_is_refused(project):
    result = project(BOTH_WAYS, "--rules-backend=production")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--rules-backend: production is none of engine, emulator, official"])


def test_rules_that_do_not_compile_fail_with_the_place(project, pytester):
    (pytester.path / "firestore.rules").write_text(FIRESTORE.replace("resource.data.open", "resource.data."))
    result = project(BOTH_WAYS)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*the rules do not compile: *6:*"])


def test_firebase_json_that_cannot_be_read_is_named_with_the_line(project, pytester):
    (pytester.path / "firebase.json").write_text('{\n  "firestore": {},\n}')
    result = project(BOTH_WAYS)
    result.assert_outcomes(errors=2)
    assert "firebase.json:2:18: a comma with nothing behind it" in result.stdout.str()


def test_coverage_has_a_line_for_the_rules_of_each_database(project, pytester):
    (pytester.path / "second.rules").write_text(FIRESTORE)
    entries = [
        {"database": "(default)", "rules": "firestore.rules"},
        {"database": "second", "rules": "second.rules"},
    ]
    (pytester.path / "firebase.json").write_text(json.dumps({"firestore": entries}))
    second = BOTH_WAYS.replace(".firestore", '.in_database("second")')
    result = project(second.replace("seed({", 'seed(database="second", documents={'))
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["second.rules: 2 of 2 conditions both ways (100.0 %)"])
    assert "firestore.rules: " not in result.stdout.str()


def test_project_without_firebase_json_is_told_what_to_set(project, pytester):
    (pytester.path / "firebase.json").unlink()
    result = project(BOTH_WAYS)
    result.assert_outcomes(errors=2)
    assert "set rules_firebase_json, or override rules_files" in result.stdout.str()
