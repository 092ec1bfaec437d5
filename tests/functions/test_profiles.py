from datetime import UTC, datetime, timedelta

import pytest
from app.profiles import Profile, changed_fields, follow_account, new_profile, usage_of
from app.usage import DEFAULT_QUOTA, GUEST_QUOTA, NOTHING, Amount
from app.user_events import UserProvider, UserRecord

PASSWORD = (UserProvider("password"),)


def test_new_profile_has_every_field_of_the_data_model():
    user = UserRecord("u1", email="Ann@Example.com", display_name="Ann Lee", providers=PASSWORD)
    assert new_profile(user) == {
        "name": "Ann Lee",
        "locale": "en",
        "email": "ann@example.com",
        "emailVerified": False,
        "role": "user",
        "state": "active",
        "quota": {"bytes": 1024**3, "files": 5000},
        "usage": {"bytes": 0, "files": 0},
    }


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        pytest.param(UserRecord("u"), {"name": "Guest", "email": None}, id="guest"),
        pytest.param(
            UserRecord("u", phone_number="+8210", providers=(UserProvider("phone"),)),
            {"name": "User", "email": None},
            id="phone",
        ),
        pytest.param(UserRecord("u", email="Ann@localhost"), {"email": "Ann@localhost"}, id="odd address"),
        pytest.param(
            UserRecord("u", email="boss@example.com", custom_claims={"role": "admin"}),
            {"name": "boss", "role": "admin"},
            id="administrator",
        ),
        pytest.param(
            UserRecord("u", email="Ann@ｅxample.com"),
            {"email": "ann@ｅxample.com"},
            id="as it is held",
        ),
        pytest.param(
            UserRecord("u", email="a@example.com", custom_claims={"role": "emperor"}),
            {"role": "user"},
            id="role unheard of",
        ),
    ],
)
def test_new_profile_takes_what_is_known(user, expected):
    assert new_profile(user).items() >= expected.items()


def profile_of(user, **fields):
    return new_profile(user) | fields


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        pytest.param(
            profile_of(UserRecord("u")),
            UserRecord("u", email="ann@example.com", providers=PASSWORD),
            {"email": "ann@example.com", "name": "ann"},
            id="guest becomes an account",
        ),
        pytest.param(
            profile_of(UserRecord("u")),
            UserRecord(
                "u",
                email="ann@example.com",
                email_verified=True,
                providers=(UserProvider("google.com", display_name="Ann Lee"),),
            ),
            {"email": "ann@example.com", "emailVerified": True, "name": "Ann Lee"},
            id="guest becomes an account of a provider",
        ),
        pytest.param(
            profile_of(UserRecord("u"), name="My name"),
            UserRecord("u", email="ann@example.com", providers=PASSWORD),
            {"email": "ann@example.com"},
            id="chosen name stays",
        ),
        pytest.param(
            profile_of(UserRecord("u", email="ann@example.com", providers=PASSWORD), name="Guest"),
            UserRecord("u", email="ann@example.com", email_verified=True, providers=PASSWORD),
            {"emailVerified": True},
            id="account that calls itself a guest",
        ),
        pytest.param(
            profile_of(UserRecord("u", email="ann@example.com", email_verified=True, providers=PASSWORD)),
            UserRecord("u", email="NEW@example.com", custom_claims={"role": "admin"}, providers=PASSWORD),
            {"email": "new@example.com", "emailVerified": False, "role": "admin"},
            id="other address and role",
        ),
        pytest.param(profile_of(UserRecord("u")), UserRecord("u"), {}, id="nothing changed"),
    ],
)
def test_profile_follows_the_account(before, after, changed):
    assert changed_fields(before, after) == changed


def test_profile_without_its_fields_is_active_and_empty():
    assert Profile.parse({}) == Profile("active", NOTHING, DEFAULT_QUOTA)


def test_usage_of_no_profile_is_none():
    assert usage_of(None) is None
    assert usage_of({"usage": {"bytes": 1, "files": 1}}) == Amount(1, 1)


def test_created_user_gets_a_profile(drop):
    drop.user_created(
        email="Ann@Example.com", customClaims={"role": "user"}, providerData=[{"providerId": "password"}]
    )
    profile = drop.profile()
    assert (profile["name"], profile["email"], profile["state"]) == ("ann", "ann@example.com", "active")
    assert profile["createdAt"] == profile["updatedAt"]


def test_guest_gets_a_profile(drop):
    drop.user_created()
    assert (drop.profile()["name"], drop.profile()["email"]) == ("Guest", None)


def test_guest_has_less_room_until_there_is_an_account(drop):
    """However the guest calls himself; what an administrator gave stays."""
    drop.user_created()
    profile = drop.profile()
    assert Amount.parse(profile["quota"], DEFAULT_QUOTA) == GUEST_QUOTA
    assert GUEST_QUOTA.bytes < DEFAULT_QUOTA.bytes
    assert GUEST_QUOTA.files < DEFAULT_QUOTA.files
    assert timedelta(days=29) < profile["guestUntil"] - datetime.now(UTC) < timedelta(days=31)
    drop.firestore.document(f"users/{drop.uid}").update({"name": "Ann"})
    assert follow_account(UserRecord(drop.uid)) == {}
    account = UserRecord(drop.uid, email="ann@example.com", providers=PASSWORD)
    assert follow_account(account)["quota"] == DEFAULT_QUOTA.to_fields()
    assert "guestUntil" not in drop.profile()
    assert Amount.parse(drop.profile()["quota"], GUEST_QUOTA) == DEFAULT_QUOTA
    assert follow_account(account) == {}


def test_quota_that_an_administrator_gave_a_guest_stays(drop):
    drop.user_created()
    given = {"bytes": 5, "files": 5}
    drop.firestore.document(f"users/{drop.uid}").update({"quota": given})
    follow_account(UserRecord(drop.uid, email="ann@example.com", providers=PASSWORD))
    assert drop.profile()["quota"] == given
    assert "guestUntil" not in drop.profile()


def test_account_has_no_time_after_which_it_goes(drop):
    drop.user_created(email="ann@example.com", providerData=[{"providerId": "password"}])
    assert "guestUntil" not in drop.profile()


def test_created_event_that_comes_again_overwrites_nothing(drop):
    drop.user_created(email="ann@example.com")
    drop.firestore.document(f"users/{drop.uid}").update({"name": "Queen Ann", "usage.bytes": 7})
    before = drop.profile()
    drop.user_created(email="ann@example.com")
    assert drop.profile() == before
