import struct
import zlib

import pytest
from app import decoder, picture_parts
from app.images import ImageBroken, ImageNotShown, ImageTooLarge, Picture, read_picture
from app.picture_parts import pixel_parts
from hostile_pictures import (
    HOSTILE,
    ONE_PIXEL,
    apng,
    gif_with_comment,
    jpeg_with_exif,
    jpeg_with_segments,
    png_chunk,
    png_in_pieces,
    png_with,
    progressive_jpeg,
    tiff,
    tiff_of_strips,
    tiff_of_tags,
)
from pictures import RED, animated_gif, encode, halves, jpeg, png
from PIL import Image


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_picture_is_shown_or_not_and_broken_for_nobody(tmp_path, name):
    """Within a tenth of the memory and the time that a decoder may have, which ends with an answer anyway."""
    content_type, make, cause = HOSTILE[name]
    path = tmp_path / "file"
    path.write_bytes(make())
    limits = {"memory": decoder.MAX_MEMORY // 4, "seconds": decoder.MAX_SECONDS // 10}
    if cause is None:
        assert isinstance(decoder.read_picture(str(path), content_type, **limits), Picture)
        return
    with pytest.raises(ImageNotShown, match=cause):
        decoder.read_picture(str(path), content_type, **limits)


# The last that is shown, and the first that is not.
LIMITS = {
    "strips": ("image/tiff", tiff_of_strips, picture_parts.MAX_TIFF_STRIPS),
    "tags": (
        "image/tiff",
        lambda count: tiff_of_tags(count - len(ONE_PIXEL), 0),
        picture_parts.MAX_TIFF_TAGS,
    ),
    "values": ("image/tiff", lambda count: tiff_of_tags(1, 2 * count), picture_parts.MAX_TIFF_VALUES),
    # Beside the header, the last piece of the pixels and the end.
    "chunks": ("image/png", lambda count: png_in_pieces(count - 3), picture_parts.MAX_PNG_CHUNKS),
    # Beside the end of the comment, and the two of the frame.
    "blocks": ("image/gif", lambda count: gif_with_comment(count - 3), picture_parts.MAX_GIF_BLOCKS),
}


@pytest.mark.parametrize("part", LIMITS)
def test_limit_of_parts_is_what_it_says(part):
    content_type, make, most = LIMITS[part]
    assert read_picture(make(most), content_type).width
    with pytest.raises(ImageNotShown, match=part):
        read_picture(make(most + 1), content_type)


def test_limit_of_segments_and_scans_is_what_it_says(monkeypatch):
    whole = jpeg_with_segments(100)
    monkeypatch.setattr(picture_parts, "MAX_JPEG_SEGMENTS", 106)
    assert read_picture(whole, "image/jpeg").width == 40
    monkeypatch.setattr(picture_parts, "MAX_JPEG_SEGMENTS", 100)
    with pytest.raises(ImageNotShown, match="segments"):
        read_picture(whole, "image/jpeg")
    scans = progressive_jpeg(64, 64, 1)
    count = scans.count(b"\xff\xda")
    monkeypatch.setattr(picture_parts, "MAX_JPEG_SEGMENTS", 106)
    monkeypatch.setattr(picture_parts, "MAX_JPEG_SCANS", count)
    monkeypatch.setattr(picture_parts, "MAX_JPEG_VISITS", count * 64 * 64)
    assert read_picture(scans, "image/jpeg").width == 64
    monkeypatch.setattr(picture_parts, "MAX_JPEG_VISITS", count * 64 * 64 - 1)
    with pytest.raises(ImageNotShown, match="scans"):
        read_picture(scans, "image/jpeg")


def test_decoder_gets_nothing_of_a_jpeg_but_its_pixels_and_how_they_are_turned():
    whole = jpeg(orientation=6, comment=b"taken at home", icc_profile=b"a colour profile")
    parts = pixel_parts(whole + b"another picture behind it", "image/jpeg")
    assert {b"at home", b"profile", b"another"}.isdisjoint(_found(parts, b"at home", b"profile", b"another"))
    assert read_picture(whole, "image/jpeg").height == 400
    assert len(pixel_parts(jpeg_with_exif(1_000_000), "image/jpeg")) < 70_000


def test_decoder_gets_nothing_of_a_png_but_its_pixels_and_how_they_are_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = encode(halves(), "PNG", exif=exif, icc_profile=b"a colour profile")
    text = png_chunk(b"tEXt", b"Comment\0at home")
    place = whole.index(b"IDAT") - 4
    parts = pixel_parts(whole[:place] + text + whole[place:] + b"behind it", "image/png")
    assert not _found(parts, b"iCCP", b"at home", b"behind")
    assert b"eXIf" in parts
    assert read_picture(whole, "image/png").height == 400


def test_decoder_gets_the_first_frame_alone():
    for whole, content_type in ((animated_gif(), "image/gif"), (apng(3), "image/png")):
        parts = pixel_parts(whole, content_type)
        assert len(parts) < len(whole)
        assert not _found(parts, b"acTL", b"fcTL", b"NETSCAPE")


def _found(data: bytes, *words: bytes) -> set[bytes]:
    return {word for word in words if word in data}


def _frame(kind: int) -> bytes:
    """A JPEG whose frame says that it is of this kind."""
    return jpeg().replace(b"\xff\xc0", bytes((0xFF, kind)), 1)


def _avif_of(width: int, height: int) -> bytes:
    whole = encode(halves(), "AVIF")
    place = whole.index(b"ispe") + 8
    return whole[:place] + struct.pack(">II", width, height) + whole[place + 8 :]


def _twelve_bits() -> bytes:
    data = bytearray(jpeg())
    data[data.index(b"\xff\xc0") + 4] = 12
    return bytes(data)


# Sound, and of a kind that no decoder here reads; what is broken in the same place is refused.
SOUND_AND_NOT_READ = {
    "lossless JPEG": ("image/jpeg", _frame(0xC3)),
    "hierarchical JPEG": ("image/jpeg", _frame(0xC5)),
    "lossless JPEG, arithmetic": ("image/jpeg", _frame(0xCB)),
    "JPEG of twelve bits": ("image/jpeg", _twelve_bits()),
    "JPEG whose height comes later": ("image/jpeg", jpeg().replace(b"\x00\xc8\x01\x90", b"\x00\x00\x01\x90")),
    "TIFF of another colour space": (
        "image/tiff",
        tiff([*ONE_PIXEL[:4], (262, 3, [32_844]), *ONE_PIXEL[5:]]),
    ),
    "TIFF of another compression": ("image/tiff", tiff([*ONE_PIXEL[:3], (259, 3, [34_712]), *ONE_PIXEL[4:]])),
    "TIFF of 24 bits": ("image/tiff", tiff([*ONE_PIXEL[:2], (258, 3, [24]), *ONE_PIXEL[3:]])),
    "BMP of another compression": (
        "image/bmp",
        encode(halves(), "BMP")[:30] + b"\4" + encode(halves(), "BMP")[31:],
    ),
    "BMP in runs that ends early": (
        "image/bmp",
        b"BM"
        + struct.pack("<IHHI", 1080, 0, 0, 1078)
        + struct.pack("<IiiHHIIiiII", 40, 4, 4, 1, 8, 1, 2, 0, 0, 256, 0)
        + bytes(1024)
        + b"\0\1",
    ),
    "AVIF wider than its decoder goes": ("image/avif", _avif_of(65_535, 1)),
}


@pytest.mark.parametrize("name", SOUND_AND_NOT_READ)
def test_sound_picture_that_no_decoder_reads_is_not_broken(name):
    content_type, data = SOUND_AND_NOT_READ[name]
    with pytest.raises(ImageNotShown):
        read_picture(data, content_type)


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        pytest.param(
            tiff([*ONE_PIXEL[:5], (273, 4, [5_000]), *ONE_PIXEL[6:]]), "image/tiff", id="TIFF strip"
        ),
        pytest.param(tiff([*ONE_PIXEL[:8], (279, 4, [5_000])]), "image/tiff", id="TIFF strip that is longer"),
        pytest.param(b"II*\0" + struct.pack("<I", 5_000) + bytes(50), "image/tiff", id="TIFF directory"),
        pytest.param(b"\xff\xd8\xff\xd9", "image/jpeg", id="JPEG without pixels"),
        pytest.param(jpeg()[:100], "image/jpeg", id="JPEG without a scan"),
        pytest.param(b"GIF89a" + bytes(7) + b";", "image/gif", id="GIF without a frame"),
        pytest.param(encode(halves(), "WEBP")[:-20], "image/webp", id="WebP"),
        pytest.param(png()[:-30], "image/png", id="PNG"),
    ],
)
def test_picture_that_ends_in_the_middle_is_broken(data, content_type):
    with pytest.raises(ImageBroken):
        read_picture(data, content_type)


@pytest.mark.parametrize("form", ["VP8X", "VP8L", "VP8 "])
def test_webp_is_measured_before_its_decoder_makes_room(form):
    image = Image.new("RGBA", (400, 200), (*RED, 128)) if form == "VP8X" else halves()
    data = bytearray(encode(image, "WEBP", lossless=form == "VP8L"))
    assert data[12:16] == form.encode()
    assert read_picture(bytes(data), "image/webp").width == 400
    if form == "VP8X":
        data[24:30] = b"\xff\xff\x00" * 2
    elif form == "VP8L":
        data[21:25] = struct.pack("<I", 0x3FFF | 0x3FFF << 14)
    else:
        data[26:30] = struct.pack("<HH", 0x3FFF, 0x3FFF)
    with pytest.raises(ImageTooLarge):
        read_picture(bytes(data), "image/webp")


@pytest.mark.parametrize("kind", [3, 4])
def test_sizes_of_a_tiff_are_looked_at_before_its_decoder_sees_it(kind):
    most = 60_000
    data = tiff([(256, kind, [most]), (257, kind, [most]), *ONE_PIXEL[2:]])
    with pytest.raises(ImageTooLarge, match="60000 x 60000"):
        read_picture(data, "image/tiff")


def test_big_tiff_is_a_tiff():
    data = encode(halves(), "TIFF", big_tiff=True)
    assert data[2] == 43
    assert read_picture(data, "image/tiff").width == 400


def test_broken_camera_data_leaves_the_picture_as_it_is():
    """The pixels do not depend on it."""
    broken = tiff([*ONE_PIXEL, (34_665, 4, [5_000_000])])
    assert read_picture(broken, "image/tiff").width == 1


def test_png_whose_text_unpacks_to_more_than_its_decoder_takes_is_shown():
    text = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2_000_000)))
    assert read_picture(png_with(text), "image/png").width == 40
