import contextlib
import io
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from app.images import LARGE_SIDE, MAX_PIXELS, SMALL_SIDE, ImageBroken, ImageTooLarge, read_picture
from pictures import BLUE, RED, animated_gif, encode, halves, jpeg, png, png_header_only
from PIL import Image

FUNCTIONS = str(Path(__file__).parents[2] / "functions")


@pytest.fixture
def read():
    return read_picture


def thumbnail_of(picture) -> Image.Image:
    image, large = (Image.open(io.BytesIO(data)) for data in (picture.small, picture.large))
    assert (image.format, large.format) == ("WEBP", "WEBP")
    assert image.size == large.size or max(image.size) == SMALL_SIDE
    return image


def large_of(picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.large))


def is_near(pixel, colour) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(pixel[:3], colour, strict=True))


# Where red, the left half of the stored picture, is seen after turning (EXIF 2.32, orientation).
ORIENTATIONS = {
    1: ((400, 200), "left"),
    2: ((400, 200), "right"),
    3: ((400, 200), "right"),
    4: ((400, 200), "left"),
    5: ((200, 400), "top"),
    6: ((200, 400), "top"),
    7: ((200, 400), "bottom"),
    8: ((200, 400), "bottom"),
}
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/tiff": "TIFF"}


def red_side(image: Image.Image) -> str:
    image = image.convert("RGB")
    width, height = image.size
    points = {
        "left": (5, height // 2),
        "right": (width - 6, height // 2),
        "top": (width // 2, 5),
        "bottom": (width // 2, height - 6),
    }
    red = {side for side, point in points.items() if is_near(image.getpixel(point), RED)}
    blue = {side for side, point in points.items() if is_near(image.getpixel(point), BLUE)}
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
    (side,) = {side for side in red if opposite[side] in blue}
    return side


@pytest.mark.parametrize("content_type", FORMATS)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_orientation_is_applied_to_size_and_thumbnail(read, orientation, content_type):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read(encode(halves(), FORMATS[content_type], exif=exif), content_type)
    size, side = ORIENTATIONS[orientation]
    assert (picture.width, picture.height) == size
    thumbnail = thumbnail_of(picture)
    assert thumbnail.size == (size[0] * 320 // 400, size[1] * 320 // 400)
    assert red_side(thumbnail) == side
    assert large_of(picture).size == size
    assert red_side(large_of(picture)) == side


@pytest.mark.parametrize(
    ("width", "height", "small", "large"),
    [
        pytest.param(3000, 2000, (320, 213), (1280, 853), id="wide"),
        pytest.param(1000, 4000, (80, 320), (320, 1280), id="high"),
        pytest.param(700, 500, (320, 229), (700, 500), id="between the two"),
        pytest.param(100, 50, (100, 50), (100, 50), id="small is not blown up"),
        pytest.param(1, 1, (1, 1), (1, 1), id="one pixel"),
        pytest.param(5000, 2, (320, 1), (1280, 1), id="a line"),
    ],
)
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_thumbnails_fit_in_their_squares_and_keep_the_shape(read, form, width, height, small, large):
    picture = read(encode(halves(width, height), form), f"image/{form.lower()}")
    assert (picture.width, picture.height) == (width, height)
    assert (thumbnail_of(picture).size, large_of(picture).size) == (small, large)
    assert max(small) <= SMALL_SIDE
    assert max(large) <= LARGE_SIDE


# The sides at which what is worked on at once becomes less than a row, and far beyond.
@pytest.mark.parametrize("side", [65_536, 655_360, 655_361, 657_919, 657_920, 1_000_000, MAX_PIXELS])
@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP"])
@pytest.mark.parametrize("is_wide", [True, False], ids=["wide", "high"])
def test_picture_of_one_row_is_shown_however_long_it_is(read, form, side, is_wide):
    def turned(*size: int) -> tuple[int, ...]:
        return size if is_wide else size[::-1]

    rows = {"strip_size": MAX_PIXELS} if form == "TIFF" else {}
    picture = read(encode(Image.new("L", turned(side, 1)), form, **rows), f"image/{form.lower()}")
    assert (picture.width, picture.height) == turned(side, 1)
    assert (thumbnail_of(picture).size, large_of(picture).size) == (
        turned(SMALL_SIDE, 1),
        turned(LARGE_SIDE, 1),
    )


@pytest.mark.parametrize("form", ["PNG", "BMP"])
def test_picture_that_is_one_row_too_long_is_too_large(read, form):
    with pytest.raises(ImageTooLarge):
        read(encode(Image.new("L", (MAX_PIXELS + 1, 1)), form), f"image/{form.lower()}")


def test_thumbnails_carry_no_metadata(read):
    profile = b"a colour profile"
    picture = read(jpeg(orientation=6, icc_profile=profile, comment=b"taken at home"), "image/jpeg")
    for data in (picture.small, picture.large):
        thumbnail = Image.open(io.BytesIO(data))
        assert b"Secret Camera" not in data
        assert not thumbnail.getexif()
        assert {"exif", "icc_profile", "xmp"}.isdisjoint(thumbnail.info)


@pytest.mark.parametrize(
    ("image", "form", "content_type"),
    [
        pytest.param(halves(mode="P"), "PNG", "image/png", id="palette"),
        pytest.param(halves(mode="CMYK"), "JPEG", "image/jpeg", id="CMYK"),
        pytest.param(halves(mode="CMYK"), "TIFF", "image/tiff", id="CMYK TIFF"),
        pytest.param(halves(mode="YCbCr"), "JPEG", "image/jpeg", id="YCbCr"),
        pytest.param(halves(mode="LAB"), "TIFF", "image/tiff", id="LAB"),
        pytest.param(halves(mode="RGBA"), "PNG", "image/png", id="alpha"),
        pytest.param(halves(), "AVIF", "image/avif", id="AVIF"),
        pytest.param(halves(), "BMP", "image/bmp", id="BMP"),
    ],
)
def test_colours_survive_whatever_they_are_stored_as(read, image, form, content_type):
    picture = read(encode(image, form), content_type)
    assert (picture.width, picture.height) == (400, 200)
    assert red_side(thumbnail_of(picture)) == "left"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "I", "F"])
def test_brightness_survives_at_every_depth(read, mode):
    """Left black, right middle grey: a picture of more than eight bits must not come out white."""
    white = {"1": 1, "I;16": 65_535, "I": 65_535, "F": 1.0}.get(mode, 255)
    grey = white if mode == "1" else white / 2 if mode == "F" else white // 2
    image = Image.new(mode, (400, 200), (0, 255) if mode == "LA" else 0)
    image.paste(Image.new(mode, (200, 200), (grey, 255) if mode == "LA" else grey), (200, 0))
    if mode == "F":
        image.putpixel((399, 199), white)
    form = "TIFF" if mode in ("F", "I") else "PNG"
    thumbnail = thumbnail_of(read(encode(image, form), f"image/{form.lower()}")).convert("L")
    expected = 255 if mode == "1" else 127
    assert thumbnail.getpixel((20, 80)) < 20
    assert abs(thumbnail.getpixel((300, 80)) - expected) < 20


def test_transparent_palette_stays_transparent(read):
    image = Image.new("P", (40, 40), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    picture = read(encode(image, "PNG", transparency=0), "image/png")
    assert thumbnail_of(picture).convert("RGBA").getpixel((20, 20))[3] == 0


def test_animation_is_shown_by_its_first_frame(read):
    picture = read(animated_gif(), "image/gif")
    assert (picture.width, picture.height) == (60, 40)
    thumbnail = thumbnail_of(picture)
    assert getattr(thumbnail, "n_frames", 1) == 1
    assert red_side(thumbnail) == "left"


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        pytest.param(jpeg(600, 400)[:2000], "image/jpeg", id="truncated JPEG"),
        pytest.param(png()[:60], "image/png", id="truncated PNG"),
        pytest.param(animated_gif()[:60], "image/gif", id="truncated GIF"),
        pytest.param(encode(halves(), "WEBP")[:100], "image/webp", id="truncated WebP"),
        pytest.param(encode(halves(), "AVIF")[:300], "image/avif", id="truncated AVIF"),
        pytest.param(encode(halves(), "TIFF")[:1000], "image/tiff", id="truncated TIFF"),
        pytest.param(encode(halves(), "BMP")[:1000], "image/bmp", id="truncated BMP"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(100), "image/jpeg", id="mark and zeros"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png", id="PNG mark and zeros"),
        pytest.param(png(), "image/jpeg", id="other format"),
    ],
)
def test_what_cannot_be_decoded_is_broken(read, data, content_type):
    with pytest.raises(ImageBroken):
        read(data, content_type)


@pytest.mark.parametrize("byte", range(8, 60, 3))
def test_damaged_bytes_are_broken_or_still_a_picture_and_never_an_other_error(read, byte):
    data = bytearray(png())
    data[byte] ^= 0xFF
    with contextlib.suppress(ImageBroken, ImageTooLarge):
        assert read(bytes(data), "image/png").small


@pytest.mark.parametrize(
    ("width", "height"),
    [
        pytest.param(50_000, 1_001, id="just above"),
        pytest.param(12_000, 7_000, id="where Pillow warns"),
        pytest.param(60_000, 60_000, id="where Pillow refuses"),
        pytest.param(2**31 - 1, 1, id="one endless line"),
    ],
)
def test_bomb_is_refused_by_its_header(read, width, height):
    with pytest.raises(ImageTooLarge):
        read(png_header_only(width, height), "image/png")


def test_bomb_is_refused_without_taking_memory(tmp_path):
    """In a process of its own that is allowed far less memory than the picture would need."""
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_header_only(30_000, 30_000))
    program = f"""
        import resource, sys
        sys.path.insert(0, {FUNCTIONS!r})
        from app import images
        images.load_decoder("image/png")
        data = open({str(bomb)!r}, "rb").read()
        size = 1024 * int(open("/proc/self/statm").read().split()[0]) * 4
        resource.setrlimit(resource.RLIMIT_AS, (size + 64 * 1024**2,) * 2)
        try:
            images.read_picture(data, "image/png")
        except images.ImageTooLarge as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "30000 x 30000 pixels" in done.stdout


def test_largest_picture_is_in_memory_once(tmp_path):
    """Decoded, 49 megapixels with transparency are 196 MB, as many as the file; half the size of it is worked
    on twice.
    """
    path = tmp_path / "large.tiff"
    Image.new("RGBA", (7000, 7000), (*RED, 128)).save(path)
    program = f"""
        import sys
        sys.path.insert(0, {FUNCTIONS!r})
        from app import images
        images.load_decoder("image/tiff")
        def most_used():
            (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
            return int(line.split()[1]) // 1024
        data = open({str(path)!r}, "rb").read()
        before = most_used()
        picture = images.read_picture(data, "image/tiff")
        print(picture.width, most_used() - before)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    width, megabytes = map(int, done.stdout.split())
    assert width == 7000
    assert 190 < megabytes < 350


def test_limit_admits_a_camera_of_today():
    assert MAX_PIXELS >= 8_160 * 6_120
