"""Files that lie, break or burst: each is refused with its reason, and neither object nor usage is left."""

import gzip
import io
import struct
import zipfile
import zlib

import pytest

from tests.integration.people import eventually
from tests.rest import SERVER_TIME

LARGEST = 50 * 1024 * 1024


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, height, pixels=b""):
    """A PNG whose header promises `width` by `height`, with whatever `pixels` hold."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks)


def zip_bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(20 * 1024 * 1024))
    return out.getvalue()


JPEG_START = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
HTML = b"<!doctype html><script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PROGRAM = b"MZ\x90\x00\x03" + bytes(60)


@pytest.mark.parametrize(
    ("content_type", "data", "reason"),
    [
        pytest.param("image/png", HTML, "blocked-type", id="page as a picture"),
        pytest.param("text/plain", HTML, "blocked-type", id="page as text"),
        pytest.param("application/octet-stream", HTML, "blocked-type", id="page as unknown bytes"),
        pytest.param("image/png", SVG, "blocked-type", id="SVG as a picture"),
        pytest.param(
            "text/plain", b"\xef\xbb\xbf \n" + SVG, "blocked-type", id="SVG behind a mark and blanks"
        ),
        pytest.param("image/jpeg", PROGRAM, "blocked-type", id="program as a picture"),
        pytest.param("application/octet-stream", b"\x7fELF" + bytes(60), "blocked-type", id="program"),
        pytest.param("image/png", JPEG_START + bytes(50), "image-broken", id="broken JPEG as PNG"),
        pytest.param("image/png", b"just words", "type-mismatch", id="text as a picture"),
        pytest.param("text/plain", png_of(1, 1, b"\x00abc"), "type-mismatch", id="picture as text"),
        pytest.param("application/pdf", png_of(1, 1, b"\x00abc"), "type-mismatch", id="picture as PDF"),
        pytest.param(
            "image/png", gzip.compress(bytes(10_000_000)), "type-mismatch", id="gzip bomb as a picture"
        ),
        pytest.param("image/png", zip_bomb(), "type-mismatch", id="zip bomb as a picture"),
        pytest.param("image/png", png_of(60_000, 60_000), "image-too-large", id="header of 3.6 gigapixels"),
        pytest.param("image/png", png_of(2**31 - 1, 2**31 - 1), "image-too-large", id="largest header"),
        pytest.param(
            "image/png", png_of(20_000, 20_000, bytes(20_000_000)), "image-too-large", id="decompression bomb"
        ),
        pytest.param("image/png", png_of(0, 0), "image-broken", id="no pixels"),
        pytest.param("image/png", png_of(100, 100, b"\x00abc"), "image-broken", id="too few pixels"),
        pytest.param("image/png", b"\x89PNG\r\n\x1a\n", "image-broken", id="signature alone"),
        pytest.param("image/jpeg", b"\xff\xd8\xff", "image-broken", id="three bytes of a JPEG"),
        pytest.param(
            "image/gif", b"GIF89a\xff\xff\xff\xff\x00\x00\x00", "image-broken", id="huge GIF without a frame"
        ),
    ],
)
def test_bad_file_is_rejected_for_its_reason(assert_nothing_stays, person, content_type, data, reason):
    file_id = person.upload("file.bin", data, content_type)
    file = person.until_settled(file_id)
    assert (file["state"], file.get("reason")) == ("rejected", reason)
    assert not {"sha256", "image", "thumbnails"} & set(file)
    assert_nothing_stays(person, file_id)
    assert person.firestore.delete(person.file_path(file_id)).ok
    assert person.file(file_id) is None


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        pytest.param("application/zip", zip_bomb(), id="zip that unpacks to 20 MB"),
        pytest.param("application/gzip", gzip.compress(bytes(10_000_000)), id="gzip that unpacks to 10 MB"),
        pytest.param("text/plain", b"MZ is how this letter begins", id="text that begins like a program"),
        pytest.param("text/plain", b"a < b and <b> is no tag here", id="text with marks"),
        pytest.param("image/png", png_of(1, 1, b"\x00abc"), id="picture of one pixel"),
        pytest.param("text/plain", b"\x00", id="one byte"),
    ],
)
def test_odd_but_harmless_file_is_kept_as_it_is(person, content_type, data):
    """Archives are stored, never unpacked."""
    file = person.until_ready(person.upload("file.bin", data, content_type))
    assert (file["size"], file["contentType"]) == (len(data), content_type)
    assert person.storage.download(file["path"]).content == data


def test_worker_survives_every_bomb(person):
    for data in (png_of(60_000, 60_000), png_of(20_000, 20_000, bytes(20_000_000))):
        assert person.until_settled(person.upload("bomb.png", data, "image/png"))["state"] == "rejected"
    assert person.until_ready(person.upload("good.png", png_of(1, 1, b"\x00abc"), "image/png"))


def test_picture_that_ends_early_is_rejected(assert_nothing_stays, person, picture):
    whole = picture("JPEG", 1200, 900)
    file_id = person.upload("half.jpg", whole[: len(whole) // 4], "image/jpeg")
    assert person.until_settled(file_id)["reason"] == "image-broken"
    assert_nothing_stays(person, file_id)


def test_file_without_bytes_is_refused_at_both_doors(admin, person):
    data = {
        "name": "a.txt",
        "size": 0,
        "contentType": "text/plain",
        "state": "uploading",
        "createdAt": SERVER_TIME,
    }
    assert person.firestore.create(person.file_path("empty"), data).status_code == 403
    assert person.file("empty") is None
    file_id = person.announce("a.txt", 1, "text/plain")
    assert person.storage.upload(person.original(file_id, "a.txt"), b"", "text/plain").status_code == 403
    assert person.file(file_id)["state"] == "uploading"
    assert admin.objects_of(person) == []
    assert person.usage() == (0, 0)


def test_oversized_file_is_refused_at_both_doors(admin, person):
    too_large = {"size": LARGEST + 1, "name": "a.bin", "contentType": "application/octet-stream"}
    data = too_large | {"state": "uploading", "createdAt": SERVER_TIME}
    assert person.firestore.create(person.file_path("large"), data).status_code == 403
    assert person.file("large") is None
    file_id = person.announce("a.bin", 1, "application/octet-stream")
    name = person.original(file_id, "a.bin")
    refused = person.storage.upload(name, bytes(LARGEST + 1), "application/octet-stream")
    assert refused.status_code == 403
    assert "Permission denied" in refused.json()["error"]["message"]
    assert person.file(file_id)["state"] == "uploading"
    assert admin.objects_of(person) == []


def test_oversized_resumable_upload_is_refused_at_its_end(admin, person):
    file_id = person.announce("a.bin", 1, "application/octet-stream")
    session = person.start_resumable(person.original(file_id, "a.bin"), "application/octet-stream")
    assert person.send_chunk(session, 0, bytes(LARGEST), "upload").ok
    assert person.send_chunk(session, LARGEST, b"1", "upload, finalize").status_code == 403
    assert admin.objects_of(person) == []


def test_object_stored_past_the_rules_without_announcement_is_removed(admin, person):
    """An administrator's tool that forgets the document leaves no orphan."""
    name = person.original("stowaway", "a.txt")
    admin.bucket.blob(name).upload_from_string(b"hello", content_type="text/plain")
    eventually(lambda: admin.objects_of(person) == [], what="the orphan is gone")
    assert person.usage() == (0, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [pytest.param(b"", "empty", id="empty"), pytest.param(HTML, "blocked-type", id="page")],
)
def test_bad_object_stored_past_the_rules_is_rejected_too(admin, assert_nothing_stays, person, data, reason):
    file_id = person.announce("a.txt", 1, "text/plain")
    admin.bucket.blob(person.original(file_id, "a.txt")).upload_from_string(data, content_type="text/plain")
    assert person.until_settled(file_id)["reason"] == reason
    assert_nothing_stays(person, file_id)
