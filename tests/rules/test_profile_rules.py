"""firestore.rules, `match /users/{uid}`: functions make and delete profiles, users change what is theirs."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.rest import SERVER_TIME

PROFILE, FILE = "/users/{uid}", "/files/{fileId}"


def test_profile_is_read_by_its_owner_and_not_by_another_user(owner, identities, denied_by):
    other = identities.user()
    assert owner.firestore.get(owner.profile).ok
    denied_by(other.firestore.get(owner.profile), PROFILE, "get")


def test_profile_is_not_read_without_sign_in(owner, identities, denied_by):
    assert owner.firestore.get(owner.profile).ok
    denied_by(identities.nobody.firestore.get(owner.profile), PROFILE, "get")


def test_profile_is_read_by_a_guest_when_it_is_theirs(identities, denied_by):
    guest, other = identities.guest(), identities.guest()
    assert guest.firestore.get(guest.profile).ok
    denied_by(other.firestore.get(guest.profile), PROFILE, "get")


def test_profile_is_read_by_an_administrator(owner, identities):
    assert identities.administrator().firestore.get(owner.profile).ok


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"role": "Admin"}, id="another spelling"),
        pytest.param({"role": "user"}, id="user"),
        pytest.param({"role": True}, id="a boolean"),
        pytest.param({"role": ["admin"]}, id="a list"),
        pytest.param({"role": {"admin": True}}, id="a map"),
        pytest.param({"role": None}, id="null"),
        pytest.param({"admin": True}, id="another claim"),
        pytest.param({"firebase": {"role": "admin"}}, id="nested elsewhere"),
    ],
)
def test_profile_of_others_needs_the_exact_admin_claim(owner, identities, denied_by, claims):
    assert identities.user(claims={"role": "admin"}).firestore.get(owner.profile).ok
    denied_by(identities.user(claims=claims).firestore.get(owner.profile), PROFILE, "get")


def test_profile_of_others_stays_closed_to_who_only_has_the_role_in_the_document(
    owner, identities, denied_by
):
    pretender = identities.user(profile={"role": "admin"})
    assert identities.administrator().firestore.get(owner.profile).ok
    denied_by(pretender.firestore.get(owner.profile), PROFILE, "get")


def test_profiles_are_listed_by_an_administrator_and_not_by_a_user(owner, identities, denied_by):
    assert identities.administrator().firestore.list("users").ok
    denied_by(owner.firestore.list("users"), PROFILE, "list")
    denied_by(identities.nobody.firestore.list("users"), PROFILE, "list")


def test_profiles_found_by_their_own_address_are_still_a_list(owner, identities, denied_by):
    mine = {
        "from": [{"collectionId": "users"}],
        "where": {
            "fieldFilter": {
                "field": {"fieldPath": "email"},
                "op": "EQUAL",
                "value": {"stringValue": "ada@example.com"},
            }
        },
    }
    assert identities.administrator().firestore.query("", mine).ok
    denied_by(owner.firestore.query("", mine), PROFILE, "list")


def test_profile_is_never_created_by_a_client(identities, admin, denied_by):
    for someone in (identities.without_profile(), identities.without_profile(claims={"role": "admin"})):
        response = someone.firestore.create(
            someone.profile, {"name": "Ada", "locale": "en", "state": "active"}
        )
        denied_by.nothing_matches(response)
        assert admin.firestore.get(someone.profile).status_code == 404


def test_profile_is_never_deleted_by_a_client(owner, identities, admin, denied_by):
    denied_by.nothing_matches(owner.firestore.delete(owner.profile))
    denied_by.nothing_matches(identities.administrator().firestore.delete(owner.profile))
    assert admin.firestore.get(owner.profile).ok


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"name": "Ada Lovelace"}, id="name"),
        pytest.param({"name": "가"}, id="one character"),
        pytest.param({"name": "가" * 80}, id="eighty characters of three bytes"),
        pytest.param({"name": "👩‍👩‍👧 O'Neil <b>"}, id="emoji and marks"),
        pytest.param({"locale": "ko"}, id="locale"),
        pytest.param({"name": "Ada", "locale": "ko"}, id="both"),
    ],
)
def test_profile_update_by_its_owner_is_allowed(owner, change):
    assert owner.firestore.update(owner.profile, change | {"updatedAt": SERVER_TIME}).ok


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"name": ""}, id="empty name"),
        pytest.param({"name": "   "}, id="blank name"),
        pytest.param({"name": "a" * 81}, id="long name"),
        pytest.param({"name": 7}, id="name is a number"),
        pytest.param({"name": None}, id="name is null"),
        pytest.param({"name": ["Ada"]}, id="name is a list"),
        pytest.param({"name": "A\nda"}, id="line feed in the name"),
        pytest.param({"name": "Ada\u202egnp"}, id="right-to-left override in the name"),
        pytest.param({"locale": "fr"}, id="unknown locale"),
        pytest.param({"locale": "EN"}, id="locale in capitals"),
        pytest.param({"locale": None}, id="locale is null"),
        pytest.param({"locale": ["en"]}, id="locale is a list"),
        pytest.param({"email": "eve@example.com"}, id="email"),
        pytest.param({"role": "admin"}, id="role"),
        pytest.param({"state": "deleting"}, id="state"),
        pytest.param({"quota": {"bytes": 2**50, "files": 5000}}, id="quota"),
        pytest.param({"usage": {"bytes": -1, "files": 0}}, id="usage"),
        pytest.param({"createdAt": datetime(2020, 1, 1, tzinfo=UTC)}, id="createdAt"),
        pytest.param({"sessionsEndedAt": datetime(2020, 1, 1, tzinfo=UTC)}, id="sessionsEndedAt"),
        pytest.param({"suspendedReason": "none"}, id="suspendedReason"),
        pytest.param({"picture": "users/someone/picture/a.webp"}, id="picture of another user"),
        pytest.param({"picture": "https://example.com/a.webp"}, id="picture elsewhere"),
        pytest.param({"picture": 7}, id="picture is a number"),
        pytest.param({"isAdmin": True}, id="unknown field"),
    ],
)
def test_profile_update_with_a_field_that_is_wrong_or_not_theirs_is_denied(owner, admin, denied_by, change):
    allowed = {"name": "Ada L.", "locale": "ko", "updatedAt": SERVER_TIME}
    assert owner.firestore.update(owner.profile, allowed).ok
    before = admin.firestore.get(owner.profile).json()["fields"]
    denied_by(owner.firestore.update(owner.profile, allowed | change), PROFILE, "update")
    assert admin.firestore.get(owner.profile).json()["fields"] == before


@pytest.mark.parametrize("field", ["name", "locale", "updatedAt", "email", "state", "quota"])
def test_profile_update_that_removes_a_field_is_denied(owner, denied_by, field):
    allowed = {"name": "Ada L.", "locale": "ko", "updatedAt": SERVER_TIME}
    assert owner.firestore.update(owner.profile, allowed).ok
    rest = {key: value for key, value in allowed.items() if key != field}
    denied_by(owner.firestore.update(owner.profile, rest, removing=(field,)), PROFILE, "update")


@pytest.mark.parametrize(
    "times",
    [
        pytest.param({}, id="no time"),
        pytest.param({"updatedAt": datetime(2020, 1, 1, tzinfo=UTC)}, id="a time of the past"),
        pytest.param({"updatedAt": datetime(2999, 1, 1, tzinfo=UTC)}, id="a time to come"),
        pytest.param({"updatedAt": "now"}, id="a text"),
    ],
)
def test_profile_update_without_the_server_time_is_denied(owner, denied_by, times):
    assert owner.firestore.update(owner.profile, {"name": "Bea", "updatedAt": SERVER_TIME}).ok
    denied_by(owner.firestore.update(owner.profile, {"name": "Cleo"} | times), PROFILE, "update")


@pytest.mark.parametrize("state", ["suspended", "deleting"])
def test_profile_update_is_denied_when_the_user_is_not_active(owner, identities, denied_by, state):
    barred = identities.user(profile={"state": state})
    change = {"name": "Ada L.", "updatedAt": SERVER_TIME}
    assert owner.firestore.update(owner.profile, change).ok
    denied_by(barred.firestore.update(barred.profile, change), PROFILE, "update")


def test_profile_update_by_anyone_else_is_denied(owner, identities, denied_by):
    change = {"name": "Ada L.", "updatedAt": SERVER_TIME}
    assert owner.firestore.update(owner.profile, change).ok
    for stranger in (identities.user(), identities.administrator(), identities.nobody):
        denied_by(stranger.firestore.update(owner.profile, change), PROFILE, "update")


def test_profile_replaced_as_a_whole_is_denied(owner, admin, denied_by):
    """A set without a mask would drop every field that is not sent, the quota too."""
    change = {"name": "Ada L.", "locale": "en", "updatedAt": SERVER_TIME}
    assert owner.firestore.update(owner.profile, change).ok
    denied_by(owner.firestore.replace(owner.profile, change), PROFILE, "update")
    assert "quota" in admin.firestore.get(owner.profile).json()["fields"]


def test_picture_below_the_own_prefix_is_set_and_taken_away(owner):
    picture = f"{owner.profile}/picture/A-z_09.webp"
    for value in (picture, None):
        assert owner.firestore.update(owner.profile, {"picture": value, "updatedAt": SERVER_TIME}).ok


def test_who_signed_out_everywhere_changes_nothing_with_an_older_token(
    owner, admin, stored_file, announcement, denied_by
):
    now, file = datetime.now(UTC), stored_file(owner)
    assert admin.firestore.update(owner.profile, {"sessionsEndedAt": now + timedelta(minutes=1)}).ok
    profile, rename = {"locale": "ko", "updatedAt": SERVER_TIME}, {"name": "b.png", "updatedAt": SERVER_TIME}
    denied_by(owner.firestore.update(owner.profile, profile), PROFILE, "update")
    denied_by(owner.firestore.create(owner.file("new"), announcement()), FILE, "create")
    denied_by(owner.firestore.update(file, rename), FILE, "update")
    denied_by(owner.firestore.delete(file), FILE, "delete")
    assert owner.firestore.get(file).ok
    assert admin.firestore.update(owner.profile, {"sessionsEndedAt": now - timedelta(minutes=1)}).ok
    assert owner.firestore.update(owner.profile, profile).ok
    assert owner.firestore.create(owner.file("new"), announcement()).ok
    assert owner.firestore.update(file, rename).ok
    assert owner.firestore.delete(file).ok
