from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import expect_no_finding
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
        expect(library.upload("slow.jpg")).to_contain_text(re.compile(r"\d+% · \d+ kB/s · \d+ sec left"))
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


def test_tray_stays_in_sight_in_the_settings(library: Drop):
    with library.slow_uplink(200 * 1024):
        library.pick(photo("slow.jpg", size=(1280, 960)))
        library.expect_share_sent("slow.jpg")
        library.page.goto(f"{library.url}/#/settings")
        expect(library.page.get_by_role("heading", name="Settings")).to_be_visible()
        expect(library.tray).to_be_visible()
        library.press("Pause upload of slow.jpg")

    library.press("Resume upload of slow.jpg")
    library.page.get_by_role("main").get_by_role("link", name="Your files").click()
    library.expect_ready("slow.jpg")


def test_more_than_three_files_wait_for_their_turn(library: Drop):
    names = [f"queued-{number}.jpg" for number in range(5)]
    with library.slow_uplink(100 * 1024):
        library.pick(*[photo(name) for name in names])
        expect(library.uploads.get_by_role("progressbar")).to_have_count(3)
        expect(library.page.get_by_text("Waiting to upload")).to_have_count(2)
    for name in names:
        library.expect_ready(name)


def test_whole_folder_is_taken_by_picker_and_by_drop_without_its_clutter(library: Drop, tmp_path: Path):
    trip = tmp_path / "trip"
    (trip / "day 1" / "evening").mkdir(parents=True)
    (trip / ".DS_Store").write_bytes(b"clutter")
    (trip / "plan.txt").write_text("first the lake")
    (trip / "day 1" / "evening" / "stars.txt").write_text("many")

    library.pick_folder(trip)
    library.expect_ready("plan.txt")
    library.expect_ready("stars.txt")

    (trip / "day 1" / "lunch.txt").write_text("soup")
    library.drop_from_disk(trip)
    library.expect_ready("lunch.txt")
    expect(library.upload("plan.txt").filter(has_text="already")).to_have_count(1)
    expect(library.rows).to_have_count(3)
    expect(library.page.get_by_text(".DS_Store")).to_have_count(0)


def test_pasted_files_are_taken_and_a_copied_picture_gets_a_name(library: Drop):
    library.paste(drawing("image.png", (10, 20, 30)), note("copied.txt"))

    library.expect_ready("copied.txt")
    expect(library.rows.filter(has_text=re.compile(r"Pasted picture \d{4}-\d\d-\d\d"))).to_have_count(1)
    expect(library.uploads.filter(has_text="In your library")).to_have_count(2)
    expect(library.tray).to_be_hidden()  # by itself, since all went well


def test_same_bytes_are_recognised_and_uploaded_only_when_asked(library: Drop, person: Person):
    library.pick(note("first.txt"))
    library.expect_ready("first.txt")

    library.pick(note("copy.txt"), note("twin.txt", "twice"), note("twin too.txt", "twice"))
    expect(library.upload("copy.txt")).to_contain_text("in your library already, as “first.txt”.")
    expect(library.upload("twin too.txt")).to_contain_text("The same file is being added already.")
    library.expect_ready("twin.txt")
    assert len(files_of(person)) == 2

    library.press("Dismiss twin too.txt")
    library.press("Upload copy.txt anyway")
    library.expect_ready("copy.txt")
    assert len(files_of(person)) == 3


def test_all_uploads_are_paused_resumed_cancelled_and_cleared_at_once(library: Drop, person: Person):
    names = [f"all-{number}.jpg" for number in range(4)]
    with library.slow_uplink(40 * 1024):
        library.pick(*[photo(name) for name in names], LocalFile("empty.txt", "text/plain", b""))
        expect(library.page.get_by_text("Waiting to upload")).to_have_count(1)
        library.press("Pause all")
        expect(library.page.get_by_text("Paused at ")).to_have_count(4)
        expect_no_finding(library.page, "tray with paused uploads and a problem")
        library.press("Resume all")
        expect(library.page.get_by_text("Waiting to upload")).to_have_count(1)
        library.press("Clear finished")
        expect(library.uploads).to_have_count(4)
        library.press("Cancel all")
        dialog = library.page.get_by_role("dialog", name="Cancel 4 uploads?")
        dialog.get_by_role("button", name="Cancel uploads").click()
        expect(library.tray).to_be_hidden()
    eventually(lambda: not files_of(person), what="no document is left")


def test_of_two_files_for_the_last_bytes_of_the_quota_one_is_taken(
    enter, person: Person, admin_firestore: FirestoreAs
):
    one, other = photo("one.jpg"), photo("other.jpg")
    quota = {"bytes": max(len(one.data), len(other.data)) + 10, "files": 5000}
    assert admin_firestore.update(person.profile_path, {"quota": quota}).ok
    library = enter(person)

    library.pick(one, other)

    expect(library.upload("other.jpg")).to_contain_text("Not enough space: ")
    library.expect_ready("one.jpg")
    assert len(files_of(person)) == 1


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


def test_who_never_finished_too_many_uploads_is_told_to_clear_up(
    enter, person: Person, admin_firestore: FirestoreAs
):
    assert admin_firestore.update(person.profile_path, {"pending": 500}).ok
    library = enter(person)

    library.pick(note())

    expect(library.upload("note.txt")).to_contain_text("Too many uploads were begun and never finished.")
    assert files_of(person) == []


def test_suspended_user_who_is_still_signed_in_is_told_and_adds_nothing(
    library: Drop, person: Person, admin_firestore: FirestoreAs
):
    assert admin_firestore.update(person.profile_path, {"state": "suspended"}).ok
    expect(library.page.get_by_text("Your account is suspended.")).to_be_visible()

    library.pick(note())

    expect(library.upload("note.txt")).to_contain_text("This account cannot add files at the moment.")
    assert files_of(person) == []


def expect_thumbnail(page: Page, row) -> None:
    """The picture in the row has really been loaded."""
    picture = row.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.complete && image.naturalWidth > 0")
