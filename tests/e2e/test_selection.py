"""Several files at once, and the keys that work on them."""

from __future__ import annotations

import io
import zipfile

import pytest
from playwright.sync_api import expect

from tests.e2e.drop import Drop
from tests.e2e.pictures import note, photo
from tests.e2e.stocked import listed_file, stock
from tests.integration.people import Person, eventually
from tests.rest import FirestoreAs

NAMES = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]


@pytest.fixture
def shelf(person: Person, admin_firestore: FirestoreAs, enter) -> Drop:
    """Five files, a.txt to e.txt from the top."""
    stock(
        admin_firestore, person, {name[0]: listed_file(name, minutes_old=at) for at, name in enumerate(NAMES)}
    )
    shelf = enter(person)
    expect(shelf.names).to_have_text(NAMES)
    return shelf


def selected(shelf: Drop) -> list[str]:
    return shelf.page.eval_on_selector_all(
        ".file.selected .file-name", "(names) => names.map((name) => name.textContent)"
    )


def test_selecting_by_click_range_and_all(shelf: Drop):
    shelf.box("b.txt").check()
    expect(shelf.selection).to_contain_text("1 selected")
    shelf.box("d.txt").click(modifiers=["Shift"])
    assert selected(shelf) == ["b.txt", "c.txt", "d.txt"]
    shelf.row("c.txt").get_by_role("button", name="c.txt", exact=True).click(modifiers=["ControlOrMeta"])
    assert selected(shelf) == ["b.txt", "d.txt"]
    shelf.selection.get_by_role("button", name="Select all").click()
    assert selected(shelf) == NAMES
    shelf.page.keyboard.press("Escape")
    expect(shelf.selection).to_have_count(0)
    expect(shelf.search).to_be_visible()


def test_keys_move_select_rename_and_delete_and_leave_typing_alone(shelf: Drop, person: Person):
    keyboard = shelf.page.keyboard
    keyboard.press("ArrowDown")
    expect(shelf.box("a.txt")).to_be_focused()
    keyboard.press("ArrowDown")
    keyboard.press("Space")
    keyboard.press("End")
    expect(shelf.box("e.txt")).to_be_focused()
    keyboard.press("Space")
    assert selected(shelf) == ["b.txt", "e.txt"]
    keyboard.press("Delete")
    expect(shelf.names).to_have_text(["a.txt", "c.txt", "d.txt"])
    eventually(lambda: person.file("b")["state"] == "trashed" and person.file("e")["state"] == "trashed")

    keyboard.press("Control+a")
    assert selected(shelf) == ["a.txt", "c.txt", "d.txt"]
    keyboard.press("Escape")
    keyboard.press("Home")
    keyboard.press("F2")
    field = shelf.page.get_by_role("dialog", name="Rename file").get_by_label("New name")
    expect(field).to_be_focused()
    keyboard.type("renamed")
    keyboard.press("Enter")
    expect(shelf.names).to_have_text(["renamed.txt", "c.txt", "d.txt"])

    keyboard.press("/")
    keyboard.type("c?/")
    keyboard.press("Delete")
    keyboard.press("Control+a")
    expect(shelf.search).to_have_value("c?/")
    expect(shelf.page.get_by_role("dialog")).to_have_count(0)
    expect(shelf.names).to_have_text(["c.txt"])
    keyboard.press("Escape")
    expect(shelf.names).to_have_count(3)

    shelf.page.get_by_role("heading", name="Your files").focus()
    keyboard.press("?")
    expect(shelf.page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Move to trash")
    keyboard.press("Escape")
    expect(shelf.page.get_by_role("dialog")).to_have_count(0)


def test_rename_keeps_the_rules_of_names_and_what_files_are_found_by(shelf: Drop, person: Person):
    shelf.choose("b.txt", "Rename")
    dialog = shelf.page.get_by_role("dialog", name="Rename file")
    field = dialog.get_by_label("New name")
    assert field.evaluate("(input) => input.value.slice(input.selectionStart, input.selectionEnd)") == "b"
    for refused in ("", "a/b.txt", "100%.txt", "..", "x" * 201, "gnp\u202e.exe"):
        field.fill(refused)
        dialog.get_by_role("button", name="Rename").click()
        expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("  여름 Photo.TXT ")
    dialog.get_by_role("button", name="Rename").click()

    expect(shelf.row("여름 Photo.TXT")).to_be_visible()
    expect(shelf.page.get_by_role("button", name="More actions for 여름 Photo.TXT")).to_be_focused()
    file = eventually(lambda: (file := person.file("b")) and file["name"] != "b.txt" and file)
    assert file["name"] == "여름 Photo.TXT"
    assert file["nameKey"] == "여름 photo.txt"
    assert file["keywords"] == ["여", "여름", "p", "ph", "pho", "phot", "photo", "t", "tx", "txt"]


def test_selection_is_downloaded_as_one_archive_with_every_file_once(library: Drop):
    picture, one, two = photo("사진.jpg"), note("same.txt", "one"), note("same.txt", "two")
    library.pick(picture, one)
    library.expect_ready("same.txt")
    library.pick(two)
    library.expect_ready("사진.jpg")
    expect(library.rows).to_have_count(3)
    expect(library.page.get_by_role("button", name="More actions for same.txt")).to_have_count(
        2, timeout=30_000
    )

    library.page.keyboard.press("Control+a")
    with library.page.expect_download() as download:
        library.selection.get_by_role("button", name="Download as zip").click()
    assert download.value.suggested_filename == "Drop files.zip"
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        assert archive.testzip() is None
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert contents == {"same.txt": b"two", "same (2).txt": b"one", "사진.jpg": picture.data}


def test_archive_can_be_stopped_and_says_when_it_would_be_too_large(
    shelf: Drop, person: Person, admin_firestore: FirestoreAs
):
    held = []
    shelf.page.route("**/v0/b/**", lambda route: held.append(route))
    shelf.page.keyboard.press("Control+a")
    shelf.selection.get_by_role("button", name="Download as zip").click()
    packing = shelf.page.get_by_role("status").filter(has_text="Packing 5 files")
    expect(packing.get_by_role("progressbar")).to_be_visible()
    packing.get_by_role("button", name="Cancel").click()
    expect(packing).to_have_count(0)
    expect(shelf.page.get_by_role("alert")).to_have_count(0)

    half = 600 * 1024 * 1024
    for file_id in ("a", "b"):
        assert admin_firestore.update(
            person.file_path(file_id), {"size": half, "updatedAt": listed_file("x")["createdAt"]}
        ).ok
    expect(shelf.rows.filter(has_text="600 MB")).to_have_count(2)
    shelf.selection.get_by_role("button", name="Download as zip").click()
    expect(shelf.page.get_by_role("alert")).to_contain_text(
        "1.2 GB are too much for one archive; 1 GB is the most."
    )
