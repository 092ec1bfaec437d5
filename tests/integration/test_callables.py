"""Callable functions over the whole suite: each refusal beside what is allowed."""

from __future__ import annotations

import json
import re

from tests.integration.people import PASSWORD, claims_of, eventually


def refusal_in(response):
    """What a blocking function said, out of the text in which Authentication hands it on."""
    assert response.status_code == 400, response.text
    message = response.json()["error"]["message"]
    assert message.startswith("BLOCKING_FUNCTION_ERROR_RESPONSE"), message
    found = re.search(r"\{.*\}", message)
    assert found, message
    return json.loads(found[0])["error"]


class TestWhoMayCall:
    def test_nobody_is_told_to_sign_in_and_somebody_is_served(self, callables, person):
        assert callables.call("refresh_profile", {}, None).refusal == ("UNAUTHENTICATED", "sign-in-required")
        assert callables.call("refresh_profile", {}, person).result == {}

    def test_token_that_is_none_is_refused_with_a_reason(self, callables):
        answer = callables.call("refresh_profile", {}, "nonsense")
        assert answer.refusal == ("UNAUTHENTICATED", "sign-in-required")

    def test_suspended_user_is_refused_with_the_words_of_the_administrator(self, callables, person, admin):
        suspended = {"state": "suspended", "suspendedReason": "Spam"}
        admin.firestore.document(person.profile_path).update(suspended)
        answer = callables.call("sign_out_everywhere", {}, person)
        assert answer.refusal == ("PERMISSION_DENIED", "suspended")
        assert answer.details["suspendedReason"] == "Spam"
        admin.set_state(person, "active")
        assert callables.call("sign_out_everywhere", {}, person).result == {}

    def test_field_that_nobody_asked_for_is_refused_by_name(self, callables, person):
        answer = callables.call("refresh_profile", {"surprise": 1}, person)
        assert answer.refusal == ("INVALID_ARGUMENT", "invalid-input")
        assert answer.details["field"] == "surprise"

    def test_refusal_is_in_the_language_of_the_page(self, callables):
        said = [
            callables.call("refresh_profile", {}, None, {"Accept-Language": language}).error["message"]
            for language in ("en", "ko")
        ]
        assert said == ["Please sign in first.", "먼저 로그인해 주세요."]

    def test_request_id_comes_back(self, callables):
        answer = callables.call("refresh_profile", {}, None, {"X-Request-Id": "browser-12345"})
        assert answer.details["requestId"] == "browser-12345"

    def test_eleventh_call_in_an_hour_is_too_often(self, callables, people, person, admin):
        for _ in range(10):
            fresh = people.sign_in(person.email)
            assert callables.call("sign_out_everywhere", {}, fresh).result == {}
        answer = callables.call("sign_out_everywhere", {}, people.sign_in(person.email))
        assert answer.refusal == ("RESOURCE_EXHAUSTED", "rate-limited")
        assert 3000 < answer.details["retryAfter"] <= 3600


class TestSignOutEverywhere:
    def test_older_sessions_end_and_a_new_one_begins(self, callables, people, person, admin):
        look = {"idToken": person.id_token}
        assert people.auth.call("lookup", look).ok
        began = claims_of(person.id_token)["auth_time"]
        # Sessions end by the second, so one that began in this very second would stay.
        eventually(lambda: claims_of(people.sign_in(person.email).id_token)["auth_time"] > began, within=5)
        last = people.sign_in(person.email)
        assert callables.call("sign_out_everywhere", {}, last).result == {}
        # The emulator looks at revoked sessions here, and not where tokens are refreshed as the cloud does.
        looked = people.auth.call("lookup", look)
        assert (looked.status_code, looked.json()["error"]["message"]) == (400, "TOKEN_EXPIRED")
        answer = callables.call("refresh_profile", {}, person)
        assert answer.refusal == ("UNAUTHENTICATED", "signed-out")
        assert callables.call("refresh_profile", {}, people.sign_in(person.email)).result == {}

    def test_profile_says_when_sessions_ended_in_whole_seconds(self, callables, person, admin):
        callables.call("sign_out_everywhere", {}, person)
        profile = admin.firestore.document(person.profile_path).get()
        ended = profile.get("sessionsEndedAt")
        assert ended.microsecond == 0
        assert 0 <= (profile.get("updatedAt") - ended).total_seconds() < 60


class TestGuestBecomesAnAccount:
    def test_by_password(self, callables, people):
        guest = people.guest()
        email = people.new_email()
        linked = people.person(people.auth.sign_up(email, idToken=guest.id_token))
        assert linked.uid == guest.uid
        assert linked.profile()["email"] is None
        assert callables.call("refresh_profile", {}, linked).result == {}
        profile = linked.profile()
        assert (profile["email"], profile["name"]) == (email, email.partition("@")[0])
        assert (profile["emailVerified"], profile["role"]) == (False, "user")
        assert profile["quota"] == {"bytes": 1024**3, "files": 5000}
        assert "guestUntil" not in profile
        assert people.sign_in(email, PASSWORD).uid == guest.uid

    def test_by_a_link_in_a_mail(self, callables, people):
        guest = people.guest()
        email = people.new_email()
        linked = people.person(people.auth.sign_in_by_link(email, idToken=guest.id_token))
        assert linked.uid == guest.uid
        assert callables.call("refresh_profile", {}, linked).result == {}
        assert (linked.profile()["email"], linked.profile()["emailVerified"]) == (email, True)

    def test_by_google(self, callables, people):
        guest = people.guest()
        email = people.new_email()
        response = people.auth.sign_in_with_google(email, "Ada Lovelace", idToken=guest.id_token)
        linked = people.person(response)
        assert linked.uid == guest.uid
        assert callables.call("refresh_profile", {}, linked).result == {}
        profile = linked.profile()
        assert (profile["email"], profile["name"]) == (email, "Ada Lovelace")

    def test_files_and_a_chosen_name_stay(self, callables, people, admin):
        guest = people.guest()
        file_id = guest.upload("a.txt", b"hello", "text/plain")
        guest.until_ready(file_id)
        admin.firestore.document(guest.profile_path).update({"name": "Ada"})
        linked = people.person(people.auth.sign_up(people.new_email(), idToken=guest.id_token))
        callables.call("refresh_profile", {}, linked)
        assert linked.file(file_id)["state"] == "ready"
        assert linked.usage() == (5, 1)
        assert linked.profile()["name"] == "Ada"

    def test_address_that_sign_up_refuses_is_refused_here_too(self, callables, people):
        guest = people.guest()
        email = people.new_email("mailinator.com")
        refusal = refusal_in(people.auth.sign_in_by_link(email, idToken=guest.id_token))
        assert refusal["details"]["reason"] == "blocked-domain"
        linked = people.person(people.auth.sign_up(email, idToken=guest.id_token))
        answer = callables.call("refresh_profile", {}, linked)
        assert answer.refusal == ("PERMISSION_DENIED", "blocked-domain")
        assert linked.profile()["email"] is None
        assert refusal_in(people.auth.sign_in(email))["details"]["reason"] == "blocked-domain"


class TestAccountThatChanges:
    def test_confirmed_address_reaches_the_profile(self, callables, people, person, admin):
        assert person.profile()["emailVerified"] is False
        body = {"requestType": "VERIFY_EMAIL", "idToken": person.id_token}
        assert people.auth.call("sendOobCode", body).ok
        code = people.auth.mailed_codes(person.email)[-1]
        assert people.auth.call("update", {"oobCode": code}).ok
        assert callables.call("refresh_profile", {}, person).result == {}
        assert person.profile()["emailVerified"] is True

    def test_changed_address_reaches_the_profile_at_the_next_sign_in(self, people, person):
        email = people.new_email()
        body = {"idToken": person.id_token, "email": email, "returnSecureToken": True}
        assert people.auth.call("update", body).ok
        again = people.sign_in(email)
        assert again.uid == person.uid
        assert again.profile()["email"] == email


class TestRefusalAtTheDoor:
    def test_refused_sign_up_carries_its_reason(self, people):
        refusal = refusal_in(people.auth.sign_up(people.new_email("mailinator.com")))
        assert refusal["status"] == "PERMISSION_DENIED"
        assert refusal["details"]["reason"] == "blocked-domain"
        assert refusal["details"]["domain"] == "mailinator.com"

    def test_suspended_user_hears_why_in_their_language(self, people, person, admin):
        fields = {"state": "suspended", "suspendedReason": "스팸", "locale": "ko"}
        admin.firestore.document(person.profile_path).update(fields)
        refusal = refusal_in(people.auth.sign_in(person.email))
        assert refusal["details"]["reason"] == "suspended"
        assert refusal["details"]["suspendedReason"] == "스팸"
        assert "정지" in refusal["message"]

    def test_new_account_of_google_has_a_profile_and_can_be_refused_later(self, people, admin):
        email = people.new_email()
        person = people.person(people.auth.sign_in_with_google(email, "Ada Lovelace"))
        profile = eventually(person.profile)
        assert (profile["name"], profile["email"], profile["emailVerified"]) == ("Ada Lovelace", email, True)
        admin.set_state(person, "suspended")
        refusal = refusal_in(people.auth.sign_in_with_google(email, "Ada Lovelace"))
        assert refusal["details"]["reason"] == "suspended"
