"""firestore.rules: each condition, with a request that fails for it alone beside one that does not.

In process unless --rules-backend says otherwise. The files beside this one send requests of the same kinds
over the wire, with many more samples of hostile input.
"""

from datetime import UTC, datetime, timedelta

import pytest

from testing.rules import (
    DELETE_FIELD,
    NO_RULE,
    SERVER_TIME,
    Reference,
    any_of,
    assert_allowed,
    assert_denied,
    evaluation_error,
    false_at,
)
from tests.rules.world import MEBIBYTE, announcement, profile, stored_file, without

OWNER, OTHER = "conditions-alice", "conditions-bob"
PROFILE, FILE = f"users/{OWNER}", f"users/{OWNER}/files/f1"
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
STAMP = {"updatedAt": SERVER_TIME}


@pytest.fixture
def alice(rules):
    rules.seed({PROFILE: profile(BEFORE), FILE: stored_file(OWNER, "f1", BEFORE)})
    return rules.as_user(OWNER).firestore


@pytest.fixture
def with_profile(rules):
    """Seeds the owner with fields of the profile changed; gives their requests."""

    def make(**changes):
        rules.seed({PROFILE: profile(BEFORE, **changes)})
        return rules.as_user(OWNER).firestore

    return make


class TestProfile:
    def test_is_read_by_its_owner_and_an_admin_alone(self, alice, rules):
        assert assert_allowed(alice.get(PROFILE)).data["name"] == "Ada"
        assert_allowed(rules.as_user("root", role="admin").firestore.get(PROFILE))
        assert_denied(rules.as_user(OTHER).firestore.get(PROFILE), reason="request.auth.uid == uid")
        assert_denied(rules.as_guest().firestore.get(PROFILE), reason="request.auth != null")

    def test_role_counts_in_the_token_only_and_in_one_spelling(self, alice, rules):
        not_admin = "request.auth.token.get('role', 'user') == 'admin'"
        for claims in ({}, {"role": "user"}, {"role": "Admin"}, {"role": ["admin"]}, {"admin": True}):
            assert_denied(rules.as_user(OTHER, **claims).firestore.get(PROFILE), reason=not_admin)

    def test_users_cannot_be_enumerated(self, alice, rules):
        assert_allowed(rules.as_user("root", role="admin").firestore.list("users", limit=10))
        mine = ("email", "==", "ada@example.com")
        for query in ({}, {"limit": 1}, {"where": [mine]}, {"where": [any_of(mine, ("name", "==", "Ada"))]}):
            assert_denied(alice.list("users", **query), reason="isAdmin()")
        assert_denied(alice.list("users", group=True), reason=NO_RULE)

    def test_is_neither_made_nor_deleted_by_a_client(self, alice, rules):
        for someone in (rules.as_user("newcomer"), rules.as_user("newcomer", role="admin")):
            assert_denied(someone.firestore.create("users/newcomer", profile(BEFORE)), reason=NO_RULE)
        assert_denied(alice.delete(PROFILE), reason=NO_RULE)

    @pytest.mark.parametrize("change", [{"name": "Ada L."}, {"locale": "ko"}, {"name": "가" * 80}])
    def test_name_and_language_are_the_owners_to_change(self, alice, change):
        assert_allowed(alice.update(PROFILE, change | STAMP))

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"name": ""}, "value.size() > 0"),
            ({"name": "a" * 81}, "value.size() <= most"),
            ({"name": 7}, "value is string"),
            ({"name": " "}, "value.trim().size() > 0"),
            ({"name": "A\u202eda"}, "isPlainText(request.resource.data.get('name', ''), 80)"),
            ({"name": DELETE_FIELD}, "value.size() > 0"),
            ({"locale": "fr"}, "request.resource.data.get('locale', '') in ['en', 'ko']"),
            ({"locale": DELETE_FIELD}, "request.resource.data.get('locale', '') in ['en', 'ko']"),
            ({"updatedAt": BEFORE + timedelta(days=1)}, "isStampedNow()"),
            ({"updatedAt": DELETE_FIELD}, "isStampedNow()"),
        ],
    )
    def test_change_of_another_form_is_denied(self, alice, change, reason):
        allowed = {"name": "Ada L.", "locale": "ko", **STAMP}
        assert_denied(alice.update(PROFILE, allowed | change), reason=reason)
        assert_allowed(alice.update(PROFILE, allowed))

    @pytest.mark.parametrize(
        "change",
        [
            {"role": "admin"},
            {"state": "deleting"},
            {"email": None},
            {"quota.bytes": 2**40},
            {"usage": {"bytes": 0, "files": -5}},
            {"createdAt": SERVER_TIME},
            {"nickname": "A"},
            {"role": DELETE_FIELD},
        ],
    )
    def test_every_other_field_cannot_be_changed(self, alice, change):
        immutable = "changesOnly(['name', 'locale', 'updatedAt'])"
        assert_denied(alice.update(PROFILE, {"name": "B", **STAMP} | change), reason=immutable)

    @pytest.mark.parametrize("state", ["suspended", "deleting"])
    def test_of_who_is_not_active_is_not_changed(self, with_profile, state):
        change = {"name": "Ada L.", **STAMP}
        assert_denied(
            with_profile(state=state).update(PROFILE, change), reason="resource.data.state == 'active'"
        )
        assert_allowed(with_profile(state="active").update(PROFILE, change))

    def test_that_is_not_there_is_not_updated(self, rules):
        newcomer, change = rules.as_user("newcomer").firestore, {"name": "A", "locale": "en", **STAMP}
        assert_denied(newcomer.update("users/newcomer", change), reason=evaluation_error("Null value"))


class TestAnnouncement:
    NEW = f"users/{OWNER}/files/new"

    def test_as_the_page_makes_it_is_allowed(self, alice):
        assert_allowed(alice.set(self.NEW, announcement()))

    def test_in_a_batch_is_denied_with_all_when_one_is(self, alice, rules):
        batch = alice.batch().create(self.NEW, announcement())
        batch.create(f"users/{OWNER}/files/bad", announcement(state="ready"))
        assert_denied(batch.commit(), reason="file.state == 'uploading'")
        assert rules.bypassing_rules().firestore.get(self.NEW).data is None

    def test_by_anybody_else_is_denied(self, alice, rules):
        for someone in (rules.as_user(OTHER), rules.as_user("root", role="admin"), rules.as_guest()):
            assert_denied(someone.firestore.create(self.NEW, announcement()), reason="isOwner(uid)")

    @pytest.mark.parametrize("file_id", ["a b", "a.b", "é", "x" * 65])
    def test_under_an_odd_id_is_denied(self, alice, file_id):
        path = f"users/{OWNER}/files/{file_id}"
        assert_denied(alice.create(path, announcement()), reason="fileId.matches('[A-Za-z0-9_-]{1,64}')")

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (
                announcement(sha256="0"),
                "file.keys().hasOnly(['name', 'size', 'contentType', 'state', 'createdAt'])",
            ),
            (without(announcement(), "state"), "file.keys().size() == 5"),
            (announcement(name="a/b.png"), "name.matches('[^/\\\\\\\\%]+')"),
            (announcement(name=".."), "!(name in ['.', '..'])"),
            (announcement(name="a\nb"), "isPlainText(name, 200)"),
            (announcement(size=1.5), "file.size is int"),
            (announcement(size=0), "file.size > 0"),
            (announcement(size=50 * MEBIBYTE + 1), "file.size <= 50 * 1024 * 1024"),
            (announcement(contentType="a" * 128), "isText(file.contentType, 127)"),
            (
                announcement(contentType="image"),
                "file.contentType.matches('[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*')",
            ),
            (announcement(contentType="image/svg+xml"), "!isActiveContent(file.contentType)"),
            (announcement(state="ready"), "file.state == 'uploading'"),
            (announcement(createdAt=BEFORE), "file.createdAt == request.time"),
            (announcement(name=Reference(PROFILE)), "value is string"),
        ],
    )
    def test_of_another_form_is_denied(self, alice, data, reason):
        assert_denied(alice.create(self.NEW, data), reason=reason)
        assert_allowed(alice.create(self.NEW, announcement()))

    def test_needs_a_profile(self, rules):
        newcomer = rules.as_user(OWNER).firestore
        assert_denied(newcomer.create(self.NEW, announcement()), reason="hasProfile(uid)")

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"state": "suspended"}, "profile.state == 'active'"),
            ({"usage": {"bytes": 1001, "files": 0}}, "profile.usage.bytes + size <= profile.quota.bytes"),
            ({"usage": {"bytes": 0, "files": 3}}, "profile.usage.files + 1 <= profile.quota.files"),
        ],
    )
    def test_without_room_is_denied(self, with_profile, changes, reason):
        room = {"quota": {"bytes": 2000, "files": 3}, "usage": {"bytes": 1000, "files": 2}}
        assert_denied(with_profile(**room | changes).create(self.NEW, announcement()), reason=reason)
        assert_allowed(with_profile(**room).create(self.NEW, announcement()))


class TestFile:
    def test_is_read_and_listed_by_its_owner_alone(self, alice, rules):
        assert_allowed(alice.get(FILE))
        assert list(assert_allowed(alice.list(f"{PROFILE}/files", order_by=["-createdAt"])).data) == [FILE]
        for someone in (rules.as_user(OTHER), rules.as_user("root", role="admin"), rules.as_guest()):
            assert_denied(someone.firestore.get(FILE), reason="isOwner(uid)")
            assert_denied(someone.firestore.list(f"{PROFILE}/files"), reason="isOwner(uid)")

    def test_is_not_found_through_the_files_of_everybody(self, alice):
        assert_denied(alice.list("files", group=True), reason=NO_RULE)

    def test_is_renamed_and_trashed_in_a_transaction(self, alice):
        with alice.transaction() as transaction:
            name = transaction.get(FILE).data["name"]
            assert_allowed(transaction.update(FILE, {"name": f"x-{name}", **STAMP}).commit())
        assert_allowed(alice.update(FILE, {"state": "trashed", **STAMP}))
        assert_allowed(alice.update(FILE, {"state": "ready", **STAMP}))
        assert alice.get(FILE).data["name"] == "x-photo.png"

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"size": 1}, "changesOnly(['name', 'updatedAt'])"),
            ({"path": "users/x/files/y/z"}, "changesOnly(['name', 'updatedAt'])"),
            ({"name": "a/b"}, "isFileName(request.resource.data.get('name', ''))"),
            ({"name": DELETE_FIELD}, "isFileName(request.resource.data.get('name', ''))"),
            ({"updatedAt": BEFORE}, "isStampedNow()"),
        ],
    )
    def test_rename_of_another_form_is_denied(self, alice, change, reason):
        rename = {"name": "other.png", **STAMP}
        assert_denied(alice.update(FILE, rename | change), reason=reason)
        assert_allowed(alice.update(FILE, rename))

    def test_trashing_that_changes_more_is_denied(self, alice):
        trash = {"state": "trashed", **STAMP}
        assert_denied(alice.update(FILE, trash | {"size": 1}), reason="changesOnly(['state', 'updatedAt'])")
        assert_denied(alice.update(FILE, trash | {"updatedAt": BEFORE}), reason="isStampedNow()")
        assert_allowed(alice.update(FILE, trash))

    @pytest.mark.parametrize("before", ["uploading", "processing", "ready", "rejected", "trashed"])
    @pytest.mark.parametrize("after", ["uploading", "processing", "ready", "rejected", "trashed", "other"])
    def test_moves_between_ready_and_trashed_alone(self, alice, rules, before, after):
        rules.seed({FILE: stored_file(OWNER, "f1", BEFORE, state=before)})
        answer = alice.update(FILE, {"state": after, **STAMP})
        if {before, after} == {"ready", "trashed"} or before == after == "ready":
            assert_allowed(answer)
        else:
            assert_denied(answer, reason=false_at("/users/{uid}/files/{fileId}", "update"))

    @pytest.mark.parametrize("state", ["uploading", "processing", "rejected", "trashed"])
    def test_is_renamed_when_ready_alone(self, alice, rules, state):
        rules.seed({FILE: stored_file(OWNER, "f1", BEFORE, state=state)})
        assert_denied(alice.update(FILE, {"name": "b.png", **STAMP}), reason="resource.data.state == 'ready'")

    @pytest.mark.parametrize("state", ["suspended", "deleting"])
    def test_of_who_is_not_active_is_deleted_but_not_changed(self, alice, with_profile, state):
        barred = with_profile(state=state)
        assert_denied(
            barred.update(FILE, {"name": "b.png", **STAMP}), reason="profileOf(uid).state == 'active'"
        )
        assert_allowed(barred.delete(FILE))

    def test_of_who_has_no_profile_is_not_changed(self, alice, rules):
        assert_allowed(rules.bypassing_rules().firestore.delete(PROFILE))
        assert_denied(alice.update(FILE, {"name": "b.png", **STAMP}), reason="hasProfile(uid)")

    def test_is_deleted_by_its_owner_alone(self, alice, rules):
        for someone in (rules.as_user(OTHER), rules.as_user("root", role="admin"), rules.as_guest()):
            assert_denied(someone.firestore.delete(FILE), reason="isOwner(uid)")
        assert_allowed(alice.delete(FILE))


class TestJob:
    def test_is_read_by_its_owner_alone_and_written_by_nobody(self, alice, rules):
        job = f"{PROFILE}/jobs/j1"
        rules.seed({job: {"state": "running"}})
        assert_allowed(alice.get(job))
        assert_allowed(alice.list(f"{PROFILE}/jobs"))
        assert_denied(rules.as_user(OTHER).firestore.get(job), reason="isOwner(uid)")
        for write in (alice.set(job, {}), alice.update(job, {"state": "done"}), alice.delete(job)):
            assert_denied(write, reason=NO_RULE)
