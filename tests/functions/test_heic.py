import io

import pytest
from app.decoder import read_picture
from app.images import ImageBroken, ImageNotShown, ImageTooLarge
from heic import CODED, Item, exif, grid, heic, mirrored, picture, size, turned
from pictures import jpeg
from PIL import Image
from test_images import large_of, red_side, thumbnail_of

# An EXIF block with the orientation 6 and a maker.
TURNED_EXIF = Image.open(io.BytesIO(jpeg(orientation=6))).getexif().tobytes().removeprefix(b"Exif\0\0")


@pytest.fixture
def read(tmp_path):
    def read_bytes(data: bytes, **options):
        path = tmp_path / "file"
        path.write_bytes(data)
        return read_picture(str(path), "image/heic", **options)

    return read_bytes


@pytest.mark.parametrize(
    ("properties", "expected", "side"),
    [
        pytest.param([], (400, 200), "left", id="as it is"),
        pytest.param([turned(1)], (200, 400), "bottom", id="a quarter to the left"),
        pytest.param([turned(2)], (400, 200), "right", id="a half"),
        pytest.param([turned(3)], (200, 400), "top", id="a quarter to the right"),
        pytest.param([mirrored(sideways=True)], (400, 200), "right", id="left and right swapped"),
        pytest.param([mirrored(sideways=False)], (400, 200), "left", id="top and bottom swapped"),
        pytest.param([turned(1), mirrored(sideways=False)], (200, 400), "top", id="turned, then mirrored"),
    ],
)
@pytest.mark.parametrize(
    "others", [[], [exif(TURNED_EXIF)]], ids=["without EXIF", "with EXIF that says turned"]
)
def test_picture_is_turned_once_and_by_its_own_properties(read, properties, expected, side, others):
    seen = read(heic(picture(*properties), *others))
    assert (seen.width, seen.height) == expected
    assert thumbnail_of(seen).size == (expected[0] * 320 // 400, expected[1] * 320 // 400)
    assert red_side(thumbnail_of(seen)) == side
    assert large_of(seen).size == expected
    assert red_side(large_of(seen)) == side


def test_thumbnails_carry_no_metadata(read):
    data = heic(picture(), exif(TURNED_EXIF))
    assert b"Secret Camera" in data
    seen = read(data)
    for thumbnail in (seen.small, seen.large):
        assert b"Secret Camera" not in thumbnail
        assert {"exif", "icc_profile", "xmp"}.isdisjoint(Image.open(io.BytesIO(thumbnail)).info)


def test_picture_of_many_tiles_is_put_together(read):
    """As phones write them; cut at the right and at the bottom."""
    seen = read(heic(grid(8, 9, 3000, 1700, range(2, 74)), *[picture()] * 72))
    assert (seen.width, seen.height) == (3000, 1700)
    assert (thumbnail_of(seen).size, large_of(seen).size) == ((320, 181), (1280, 725))


@pytest.mark.parametrize(
    ("data", "error", "cause"),
    [
        pytest.param(heic(picture(width=10_000, height=5_001)), ImageTooLarge, "10000 x 5001", id="bomb"),
        pytest.param(
            heic(grid(1, 1, 60_000, 60_000, [2]), picture()), ImageTooLarge, "60000", id="bomb of tiles"
        ),
        pytest.param(heic(picture(width=100, height=100)), ImageNotShown, "limit", id="says it is smaller"),
        pytest.param(heic(picture(width=800, height=400)), ImageBroken, "size", id="says it is larger"),
        pytest.param(
            heic(Item(b"hvc1", CODED, picture().properties[:1])), ImageBroken, "no size", id="no size"
        ),
        pytest.param(
            heic(grid(2, 2, 8_000, 4_000, range(2, 6)), *[picture()] * 4), ImageBroken, "cover", id="holes"
        ),
        pytest.param(heic(picture(data=CODED[:40])), ImageBroken, "end of file", id="half a picture"),
        pytest.param(heic(picture())[:-50], ImageBroken, "end of file", id="truncated"),
        pytest.param(heic(picture())[:200], ImageBroken, "meta", id="truncated head"),
        pytest.param(
            b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", ImageBroken, "too small", id="mark alone"
        ),
        pytest.param(
            heic(picture(kind=b"av01"), brand=b"mif1"), ImageNotShown, "IndexError", id="another codec"
        ),
    ],
)
def test_what_cannot_be_shown_says_whether_it_is_sound(read, data, error, cause):
    with pytest.raises(error, match=cause):
        read(data)


def test_decoder_gets_no_more_memory_than_it_may_have(read):
    """31 megapixels behind a header that says it is one small picture."""
    tiles = [picture()] * (16 * 24)
    whole = grid(16, 24, 6_400, 4_800, range(3, 3 + len(tiles)))
    sly = heic(Item(b"iden", b"", (size(400, 200),), ((b"dimg", [2]),)), whole, *tiles)
    assert read(sly).width == 6_400
    little = 200 * 1024**2
    assert read(heic(picture()), memory=little).width == 400
    with pytest.raises(ImageNotShown):
        read(sly, memory=little)
