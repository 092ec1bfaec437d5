"""From sign-up to the end of an account: Auth, the blocking functions and what follows from them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import requests
from google.cloud.firestore import FieldFilter

from tests.integration.people import PASSWORD, claims_of, eventually
from tests.rest import ADMIN_TOKEN, DEADLINE_SECONDS

GIBIBYTE = 1024**3


def error_of(response):
    assert response.status_code == 400, response.text
    return response.json()["error"]["message"]


class TestSignUp:
    def test_sign_up_makes_the_profile(self, people):
        email = people.new_email()
        person = people.sign_up(email.upper())
        profile = person.profile()
        created = profile.pop("createdAt")
        assert profile.pop("updatedAt") == created
        assert profile == {
            "name": email.partition("@")[0],
            "locale": "en",
            "email": email,
            "emailVerified": False,
            "role": "user",
            "state": "active",
            "quota": {"bytes": GIBIBYTE, "files": 5000},
            "usage": {"bytes": 0, "files": 0},
        }

    def test_sign_up_puts_the_role_into_the_token(self, person):
        assert claims_of(person.id_token)["role"] == "user"

    def test_role_stays_in_the_token_after_a_refresh(self, people):
        body = people.auth.sign_up(people.new_email()).json()
        refreshed = people.auth.refresh(body["refreshToken"])
        assert refreshed.ok, refreshed.text
        assert claims_of(refreshed.json()["id_token"])["role"] == "user"

    def test_sign_up_cannot_bring_a_role_along(self, people):
        response = people.auth.sign_up(people.new_email(), customAttributes='{"role": "admin"}')
        if response.ok:
            assert claims_of(response.json()["idToken"])["role"] == "user"

    def test_administrator_address_alone_makes_no_administrator(self, people, admin):
        """Anybody can sign up with any address and a password."""
        response = people.auth.sign_up("admin@example.com")
        if response.ok:
            admin.delete_account(response.json()["localId"])
            assert claims_of(response.json()["idToken"])["role"] == "user"
        else:
            assert error_of(response) == "EMAIL_EXISTS"

    @pytest.mark.parametrize(
        ("display_name", "name"),
        [
            pytest.param("Ada Lovelace", "Ada Lovelace", id="plain"),
            pytest.param("에이다", "에이다", id="Korean"),
            pytest.param("  Ada \n Lovelace\x00 ", "Ada Lovelace", id="control characters"),
            pytest.param("Ada\u202egnp", "Ada gnp", id="right-to-left override"),
            pytest.param("a" * 300, "a" * 80, id="300 characters"),
            pytest.param("<script>alert(1)</script>", "<script>alert(1)</script>", id="markup stays text"),
        ],
    )
    def test_profile_name_is_the_display_name_made_harmless(self, people, display_name, name):
        assert people.sign_up(displayName=display_name).profile()["name"] == name

    def test_guest_has_a_profile_without_address(self, people):
        profile = people.guest().profile()
        assert profile["email"] is None
        assert profile["quota"] == {"bytes": 200 * 1024**2, "files": 1000}
        until, created = (datetime.fromisoformat(profile[name]) for name in ("guestUntil", "createdAt"))
        assert until - created > timedelta(days=29)
        assert profile["role"] == "user"
        assert profile["name"]

    def test_many_at_once_all_get_their_profile(self, people):
        with ThreadPoolExecutor(8) as pool:
            persons = list(pool.map(lambda _: people.sign_up(), range(16)))
        assert len({person.uid for person in persons}) == 16


class TestRefusedSignUp:
    @pytest.mark.parametrize(
        "domain",
        [
            pytest.param("mailinator.com", id="blocked"),
            pytest.param("Mailinator.COM", id="in capitals"),
            pytest.param("inbox.mailinator.com", id="below a blocked one"),
        ],
    )
    def test_blocked_domain_is_refused_in_a_sentence_and_leaves_no_account(self, people, admin, domain):
        email = people.new_email(domain)
        message = error_of(people.auth.sign_up(email))
        assert "BLOCKING_FUNCTION_ERROR_RESPONSE" in message
        assert "Addresses at mailinator.com cannot be used here." in message
        assert "PERMISSION_DENIED" in message
        assert admin.account(email) is None
        assert people.auth.sign_up(people.new_email("notmailinator.com")).ok

    @pytest.mark.parametrize(
        ("email", "password", "code"),
        [
            pytest.param("no-at-sign", PASSWORD, "INVALID_EMAIL", id="no address"),
            pytest.param("@example.com", PASSWORD, "INVALID_EMAIL", id="no local part"),
            pytest.param("a@b@c.example", PASSWORD, "INVALID_EMAIL", id="two at signs"),
            pytest.param("", PASSWORD, "MISSING_EMAIL", id="empty address"),
            pytest.param("weak@example.com", "12345", "WEAK_PASSWORD", id="short password"),
            pytest.param("none@example.com", "", "MISSING_PASSWORD", id="empty password"),
        ],
    )
    def test_bad_credentials_are_refused_by_name(self, people, admin, email, password, code):
        assert code in error_of(people.auth.sign_up(email, password))
        if code.endswith("PASSWORD"):
            assert admin.account(email) is None

    def test_address_in_use_is_refused_and_its_account_stays(self, people, person):
        assert error_of(people.auth.sign_up(person.email.upper(), "another password")) == "EMAIL_EXISTS"
        assert people.sign_in(person.email).uid == person.uid


class TestAddresses:
    """What an address may do is decided by what Authentication holds, whenever it came to hold that."""

    @pytest.fixture
    def hold(self, suite):
        """Makes Authentication hold something, past the doors that sign-up and sign-in go through."""

        def hold(uid, **fields):
            projects = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{suite.project_id}"
            answer = requests.post(
                f"{projects}/accounts:update",
                json={"localId": uid, **fields},
                headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
                timeout=DEADLINE_SECONDS,
            )
            assert answer.ok, answer.text

        return hold

    def test_guest_who_links_a_blocked_address_and_confirms_it_shares_nothing(self, people, callables, hold):
        guest = people.guest()
        file_id = guest.upload("a.txt", b"hello", "text/plain")
        guest.until_ready(file_id)
        refresh_token = people.auth.sign_up(
            people.new_email("eu.Mailinator.com"), idToken=guest.id_token
        ).json()
        hold(guest.uid, emailVerified=True)
        token = people.auth.refresh(refresh_token["refreshToken"]).json()["id_token"]
        assert claims_of(token)["email_verified"] is True
        answer = callables.call("create_share", {"fileId": file_id}, token)
        assert answer.refusal == ("PERMISSION_DENIED", "blocked-domain")
        assert callables.call("refresh_profile", {}, token).refusal == ("PERMISSION_DENIED", "blocked-domain")
        assert guest.profile()["email"] is None

    def test_changed_address_is_judged_as_the_first(self, people, callables, hold):
        person = people.verified()
        file_id = person.upload("a.txt", b"hello", "text/plain")
        person.until_ready(file_id)
        assert "shareId" in callables.call("create_share", {"fileId": file_id}, person).result
        hold(person.uid, email=people.new_email("mailinator.com"), emailVerified=True)
        message = error_of(
            people.auth.sign_in_by_link(people.new_email("mailinator.com"), idToken=person.id_token)
        )
        assert "mailinator.com" in message
        assert person.profile()["email"] == person.email

    @pytest.mark.parametrize("email", ["admin@ｅxample.com", "ａdmin@example.com", "admin@example.com."])
    def test_proved_address_that_only_looks_like_the_administrators_makes_none(self, people, admin, email):
        response = people.auth.sign_in_by_link(email)
        if response.ok:
            admin.delete_account(response.json()["localId"])
            assert claims_of(response.json()["idToken"]).get("role") == "user"
        else:
            assert "INVALID_EMAIL" in error_of(response)


class TestLostProfile:
    """The event that makes a profile is lost: the profile is not there, and nothing would bring it."""

    @pytest.fixture
    def without_profile(self, admin, people):
        person = people.sign_up()
        admin.firestore.document(person.profile_path).delete()
        return person

    def test_page_asks_for_it(self, callables, without_profile):
        answer = callables.call("retry_processing", {"fileId": "f"}, without_profile)
        assert answer.refusal == ("FAILED_PRECONDITION", "profile-missing")
        assert callables.call("refresh_profile", {}, without_profile).result == {}
        profile = without_profile.profile()
        assert (profile["email"], profile["state"]) == (without_profile.email, "active")
        assert callables.call("refresh_profile", {}, without_profile).result == {}
        assert without_profile.profile() == profile

    def test_sweep_makes_it(self, admin, run_schedule, without_profile):
        # Whichever users other tests left behind come first.
        admin.firestore.document("reports/sweep-cursor").delete()

        def made():
            run_schedule("sweep")
            return without_profile.profile()

        assert eventually(made, within=60)["email"] == without_profile.email


class TestSignIn:
    def test_sign_in_with_the_password(self, people, person):
        again = people.sign_in(person.email)
        assert again.uid == person.uid
        assert claims_of(again.id_token)["role"] == "user"
        assert again.profile() == person.profile()

    def test_wrong_password_is_refused(self, people, person):
        assert "INVALID" in error_of(people.auth.sign_in(person.email, "not it at all"))

    @pytest.mark.parametrize(
        ("state", "sentence"),
        [
            ("suspended", "This account is suspended."),
            ("deleting", "This account is being deleted."),
        ],
    )
    def test_user_who_is_not_active_is_refused_in_a_sentence(self, people, admin, person, state, sentence):
        assert people.auth.sign_in(person.email).ok
        admin.set_state(person, state)
        message = error_of(people.auth.sign_in(person.email))
        assert sentence in message
        assert "PERMISSION_DENIED" in message
        admin.set_state(person, "active")
        assert people.auth.sign_in(person.email).ok

    def test_suspension_holds_for_tokens_that_are_still_valid(self, admin, person):
        file_id = person.announce("before.txt", 5, "text/plain")
        admin.set_state(person, "suspended")
        refused = person.storage.upload(person.original(file_id, "before.txt"), b"hello", "text/plain")
        assert refused.status_code == 403
        assert admin.objects_of(person) == []


class TestEndOfAnAccount:
    def test_deleted_account_leaves_nothing(self, admin, picture, person):
        for number in range(3):
            person.until_ready(person.upload(f"{number}.png", picture("PNG"), "image/png"))
        person.announce("never-uploaded.txt", 5, "text/plain")
        assert len(admin.objects_of(person)) == 9  # originals and two thumbnails each
        assert person.auth.call("delete", {"idToken": person.id_token}).ok
        eventually(lambda: not admin.documents_of(person), what="no document is left")
        eventually(lambda: not admin.objects_of(person), what="no object is left")
        left = admin.firestore.collection("ledger").where(filter=FieldFilter("uid", "==", person.uid)).get()
        assert [entry.id for entry in left] == [f"deleted-user:{person.uid}"]

    def test_account_deleted_by_an_administrator_leaves_nothing(self, admin, person):
        person.until_ready(person.upload("a.txt", b"hello", "text/plain"))
        admin.delete_account(person.uid)
        eventually(lambda: not admin.documents_of(person), what="no document is left")
        eventually(lambda: not admin.objects_of(person), what="no object is left")

    def test_account_of_a_neighbour_is_untouched(self, admin, people):
        one, other = people.sign_up(), people.sign_up()
        for each in (one, other):
            each.until_ready(each.upload("a.txt", b"hello", "text/plain"))
        admin.delete_account(one.uid)
        eventually(lambda: not admin.documents_of(one), what="no document is left")
        eventually(lambda: not admin.objects_of(one), what="no object is left")
        assert len(admin.objects_of(other)) == 1
        assert other.usage() == (5, 1)

    def test_upload_that_ends_after_the_account_leaves_nothing(self, admin, person):
        """The token outlives the account by up to an hour."""
        file_id = person.announce("late.txt", 5, "text/plain")
        session = person.start_resumable(person.original(file_id, "late.txt"), "text/plain")
        admin.delete_account(person.uid)
        eventually(lambda: not admin.documents_of(person), what="no document is left")
        refused = person.send_chunk(session, 0, b"hello", "upload, finalize")
        assert refused.status_code == 403, refused.text
        assert admin.objects_of(person) == []
        assert admin.documents_of(person) == []

    def test_id_that_is_given_out_again_is_another_account(self, admin, people, person):
        person.until_ready(person.upload("a.txt", b"hello", "text/plain"))
        admin.delete_account(person.uid)
        email = people.new_email()
        admin.create_account(person.uid, email, PASSWORD)
        eventually(
            lambda: (
                (admin.firestore.document(person.profile_path).get().to_dict() or {}).get("email") == email
            ),
            what="the new account has its own profile",
        )
        assert admin.objects_of(person) == []
        assert admin.user(person.uid).email == email
        signed_in = people.sign_in(email)
        signed_in.until_ready(signed_in.upload("b.txt", b"hello", "text/plain"))
        assert signed_in.usage() == (5, 1)

    def test_suspended_user_who_deletes_the_account_does_not_come_back(self, admin, people, person):
        admin.set_state(person, "suspended")
        assert person.auth.call("delete", {"idToken": person.id_token}).ok
        eventually(lambda: not admin.documents_of(person), what="no document is left")
        message = error_of(people.auth.sign_up(person.email))
        assert "suspended" in message
        assert admin.account(person.email) is None
        assert people.sign_up().uid

    def test_address_can_be_used_again(self, admin, people, person):
        admin.delete_account(person.uid)
        eventually(lambda: not admin.documents_of(person), what="no document is left")
        assert people.sign_up(person.email).uid != person.uid
