"""storage.rules: each condition, with a request that fails for it alone beside one that does not."""

from datetime import UTC, datetime, timedelta

import pytest

from testing.rules import NO_RULE, Upload, assert_allowed, assert_denied
from tests.rules.world import MEBIBYTE, announcement, profile

OWNER, OTHER = "objects-alice", "objects-bob"
PROFILE, FILE = f"users/{OWNER}", f"users/{OWNER}/files/f1"
NAME = f"{FILE}/photo.png"
THUMBNAIL = f"derived/{OWNER}/f1/small.webp"
PNG, WEBP = {"content_type": "image/png"}, {"content_type": "image/webp"}


@pytest.fixture
def announced(rules):
    """Seeds the owner and what they announced, with fields changed; gives their requests."""

    def make(file=None, **of_profile):
        now = datetime.now(UTC)
        rules.seed(
            {
                PROFILE: profile(now, **of_profile),
                FILE: announcement(createdAt=now) | (file or {}),
            }
        )
        return rules.as_user(OWNER).storage

    return make


def test_upload_as_announced_is_allowed_once(announced):
    alice = announced()
    assert_allowed(alice.upload(NAME, b"first", **PNG))
    assert_denied(alice.upload(NAME, b"second", **PNG), reason="resource == null")


def test_upload_by_anybody_else_is_denied(announced, rules):
    announced()
    for someone in (rules.as_user(OTHER), rules.as_user("root", role="admin"), rules.as_guest()):
        assert_denied(someone.storage.upload(NAME, **PNG), reason="isOwner(uid)")


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"size": 0}, "request.resource.size > 0"),
        ({"size": 50 * MEBIBYTE + 1}, "request.resource.size <= 50 * 1024 * 1024"),
        ({"content_type": "image/svg+xml"}, "!isActiveContent(request.resource.contentType)"),
        ({"content_encoding": "gzip"}, "!isEncoded()"),
        ({"content_type": "image/jpeg"}, "file.contentType == request.resource.contentType"),
    ],
)
def test_upload_of_another_form_is_denied(announced, wanted, reason):
    alice = announced()
    assert_denied(alice.upload(NAME, **PNG | wanted), reason=reason)
    assert_allowed(alice.upload(NAME, **PNG))


@pytest.mark.parametrize("size", [1, 50 * MEBIBYTE])
def test_upload_of_the_least_and_of_the_most_bytes_is_allowed(announced, size):
    assert_allowed(announced().upload(NAME, size=size, **PNG))


def test_upload_of_what_a_browser_runs_is_denied_although_it_was_announced(announced):
    alice, svg = announced({"contentType": "image/svg+xml"}), {"content_type": "image/svg+xml"}
    assert_denied(alice.upload(NAME, **svg), reason="!isActiveContent(request.resource.contentType)")
    assert_allowed(announced({"contentType": "image/png"}).upload(NAME, **PNG))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (f"{FILE}/other.png", "file.name == name"),
        (
            f"{FILE}//photo.png",
            "request.resource.name == 'users/' + uid + '/files/' + fileId + '/' + name",
        ),
        (
            f"users/{OWNER}/files/f2/photo.png",
            "firestore.exists(/databases/(default)/documents/users/$(uid)/files/$(fileId))",
        ),
    ],
)
def test_upload_under_another_name_is_denied(announced, name, reason):
    alice = announced()
    assert_denied(alice.upload(name, **PNG), reason=reason)
    assert_allowed(alice.upload(NAME, **PNG))


@pytest.mark.parametrize(
    "path",
    [
        f"people/{OWNER}/files/f1/photo.png",
        f"users/{OWNER}/notes/f1/photo.png",
        f"users/{OWNER}/files/f1/more/photo.png",
        f"people/{OWNER}/picture/p1.webp",
        f"users/{OWNER}/notes/p1.webp",
        f"users/{OWNER}/picture/more/p1.webp",
        f"thumbnails/{OWNER}/f1/small.webp",
        f"derived/{OWNER}/f1/more/small.webp",
        f"archives/{OWNER}/job/a.zip",
        f"exports/{OWNER}/job/more/a.zip",
    ],
)
def test_object_of_the_owner_in_another_place_has_no_rule(announced, rules, path):
    alice = announced()
    rules.seed(objects={path: b"elsewhere", NAME: b"content"})
    for request in (alice.get(path), alice.delete(path), alice.upload(f"{path}.png", **PNG)):
        assert_denied(request, reason=NO_RULE)
    assert_allowed(alice.get(NAME))


@pytest.mark.parametrize(
    "folder",
    [f"{FILE}/photo.png", f"users/{OWNER}/picture/p1", f"derived/{OWNER}/f1/a", f"exports/{OWNER}/job/a"],
)
def test_folder_as_deep_as_an_object_is_not_listed(announced, folder):
    """A list is asked with the folder's path, which may have as many segments as that of an object."""
    assert_denied(announced().list(folder), reason=NO_RULE)


@pytest.mark.parametrize("state", ["processing", "ready", "rejected", "trashed"])
def test_upload_is_denied_unless_the_file_is_uploading(announced, state):
    assert_denied(announced({"state": state}).upload(NAME, **PNG), reason="file.state == 'uploading'")
    assert_allowed(announced({"state": "uploading"}).upload(NAME, **PNG))


def test_upload_of_what_was_announced_last_week_is_denied(announced):
    now, too_late = datetime.now(UTC), "request.time < file.createdAt + duration.value(7, 'd')"
    long_ago = announced({"createdAt": now - timedelta(days=7, minutes=1)})
    assert_denied(long_ago.upload(NAME, **PNG), reason=too_late)
    assert_allowed(announced({"createdAt": now - timedelta(days=6, hours=23)}).upload(NAME, **PNG))


def test_upload_begins_within_a_week_of_its_announcement(announced, rules):
    alice, announced_at = announced(), rules.now
    rules.travel_to(announced_at + timedelta(days=7, seconds=1))
    too_late = "request.time < file.createdAt + duration.value(7, 'd')"
    assert_denied(alice.upload(NAME, **PNG), reason=too_late)
    rules.travel(-timedelta(seconds=2))
    assert_allowed(alice.upload(NAME, **PNG))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "suspended"}, "profile.state == 'active'"),
        (
            {"usage": {"bytes": 1001, "files": 0}},
            "profile.usage.bytes + request.resource.size <= profile.quota.bytes",
        ),
        ({"usage": {"bytes": 0, "files": 3}}, "profile.usage.files + 1 <= profile.quota.files"),
    ],
)
def test_upload_without_room_is_denied(announced, changes, reason):
    room = {"quota": {"bytes": 2000, "files": 3}, "usage": {"bytes": 1000, "files": 2}}
    assert_denied(announced(**room | changes).upload(NAME, size=1000, **PNG), reason=reason)
    assert_allowed(announced(**room).upload(NAME, size=1000, **PNG))


def test_upload_needs_a_profile(announced, rules):
    alice = announced()
    assert_allowed(rules.bypassing_rules().firestore.delete(PROFILE))
    missing = "firestore.exists(/databases/(default)/documents/users/$(uid))"
    assert_denied(alice.upload(NAME, **PNG), reason=missing)


def test_original_is_read_and_deleted_by_its_owner_alone(announced, rules):
    alice = announced()
    rules.seed(objects={NAME: Upload(b"content", content_type="image/png")})
    for someone in (rules.as_user(OTHER), rules.as_user("root", role="admin"), rules.as_guest()):
        assert_denied(someone.storage.get(NAME), reason="isOwner(uid)")
        assert_denied(someone.storage.delete(NAME), reason="isOwner(uid)")
    assert assert_allowed(alice.get(NAME)).data["size"] == len(b"content")
    assert_allowed(alice.delete(NAME))


def test_original_is_never_listed_and_its_metadata_never_changed(announced, rules):
    alice = announced()
    rules.seed(objects={NAME: b"content"})
    assert_denied(alice.list(FILE), reason=NO_RULE)
    assert_denied(alice.update(NAME, content_type="text/html"), reason=NO_RULE)


def test_thumbnail_is_read_by_its_owner_alone_and_written_by_nobody(announced, rules):
    alice = announced()
    rules.seed(objects={THUMBNAIL: b"thumbnail"})
    assert_allowed(alice.get(THUMBNAIL))
    assert_denied(rules.as_user(OTHER).storage.get(THUMBNAIL), reason="isOwner(uid)")
    for write in (alice.upload(THUMBNAIL), alice.update(THUMBNAIL, metadata={}), alice.delete(THUMBNAIL)):
        assert_denied(write, reason=NO_RULE)


class TestPicture:
    FOLDER = f"users/{OWNER}/picture"
    PICTURE = f"{FOLDER}/p1.webp"

    @pytest.mark.parametrize("content_type", ["image/webp", "image/png", "image/jpeg"])
    def test_is_stored_by_its_owner_once(self, announced, content_type):
        alice = announced()
        assert_allowed(alice.upload(self.PICTURE, b"first", content_type=content_type))
        assert_denied(alice.upload(self.PICTURE, b"second", **WEBP), reason="resource == null")

    def test_is_stored_read_and_deleted_by_nobody_else(self, announced, rules):
        alice = announced()
        assert_allowed(alice.upload(self.PICTURE, **WEBP))
        for someone in (rules.as_user(OTHER), rules.as_user("root", role="admin"), rules.as_guest()):
            other = f"{self.FOLDER}/p2.webp"
            assert_denied(someone.storage.upload(other, **WEBP), reason="isOwner(uid)")
            assert_denied(someone.storage.get(self.PICTURE), reason="isOwner(uid)")
            assert_denied(someone.storage.delete(self.PICTURE), reason="isOwner(uid)")
        assert_allowed(alice.get(self.PICTURE))
        assert_allowed(alice.delete(self.PICTURE))

    @pytest.mark.parametrize(
        ("wanted", "reason"),
        [
            ({"size": 0}, "request.resource.size > 0"),
            ({"size": 200 * 1024 + 1}, "request.resource.size <= 200 * 1024"),
            ({"content_encoding": "gzip"}, "!isEncoded()"),
            *(
                (
                    {"content_type": content_type},
                    "request.resource.contentType in ['image/webp', 'image/png', 'image/jpeg']",
                )
                for content_type in (
                    "image/svg+xml",
                    "text/html",
                    "image/gif",
                    "IMAGE/WEBP",
                    "image/webp; a=b",
                )
            ),
        ],
    )
    def test_of_another_form_is_denied(self, announced, wanted, reason):
        alice = announced()
        assert_denied(alice.upload(self.PICTURE, **WEBP | wanted), reason=reason)
        assert_allowed(alice.upload(self.PICTURE, size=200 * 1024, **WEBP))

    @pytest.mark.parametrize("size", [1, 200 * 1024])
    def test_of_the_least_and_of_the_most_bytes_is_allowed(self, announced, size):
        assert_allowed(announced().upload(self.PICTURE, size=size, **WEBP))

    @pytest.mark.parametrize("name", ["p1.png", ".webp", "p1.webp.webp", "p 1.webp", "x" * 65 + ".webp"])
    def test_of_another_name_is_denied(self, announced, name):
        alice = announced()
        reason = "name.matches('[A-Za-z0-9_-]{1,64}\\\\.webp')"
        assert_denied(alice.upload(f"{self.FOLDER}/{name}", **WEBP), reason=reason)
        assert_allowed(alice.upload(self.PICTURE, **WEBP))

    def test_under_an_empty_segment_is_denied(self, announced):
        reason = "request.resource.name == 'users/' + uid + '/picture/' + name"
        assert_denied(announced().upload(f"{self.FOLDER}//p1.webp", **WEBP), reason=reason)

    def test_below_another_folder_has_no_rule(self, announced):
        alice = announced()
        for name in (f"{self.FOLDER}/x/p1.webp", f"users/{OWNER}/p1.webp", f"users/{OWNER}/pictures/p1.webp"):
            assert_denied(alice.upload(name, **WEBP), reason=NO_RULE)

    def test_is_never_listed_and_its_metadata_never_changed(self, announced, rules):
        alice = announced()
        rules.seed(objects={self.PICTURE: b"content"})
        assert_denied(alice.list(self.FOLDER), reason=NO_RULE)
        assert_denied(alice.update(self.PICTURE, content_type="text/html"), reason=NO_RULE)

    def test_needs_an_active_profile(self, announced, rules):
        suspended = announced(state="suspended")
        assert_denied(suspended.upload(self.PICTURE, **WEBP), reason="profile.state == 'active'")
        assert_allowed(rules.bypassing_rules().firestore.delete(PROFILE))
        assert_denied(suspended.upload(self.PICTURE, **WEBP), reason="hasProfile(uid)")
        assert_allowed(announced().upload(self.PICTURE, **WEBP))


class TestExport:
    ARCHIVE = f"exports/{OWNER}/job1/kindling-1.zip"

    def test_is_read_by_its_owner_alone_and_written_by_nobody(self, announced, rules):
        alice = announced()
        rules.seed(objects={self.ARCHIVE: b"archive"})
        assert_allowed(alice.get(self.ARCHIVE))
        for someone in (rules.as_user(OTHER), rules.as_user("root", role="admin"), rules.as_guest()):
            assert_denied(someone.storage.get(self.ARCHIVE), reason="isOwner(uid)")
        for write in (
            alice.upload(f"exports/{OWNER}/job1/b.zip"),
            alice.upload(self.ARCHIVE),
            alice.update(self.ARCHIVE, metadata={}),
            alice.delete(self.ARCHIVE),
            alice.list(f"exports/{OWNER}/job1"),
        ):
            assert_denied(write, reason=NO_RULE)

    def test_is_read_for_a_day(self, announced, rules):
        alice = announced()
        rules.seed(objects={self.ARCHIVE: b"archive"})
        made = rules.now
        rules.travel_to(made + timedelta(hours=23, minutes=59))
        assert_allowed(alice.get(self.ARCHIVE))
        rules.travel_to(made + timedelta(hours=24))
        too_old = "request.time < resource.timeCreated + duration.value(1, 'd')"
        assert_denied(alice.get(self.ARCHIVE), reason=too_old)


class TestSignedOutEverywhere:
    NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

    @pytest.fixture
    def signed_in_at(self, announced, rules):
        announced(sessionsEndedAt=self.NOON)

        def make(seconds):
            return rules.as_user(OWNER, auth_time=int(self.NOON.timestamp()) + seconds).storage

        return make

    @pytest.mark.parametrize("name", [NAME, TestPicture.PICTURE], ids=["original", "picture"])
    def test_nothing_is_stored_or_deleted_with_an_older_token(self, signed_in_at, name):
        old, new = signed_in_at(-1), signed_in_at(0)
        assert_denied(old.upload(name, **PNG), reason="isOpenSession(profile)")
        assert_allowed(new.upload(name, **PNG))
        assert_allowed(old.get(name))
        assert_denied(old.delete(name), reason="isOpenSession(profileOf(uid))")
        assert_allowed(new.delete(name))

    def test_objects_of_who_has_no_profile_are_deleted(self, signed_in_at, rules):
        rules.seed(objects={NAME: b"content"})
        assert_allowed(rules.bypassing_rules().firestore.delete(PROFILE))
        assert_allowed(signed_in_at(-1).delete(NAME))
