"""Looking at files without leaving the page."""

from __future__ import annotations

import base64
import io
import wave

from playwright.sync_api import Page, expect

from tests.e2e.drop import Drop
from tests.e2e.pictures import LocalFile, note, photo
from tests.functions.heic import heic
from tests.functions.heic import picture as picture_of_phone

QUARTER_MEBIBYTE = 256 * 1024
CAN_SHOW = """(url) => {
  const image = new Image();
  image.src = url;
  return image.decode().then(() => true, () => false);
}"""


def tone() -> LocalFile:
    """A second of silence that a browser can play."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16_000))
    return LocalFile("silence.wav", "audio/wav", out.getvalue())


def film(page: Page) -> LocalFile:
    """A moment of flicker, recorded by the browser itself."""
    return LocalFile("flicker.webm", "video/webm", base64.b64decode(page.evaluate(RECORD)))


def test_preview_of_each_kind_and_the_way_through_them(library: Drop):
    page, preview = library.page, library.preview
    markup = note("markup.txt", "Mind this: <img src=x onerror=alert(1)> & so on\n")
    files = [
        LocalFile("phone.heic", "", heic(picture_of_phone())),
        photo("picture.jpg", size=(1500, 1000)),
        LocalFile("paper.pdf", "application/pdf", PDF),
        tone(),
        LocalFile("long.txt", "text/plain", "가나다라\n".encode() * 40_000),
        LocalFile("old.txt", "text/plain", "옛날 문서".encode("euc-kr")),
        markup,
        LocalFile("numbers.bin", "application/octet-stream", bytes(range(256)) * 4),
    ]
    for file in files:
        library.pick(file)
        library.expect_ready(file.name)

    library.look_at("numbers.bin")
    expect(preview).to_have_accessible_name("numbers.bin")
    expect(preview).to_contain_text("1 of 8")
    expect(preview).to_contain_text("There is no preview for this kind of file.")
    expect(preview.get_by_role("button", name="Previous file")).to_be_hidden()

    page.keyboard.press("ArrowRight")
    expect(preview.locator("pre")).to_have_text(markup.data.decode())
    expect(preview.locator("pre img")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(preview.locator("pre")).to_have_text("옛날 문서")

    page.keyboard.press("ArrowRight")
    expect(preview).to_contain_text("The first 256 kB of 508 kB.")
    shown = preview.locator("pre").evaluate("(pre) => new TextEncoder().encode(pre.textContent).length")
    assert QUARTER_MEBIBYTE - 3 <= shown <= QUARTER_MEBIBYTE

    page.keyboard.press("ArrowRight")
    player = preview.locator("audio")
    expect(player).to_have_js_property("duration", 1)
    page.keyboard.press("ArrowRight")
    expect(preview).to_have_accessible_name("paper.pdf")
    expect(preview.locator("iframe, .preview-none")).to_be_visible()

    page.keyboard.press("ArrowRight")
    picture = preview.get_by_role("img", name="Picture picture.jpg")
    expect(picture).to_have_js_property("naturalWidth", 1280)
    preview.get_by_role("button", name="Zoom").click()
    expect(picture).to_have_js_property("naturalWidth", 1500)

    page.keyboard.press("ArrowRight")
    thumbnail = preview.get_by_role("img", name="Picture phone.heic")
    expect(thumbnail).to_have_js_property("naturalWidth", 400)
    with page.expect_response(
        lambda answer: "phone.heic" in answer.url and "alt=media" in answer.url
    ) as original:
        preview.get_by_role("button", name="Zoom").click()
    assert not page.evaluate(CAN_SHOW, original.value.url), "Chromium shows HEIC now: take another type"
    expect(thumbnail).to_be_visible()
    expect(thumbnail).to_have_js_property("naturalWidth", 400)
    expect(preview.get_by_role("button", name="Next file")).to_be_hidden()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(preview).to_have_accessible_name("paper.pdf")

    page.keyboard.press("Escape")
    expect(preview).to_have_count(0)
    expect(library.row("paper.pdf").get_by_role("button", name="paper.pdf", exact=True)).to_be_focused()


def test_preview_fits_a_phone(open_drop):
    drop = open_drop(viewport={"width": 390, "height": 844})
    drop.page.get_by_role("button", name="Sign in as Alice").click()
    drop.look_at("Harbour at dawn.png")
    expect(drop.preview.get_by_role("img", name="Picture Harbour at dawn.png")).to_be_in_viewport(ratio=1)
    for name in ("Zoom", "Download", "Share", "Move to trash", "Close"):
        expect(drop.preview.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)


def test_focus_stays_inside_and_a_file_deleted_there_makes_room_for_the_next(library: Drop):
    for name in ("one.txt", "two.txt"):
        library.pick(note(name, name))
        library.expect_ready(name)
    page, preview = library.page, library.preview
    library.look_at("two.txt")
    expect(preview.locator("pre")).to_have_text("two.txt")
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('dialog') !== null")

    preview.get_by_role("button", name="Move to trash").click()
    expect(preview).to_have_accessible_name("one.txt")
    expect(preview.locator("pre")).to_have_text("one.txt")
    preview.get_by_role("button", name="Move to trash").click()
    expect(preview).to_have_count(0)
    expect(library.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_video_is_played_in_the_preview_and_falls_silent_when_it_closes(library: Drop):
    library.pick(film(library.page))
    library.expect_ready("flicker.webm")

    library.look_at("flicker.webm")
    player = library.preview.locator("video")
    expect(player).to_have_js_property("videoWidth", 64)
    expect(player).to_have_js_property("controls", True)
    video = player.element_handle()
    video.evaluate("(video) => video.play()")
    library.page.keyboard.press("Escape")
    expect(library.preview).to_have_count(0)
    assert video.evaluate("(video) => video.paused && !video.hasAttribute('src')")


RECORD = """async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
  const brush = canvas.getContext('2d');
  const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: 'video/webm' });
  const pieces = [];
  const draw = () => {
    for (let at = 0; at < 64; at++) {
      brush.fillStyle = `hsl(${Math.random() * 360} 80% 50%)`;
      brush.fillRect(at, 0, 1, 48);
    }
    if (recorder.state === 'recording') requestAnimationFrame(draw);
  };
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.ondataavailable = ({ data }) => {
    pieces.push(data);
    if (recorder.state === 'recording' && new Blob(pieces).size > 4096) recorder.stop();
  };
  recorder.start(50);
  draw();
  await stopped;
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R>>endobj
4 0 obj<</Length 25>>stream
0 0 1 rg 20 20 80 40 re f
endstream endobj
trailer<</Root 1 0 R/Size 5>>
%%EOF
"""
