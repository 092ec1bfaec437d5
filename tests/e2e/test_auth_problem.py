"""What the page makes of an error of Authentication: `hosting/src/auth-problem.js` in Node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TELL = """
import { authProblem } from './hosting/src/auth-problem.js';
import en from './hosting/src/messages/en/entry.js';
const problem = authProblem(JSON.parse(process.argv[1]));
console.log(JSON.stringify({ ...problem, sentence: en[problem.key] }));
"""
REFUSAL = {
    "error": {
        "status": "PERMISSION_DENIED",
        "message": "This account is suspended.",
        "details": {"reason": "suspended", "suspendedReason": "Spam {again}", "requestId": "r1"},
    }
}
PEOPLE_CAN_MEET = [
    "invalid-email",
    "missing-email",
    "missing-password",
    "weak-password",
    "password-does-not-meet-requirements",
    "invalid-credential",
    "wrong-password",
    "user-not-found",
    "user-mismatch",
    "email-already-in-use",
    "credential-already-in-use",
    "account-exists-with-different-credential",
    "provider-already-linked",
    "invalid-action-code",
    "expired-action-code",
    "too-many-requests",
    "quota-exceeded",
    "network-request-failed",
    "timeout",
    "user-disabled",
    "user-token-expired",
    "invalid-user-token",
    "requires-recent-login",
    "operation-not-allowed",
    "admin-restricted-operation",
    "unauthorized-domain",
    "unauthorized-continue-uri",
    "popup-blocked",
    "web-storage-unsupported",
]


def tell(code: str, message: str = "") -> dict[str, Any]:
    given = json.dumps({"code": f"auth/{code}", "message": message})
    command = ["node", "--input-type=module", "--eval", TELL, given]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    problem: dict[str, Any] = json.loads(done.stdout)
    return problem


def test_every_code_that_people_can_meet_has_a_sentence_of_its_own():
    told = {code: tell(code) for code in PEOPLE_CAN_MEET}
    assert {code for code, problem in told.items() if not problem.get("sentence")} == set()
    assert {code for code, problem in told.items() if problem["key"] == "errSomething"} == set()


def test_unknown_address_and_wrong_password_read_the_same():
    assert tell("user-not-found") == tell("wrong-password") == tell("invalid-credential")


def test_problem_of_a_field_names_the_field():
    assert tell("email-already-in-use")["field"] == "email"
    assert tell("weak-password")["field"] == "password"
    assert tell("too-many-requests")["field"] is None


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        pytest.param(
            f"((HTTP request to x returned HTTP error 403: {json.dumps(REFUSAL)}\n))", "Spam {again}"
        ),
        pytest.param(
            f"HTTP Cloud Function returned an error: {json.dumps(json.dumps(REFUSAL))}", "Spam {again}"
        ),
        pytest.param(json.dumps(REFUSAL)[:-12], None),
    ],
    ids=["as the emulator says it", "quoted once more", "cut short"],
)
def test_refusal_of_a_blocking_function_is_told_by_its_reason(text: str, explanation: str | None):
    problem = tell("internal-error", text)
    assert (problem["key"], problem["reason"]) == ("errDisabled", explanation)


def test_refusal_without_a_reason_is_still_a_refusal():
    text = '{"error":{"message":"no","status":"PERMISSION_DENIED"}}'
    assert tell("internal-error", text)["key"] == "errRefused"


def test_internal_error_that_is_no_refusal_is_told_in_general_words():
    assert tell("internal-error", "boom")["key"] == "errSomething"
    assert tell("never-heard-of")["key"] == "errSomething"
