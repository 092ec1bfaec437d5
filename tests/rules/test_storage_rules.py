"""storage.rules: originals are created once, as announced, by their owner; nothing is changed or listed.

The objects live in a bucket that functions do not listen to, so that only the rules act on them.
"""

from datetime import UTC, datetime, timedelta

import pytest

LARGEST = 50 * 1024 * 1024
BYTES = b"a few bytes"


@pytest.fixture
def announced(announcement):
    """Announces a file; gives the full name of the object to upload."""

    def make(user, file_id="f1", **changes):
        document = announcement(**changes)
        assert user.firestore.create(user.file(file_id), document).ok
        return user.original(document["name"], file_id)

    return make


@pytest.fixture
def assert_refused(admin):
    """A refusal is a 403 that says so, and leaves no object."""

    def check(response, name=None):
        assert response.status_code == 403, f"{response.status_code} {response.text}"
        assert "Permission denied" in response.json()["error"]["message"]
        if name is not None:
            assert not admin.storage.exists(name)

    return check


class TestUpload:
    def test_upload_of_an_announced_file_by_its_owner_is_allowed(self, owner, admin, announced):
        name = announced(owner)
        assert owner.storage.upload(name, BYTES).ok
        assert admin.storage.download(name).content == BYTES

    def test_upload_by_a_guest_to_their_own_file_is_allowed(self, identities, announced):
        guest = identities.guest()
        assert guest.storage.upload(announced(guest), BYTES).ok

    def test_upload_by_anyone_else_is_refused(self, owner, identities, announced, assert_refused):
        name = announced(owner)
        for stranger in (
            identities.user(),
            identities.guest(),
            identities.administrator(),
            identities.nobody,
        ):
            assert_refused(stranger.storage.upload(name, BYTES), name)
        assert owner.storage.upload(name, BYTES).ok

    def test_upload_that_was_not_announced_is_refused(self, owner, announced, assert_refused):
        assert owner.storage.upload(announced(owner, "f1"), BYTES).ok
        unknown = owner.original(file_id="f2")
        assert_refused(owner.storage.upload(unknown, BYTES), unknown)

    @pytest.mark.parametrize("state", ["processing", "ready", "rejected", "trashed"])
    def test_upload_is_refused_unless_the_file_is_uploading(self, owner, stored_file, assert_refused, state):
        stored_file(owner, "twin", state="uploading")
        assert owner.storage.upload(owner.original(file_id="twin"), BYTES).ok
        stored_file(owner, "f1", state=state)
        name = owner.original()
        assert_refused(owner.storage.upload(name, BYTES), name)

    def test_upload_under_another_name_than_announced_is_refused(self, owner, announced, assert_refused):
        announced(owner, name="photo.png")
        other = owner.original("other.png")
        assert_refused(owner.storage.upload(other, BYTES), other)
        assert owner.storage.upload(owner.original("photo.png"), BYTES).ok

    @pytest.mark.parametrize(
        "content_type",
        ["image/jpeg", "image/PNG", "image/png; charset=utf-8", "text/html", "application/octet-stream"],
    )
    def test_upload_of_another_type_than_announced_is_refused(
        self, owner, announced, assert_refused, content_type
    ):
        name = announced(owner, contentType="image/png")
        assert_refused(owner.storage.upload(name, BYTES, content_type), name)
        assert owner.storage.upload(name, BYTES, "image/png").ok

    @pytest.mark.parametrize(
        ("active", "inert"),
        [
            ("text/html", "text/plain"),
            ("TEXT/HTML; charset=utf-8", "text/plain; charset=utf-8"),
            ("text/xml", "text/csv"),
            ("text/xsl", "text/css"),
            ("application/xml", "application/json"),
            ("application/xhtml+xml", "application/ld+json"),
            ("image/svg+xml", "image/webp"),
            ("image/svg+xml ; charset=utf-8", "image/webp ; charset=utf-8"),
            ("text/javascript", "text/markdown"),
            ("application/x-ecmascript", "application/x-tar"),
            ("multipart/x-mixed-replace", "message/rfc822"),
        ],
    )
    def test_upload_of_what_a_browser_runs_is_refused_even_when_announced(
        self, owner, stored_file, assert_refused, active, inert
    ):
        stored_file(owner, "good", state="uploading", contentType=inert)
        assert owner.storage.upload(owner.original(file_id="good"), BYTES, inert).ok
        stored_file(owner, "bad", state="uploading", contentType=active)
        name = owner.original(file_id="bad")
        assert_refused(owner.storage.upload(name, BYTES, active), name)

    def test_upload_of_no_bytes_is_refused(self, owner, announced, assert_refused):
        name = announced(owner)
        assert_refused(owner.storage.upload(name, b""), name)
        assert owner.storage.upload(name, b"1").ok

    def test_upload_of_one_byte_too_many_is_refused(self, owner, announced, assert_refused):
        name = announced(owner)
        assert_refused(owner.storage.upload(name, b"\0" * (LARGEST + 1)), name)
        assert owner.storage.upload(name, b"\0" * LARGEST).ok

    def test_upload_with_a_content_encoding_is_refused(self, owner, announced, assert_refused):
        name = announced(owner)
        assert_refused(owner.storage.upload(name, BYTES, encoding="gzip"), name)
        assert owner.storage.upload(name, BYTES).ok

    @pytest.mark.parametrize(
        "form",
        [
            pytest.param("users/{uid}/files/f1//photo.png", id="empty segment"),
            pytest.param("users/{uid}//files/f1/photo.png", id="empty segment before"),
            pytest.param("/users/{uid}/files/f1/photo.png", id="leading slash"),
            pytest.param("users/{uid}/files/f1/photo.png/", id="trailing slash"),
            pytest.param("users/{uid}/files/f1/x/photo.png", id="one segment more"),
            pytest.param("users/{uid}/files/photo.png", id="one segment less"),
            pytest.param("users/{uid}/f1/photo.png", id="another folder"),
            pytest.param("users/{uid}/files/../photo.png", id="upwards for the file"),
            pytest.param("users/{uid}/files/f1/..", id="upwards for the name"),
            pytest.param("users/{uid}/files/f1/../f1/photo.png", id="upwards and back"),
            pytest.param("Users/{uid}/files/f1/photo.png", id="capitals"),
            pytest.param("photo.png", id="the root"),
            pytest.param("derived/{uid}/f1/photo.png", id="beside the thumbnails"),
            pytest.param("derived/{uid}/f1/small.webp", id="the thumbnail"),
            pytest.param("ledger/{uid}", id="elsewhere"),
        ],
    )
    def test_upload_to_another_path_than_the_announced_one_is_refused(
        self, owner, announced, assert_refused, form
    ):
        name = announced(owner)
        assert_refused(owner.storage.upload(form.format(uid=owner.uid), BYTES))
        assert not owner.storage.exists(name)
        assert owner.storage.upload(name, BYTES).ok

    @pytest.mark.parametrize("data", [BYTES, b"other bytes"], ids=["same bytes", "other bytes"])
    def test_upload_over_an_existing_object_is_refused(self, owner, admin, announced, assert_refused, data):
        name = announced(owner)
        assert owner.storage.upload(name, BYTES).ok
        assert_refused(owner.storage.upload(name, data))
        assert admin.storage.download(name).content == BYTES

    @pytest.mark.parametrize("state", ["suspended", "deleting"])
    def test_upload_by_who_is_not_active_is_refused(
        self, owner, identities, announced, stored_file, assert_refused, state
    ):
        assert owner.storage.upload(announced(owner), BYTES).ok
        barred = identities.user(profile={"state": state})
        stored_file(barred, state="uploading")
        assert_refused(barred.storage.upload(barred.original(), BYTES), barred.original())

    def test_upload_without_a_profile_is_refused(
        self, owner, identities, announced, stored_file, assert_refused
    ):
        assert owner.storage.upload(announced(owner), BYTES).ok
        early = identities.without_profile()
        stored_file(early, state="uploading")
        assert_refused(early.storage.upload(early.original(), BYTES), early.original())

    @pytest.mark.parametrize(
        ("full", "room"),
        [
            pytest.param({"bytes": 90, "files": 0}, {"bytes": 89, "files": 0}, id="bytes"),
            pytest.param({"bytes": 0, "files": 9}, {"bytes": 0, "files": 8}, id="files"),
        ],
    )
    def test_upload_over_the_quota_is_refused(self, identities, stored_file, assert_refused, full, room):
        """The measured size counts, whatever size was announced."""
        quota = {"bytes": 100, "files": 9}
        fits = identities.user(profile={"usage": room, "quota": quota})
        overflows = identities.user(profile={"usage": full, "quota": quota})
        for user in (fits, overflows):
            stored_file(user, state="uploading", size=1)
        assert fits.storage.upload(fits.original(), BYTES).ok
        assert_refused(overflows.storage.upload(overflows.original(), BYTES), overflows.original())

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("여름 휴가 (1).jpeg", id="Korean"),
            pytest.param("👍" * 200, id="200 characters of four bytes"),
            pytest.param("a" * 200, id="200 characters"),
            pytest.param("#?&=+;,:@!$'()*[] ~.png", id="marks of addresses"),
            pytest.param("<b>.png", id="marks of HTML"),
            pytest.param(".hidden", id="leading dot"),
        ],
    )
    def test_file_comes_back_under_every_name_that_may_be_announced(self, owner, announced, name):
        name = announced(owner, name=name)
        assert owner.storage.upload(name, BYTES).ok
        assert owner.storage.download(name).content == BYTES
        assert owner.storage.delete(name).status_code == 204


class TestStoredObjects:
    @pytest.fixture
    def original(self, owner, announced):
        name = announced(owner)
        assert owner.storage.upload(name, BYTES).ok
        return name

    @pytest.fixture
    def thumbnail(self, owner, admin):
        name = f"derived/{owner.uid}/f1/small.webp"
        assert admin.storage.upload(name, BYTES, "image/webp").ok
        return name

    def test_original_is_downloaded_by_its_owner_only(self, owner, identities, original, assert_refused):
        assert owner.storage.download(original).content == BYTES
        for stranger in (
            identities.user(),
            identities.guest(),
            identities.administrator(),
            identities.nobody,
        ):
            assert_refused(stranger.storage.download(original))
            assert_refused(stranger.storage.metadata(original))

    def test_thumbnail_is_downloaded_by_its_owner_only(self, owner, identities, thumbnail, assert_refused):
        assert owner.storage.download(thumbnail).content == BYTES
        for stranger in (
            identities.user(),
            identities.guest(),
            identities.administrator(),
            identities.nobody,
        ):
            assert_refused(stranger.storage.download(thumbnail))

    def test_absent_object_is_not_found_for_its_owner_and_refused_to_others(
        self, owner, identities, assert_refused
    ):
        assert owner.storage.metadata(owner.original()).status_code == 404
        assert_refused(identities.user().storage.metadata(owner.original()))

    def test_original_is_deleted_by_its_owner_only(self, owner, identities, admin, original, assert_refused):
        for stranger in (identities.user(), identities.administrator(), identities.nobody):
            assert_refused(stranger.storage.delete(original))
        assert admin.storage.exists(original)
        assert owner.storage.delete(original).status_code == 204
        assert not admin.storage.exists(original)

    def test_thumbnail_is_deleted_by_no_client(self, owner, admin, thumbnail, original, assert_refused):
        assert_refused(owner.storage.delete(thumbnail))
        assert admin.storage.exists(thumbnail)
        assert owner.storage.delete(original).status_code == 204

    @pytest.mark.parametrize(
        "change",
        [
            {"contentType": "text/html"},
            {"contentDisposition": "inline"},
            {"cacheControl": "public"},
            {"metadata": {"a": "b"}},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_metadata_is_changed_by_no_client(self, owner, admin, original, assert_refused, change):
        """What was checked when it was stored stays what is served; the emulators' admin may."""
        assert_refused(owner.storage.change_metadata(original, change))
        assert admin.storage.metadata(original).json()["contentType"] == "image/png"
        assert admin.storage.change_metadata(original, change).ok

    @pytest.mark.parametrize(
        "prefix",
        ["", "users/", "users/{uid}/", "users/{uid}/files/", "users/{uid}/files/f1/", "derived/{uid}/"],
    )
    def test_objects_are_listed_by_no_client(self, owner, admin, original, assert_refused, prefix):
        prefix = prefix.format(uid=owner.uid)
        assert_refused(owner.storage.list(prefix))
        assert admin.storage.list(prefix).ok


class TestPicture:
    @pytest.fixture
    def picture(self, owner):
        name = f"{owner.profile}/picture/first.webp"
        assert owner.storage.upload(name, BYTES, "image/webp").ok
        return name

    def test_picture_is_stored_and_read_by_its_owner_only(self, owner, identities, picture, assert_refused):
        assert owner.storage.download(picture).content == BYTES
        other = f"{owner.profile}/picture/other.webp"
        for stranger in (
            identities.user(),
            identities.guest(),
            identities.administrator(),
            identities.nobody,
        ):
            assert_refused(stranger.storage.download(picture))
            assert_refused(stranger.storage.upload(other, BYTES, "image/webp"), other)
            assert_refused(stranger.storage.delete(picture))

    def test_guest_has_a_picture_too(self, identities):
        guest = identities.guest()
        assert guest.storage.upload(f"{guest.profile}/picture/a.webp", BYTES, "image/png").ok

    def test_picture_is_replaced_by_another_object_only(self, owner, admin, picture, assert_refused):
        assert_refused(owner.storage.upload(picture, b"other bytes", "image/webp"))
        assert admin.storage.download(picture).content == BYTES
        assert owner.storage.upload(f"{owner.profile}/picture/second.webp", BYTES, "image/webp").ok
        assert owner.storage.delete(picture).status_code == 204

    @pytest.mark.parametrize(
        "content_type",
        [
            "image/svg+xml",
            "text/html",
            "image/gif",
            "IMAGE/PNG",
            "image/png; charset=utf-8",
            "application/pdf",
        ],
    )
    def test_picture_of_another_type_is_refused(self, owner, assert_refused, content_type):
        name = f"{owner.profile}/picture/a.webp"
        assert_refused(owner.storage.upload(name, BYTES, content_type), name)
        assert owner.storage.upload(name, BYTES, "image/jpeg").ok

    def test_picture_of_no_or_too_many_bytes_is_refused(self, owner, assert_refused):
        name = f"{owner.profile}/picture/a.webp"
        for data in (b"", b"\0" * (200 * 1024 + 1)):
            assert_refused(owner.storage.upload(name, data, "image/webp"), name)
        assert owner.storage.upload(name, b"\0" * 200 * 1024, "image/webp").ok

    @pytest.mark.parametrize(
        "form",
        [
            pytest.param("{}/picture/a.png", id="another ending"),
            pytest.param("{}/picture/.webp", id="no id"),
            pytest.param("{}/picture/a b.webp", id="blank"),
            pytest.param("{}/picture//a.webp", id="empty segment"),
            pytest.param("{}/picture/x/a.webp", id="one segment more"),
            pytest.param("{}/picture/..webp", id="dots"),
            pytest.param("{}/picture.webp", id="one segment less"),
            pytest.param("{}/Picture/a.webp", id="capitals"),
        ],
    )
    def test_picture_under_another_name_is_refused(self, owner, assert_refused, form):
        assert_refused(owner.storage.upload(form.format(owner.profile), BYTES, "image/webp"))
        assert owner.storage.upload(f"{owner.profile}/picture/A-z_09.webp", BYTES, "image/webp").ok

    @pytest.mark.parametrize("state", ["suspended", "deleting"])
    def test_picture_of_who_is_not_active_is_deleted_but_not_stored(
        self, owner, identities, admin, assert_refused, state
    ):
        barred = identities.user(profile={"state": state})
        name = f"{barred.profile}/picture/a.webp"
        assert owner.storage.upload(f"{owner.profile}/picture/a.webp", BYTES, "image/webp").ok
        assert_refused(barred.storage.upload(name, BYTES, "image/webp"), name)
        assert admin.storage.upload(name, BYTES, "image/webp").ok
        assert barred.storage.delete(name).status_code == 204


class TestExport:
    def test_archive_is_downloaded_by_its_owner_and_written_by_nobody(
        self, owner, identities, admin, assert_refused
    ):
        name = f"exports/{owner.uid}/job1/kindling.zip"
        assert_refused(owner.storage.upload(name, BYTES, "application/zip"), name)
        assert admin.storage.upload(name, BYTES, "application/zip").ok
        assert owner.storage.download(name).content == BYTES
        assert_refused(owner.storage.delete(name))
        assert_refused(owner.storage.list(f"exports/{owner.uid}/job1/"))
        for stranger in (identities.user(), identities.administrator(), identities.nobody):
            assert_refused(stranger.storage.download(name))


class TestSignedOutEverywhere:
    def test_older_token_reads_but_stores_and_deletes_nothing(self, identities, announced, assert_refused):
        now = datetime.now(UTC)
        owner = identities.user()
        name = announced(owner)
        assert owner.storage.upload(name, BYTES).ok
        identities.admin.firestore.update(owner.profile, {"sessionsEndedAt": now + timedelta(minutes=1)})
        picture = f"{owner.profile}/picture/a.webp"
        assert_refused(owner.storage.upload(picture, BYTES, "image/webp"), picture)
        assert_refused(owner.storage.delete(name))
        assert owner.storage.download(name).content == BYTES
        identities.admin.firestore.update(owner.profile, {"sessionsEndedAt": now - timedelta(minutes=1)})
        assert owner.storage.upload(picture, BYTES, "image/webp").ok
        assert owner.storage.delete(name).status_code == 204
