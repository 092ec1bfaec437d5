"""A file's way: announced, uploaded, looked at, counted, renamed, trashed, deleted."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
import requests
from PIL import Image

from tests.integration.people import eventually
from tests.rest import SERVER_TIME

QUARTER_MEBIBYTE = 256 * 1024
TRASH = {"state": "trashed", "trashedAt": SERVER_TIME, "updatedAt": SERVER_TIME}


class TestUpload:
    def test_text_becomes_ready_with_its_measures(self, person):
        data = "아침 산책\n".encode()
        file_id = person.upload("산책.txt", data, "text/plain")
        file = person.until_ready(file_id)
        assert set(file) == {
            "name", "size", "contentType", "state", "createdAt", "updatedAt", "sha256", "path", "generation",
            "kind", "nameKey", "keywords",
        }  # fmt: skip
        assert file["name"] == "산책.txt"
        assert file["size"] == len(data)
        assert file["contentType"] == "text/plain"
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
        assert file["path"] == person.original(file_id, "산책.txt")
        assert person.storage.download(file["path"]).content == data

    @pytest.mark.parametrize(
        ("kind", "content_type"),
        [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp")],
    )
    def test_picture_becomes_ready_with_size_and_thumbnail(self, person, picture, kind, content_type):
        data = picture(kind, 640, 480)
        file_id = person.upload(f"picture.{kind.lower()}", data, content_type)
        file = person.until_ready(file_id)
        assert file["image"] == {"width": 640, "height": 480}
        assert file["contentType"] == content_type
        assert file["size"] == len(data)
        assert file["kind"] == "image"
        for name, size in (("small", (320, 240)), ("large", (640, 480))):
            assert file["thumbnails"][name] == f"derived/{person.uid}/{file_id}/{name}.webp"
            response = person.storage.download(file["thumbnails"][name])
            assert response.headers["Content-Type"] == "image/webp"
            with Image.open(BytesIO(response.content)) as thumbnail:
                assert (thumbnail.format, thumbnail.size) == ("WEBP", size)
            assert len(response.content) < 64 * 1024

    def test_picture_taken_upright_is_measured_as_seen(self, person, picture):
        exif = Image.Exif()
        exif[0x0112] = 6
        file = person.until_ready(person.upload("up.jpg", picture("JPEG", 640, 480, exif=exif), "image/jpeg"))
        assert file["image"] == {"width": 480, "height": 640}
        with Image.open(BytesIO(person.storage.download(file["thumbnails"]["small"]).content)) as thumbnail:
            assert thumbnail.size == (240, 320)
            assert 0x0112 not in thumbnail.getexif()

    def test_resumable_upload_in_chunks_becomes_ready(self, person, picture):
        data = picture("PNG") + os.urandom(3 * QUARTER_MEBIBYTE)
        chunks = [data[at : at + QUARTER_MEBIBYTE] for at in range(0, len(data), QUARTER_MEBIBYTE)]
        file = person.until_ready(person.upload_in_chunks("large.png", chunks, "image/png"))
        assert file["size"] == len(data)
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
        assert file["image"] == {"width": 640, "height": 480}

    def test_resumable_upload_goes_on_after_a_break(self, person):
        file_id = person.announce("broken-off.txt", 10, "text/plain")
        session = person.start_resumable(person.original(file_id, "broken-off.txt"), "text/plain")
        assert person.send_chunk(session, 0, b"hello", "upload").ok
        query = person.send_chunk(session, 0, b"", "query")
        assert query.headers["X-Goog-Upload-Size-Received"] == "5"
        assert query.headers["X-Goog-Upload-Status"] == "active"
        assert person.send_chunk(session, 5, b"world", "upload, finalize").ok
        file = person.until_ready(file_id)
        assert file["sha256"] == hashlib.sha256(b"helloworld").hexdigest()

    def test_resumable_upload_that_is_cancelled_leaves_no_object(self, admin, person):
        file_id = person.announce("cancelled.txt", 10, "text/plain")
        session = person.start_resumable(person.original(file_id, "cancelled.txt"), "text/plain")
        assert person.send_chunk(session, 0, b"hello", "upload").ok
        assert person.send_chunk(session, 5, b"", "cancel").ok
        assert person.send_chunk(session, 5, b"world", "upload, finalize").status_code == 400
        assert person.file(file_id)["state"] == "uploading"
        assert admin.objects_of(person) == []
        assert person.firestore.delete(person.file_path(file_id)).ok

    def test_upload_as_plain_body_becomes_ready(self, person):
        file_id = person.announce("plain.txt", 5, "text/plain")
        name = requests.utils.quote(person.original(file_id, "plain.txt"), safe="")
        response = requests.post(
            f"{person.storage.url}/v0/b/{person.storage.bucket}/o?name={name}",
            data=b"hello",
            headers={"Authorization": f"Firebase {person.id_token}", "Content-Type": "text/plain"},
            timeout=30,
        )
        assert response.ok, response.text
        assert person.until_ready(file_id)["size"] == 5

    def test_size_that_was_announced_wrong_is_replaced(self, person):
        file_id = person.announce("wrong.txt", 40_000_000, "text/plain")
        assert person.storage.upload(person.original(file_id, "wrong.txt"), b"hello", "text/plain").ok
        assert person.until_ready(file_id)["size"] == 5
        assert person.usage() == (5, 1)

    def test_type_that_was_announced_as_unknown_is_found_in_the_bytes(self, person, picture):
        file = person.until_ready(person.upload("photo", picture("JPEG"), "application/octet-stream"))
        assert file["contentType"] == "image/jpeg"
        assert file["image"] == {"width": 640, "height": 480}
        metadata = person.storage.metadata(file["path"]).json()
        assert metadata["contentType"] == "image/jpeg"

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("여름 휴가 (1).txt", id="Korean"),
            pytest.param("👩‍👩‍👧 '\"<b>&#1?=;:*|$(x).txt", id="emoji and marks"),
            pytest.param("👍" * 200, id="200 characters of four bytes"),
            pytest.param("<img src=x onerror=alert(1)>.txt", id="markup"),
            pytest.param(".env", id="leading dot"),
            pytest.param("__proto__", id="a reserved word elsewhere"),
        ],
    )
    def test_every_name_that_is_allowed_goes_all_the_way(self, admin, assert_nothing_stays, person, name):
        file_id = person.upload(name, b"hello", "text/plain")
        file = person.until_ready(file_id)
        assert file["name"] == name
        assert person.storage.download(file["path"]).content == b"hello"
        assert admin.objects_of(person) == [file["path"]]
        assert person.firestore.delete(person.file_path(file_id)).ok
        assert_nothing_stays(person, file_id)


class TestUsage:
    def test_usage_follows_every_file(self, person):
        for count, size in enumerate((5, 70, 600), start=1):
            person.until_ready(person.upload(f"{size}.txt", b"x" * size, "text/plain"))
            assert person.usage()[1] == count
        assert person.usage() == (675, 3)

    def test_usage_is_exact_when_files_come_together(self, person):
        with ThreadPoolExecutor(6) as pool:
            ids = list(pool.map(lambda n: person.upload(f"{n}.txt", b"x" * (n + 1), "text/plain"), range(12)))
        for file_id in ids:
            person.until_ready(file_id)
        assert person.usage() == (sum(range(1, 13)), 12)
        with ThreadPoolExecutor(6) as pool:
            assert all(pool.map(lambda file_id: person.firestore.delete(person.file_path(file_id)).ok, ids))
        eventually(lambda: person.usage() == (0, 0), what="the usage is back at nothing")

    def test_quota_holds_when_two_uploads_race(self, admin, assert_nothing_stays, person):
        """Both pass the rules, which see the usage before either; only one is kept."""
        admin.set_quota(person, size=1000, files=1)
        ids = [person.announce(f"{n}.txt", 10, "text/plain") for n in range(2)]

        def upload(number):
            name = person.original(ids[number], f"{number}.txt")
            return person.storage.upload(name, b"0123456789", "text/plain").status_code

        with ThreadPoolExecutor(2) as pool:
            statuses = list(pool.map(upload, range(2)))
        accepted = [file_id for file_id, status in zip(ids, statuses, strict=True) if status == 200]
        settled = [person.until_settled(file_id) for file_id in accepted]
        assert [file["state"] for file in settled].count("ready") == 1
        assert all(file["reason"] == "quota" for file in settled if file["state"] == "rejected")
        assert person.usage() == (10, 1)
        eventually(lambda: len(admin.objects_of(person)) == 1, what="only the kept file has an object")

    def test_usage_stays_through_trash_and_back(self, person):
        file_id = person.upload("a.txt", b"hello", "text/plain")
        person.until_ready(file_id)
        assert person.firestore.update(person.file_path(file_id), TRASH).ok
        assert person.usage() == (5, 1)
        restore = {"state": "ready", "updatedAt": SERVER_TIME}
        assert person.firestore.update(person.file_path(file_id), restore, removing=("trashedAt",)).ok
        assert person.usage() == (5, 1)


class TestRename:
    def test_renamed_file_keeps_its_object(self, admin, assert_nothing_stays, person):
        file_id = person.upload("before.txt", b"hello", "text/plain")
        person.until_ready(file_id)
        change = {"name": "after.txt", "updatedAt": SERVER_TIME}
        assert person.firestore.update(person.file_path(file_id), change).ok
        file = person.file(file_id)
        assert file["path"] == person.original(file_id, "before.txt")
        assert person.storage.download(file["path"]).content == b"hello"
        assert person.firestore.delete(person.file_path(file_id)).ok
        assert_nothing_stays(person, file_id)


class TestDelete:
    def test_deleted_document_takes_objects_and_usage_with_it(
        self, admin, assert_nothing_stays, person, picture
    ):
        kept = person.upload("kept.txt", b"hello", "text/plain")
        file_id = person.upload("photo.png", picture("PNG"), "image/png")
        person.until_ready(kept)
        person.until_ready(file_id)
        assert person.firestore.delete(person.file_path(file_id)).ok
        assert_nothing_stays(person, file_id, usage=(5, 1))
        assert admin.objects_of(person) == [person.original(kept, "kept.txt")]

    def test_deleted_object_takes_document_thumbnail_and_usage_with_it(
        self, assert_nothing_stays, person, picture
    ):
        file_id = person.upload("photo.png", picture("PNG"), "image/png")
        file = person.until_ready(file_id)
        assert person.storage.delete(file["path"]).status_code == 204
        eventually(lambda: person.file(file_id) is None, what="the document is gone")
        assert_nothing_stays(person, file_id)

    def test_document_and_object_deleted_together_count_once(self, assert_nothing_stays, person):
        kept = person.upload("kept.txt", b"hello", "text/plain")
        file_id = person.upload("a.txt", b"1234567", "text/plain")
        person.until_ready(kept)
        file = person.until_ready(file_id)
        with ThreadPoolExecutor(2) as pool:
            document = pool.submit(person.firestore.delete, person.file_path(file_id))
            stored = pool.submit(person.storage.delete, file["path"])
        assert document.result().ok
        assert stored.result().status_code in (204, 404)
        assert_nothing_stays(person, file_id, usage=(5, 1))
        assert person.file(file_id) is None

    def test_document_deleted_before_it_was_looked_at_leaves_nothing(
        self, assert_nothing_stays, person, picture
    ):
        file_id = person.upload("photo.png", picture("PNG", 3000, 2000), "image/png")
        assert person.firestore.delete(person.file_path(file_id)).ok
        assert_nothing_stays(person, file_id)
        # Whatever was under way then has ended when a later file of the same person is done.
        later = person.upload("later.png", picture("PNG"), "image/png")
        size = person.until_ready(later)["size"]
        assert_nothing_stays(person, file_id, usage=(size, 1))
        assert person.file(file_id) is None

    def test_file_id_can_be_used_again_after_a_delete(self, assert_nothing_stays, person):
        file_id = person.upload("first.txt", b"first", "text/plain")
        person.until_ready(file_id)
        assert person.firestore.delete(person.file_path(file_id)).ok
        person.upload("second.txt", b"second!", "text/plain", file_id)
        file = person.until_ready(file_id)
        assert person.storage.download(file["path"]).content == b"second!"
        eventually(lambda: person.usage() == (7, 1), what="only the second file counts")
        assert person.firestore.delete(person.file_path(file_id)).ok
        assert_nothing_stays(person, file_id)

    def test_trashed_file_can_be_deleted_for_good(self, assert_nothing_stays, person):
        file_id = person.upload("a.txt", b"hello", "text/plain")
        person.until_ready(file_id)
        assert person.firestore.update(person.file_path(file_id), TRASH).ok
        assert person.firestore.delete(person.file_path(file_id)).ok
        assert_nothing_stays(person, file_id)
