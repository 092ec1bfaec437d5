import pytest
from app import images
from app.examination import MAX_SIZE, Accepted, Refused, check_size, examine
from app.kinds import Kind
from heic import heic, picture, turned
from pictures import HTML, MP4, PDF, archive, encode, halves, jpeg, png, png_header_only

ICON = b"\x00\x00\x01\x00\x01\x00" + bytes(16)


@pytest.fixture
def examine_bytes(tmp_path):
    def run(data: bytes, declared: str):
        path = tmp_path / "file"
        path.write_bytes(data)
        return examine(str(path), declared)

    return run


@pytest.mark.parametrize(
    ("size", "reason"), [(0, "empty"), (1, None), (MAX_SIZE, None), (MAX_SIZE + 1, "too-large")]
)
def test_size_alone_refuses_nothing_and_too_much(size, reason):
    assert check_size(size) == (Refused(reason) if reason else None)


def test_picture_is_measured(examine_bytes):
    verdict = examine_bytes(jpeg(800, 600, orientation=6), "image/jpeg")
    assert isinstance(verdict, Accepted)
    assert (verdict.content_type, verdict.picture.width, verdict.picture.height) == ("image/jpeg", 600, 800)


def test_picture_of_a_phone_is_measured(examine_bytes):
    verdict = examine_bytes(heic(picture(turned(3))), "application/octet-stream")
    assert isinstance(verdict, Accepted)
    assert (verdict.content_type, verdict.picture.width, verdict.picture.height) == ("image/heic", 200, 400)


@pytest.mark.parametrize(
    ("data", "content_type", "cause"),
    [
        pytest.param(ICON, "image/x-icon", "", id="no decoder for the type"),
        pytest.param(
            heic(picture(kind=b"av01")), "image/heic", "IndexError", id="no decoder for what is inside"
        ),
    ],
)
def test_picture_without_a_decoder_is_accepted_without_a_thumbnail(examine_bytes, data, content_type, cause):
    verdict = examine_bytes(data, content_type)
    assert isinstance(verdict, Accepted)
    assert (verdict.content_type, verdict.kind, verdict.picture) == (content_type, Kind.IMAGE, None)
    assert verdict.cause.startswith(cause)
    assert bool(verdict.cause) == bool(cause)


@pytest.mark.parametrize(
    ("data", "declared", "reason"),
    [
        pytest.param(HTML, "image/png", "blocked-type", id="page"),
        pytest.param(PDF, "image/png", "type-mismatch", id="pdf as image"),
        pytest.param(png_header_only(60_000, 60_000), "image/png", "image-too-large", id="bomb"),
        pytest.param(
            heic(picture(width=60_000, height=60_000)), "image/heic", "image-too-large", id="HEIC bomb"
        ),
        pytest.param(jpeg()[:500], "image/jpeg", "image-broken", id="truncated"),
        pytest.param(heic(picture())[:-50], "image/heic", "image-broken", id="truncated HEIC"),
    ],
)
def test_refusal_names_its_reason(examine_bytes, data, declared, reason):
    verdict = examine_bytes(data, declared)
    assert isinstance(verdict, Refused)
    assert verdict.reason == reason


@pytest.mark.parametrize(
    ("data", "declared", "inline"),
    [
        (png(), "image/png", True),
        (PDF, "application/pdf", True),
        (MP4, "video/mp4", True),
        (b"words", "text/plain", True),
        (b"words", "text/markdown", False),
        (b"\x01\x02", "application/octet-stream", False),
        (archive(a="x"), "application/zip", False),
    ],
)
def test_only_what_a_browser_shows_harmlessly_is_shown(examine_bytes, data, declared, inline):
    assert examine_bytes(data, declared).shown_inline is inline


def test_every_type_with_a_decoder_is_one_that_the_bytes_can_show(examine_bytes):
    for content_type in images._DECODERS:
        form = content_type.removeprefix("image/").upper()
        verdict = examine_bytes(encode(halves(20, 10), form), content_type)
        assert (verdict.content_type, verdict.picture.width) == (content_type, 20)
