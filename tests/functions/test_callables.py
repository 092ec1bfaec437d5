from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import pytest
from app import logs, refusals, sentences
from app.callables import Call, Input, callable_handler, on_call
from app.limits import Limit
from calls import Caller, id_token
from firebase_functions.https_fn import AppCheckData
from msgspec import Meta

HOUR = timedelta(hours=1)
OFTEN = Limit(100, HOUR)


class Sum(Input, frozen=True):
    terms: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(max_length=3)]
    note: str | None = None


def add(call: Call[Sum]):
    call.log("adding")
    if call.input.note == "fail":
        raise RuntimeError("the password is swordfish")
    return {"sum": sum(call.input.terms), "uid": call.uid, "locale": call.locale, "guest": call.is_guest}


@pytest.fixture(autouse=True)
def auth_emulator(monkeypatch):
    """Tokens without a signature are taken where this is set."""
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:1")


@pytest.fixture
def caller(drop):
    """Makes a caller of `add`, who is signed in and active unless said otherwise."""

    def make(*, token=True, limit=OFTEN, handler=None, demands=None, **claims):
        handler = handler or callable_handler(Sum, limit, **(demands or {}))(add)
        return Caller(on_call()(handler), id_token(drop.uid, drop.project, **claims) if token else None)

    return make


@pytest.fixture
def profile(drop):
    drop.make_profile()
    return drop


def test_call_that_passes_every_check_is_answered(profile, caller):
    assert caller()({"terms": [1, 2]}).result["sum"] == 3


def test_function_learns_who_calls(profile, caller):
    assert caller()({"terms": []}).result["uid"] == profile.uid


def test_call_without_a_token_is_refused(profile, caller):
    assert caller(token=False)({"terms": [1]}).refusal == ("UNAUTHENTICATED", "sign-in-required")


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Basic YTpi", "Bearer "])
def test_call_with_a_token_that_is_none_is_refused_with_details(profile, caller, authorization):
    answer = caller(token=False)({"terms": [1]}, headers={"Authorization": authorization})
    assert answer.refusal == ("UNAUTHENTICATED", "sign-in-required")
    assert answer.details["requestId"]


def test_token_of_another_project_is_refused(profile, caller):
    assert caller(aud="demo-other")({"terms": [1]}).refusal == ("UNAUTHENTICATED", "sign-in-required")


@pytest.mark.parametrize(
    ("state", "refusal"),
    [("suspended", ("PERMISSION_DENIED", "suspended")), ("deleting", ("PERMISSION_DENIED", "deleting"))],
)
def test_user_who_is_not_active_is_refused(drop, caller, state, refusal):
    drop.make_profile(state=state)
    assert caller()({"terms": [1]}).refusal == refusal


def test_suspended_user_is_told_why(drop, caller):
    drop.make_profile(state="suspended", suspendedReason="Spam")
    assert caller()({"terms": [1]}).details["suspendedReason"] == "Spam"


def test_state_that_a_handler_admits_may_call(drop, caller):
    drop.make_profile(state="deleting")
    assert caller(demands={"states": ("active", "deleting")})({"terms": [1]}).result["sum"] == 1


def test_user_without_a_profile_is_refused_unless_the_handler_needs_none(drop, caller):
    assert caller()({"terms": [1]}).refusal == ("FAILED_PRECONDITION", "profile-missing")
    assert caller(demands={"profile_needed": False})({"terms": [1]}).result["sum"] == 1


def test_session_that_was_ended_is_refused_and_a_newer_one_is_not(drop, caller):
    ended = datetime.now(UTC).replace(microsecond=0)
    drop.make_profile(sessionsEndedAt=ended)
    before, after = int(ended.timestamp()) - 1, int(ended.timestamp())
    assert caller(auth_time=before)({"terms": [1]}).refusal == ("UNAUTHENTICATED", "signed-out")
    assert caller(auth_time=after)({"terms": [1]}).result["sum"] == 1


def test_verified_address_is_asked_for_where_it_matters(profile, caller):
    demands = {"verified_email": True}
    unverified = caller(demands=demands, email_verified=False)({"terms": [1]})
    assert unverified.refusal == ("FAILED_PRECONDITION", "email-not-verified")
    assert caller(demands=demands)({"terms": [1]}).result["sum"] == 1
    assert caller(email_verified=False)({"terms": [1]}).result["sum"] == 1


GUEST = {"email": None, "email_verified": False, "firebase": {"sign_in_provider": "anonymous"}}


@pytest.mark.parametrize("demand", ["account", "verified_email"])
def test_guest_is_refused_where_an_account_is_asked_for(profile, caller, demand):
    guest = caller(demands={demand: True}, **GUEST)({"terms": [1]})
    assert guest.refusal == ("FAILED_PRECONDITION", "account-required")
    assert caller(demands={demand: True})({"terms": [1]}).result["guest"] is False
    assert caller(**GUEST)({"terms": [1]}).result["guest"] is True


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "terms"),
        (None, "terms"),
        ({"terms": "1"}, "terms"),
        ({"terms": [1, "2"]}, "terms"),
        ({"terms": [-1]}, "terms"),
        ({"terms": [1, 2, 3, 4]}, "terms"),
        ({"terms": [1], "note": 5}, "note"),
        ({"terms": [1], "extra": 5}, "extra"),
        ([1], None),
        ("text", None),
    ],
)
def test_wrong_input_is_refused_with_the_name_of_the_field(profile, caller, data, field):
    answer = caller()(data)
    assert answer.refusal == ("INVALID_ARGUMENT", "invalid-input")
    assert answer.details["field"] == field


@pytest.mark.parametrize(
    "request_",
    [
        {"data": b"{", "content_type": "application/json"},
        {"data": b"\xff", "content_type": "application/json"},
        {"data": b"[" * 60_000, "content_type": "application/json"},
        {"json": ["data"]},
        {"json": {}},
        {"json": {"data": {}, "more": 1}},
        {"data": b"a=1", "content_type": "application/x-www-form-urlencoded"},
        {},
    ],
    ids=["open", "binary", "deep", "list", "no data", "more than data", "form", "nothing"],
)
def test_body_that_is_no_call_is_refused_with_details(profile, caller, request_):
    assert caller().send(**request_).refusal == ("INVALID_ARGUMENT", "invalid-request")


def test_checks_come_in_the_documented_order(drop, caller, monkeypatch):
    """Everything is wrong at first, and is put right one after the other."""
    monkeypatch.setenv("ENFORCE_APP_CHECK", "true")
    handler = callable_handler(Sum, Limit(1, HOUR), verified_email=True)(add)
    vouched = with_app_check(handler)
    drop.make_profile(state="suspended")

    def reason(handler=vouched, data="wrong", **options):
        return caller(handler=handler, **options)(data).details["reason"]

    assert reason(handler=handler, token=False) == "app-check-required"
    assert reason(token=False) == "sign-in-required"
    assert reason(email_verified=False) == "suspended"
    drop.make_profile()
    assert reason(email_verified=False) == "email-not-verified"
    assert reason() == "invalid-input"
    assert reason() == "rate-limited"


def with_app_check(handler):
    """The handler as it is called when the SDK found a valid App Check token."""
    return lambda request: handler(replace(request, app=AppCheckData("the-app", {})))


@pytest.mark.parametrize("enforced", ["true", "false"])
def test_app_check_is_asked_for_when_it_is_enforced(profile, caller, monkeypatch, enforced):
    monkeypatch.setenv("ENFORCE_APP_CHECK", enforced)
    answer = caller()({"terms": [1]})
    if enforced == "true":
        assert answer.refusal == ("UNAUTHENTICATED", "app-check-required")
        handler = with_app_check(callable_handler(Sum, Limit(9, HOUR))(add))
        answer = caller(handler=handler)({"terms": [1]})
    assert answer.result["sum"] == 1


# The rate limit


def test_calls_beyond_the_limit_are_refused_with_the_time_to_wait(profile, caller):
    call = caller(limit=Limit(2, HOUR))
    assert [call({"terms": [n]}).status for n in range(2)] == [200, 200]
    answer = call({"terms": [1]})
    assert answer.refusal == ("RESOURCE_EXHAUSTED", "rate-limited")
    assert 3590 <= answer.details["retryAfter"] <= 3600
    assert str(answer.details["retryAfter"]) in answer.error["message"]


def test_calls_at_the_same_time_get_no_more_through_than_the_limit(profile, caller):
    call = caller(limit=Limit(5, HOUR))
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: call({"terms": [1]}).status, range(16)))
    assert sorted(statuses) == [200] * 5 + [429] * 11


def test_window_that_is_over_begins_again(profile, caller):
    path = f"limits/add:{profile.uid}"
    begun = datetime.now(UTC) - HOUR - timedelta(seconds=1)
    profile.firestore.document(path).set({"windowStart": begun, "count": 2, "expiresAt": begun + HOUR})
    assert caller(limit=Limit(2, HOUR))({"terms": [1]}).result["sum"] == 1
    limit = profile.firestore.document(path).get().to_dict()
    assert limit["count"] == 1
    assert limit["expiresAt"] == limit["windowStart"] + HOUR


def test_refused_call_costs_no_write(profile, caller):
    call = caller(limit=Limit(1, HOUR))
    call({"terms": [1]})
    document = profile.firestore.document(f"limits/add:{profile.uid}")
    before = document.get().update_time
    assert call({"terms": [1]}).status == 429
    assert document.get().update_time == before


def test_limit_is_each_users_own(profile, caller, drop):
    call = caller(limit=Limit(1, HOUR))
    assert call({"terms": [1]}).status == 200
    assert call({"terms": [1]}).status == 429
    drop.uid += "-other"
    drop.make_profile()
    assert caller(limit=Limit(1, HOUR))({"terms": [1]}).status == 200


# Language, request id, log


@pytest.mark.parametrize(
    ("locale", "accepted", "expected"),
    [
        ("ko", "en", "ko"),
        ("en", "ko", "en"),
        (None, "ko-KR,ko;q=0.9,en;q=0.5", "ko"),
        (None, "de", "en"),
        ("xx", "ko", "ko"),
    ],
)
def test_refusal_is_in_the_language_of_the_profile_or_else_of_the_browser(
    drop, caller, locale, accepted, expected
):
    drop.make_profile(state="suspended", locale=locale)
    message = caller()({"terms": [1]}, headers={"Accept-Language": accepted}).error["message"]
    assert message == sentences.SENTENCES["suspended"][expected]


def test_refusal_of_a_stranger_is_in_the_language_of_the_browser(caller):
    message = caller(token=False)(headers={"Accept-Language": "ko"}).error["message"]
    assert message == sentences.SENTENCES["sign-in-required"]["ko"]


def test_request_id_of_the_caller_comes_back_and_is_on_every_line(profile, caller, capfd):
    answer = caller()({"terms": ["x"]}, headers={logs.HEADER: "browser-12345"})
    assert answer.details["requestId"] == "browser-12345"
    capfd.readouterr()
    caller()({"terms": [1]}, headers={logs.HEADER: "browser-67890"})
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    assert [line["message"] for line in lines] == ["adding", "call answered"]
    assert {line["requestId"] for line in lines} == {"browser-67890"}
    assert {line["uid"] for line in lines} == {profile.uid}


def test_failure_is_logged_with_its_cause_and_told_without(profile, caller, capfd):
    answer = caller()({"terms": [1], "note": "fail"})
    assert answer.refusal == ("INTERNAL", "internal")
    assert "swordfish" not in json.dumps(answer.body)
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert "swordfish" in line["cause"]
    assert line["requestId"] == answer.details["requestId"]


def test_service_that_is_away_is_told_from_a_defect(profile, caller, monkeypatch):
    from google.api_core.exceptions import ServiceUnavailable

    def away(_):
        raise ServiceUnavailable("the database is away")

    answer = caller(handler=callable_handler(Sum, OFTEN)(away))({"terms": []})
    assert answer.refusal == ("UNAVAILABLE", "unavailable")


def test_call_takes_no_longer_than_two_round_trips_to_the_database(profile, caller, monkeypatch):
    """Profile and limit are read at once, and the count is one commit."""
    from google.cloud.firestore_v1.services.firestore import FirestoreClient

    asked = []
    for method in ("batch_get_documents", "commit", "run_query", "begin_transaction"):
        original = getattr(FirestoreClient, method)

        def counted(*arguments, _method=method, _original=original, **options):
            asked.append(_method)
            return _original(*arguments, **options)

        monkeypatch.setattr(FirestoreClient, method, counted)
    assert caller()({"terms": [1]}).status == 200
    assert asked == ["batch_get_documents", "commit"]


def test_every_reason_is_documented():
    text = (Path(__file__).parents[2] / "functions" / "README.md").read_text()
    assert [reason for reason in refusals.CODES if f"`{reason}`" not in text] == []


def test_every_reason_has_a_code_and_a_sentence_in_both_languages():
    assert set(refusals.CODES) == set(sentences.SENTENCES)
    assert all(set(pair) == {"en", "ko"} for pair in sentences.SENTENCES.values())
