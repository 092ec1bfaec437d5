"""Tests of security rules in pytest: who may do what in Firestore and Storage.

    pytest_plugins = ["testing.rules"]          # in the topmost conftest.py

    def test_profile_is_its_owners(rules):
        rules.seed({"users/alice": {"name": "Alice"}})
        assert_allowed(rules.as_user("alice").firestore.get("users/alice"))
        assert_denied(rules.as_user("bob").firestore.get("users/alice"), reason="isOwner(uid)")

docs/testing-rules.md is the guide.
"""

from testing.rules.answers import Answer, Denial, Failure, RequestDenied
from testing.rules.environment import RulesTestEnvironment
from testing.rules.expectations import assert_allowed, assert_denied
from testing.rules.identities import Batch, Firestore, Identity, Storage, Transaction
from testing.rules.operations import Upload, any_of
from testing.rules.reasons import ANY_CONDITION, NO_RULE, Reason, evaluation_error, false_at
from testing.rules.sources import DatabaseRules, RulesFiles
from testing.rules.values import (
    DELETE_FIELD,
    SERVER_TIME,
    ArrayRemove,
    ArrayUnion,
    GeoPoint,
    Increment,
    Reference,
)

pytest_plugins = ["testing.rules.plugin"]

__all__ = [
    "ANY_CONDITION",
    "DELETE_FIELD",
    "NO_RULE",
    "SERVER_TIME",
    "Answer",
    "ArrayRemove",
    "ArrayUnion",
    "Batch",
    "DatabaseRules",
    "Denial",
    "Failure",
    "Firestore",
    "GeoPoint",
    "Identity",
    "Increment",
    "Reason",
    "Reference",
    "RequestDenied",
    "RulesFiles",
    "RulesTestEnvironment",
    "Storage",
    "Transaction",
    "Upload",
    "any_of",
    "assert_allowed",
    "assert_denied",
    "evaluation_error",
    "false_at",
]
