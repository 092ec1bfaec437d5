"""Finalized events, against the Firestore, Storage and Auth emulators."""

import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from app import uploads
from app.delivery import MAX_EVENT_AGE
from app.examination import MAX_SIZE
from app.objects import StoredObject
from app.paths import FileKey
from app.standing import Standing, Upload, judge
from app.usage import Entry
from pictures import ELF, HTML, PDF, SVG, jpeg, png, png_header_only
from PIL import Image

UPLOAD = Upload(FileKey("u", "f"), StoredObject("b", "users/u/files/f/a.jpg", "2"))


@pytest.mark.parametrize(
    ("fields", "entry", "standing"),
    [
        pytest.param({"state": "uploading"}, Entry.NONE, Standing.OURS, id="waiting"),
        pytest.param({"state": "processing", "generation": "2"}, Entry.NONE, Standing.OURS, id="interrupted"),
        pytest.param({"state": "ready", "generation": "2"}, Entry.COUNTED, Standing.DONE, id="duplicate"),
        pytest.param(
            {"state": "trashed", "generation": "2"}, Entry.COUNTED, Standing.DONE, id="trashed since"
        ),
        pytest.param(None, Entry.NONE, Standing.UNWANTED, id="no document"),
        pytest.param({"state": "rejected", "generation": "2"}, Entry.NONE, Standing.UNWANTED, id="refused"),
        pytest.param(
            {"state": "rejected", "reason": "processing-failed", "generation": "2"},
            Entry.NONE,
            Standing.GIVEN_UP,
            id="given up",
        ),
        pytest.param({"state": "uploading"}, Entry.RELEASED, Standing.GONE, id="deleted before it was seen"),
        pytest.param(
            {"state": "ready", "generation": "1", "path": "users/u/files/f/a.jpg"},
            Entry.NONE,
            Standing.OURS,
            id="replacement",
        ),
        pytest.param(
            {"state": "ready", "generation": "1", "path": "users/u/files/f/other.jpg"},
            Entry.NONE,
            Standing.STOWAWAY,
            id="stowaway under another name",
        ),
    ],
)
def test_judge_says_how_the_document_stands_to_the_upload(fields, entry, standing):
    assert judge(fields, UPLOAD, entry) is standing


def test_photo_becomes_ready_with_everything_measured(drop):
    data = jpeg(800, 600, orientation=6)
    drop.make_profile()
    key = drop.announce("my photo.jpg", "image/jpeg", size=len(data))
    blob = drop.upload(key, data, "my photo.jpg")
    drop.finalized(blob)

    document = drop.document(key)
    created, updated = document.pop("createdAt"), document.pop("updatedAt")
    assert document == {
        "name": "my photo.jpg",
        "state": "ready",
        "size": len(data),
        "contentType": "image/jpeg",
        "sha256": hashlib.sha256(data).hexdigest(),
        "path": f"users/{drop.uid}/files/{key.file_id}/my photo.jpg",
        "generation": str(blob.generation),
        "image": {"width": 600, "height": 800},
        "thumbnails": {size: f"derived/{drop.uid}/{key.file_id}/{size}.webp" for size in ("small", "large")},
        "kind": "image",
        "nameKey": "my photo.jpg",
        "keywords": ["m", "my", "p", "ph", "pho", "phot", "photo", "j", "jp", "jpg"],
    }
    assert created < updated
    assert drop.usage() == (len(data), 1)
    for name, size in ((key.small, (240, 320)), (key.large, (600, 800))):
        thumbnail = Image.open(io.BytesIO(drop.bucket.blob(name).download_as_bytes()))
        assert (thumbnail.format, thumbnail.size) == ("WEBP", size)


def test_thumbnail_is_stored_as_webp(drop):
    drop.make_profile()
    key, _ = drop.ready_file(jpeg())
    assert drop.bucket.get_blob(key.small).content_type == "image/webp"


def test_text_becomes_ready_without_image_fields(drop):
    drop.make_profile()
    key, _ = drop.ready_file(b"Dear Ann", "letter.txt", "text/plain")
    document = drop.document(key)
    assert (document["contentType"], document["size"]) == ("text/plain", 8)
    assert {"image", "thumbnails", "reason"}.isdisjoint(document)


def test_real_type_is_told_by_the_document_and_by_the_object(drop):
    drop.make_profile()
    key, blob = drop.ready_file(png(), "photo.jpg", "image/jpeg")
    assert drop.document(key)["contentType"] == "image/png"
    assert drop.bucket.get_blob(blob.name).content_type == "image/png"


def test_file_that_no_browser_should_show_is_a_download(drop):
    drop.make_profile()
    _, blob = drop.ready_file(b"# Title", "naïve.md", "text/markdown")
    disposition = drop.bucket.get_blob(blob.name).content_disposition
    assert disposition == "attachment; filename*=UTF-8''na%C3%AFve.md"


@pytest.mark.parametrize(
    ("data", "name", "declared", "disposition"),
    [
        pytest.param(
            jpeg(), "bild ö.jpg", "image/jpeg", "inline; filename*=UTF-8''bild%20%C3%B6.jpg", id="shown"
        ),
        pytest.param(b"# T", "a.md", "text/markdown", "attachment; filename*=UTF-8''a.md", id="download"),
    ],
)
def test_nothing_that_the_client_said_of_the_object_stays(drop, data, name, declared, disposition):
    """But the token of the download address, which is Storage's own."""
    drop.make_profile()
    key = drop.announce(name, declared, len(data))
    blob = drop.bucket.blob(f"{key.originals}{name}")
    blob.cache_control = "public, max-age=31536000"
    blob.content_language = "tlh"
    blob.content_encoding = "br"
    blob.content_disposition = 'inline; filename="bill.exe"'
    blob.metadata = {"note": "a message", "firebaseStorageDownloadTokens": "the-token"}
    blob.upload_from_string(data, content_type=declared)
    drop.finalized(blob)
    assert drop.document(key)["state"] == "ready"
    blob.reload()
    assert (blob.content_type, blob.content_disposition) == (declared, disposition)
    assert (blob.cache_control, blob.content_language, blob.content_encoding) == (None, None, None)
    assert blob.metadata == {"firebaseStorageDownloadTokens": "the-token"}


@pytest.mark.parametrize(
    ("data", "declared", "reason"),
    [
        pytest.param(b"", "image/jpeg", "empty", id="empty"),
        pytest.param(HTML, "image/jpeg", "blocked-type", id="page"),
        pytest.param(SVG, "application/octet-stream", "blocked-type", id="svg"),
        pytest.param(ELF, "application/octet-stream", "blocked-type", id="program"),
        pytest.param(PDF, "image/jpeg", "type-mismatch", id="pdf as image"),
        pytest.param(b"words", "application/pdf", "type-mismatch", id="text as pdf"),
        pytest.param(png_header_only(60_000, 60_000), "image/png", "image-too-large", id="bomb"),
        pytest.param(jpeg()[:500], "image/jpeg", "image-broken", id="truncated"),
    ],
)
def test_refused_file_leaves_its_reason_and_nothing_else(drop, data, declared, reason):
    drop.make_profile()
    key = drop.announce("file", declared, size=max(1, len(data)))
    drop.finalized(drop.upload(key, data, "file", declared))
    document = drop.document(key)
    assert (document["state"], document["reason"], document["size"]) == ("rejected", reason, len(data))
    assert {"sha256", "image", "thumbnails"}.isdisjoint(document)
    assert drop.objects() == []
    assert drop.usage() == (0, 0)


def test_oversized_file_is_refused_without_being_fetched(drop, monkeypatch):
    drop.make_profile()
    key = drop.announce("big", "application/octet-stream")
    blob = drop.upload(key, b"\0" * (MAX_SIZE + 1), "big", "application/octet-stream")
    monkeypatch.setattr(uploads.objects, "local_copy", lambda blob: pytest.fail("fetched"))
    drop.finalized(blob)
    assert drop.document(key)["reason"] == "too-large"
    assert drop.objects() == []


def test_event_that_comes_twice_counts_once(drop):
    drop.make_profile()
    data = jpeg()
    key, blob = drop.ready_file(data)
    before = drop.document(key)
    drop.finalized(blob)
    drop.finalized(blob)
    assert drop.document(key) == before
    assert drop.usage() == (len(data), 1)


def test_events_at_the_same_time_count_once(drop):
    drop.make_profile()
    data = jpeg()
    key = drop.announce(size=len(data))
    blob = drop.upload(key, data)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: drop.finalized(blob), range(4)))
    assert drop.document(key)["state"] == "ready"
    assert drop.usage() == (len(data), 1)
    assert drop.objects() == [key.large, key.small, blob.name]


def test_refusal_that_comes_twice_stays_refused(drop):
    drop.make_profile()
    key = drop.announce("file", "image/png")
    blob = drop.upload(key, HTML, "file", "image/png")
    drop.finalized(blob)
    drop.finalized(blob)
    assert drop.document(key)["reason"] == "blocked-type"


def test_refusal_interrupted_before_the_object_was_removed_is_finished(drop):
    drop.make_profile()
    key = drop.announce("file", "image/png")
    blob = drop.upload(key, HTML, "file", "image/png")
    drop.firestore.document(key.document).update(
        {"state": "rejected", "reason": "blocked-type", "generation": str(blob.generation), "path": blob.name}
    )
    drop.finalized(blob)
    assert drop.objects() == []


def test_processing_interrupted_in_the_middle_is_finished(drop):
    drop.make_profile()
    data = jpeg()
    key = drop.announce(size=len(data))
    blob = drop.upload(key, data)
    drop.firestore.document(key.document).update(
        {"state": "processing", "generation": str(blob.generation), "path": blob.name}
    )
    drop.finalized(blob)
    assert drop.document(key)["state"] == "ready"
    assert drop.usage() == (len(data), 1)


def test_object_without_a_document_is_removed(drop):
    drop.make_profile()
    blob = drop.upload(FileKey(drop.uid, "nowhere"), jpeg())
    drop.finalized(blob)
    assert drop.objects() == []
    assert drop.usage() == (0, 0)


def test_event_of_an_older_generation_changes_nothing(drop):
    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, jpeg())
    drop.finalized(blob, generation=str(blob.generation - 1))
    assert drop.document(key)["state"] == "uploading"
    assert drop.objects() == [blob.name]


def test_second_object_under_another_name_is_removed(drop):
    drop.make_profile()
    data = jpeg()
    key, blob = drop.ready_file(data)
    other = drop.upload(key, png(), "stowaway.png", "image/png")
    drop.finalized(other)
    assert drop.objects() == [key.large, key.small, blob.name]
    assert drop.document(key)["path"] == blob.name
    assert drop.usage() == (len(data), 1)


def test_replaced_object_is_counted_instead_of_the_old_one(drop):
    drop.make_profile()
    key, _ = drop.ready_file(jpeg(800, 600))
    data = jpeg(40, 30)
    blob = drop.upload(key, data)
    drop.finalized(blob)
    document = drop.document(key)
    assert (document["generation"], document["image"]["width"]) == (str(blob.generation), 40)
    assert drop.usage() == (len(data), 1)


@pytest.mark.parametrize("quota", [{"max_bytes": 10}, {"max_files": 0}], ids=["bytes", "files"])
def test_file_beyond_the_quota_is_refused(drop, quota):
    drop.make_profile(**quota)
    key = drop.announce()
    drop.finalized(drop.upload(key, jpeg()))
    assert (drop.document(key)["state"], drop.document(key)["reason"]) == ("rejected", "quota")
    assert drop.objects() == []
    assert drop.usage() == (0, 0)


def test_file_that_just_fits_is_accepted(drop):
    drop.make_profile(max_bytes=len(jpeg()))
    drop.ready_file(jpeg())


def test_two_uploads_racing_for_the_last_bytes_cannot_both_win(drop):
    data = jpeg()
    drop.make_profile(max_bytes=2 * len(data) - 1)
    keys = [drop.announce(size=len(data)) for _ in range(2)]
    blobs = [drop.upload(key, data) for key in keys]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(drop.finalized, blobs))
    assert sorted(drop.document(key)["state"] for key in keys) == ["ready", "rejected"]
    assert drop.usage() == (len(data), 1)


def test_many_uploads_at_once_are_all_counted(drop):
    drop.make_profile()
    keys = [drop.announce("a.txt", "text/plain", 5) for _ in range(8)]
    blobs = [drop.upload(key, b"12345", "a.txt", "text/plain") for key in keys]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(drop.finalized, blobs))
    assert drop.usage() == (40, 8)


@pytest.mark.parametrize("name", ["derived/{uid}/f/small.webp", "backups/x", "users/{uid}/avatar.png"])
def test_other_objects_are_left_alone(drop, name):
    blob = drop.bucket.blob(name.format(uid=drop.uid))
    blob.upload_from_string(HTML, content_type="text/html")
    drop.finalized(blob)
    assert drop.exists(blob.name)


def test_event_that_failed_for_too_long_is_given_up(drop, capfd):
    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, jpeg())
    drop.finalized(blob, time=datetime.now(UTC) - MAX_EVENT_AGE - timedelta(minutes=1))
    assert drop.document(key)["state"] == "uploading"
    assert "too old" in capfd.readouterr().err


def test_profile_is_made_when_the_upload_is_faster_than_the_created_event(drop, auth_user):
    key, _ = drop.ready_file(jpeg())
    assert drop.profile()["email"] == auth_user.email
    assert drop.usage() == (drop.document(key)["size"], 1)


def test_upload_of_a_user_who_is_gone_leaves_nothing(drop):
    key = drop.announce()
    drop.finalized(drop.upload(key, jpeg()))
    assert drop.objects() == []
    assert drop.document(key) is None
    assert drop.profile() is None


def test_temporary_file_is_gone_afterwards(drop, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    drop.make_profile()
    drop.ready_file(jpeg())
    key = drop.announce()
    drop.finalized(drop.upload(key, jpeg()[:500]))
    assert list(tmp_path.iterdir()) == []


def test_log_names_the_event_and_the_result(drop, capfd):
    drop.make_profile()
    drop.ready_file(jpeg())
    entry = json.loads(capfd.readouterr().out)
    assert (entry["message"], entry["result"], entry["severity"]) == ("upload processed", "ready", "INFO")
    assert entry["event_id"]
