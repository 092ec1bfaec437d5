import io
import textwrap

import pytest
from app import decoder
from app.decoder import MAX_MEMORY, read_picture
from app.images import MAX_PIXELS, ImageBroken, ImageNotShown, ImageTooLarge
from heic import heic, picture
from pictures import encode, halves, jpeg, png_header_only
from PIL import Image
from test_images import large_of, red_side, thumbnail_of


def upside_down() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 3
    return exif


# Of every decoder what takes another path through it: the process can import nothing on the way.
PICTURES = {
    "JPEG": ("image/jpeg", jpeg(orientation=3)),
    "JPEG, CMYK": ("image/jpeg", encode(halves(mode="CMYK"), "JPEG", exif=upside_down())),
    "JPEG, progressive": ("image/jpeg", encode(halves(), "JPEG", exif=upside_down(), progressive=True)),
    "PNG": ("image/png", encode(halves(), "PNG", exif=upside_down())),
    "PNG with a palette": ("image/png", encode(halves(mode="P"), "PNG", exif=upside_down(), transparency=3)),
    "PNG with alpha": ("image/png", encode(halves(mode="RGBA"), "PNG", exif=upside_down())),
    "GIF": ("image/gif", encode(halves().rotate(180), "GIF")),
    "WebP": ("image/webp", encode(halves(), "WEBP", exif=upside_down())),
    "WebP, lossless": ("image/webp", encode(halves(), "WEBP", exif=upside_down(), lossless=True)),
    "BMP": ("image/bmp", encode(halves().rotate(180), "BMP")),
    "BMP with a palette": ("image/bmp", encode(halves(mode="P").rotate(180), "BMP")),
    "TIFF": ("image/tiff", encode(halves(), "TIFF", exif=upside_down())),
    "TIFF, LZW": ("image/tiff", encode(halves(), "TIFF", exif=upside_down(), compression="tiff_lzw")),
    "TIFF, JPEG": ("image/tiff", encode(halves(), "TIFF", exif=upside_down(), compression="jpeg")),
    "TIFF with a palette": ("image/tiff", encode(halves(mode="P"), "TIFF", exif=upside_down())),
    "TIFF, CMYK": ("image/tiff", encode(halves(mode="CMYK"), "TIFF", exif=upside_down())),
    "AVIF": ("image/avif", encode(halves(), "AVIF", exif=upside_down())),
    "AVIF with alpha": ("image/avif", encode(halves(mode="RGBA"), "AVIF", exif=upside_down())),
}


@pytest.fixture
def read(tmp_path):
    def read_bytes(data: bytes, content_type: str = "image/jpeg", **options):
        path = tmp_path / "file"
        path.write_bytes(data)
        return read_picture(str(path), content_type, **options)

    return read_bytes


@pytest.fixture
def program(read, monkeypatch):
    """Lets the process run other lines, with one of `app.decoder_process` at hand; gives what it answers."""

    def run(lines: str, **options) -> str:
        head = decoder._PROGRAM.replace("main()\n", "from app.decoder_process import _confine\n")
        monkeypatch.setattr(decoder, "_PROGRAM", head + textwrap.dedent(lines))
        with pytest.raises((ImageBroken, ImageNotShown)) as answer:
            read(b"", **options)
        return str(answer.value)

    return run


@pytest.mark.parametrize("name", PICTURES)
def test_picture_of_every_kind_is_decoded_in_a_process(read, name):
    content_type, data = PICTURES[name]
    seen = read(data, content_type)
    assert (seen.width, seen.height) == large_of(seen).size == (400, 200)
    assert thumbnail_of(seen).size == (320, 160)
    assert red_side(thumbnail_of(seen)) == "right"


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("JPEG", "CMYK", {}),
        ("PNG", "RGBA", {"compress_level": 1}),
        ("GIF", "P", {}),
        ("WEBP", "RGB", {"method": 0, "quality": 10}),
        ("WEBP", "RGBA", {"method": 0, "lossless": True}),
        ("BMP", "RGB", {}),
        ("TIFF", "RGBA", {"compression": "tiff_lzw"}),
        ("AVIF", "RGBA", {"speed": 10}),
    ],
)
def test_largest_picture_fits_into_the_memory_of_the_process(read, form, mode, options):
    # A BMP of 50 megapixels is more than a file may have.
    side = int((MAX_PIXELS / 3 if form == "BMP" else MAX_PIXELS) ** 0.5)
    colour = (1, 2, 3, 4)[: len(mode)] if len(mode) > 1 else 1
    assert (
        read(encode(Image.new(mode, (side, side), colour), form, **options), f"image/{form.lower()}").width
        == side
    )


@pytest.mark.parametrize(
    ("data", "content_type", "error"),
    [
        pytest.param(png_header_only(60_000, 60_000), "image/png", ImageTooLarge, id="too large"),
        pytest.param(jpeg()[:500], "image/jpeg", ImageBroken, id="broken"),
        pytest.param(heic(picture(kind=b"av01"), brand=b"mif1"), "image/heic", ImageNotShown, id="not shown"),
    ],
)
def test_verdict_comes_out_of_the_process(read, data, content_type, error):
    with pytest.raises(error):
        read(data, content_type)


def test_more_memory_than_it_may_have_is_no_fault_of_the_picture(read):
    data = encode(Image.new("RGB", (6_000, 6_000)), "WEBP", method=0, quality=10)
    assert read(data, "image/webp").width == 6_000
    with pytest.raises(ImageNotShown):
        read(data, "image/webp", memory=MAX_MEMORY // 4)


def test_more_time_than_it_may_have_is_no_fault_of_the_picture(program):
    assert "ended with -" in program("_confine(2**30, 1)\nwhile True: pass", seconds=1)


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        pytest.param("import os; os.abort()", "ended with -6", id="crash"),
        pytest.param("1 / 0", "ZeroDivisionError", id="defect"),
        pytest.param("", "no answer", id="nothing"),
        pytest.param("print('ValueError')", "no answer", id="an exception of another kind"),
        pytest.param("print('picture 1 -1 1')", "no answer", id="a picture without a size"),
    ],
)
def test_end_without_a_verdict_is_no_fault_of_the_picture(program, lines, cause):
    assert cause in program(lines)


def test_process_knows_nothing_of_the_functions_environment(program, monkeypatch):
    monkeypatch.setenv("SHARE_KEY", "a secret")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/credentials.json")
    answer = program("import os; print('ImageBroken'); print(*os.environ, os.getcwd())")
    # Python adds the language that it writes texts in.
    assert set(answer.split()) - {"LC_CTYPE"} == {"DECODE", "/"}


def test_process_that_does_not_start_in_time_is_no_verdict_on_a_picture(read, monkeypatch):
    monkeypatch.setattr(decoder, "_PATIENCE", 0.001)
    with pytest.raises(decoder.DecoderMissing, match="not decoded after"):
        read(jpeg())


def test_library_that_is_missing_is_no_verdict_on_a_picture(read, monkeypatch):
    """Else a faulty deployment would leave every picture without thumbnails, and nobody would know."""
    monkeypatch.setattr(decoder.sys, "path", ["/nowhere"])
    with pytest.raises(decoder.DecoderMissing, match="No module named 'PIL'"):
        read(jpeg())


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/hostname')",
        "open('/proc/self/environ')",
        "socket.socket()",
        "socket.create_connection(('127.0.0.1', 80))",
        "os.pipe()",
        "subprocess.run(['true'])",
    ],
)
def test_process_opens_no_file_and_no_connection(program, attempt):
    """Its twin is that it may, until it is confined."""
    lines = f"""
        import os, socket, subprocess
        os.close(os.open('/', os.O_RDONLY))
        socket.socket().close()
        _confine(2**30, 10)
        try:
            {attempt}
            print('ImageBroken\\nit can')
        except OSError as error:
            print('ImageBroken\\n', error.strerror)
    """
    assert "Too many open files" in program(lines)


def test_process_cannot_take_its_limits_back(program):
    lines = """
        import os, resource
        _confine(2**30, 10)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))
            print('ImageBroken\\nit can')
        except (ValueError, OSError) as error:
            print('ImageBroken\\n', error)
    """
    assert "not allowed" in program(lines)


def test_answer_has_a_size_that_the_process_cannot_pass(program):
    lines = """
        _confine(2**30, 10)
        try:
            sys.stdout.buffer.write(bytes(100_000_000))
        finally:
            import os
            os.abort()
    """
    assert "ended with -" in program(lines)


def test_answer_holds_both_thumbnails(read):
    seen = read(jpeg(3_000, 2_000))
    assert [Image.open(io.BytesIO(each)).size for each in (seen.small, seen.large)] == [
        (320, 213),
        (1280, 853),
    ]
