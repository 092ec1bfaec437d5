"""The access matrix: every combination is a request, and a change of the rules is a change of the table."""

import pytest

from testing.rules import RulesFiles, RulesTestEnvironment, Upload
from testing.rules.in_process import CompiledRules, InProcess
from testing.rules.matrix import Cell, Documents, Matrix, Objects, Role, difference, filled, rendered

FIRESTORE = """\
rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /notes/{owner} {
      allow get, update: if request.auth.uid == owner;
      allow create: if request.auth != null && request.resource.data.open == true;
    }
  }
}
"""
STORAGE = """\
rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o {
    match /notes/{owner}/{name} {
      allow get: if request.auth != null;
      allow create: if request.resource.size < 10;
    }
  }
}
"""
MATRIX = Matrix(
    (Role("own", "alice", "alice"), Role("another", "bob", "alice"), Role("nobody", None, "alice")),
    (
        Documents(
            "notes",
            existing="notes/{owner}",
            fresh="notes/new",
            creations={"open": {"open": True}, "of no kind": {}},
            updates={"text": {"text": "a"}},
        ),
        Objects(
            "objects",
            existing="notes/{owner}/a.png",
            fresh="notes/{owner}/b.png",
            uploads={"small": Upload(size=9), "large": Upload(size=10)},
        ),
    ),
    lambda rules, owner, before: rules.seed(
        {f"notes/{owner}": {"open": False, "at": before}}, {f"notes/{owner}/a.png": b""}
    ),
)
YES, NO, NONE, ERROR = Cell.ALLOWED, Cell.DENIED, Cell.NO_RULE, Cell.ERROR


def tables(firestore=FIRESTORE):
    rules = CompiledRules(RulesFiles(firestore, STORAGE))
    return filled(MATRIX, lambda: RulesTestEnvironment(InProcess(rules)))


def test_every_combination_is_asked():
    notes, objects = tables()
    assert notes.rows == {
        "get": (YES, NO, ERROR),
        "list": (NONE, NONE, NONE),
        "create: open": (YES, YES, NO),
        "create: of no kind": (ERROR, ERROR, NO),
        "update: text": (YES, NO, ERROR),
        "delete": (NONE, NONE, NONE),
    }
    assert objects.rows == {
        "get": (YES, YES, NO),
        "list": (NONE, NONE, NONE),
        "create: small": (YES, YES, YES),
        "create: large": (NO, NO, NO),
        "update": (NONE, NONE, NONE),
        "delete": (NONE, NONE, NONE),
    }


def test_change_of_one_condition_is_a_difference_of_its_cells():
    before = rendered(MATRIX, tables(), "# Notes")
    opened = FIRESTORE.replace("allow get, update: if", "allow get: if true;\n      allow update: if")
    after = rendered(MATRIX, tables(opened), "# Notes")
    changes = difference(before, after, "page").splitlines()
    assert [line for line in changes if line.startswith(("-|", "+|"))] == [
        "-| get | ✓ | ✗ | ! |",
        "+| get | ✓ | ✓ | ✓ |",
    ]
    assert difference(before, before, "page") == ""


def test_request_that_fails_for_another_reason_than_the_rules_is_a_wrong_declaration():
    nothing_seeded = Matrix(MATRIX.roles, MATRIX.subjects[1:], lambda rules, owner, before: None)
    everything = STORAGE.replace("allow get:", "allow delete: if true;\n      allow get:")
    rules = CompiledRules(RulesFiles(FIRESTORE, everything))
    with pytest.raises(RuntimeError, match="failed: NOT_FOUND"):
        filled(nothing_seeded, lambda: RulesTestEnvironment(InProcess(rules)))
