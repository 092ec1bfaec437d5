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
from tests.rules.world import MEBIBYTE, announcement, profile, share, stored_file, without

OWNER, OTHER = "conditions-alice", "conditions-bob"
PROFILE, FILE = f"users/{OWNER}", f"users/{OWNER}/files/f1"
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
STAMP = {"updatedAt": SERVER_TIME}
TRASH = {"state": "trashed", "trashedAt": SERVER_TIME, **STAMP}
RESTORE = {"state": "ready", "trashedAt": DELETE_FIELD, **STAMP}
SIGNED_OUT = (
    "request.auth.token.get('auth_time', 0) >= "
    "profile.get('sessionsEndedAt', timestamp.value(0)).toMillis() / 1000"
)
FILE_FIELDS = (
    "file.keys().hasOnly(['name', 'size', 'contentType', 'state', 'createdAt', 'nameKey', 'keywords'])"
)


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


IS_NAME_KEY = "isText(file.get('nameKey', 'absent'), 400)"
IS_LIST = "file.get('keywords', []) is list"
ARE_KEYWORDS = "file.get('keywords', []).join(' ').matches('(([^ ]{1,12} ){0,59}[^ ]{1,12})?')"
SEARCH_TERMS = [
    {"nameKey": "photo.png", "keywords": ["p", "ph", "pho", "phot", "photo", "png"]},
    {"nameKey": "i\u0307" * 200},
    {"keywords": []},
    {"keywords": ["여행사진", "नमस्ते", "👍" * 12]},
    {"keywords": ["x" * 12] * 60},
]
OTHER_TERMS = [
    ({"nameKey": ""}, IS_NAME_KEY),
    ({"nameKey": "x" * 401}, IS_NAME_KEY),
    ({"nameKey": None}, IS_NAME_KEY),
    ({"nameKey": ["photo"]}, IS_NAME_KEY),
    ({"keywords": None}, IS_LIST),
    ({"keywords": "photo"}, IS_LIST),
    ({"keywords": {"0": "photo"}}, IS_LIST),
    ({"keywords": ["x" * 13]}, ARE_KEYWORDS),
    ({"keywords": ["photo", "", "png"]}, ARE_KEYWORDS),
    ({"keywords": ["a" for _ in range(61)]}, ARE_KEYWORDS),
    ({"keywords": ["a b"] * 31}, ARE_KEYWORDS),
    ({"keywords": ["a " * 4000]}, ARE_KEYWORDS),
    ({"keywords": [{"text": "x" * 100}]}, evaluation_error("string(map)")),
]


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
            {"sessionsEndedAt": SERVER_TIME},
            {"suspendedReason": "none"},
            {"nickname": "A"},
            {"role": DELETE_FIELD},
        ],
    )
    def test_every_other_field_cannot_be_changed(self, alice, change):
        immutable = "changesOnly(['name', 'locale', 'picture', 'updatedAt'])"
        assert_denied(alice.update(PROFILE, {"name": "B", **STAMP} | change), reason=immutable)

    @pytest.mark.parametrize("picture", ["a", "A-z_09", "x" * 64])
    def test_picture_is_below_the_owners_prefix_or_nothing(self, alice, picture):
        assert_allowed(alice.update(PROFILE, {"picture": f"{PROFILE}/picture/{picture}.webp", **STAMP}))
        assert_allowed(alice.update(PROFILE, {"picture": None, **STAMP}))
        assert_allowed(alice.update(PROFILE, {"picture": DELETE_FIELD, **STAMP}))

    @pytest.mark.parametrize(
        ("picture", "reason"),
        [
            (7, "path is string"),
            ({"path": f"{PROFILE}/picture/a.webp"}, "path is string"),
            (f"users/{OTHER}/picture/a.webp", "path.split('/')[1] == uid"),
            *(
                (path, "path.matches('users/[^/]+/picture/[A-Za-z0-9_-]{1,64}\\\\.webp')")
                for path in (
                    "",
                    "https://example.com/a.webp",
                    f"{PROFILE}/picture/a.png",
                    f"{PROFILE}/picture/.webp",
                    f"{PROFILE}/picture/a.webp/b.webp",
                    f"{PROFILE}/picture/../a.webp",
                    f"{PROFILE}/files/f1/a.webp",
                    f"/{PROFILE}/picture/a.webp",
                    f"{PROFILE}/picture/{'x' * 65}.webp",
                )
            ),
        ],
    )
    def test_picture_elsewhere_is_denied(self, alice, picture, reason):
        assert_denied(alice.update(PROFILE, {"picture": picture, **STAMP}), reason=reason)
        assert_allowed(alice.update(PROFILE, {"picture": f"{PROFILE}/picture/a.webp", **STAMP}))

    def test_picture_of_an_id_that_reads_as_an_expression_is_compared_as_text(self, rules):
        rules.seed({"users/.*": profile(BEFORE)})
        odd = rules.as_user(".*").firestore
        other = {"picture": f"{PROFILE}/picture/a.webp", **STAMP}
        assert_denied(odd.update("users/.*", other), reason="path.split('/')[1] == uid")
        assert_allowed(odd.update("users/.*", {"picture": "users/.*/picture/a.webp", **STAMP}))

    @pytest.mark.parametrize("state", ["suspended", "deleting"])
    def test_of_who_is_not_active_is_not_changed(self, with_profile, state):
        change = {"name": "Ada L.", **STAMP}
        assert_denied(with_profile(state=state).update(PROFILE, change), reason="profile.state == 'active'")
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
            (announcement(sha256="0"), FILE_FIELDS),
            (
                without(announcement(keywords=["a"]), "state"),
                "file.keys().hasAll(['name', 'size', 'contentType', 'state', 'createdAt'])",
            ),
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

    @pytest.mark.parametrize("terms", SEARCH_TERMS)
    def test_with_what_it_is_found_by_is_allowed(self, alice, terms):
        assert_allowed(alice.create(self.NEW, announcement(**terms)))

    @pytest.mark.parametrize(("terms", "reason"), OTHER_TERMS)
    def test_with_search_terms_out_of_bounds_is_denied(self, alice, terms, reason):
        assert_denied(alice.create(self.NEW, announcement(**terms)), reason=reason)
        assert_allowed(alice.create(self.NEW, announcement(**SEARCH_TERMS[0])))

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

    def test_beside_too_many_unfinished_ones_is_denied(self, with_profile):
        few = "profile.get('pending', 0) < 500"
        assert_denied(with_profile(pending=500).create(self.NEW, announcement()), reason=few)
        assert_allowed(with_profile(pending=499).create(self.NEW, announcement()))

    def test_beside_too_many_unfinished_ones_leaves_the_rest_to_do(self, with_profile, rules):
        rules.seed({FILE: stored_file(OWNER, "f1", BEFORE), f"{FILE}2": announcement(createdAt=BEFORE)})
        alice = with_profile(pending=500)
        assert_allowed(alice.update(FILE, TRASH))
        assert_allowed(alice.delete(f"{FILE}2"))


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
        assert_allowed(alice.update(FILE, TRASH))
        assert_allowed(alice.update(FILE, RESTORE))
        assert alice.get(FILE).data["name"] == "x-photo.png"
        assert "trashedAt" not in alice.get(FILE).data

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"size": 1}, "changesOnly(['name', 'nameKey', 'keywords', 'updatedAt'])"),
            ({"path": "users/x/files/y/z"}, "changesOnly(['name', 'nameKey', 'keywords', 'updatedAt'])"),
            ({"kind": "video"}, "changesOnly(['name', 'nameKey', 'keywords', 'updatedAt'])"),
            ({"duplicateOf": "f2"}, "changesOnly(['name', 'nameKey', 'keywords', 'updatedAt'])"),
            ({"name": "a/b"}, "isFileName(request.resource.data.name)"),
            ({"name": DELETE_FIELD}, "removesNothing()"),
            ({"nameKey": DELETE_FIELD}, "removesNothing()"),
            ({"keywords": DELETE_FIELD}, "removesNothing()"),
            ({"updatedAt": BEFORE}, "isStampedNow()"),
            *OTHER_TERMS,
        ],
    )
    def test_rename_of_another_form_is_denied(self, alice, change, reason):
        rename = {"name": "other.png", **STAMP}
        assert_denied(alice.update(FILE, rename | change), reason=reason)
        assert_allowed(alice.update(FILE, rename))

    @pytest.mark.parametrize("terms", SEARCH_TERMS)
    def test_is_renamed_with_what_it_is_found_by(self, alice, terms):
        assert_allowed(alice.update(FILE, {"name": "other.png", **terms, **STAMP}))

    def test_that_has_no_search_terms_yet_is_renamed(self, alice, rules):
        old = without(stored_file(OWNER, "f1", BEFORE), "nameKey", "keywords")
        rules.seed({FILE: old})
        assert_allowed(alice.update(FILE, {"name": "other.png", **STAMP}))

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"size": 1}, "changesOnly(['state', 'trashedAt', 'updatedAt'])"),
            ({"name": "b.png"}, "changesOnly(['state', 'trashedAt', 'updatedAt'])"),
            ({"keywords": []}, "changesOnly(['state', 'trashedAt', 'updatedAt'])"),
            ({"reason": DELETE_FIELD}, "changesOnly(['state', 'trashedAt', 'updatedAt'])"),
            ({"updatedAt": BEFORE}, "isStampedNow()"),
        ],
    )
    def test_trashing_and_restoring_that_change_more_are_denied(self, alice, rules, change, reason):
        rules.seed({FILE: stored_file(OWNER, "f1", BEFORE, reason="none")})
        assert_denied(alice.update(FILE, TRASH | change), reason=reason)
        assert_allowed(alice.update(FILE, TRASH))
        assert_denied(alice.update(FILE, RESTORE | change), reason=reason)
        assert_allowed(alice.update(FILE, RESTORE))

    @pytest.mark.parametrize("time", [BEFORE, DELETE_FIELD, None, 0])
    def test_trashing_notes_the_time_of_the_server(self, alice, time):
        reason = "request.resource.data.get('trashedAt', null) == request.time"
        assert_denied(alice.update(FILE, TRASH | {"trashedAt": time}), reason=reason)
        assert_allowed(alice.update(FILE, TRASH))

    @pytest.mark.parametrize("time", [SERVER_TIME, None, BEFORE])
    def test_restoring_takes_the_time_of_trashing_away(self, alice, time):
        assert_allowed(alice.update(FILE, TRASH))
        reason = "!('trashedAt' in request.resource.data)"
        assert_denied(alice.update(FILE, RESTORE | {"trashedAt": time}), reason=reason)
        assert_allowed(alice.update(FILE, RESTORE))

    def test_in_the_trash_does_not_stay_there_longer(self, alice):
        assert_allowed(alice.update(FILE, TRASH))
        assert_denied(alice.update(FILE, TRASH), reason="resource.data.state == 'ready'")
        time_alone = {"trashedAt": SERVER_TIME, **STAMP}
        assert_denied(alice.update(FILE, time_alone), reason="resource.data.state == 'ready'")

    def test_trashed_before_there_was_a_time_is_restored(self, alice, rules):
        rules.seed({FILE: stored_file(OWNER, "f1", BEFORE, state="trashed")})
        assert_allowed(alice.update(FILE, {"state": "ready", **STAMP}))

    @pytest.mark.parametrize("before", ["uploading", "processing", "ready", "rejected", "trashed"])
    @pytest.mark.parametrize("after", ["uploading", "processing", "ready", "rejected", "trashed", "other"])
    def test_moves_between_ready_and_trashed_alone(self, alice, rules, before, after):
        time = {"trashedAt": BEFORE} if before == "trashed" else {}
        rules.seed({FILE: stored_file(OWNER, "f1", BEFORE, state=before, **time)})
        trashing = {"trashedAt": SERVER_TIME if after == "trashed" else DELETE_FIELD}
        answer = alice.update(FILE, {"state": after, **trashing, **STAMP})
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
        assert_denied(barred.update(FILE, {"name": "b.png", **STAMP}), reason="profile.state == 'active'")
        assert_allowed(barred.delete(FILE))

    def test_of_who_has_no_profile_is_not_changed(self, alice, rules):
        assert_allowed(rules.bypassing_rules().firestore.delete(PROFILE))
        assert_denied(alice.update(FILE, {"name": "b.png", **STAMP}), reason="hasProfile(uid)")
        assert_allowed(alice.delete(FILE))

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


class TestSignedOutEverywhere:
    """What a token may that was issued before its user ended all sessions, and one issued since."""

    NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
    WRITES = (
        lambda asks: asks.update(PROFILE, {"name": "Ada L.", **STAMP}),
        lambda asks: asks.create(f"{PROFILE}/files/new", announcement()),
        lambda asks: asks.update(FILE, {"name": "b.png", **STAMP}),
        lambda asks: asks.update(FILE, TRASH),
        lambda asks: asks.delete(FILE),
    )

    @pytest.fixture
    def signed_in_at(self, alice, rules):
        """Gives the owner's requests with a token of a sign-in so many seconds after the sessions ended."""
        rules.seed({PROFILE: profile(BEFORE, sessionsEndedAt=self.NOON)})

        def make(seconds, **claims):
            auth_time = int(self.NOON.timestamp()) + seconds
            return rules.as_user(OWNER, **{"auth_time": auth_time} | claims).firestore

        return make

    @pytest.mark.parametrize("write", WRITES, ids=["profile", "announce", "rename", "trash", "delete"])
    def test_nothing_is_written_with_an_older_token(self, signed_in_at, write):
        assert_denied(write(signed_in_at(-1)), reason=SIGNED_OUT)
        assert_allowed(write(signed_in_at(0)))

    def test_own_data_is_read_until_the_token_ends(self, signed_in_at):
        assert_allowed(signed_in_at(-1).get(FILE))
        assert_allowed(signed_in_at(-1).get(PROFILE))

    def test_session_of_the_same_second_stays(self, signed_in_at, rules):
        """Auth tells the time of a sign-in in whole seconds."""
        later = self.NOON + timedelta(milliseconds=900)
        rules.seed({PROFILE: profile(BEFORE, sessionsEndedAt=later)})
        assert_allowed(signed_in_at(0).delete(FILE))

    def test_token_that_does_not_tell_its_sign_in_is_old(self, signed_in_at, rules):
        untold = rules.as_user(OWNER)
        untold.claims.pop("auth_time")
        assert_denied(untold.firestore.delete(FILE), reason=SIGNED_OUT)
        rules.seed({PROFILE: profile(BEFORE)})
        assert_allowed(untold.firestore.delete(FILE))


class TestShare:
    SHARE = "shares/AAAAAAAAAAAAAAAAAAAAAA"

    @pytest.fixture
    def shared(self, alice, rules):
        rules.seed({self.SHARE: share(OWNER, "f1", BEFORE), "shares/of-bob": share(OTHER, "f9", BEFORE)})
        return alice

    def test_is_read_by_its_owner_alone(self, shared, rules):
        assert_allowed(shared.get(self.SHARE))
        for someone in (rules.as_user(OTHER), rules.as_user("root", role="admin"), rules.as_guest()):
            assert_denied(someone.firestore.get(self.SHARE), reason="isOwner(resource.data.uid)")

    def test_is_listed_by_who_asks_for_their_own_alone(self, shared, rules):
        mine, theirs = ("uid", "==", OWNER), ("uid", "==", OTHER)
        newest = {"where": [mine], "order_by": ["-createdAt"]}
        assert list(assert_allowed(shared.list("shares", **newest)).data) == [self.SHARE]
        assert_allowed(shared.list("shares", where=[mine, ("fileId", "==", "f1")]))
        for query in (
            {"where": [theirs]},
            {"where": [any_of(mine, theirs)]},
            {"where": [("uid", "in", [OWNER, OTHER])]},
        ):
            assert_denied(shared.list("shares", **query), reason="isOwner(resource.data.uid)")
        for query in (
            {},
            {"limit": 1},
            {"where": [("fileId", "==", "f1")]},
            {"where": [("uid", ">=", OWNER)]},
        ):
            assert_denied(shared.list("shares", **query), reason=evaluation_error())
        assert_denied(
            rules.as_guest().firestore.list("shares", where=[mine]), reason="isOwner(resource.data.uid)"
        )

    def test_that_is_not_there_tells_nothing(self, shared):
        assert_denied(shared.get("shares/BBBBBBBBBBBBBBBBBBBBBB"), reason=evaluation_error("Null value"))

    def test_is_written_by_nobody(self, shared):
        new = share(OWNER, "f1", BEFORE)
        for write in (
            shared.create("shares/new", new),
            shared.update(self.SHARE, {"downloads": 0}),
            shared.update(self.SHARE, {"state": "active"}),
            shared.delete(self.SHARE),
        ):
            assert_denied(write, reason=NO_RULE)


class TestReport:
    def test_is_read_by_admins_alone_and_written_by_nobody(self, alice, rules):
        rules.seed({"reports/r1": {"kind": "sweep", "purged": 3}})
        admin = rules.as_user("root", role="admin").firestore
        assert_allowed(admin.get("reports/r1"))
        assert_allowed(admin.list("reports", order_by=["-at"], limit=20))
        for someone in (alice, rules.as_guest().firestore):
            assert_denied(someone.get("reports/r1"), reason="isAdmin()")
            assert_denied(someone.list("reports"), reason="isAdmin()")
        for write in (
            admin.create("reports/r2", {}),
            admin.update("reports/r1", {"purged": 0}),
            admin.delete("reports/r1"),
        ):
            assert_denied(write, reason=NO_RULE)


@pytest.mark.parametrize("path", [f"limits/create_share:{OWNER}", f"ledger/usage:{OWNER}:f1:1"])
def test_books_of_functions_are_closed_to_everybody(alice, rules, path):
    rules.seed({path: {"uid": OWNER, "count": 9}})
    for someone in (alice, rules.as_user("root", role="admin").firestore):
        for answer in (
            someone.get(path),
            someone.list(path.partition("/")[0], where=[("uid", "==", OWNER)]),
            someone.update(path, {"count": 0}),
            someone.create(path + "x", {"count": 0}),
            someone.delete(path),
        ):
            assert_denied(answer, reason=NO_RULE)
