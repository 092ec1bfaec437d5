"""storage.rules: each condition, with a request that fails for it alone beside one that does not."""

from datetime import UTC, datetime, timedelta

import pytest

from testing.rules import NO_RULE, Upload, assert_allowed, assert_denied
from tests.rules.world import MEBIBYTE, announcement, profile

OWNER, OTHER = "objects-alice", "objects-bob"
PROFILE, FILE = f"users/{OWNER}", f"users/{OWNER}/files/f1"
NAME = f"{FILE}/photo.png"
THUMBNAIL = f"derived/{OWNER}/f1/small.webp"
PNG = {"content_type": "image/png"}


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
        ({"content_encoding": "gzip"}, "request.resource.get('contentEncoding', null) != 'gzip'"),
        ({"content_type": "image/jpeg"}, "file.contentType == request.resource.contentType"),
    ],
)
def test_upload_of_another_form_is_denied(announced, wanted, reason):
    alice = announced()
    assert_denied(alice.upload(NAME, **PNG | wanted), reason=reason)
    assert_allowed(alice.upload(NAME, **PNG))


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
