from __future__ import annotations

import hashlib
import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.drop import PROCESSED_MS, Drop
from tests.e2e.pictures import LocalFile, drawing, note, photo
from tests.integration.people import Person, eventually
from tests.rest import FirestoreAs, StorageAs

MEBIBYTE = 1024 * 1024
DENIED = "status of 403"


def files_of(person: Person) -> list[dict]:
    response = person.firestore.list(f"users/{person.uid}/files")
    assert response.ok, response.text
    return response.json().get("documents", [])


def test_picked_photo_appears_with_thumbnail_and_details_without_reload(library: Drop, person: Person):
    picture = photo("holiday.jpg", size=(640, 480))
    library.page.evaluate("window.notReloaded = true")

    library.pick(picture)

    library.expect_ready("holiday.jpg")
    row = library.row("holiday.jpg")
    expect(row).to_contain_text("640 × 480")
    expect(row.get_by_role("time")).to_have_text("now")
    expect_thumbnail(library.page, row)
    assert library.page.evaluate("window.notReloaded")
    [stored] = files_of(person)
    assert stored["fields"]["sha256"]["stringValue"] == hashlib.sha256(picture.data).hexdigest()


def test_dropped_files_are_taken_anywhere_on_the_page(library: Drop):
    library.drag_over(note("a.txt"))
    expect(library.page.get_by_text("Let go to add them to your library")).to_be_visible()

    library.drop(drawing("red.png", (200, 30, 30)), note("list.txt"))

    expect(library.page.get_by_text("Let go to add them to your library")).to_be_hidden()
    library.expect_ready("red.png")
    library.expect_ready("list.txt")
    expect_thumbnail(library.page, library.row("red.png"))


def test_upload_shows_progress_speed_and_time_in_the_tray_and_not_in_the_list(library: Drop):
    with library.slow_uplink(200 * 1024):
        library.pick(photo("slow.jpg", size=(1280, 960)))
        library.expect_share_sent("slow.jpg")
        expect(library.upload("slow.jpg")).to_contain_text(
            re.compile(r"Uploading, \d+% · \d+ kB/s · \d+ sec left")
        )
        expect(library.tray.get_by_role("button", name=re.compile(r"Uploading 1 file"))).to_be_visible()
        expect(library.rows).to_have_count(0)
    library.expect_ready("slow.jpg")
    expect(library.upload("slow.jpg")).to_contain_text("In your library")


def test_cancelled_upload_leaves_no_document_and_no_object(
    library: Drop, person: Person, admin_storage: StorageAs
):
    with library.slow_uplink(100 * 1024):
        library.pick(photo("regret.jpg", size=(1280, 960)))
        library.expect_share_sent("regret.jpg")
        file_id = files_of(person)[0]["name"].rpartition("/")[2]
        library.press("Cancel upload of regret.jpg")
        expect(library.tray).to_be_hidden()
    eventually(lambda: not files_of(person), what="no document is left")
    expect(library.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    assert not admin_storage.exists(person.original(file_id, "regret.jpg"))


def test_paused_upload_goes_on_where_it_stopped(library: Drop, person: Person):
    picture = photo("pause.jpg", size=(1280, 960))
    with library.slow_uplink(400 * 1024):
        library.pick(picture)
        library.expect_share_sent("pause.jpg", more_than=0.35)
        library.press("Pause upload of pause.jpg")
        expect(library.upload("pause.jpg")).to_contain_text("Paused at ")
        expect(library.tray.get_by_role("button", name="Resume upload of pause.jpg")).to_be_focused()
    chunks = library.chunks()
    library.press("Resume upload of pause.jpg")

    library.expect_ready("pause.jpg")
    assert chunks.offsets[0] > 0
    assert library.download("pause.jpg")[1] == picture.data


def test_failed_upload_says_why_and_retry_brings_it_in(library: Drop, person: Person):
    library.watch.allow(DENIED)
    uploads = f"**/o?name=users%2F{person.uid}%2F**"
    library.page.route(
        uploads, lambda route: route.fulfill(status=403, json={"error": {"code": 403, "message": "no"}})
    )
    library.pick(note("again.txt"))
    expect(library.upload("again.txt")).to_contain_text("Not uploaded. The server did not accept this file.")
    eventually(lambda: not files_of(person), what="the document of the failed upload is gone")

    library.page.unroute(uploads)
    library.press("Retry upload of again.txt")

    library.expect_ready("again.txt")
    assert len(files_of(person)) == 1


def test_more_than_three_files_wait_for_their_turn(library: Drop):
    names = [f"queued-{number}.jpg" for number in range(5)]
    with library.slow_uplink(100 * 1024):
        library.pick(*[photo(name) for name in names])
        expect(library.uploads.get_by_role("progressbar")).to_have_count(3)
        expect(library.page.get_by_text("Waiting to upload")).to_have_count(2)
    for name in names:
        library.expect_ready(name)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (LocalFile("empty.txt", "text/plain", b""), "The file is empty (0 bytes)"),
        (LocalFile("page.html", "text/html", b"<p>hi"), "Web pages and scripts cannot be stored"),
        (LocalFile("vector.svg", "image/svg+xml", b"<svg/>"), "Web pages and scripts cannot be stored"),
    ],
    ids=["empty", "page", "svg"],
)
def test_file_that_cannot_be_taken_is_refused_before_anything_is_sent(
    library: Drop, person: Person, file, sentence
):
    library.pick(file)

    expect(library.upload(file.name)).to_contain_text(sentence)
    assert files_of(person) == []
    library.press(f"Dismiss {file.name}")
    expect(library.tray).to_be_hidden()


def test_oversized_file_is_refused_with_the_limit(library: Drop, person: Person, tmp_path):
    large = tmp_path / "film.mp4"
    with large.open("wb") as out:
        out.truncate(50 * MEBIBYTE + 1)

    with library.page.expect_file_chooser() as chooser:
        library.page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(large)

    expect(library.upload("film.mp4")).to_contain_text(
        "The file is too large. The limit is 50 MB for each file."
    )
    assert files_of(person) == []


def test_file_that_lies_about_its_type_is_rejected_with_the_reason(library: Drop, person: Person):
    library.pick(LocalFile("invoice.png", "image/png", b"%PDF-1.7\n" + b"x" * 200))

    row = library.row("invoice.png")
    expect(row).to_contain_text(
        "Not accepted. The content of this file is not what its type says", timeout=PROCESSED_MS
    )
    expect(row.get_by_role("button", name="Download invoice.png")).to_have_count(0)

    row.get_by_role("button", name="Dismiss invoice.png").click()
    expect(row).to_have_count(0)
    expect(library.upload("invoice.png")).to_contain_text("Not accepted. The content of this file")
    eventually(lambda: not files_of(person), what="the rejected document is gone")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<img src=x onerror=alert(1)>.txt", "<img src=x onerror=alert(1)>.txt"),
        ("100% #1?.txt", "100_ #1?.txt"),
        ("exe\u202etxt.txt", "exetxt.txt"),
        ("한글 이름 🎈.txt", "한글 이름 🎈.txt"),
        ("x" * 240 + ".txt", "x" * 196 + ".txt"),
    ],
    ids=["markup", "separators of addresses", "direction marks", "Korean and emoji", "too long"],
)
def test_hostile_name_is_shown_as_text_and_kept_in_a_safe_form(library: Drop, name, shown):
    library.drop(note(name))

    library.expect_ready(shown)
    assert library.page.locator("li img[src=x]").count() == 0
    saved_as, data = library.download(shown)
    assert data == note().data
    assert saved_as.endswith(".txt")


def test_name_with_separators_becomes_one_segment(library: Drop, person: Person):
    library.drop(note("../../etc\\passwd"))

    library.expect_ready(".._.._etc_passwd")
    [stored] = files_of(person)
    assert stored["fields"]["name"]["stringValue"] == ".._.._etc_passwd"


def test_file_beyond_the_quota_is_refused_with_what_is_left(
    enter, person: Person, admin_firestore: FirestoreAs
):
    assert admin_firestore.update(person.profile_path, {"quota": {"bytes": 1000, "files": 5000}}).ok
    library = enter(person)

    library.pick(photo("large.jpg"))

    expect(library.upload("large.jpg")).to_contain_text("Not enough space: 1,000 bytes left.")
    assert files_of(person) == []


def test_suspended_user_who_is_still_signed_in_is_told_and_adds_nothing(
    library: Drop, person: Person, admin_firestore: FirestoreAs
):
    assert admin_firestore.update(person.profile_path, {"state": "suspended"}).ok
    expect(library.page.get_by_text("This account is suspended.")).to_be_visible()

    library.pick(note())

    expect(library.upload("note.txt")).to_contain_text("This account cannot add files at the moment.")
    assert files_of(person) == []


def expect_thumbnail(page: Page, row) -> None:
    """The picture in the row has really been loaded."""
    picture = row.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.complete && image.naturalWidth > 0")
