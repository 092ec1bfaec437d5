"""The trash: out of the list, back again, or gone for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.drop import Drop
from tests.e2e.pictures import note
from tests.e2e.stocked import listed_file, stock
from tests.integration.people import Person, eventually
from tests.rest import FirestoreAs


def trashed_file(name: str, *, days: float) -> dict:
    at = datetime.now(UTC) - timedelta(days=days)
    return listed_file(name, minutes_old=60_000, state="trashed", trashedAt=at, updatedAt=at)


def file_ids(person: Person) -> list[str]:
    documents = person.firestore.list(person.profile_path + "/files").json().get("documents", [])
    return [document["name"].rpartition("/")[2] for document in documents]


@pytest.fixture
def shelf(person: Person, admin_firestore: FirestoreAs, enter) -> Drop:
    """One file in the list; three in the trash, the latest first."""
    files = {"kept": listed_file("kept.txt")}
    files |= {
        name: trashed_file(f"{name}.txt", days=days) for name, days in (("new", 1), ("mid", 10), ("old", 29))
    }
    stock(admin_firestore, person, files)
    return enter(person)


def test_trash_says_until_when_and_gives_back(shelf: Drop, person: Person):
    shelf.open_trash()
    expect(shelf.page).to_have_title("Trash · Drop")
    expect(shelf.trashed.locator(".file-name")).to_have_text(["new.txt", "mid.txt", "old.txt"])
    gone = datetime.now(UTC) - timedelta(days=1) + timedelta(days=30)
    expect(shelf.trashed_row("new.txt")).to_contain_text(
        f"Gone for good on {gone:%B} {gone.day}, {gone.year}"
    )

    shelf.trashed_row("mid.txt").get_by_role("button", name="Restore mid.txt").click()
    expect(shelf.trashed_row("mid.txt")).to_have_count(0)
    shelf.leave_trash()
    expect(shelf.names).to_have_text(["kept.txt", "mid.txt"])
    file = eventually(lambda: (file := person.file("mid")) and file["state"] == "ready" and file)
    assert "trashedAt" not in file


def test_selection_in_the_trash_is_restored_or_deleted_for_good_after_a_question(shelf: Drop, person: Person):
    shelf.open_trash()
    shelf.box("new.txt").check()
    shelf.box("old.txt").click(modifiers=["Shift"])
    shelf.selection.get_by_role("button", name="Delete for good").click()
    dialog = shelf.page.get_by_role("dialog", name="Delete 3 files?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Cancel").click()
    expect(shelf.trashed).to_have_count(3)

    shelf.box("old.txt").uncheck()
    shelf.selection.get_by_role("button", name="Delete for good").click()
    shelf.page.get_by_role("dialog", name="Delete 2 files?").get_by_role(
        "button", name="Delete files"
    ).click()
    expect(shelf.trashed.locator(".file-name")).to_have_text(["old.txt"])
    eventually(
        lambda: person.file("new") is None and person.file("mid") is None, what="two documents are gone"
    )
    assert person.file("old")["state"] == "trashed"

    shelf.box("old.txt").check()
    shelf.selection.get_by_role("button", name="Restore").click()
    expect(shelf.page.get_by_role("heading", name="The trash is empty")).to_be_visible()


def test_empty_trash_removes_more_than_one_page_of_it_and_nothing_else(
    shelf: Drop, person: Person, admin_firestore: FirestoreAs
):
    stock(
        admin_firestore, person, {f"t{at}": trashed_file(f"t{at}.txt", days=5 + at / 100) for at in range(60)}
    )
    shelf.page.goto(f"{shelf.url}/#/trash")
    expect(shelf.trashed.first).to_be_visible()
    shelf.page.get_by_role("button", name="Empty trash").click()
    shelf.page.get_by_role("dialog", name="Empty the trash?").get_by_role(
        "button", name="Empty trash"
    ).click()

    expect(shelf.page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    eventually(lambda: file_ids(person) == ["kept"], what="only the file of the list is left")
    shelf.leave_trash()
    expect(shelf.names).to_have_text(["kept.txt"])


def test_trashed_file_is_gone_from_the_other_tab_too_and_its_bytes_come_back_whole(
    library: Drop, person: Person, enter
):
    there = enter(person)
    library.pick(note("both.txt", "still here"))
    there.expect_ready("both.txt")

    library.expect_ready("both.txt")
    library.delete("both.txt")
    expect(there.row("both.txt")).to_have_count(0)
    there.open_trash()
    there.trashed_row("both.txt").get_by_role("button", name="Restore both.txt").click()
    library.expect_ready("both.txt")
    assert library.download("both.txt") == ("both.txt", b"still here")


def test_trash_that_cannot_be_read_says_so_until_it_can(shelf: Drop, person: Person):
    with asking_for_the_trash_of_a_stranger(shelf.page, person):
        shelf.open_trash()
        expect(shelf.page.get_by_text("Your files could not be loaded.")).to_be_visible()
        expect(shelf.page.get_by_label("Loading…")).to_have_count(0)
        expect(shelf.page.get_by_role("heading", name="The trash is empty")).to_have_count(0)

    shelf.page.get_by_role("button", name="Try again").click()
    expect(shelf.trashed.locator(".file-name")).to_have_text(["new.txt", "mid.txt", "old.txt"])
    expect(shelf.page.get_by_text("Your files could not be loaded.")).to_have_count(0)


@contextmanager
def asking_for_the_trash_of_a_stranger(page: Page, person: Person) -> Iterator[None]:
    """Meanwhile the rules refuse the page: its question arrives with another user in it."""

    def redirect(route: Route) -> None:
        body = route.request.post_data or ""
        route.continue_(post_data=body.replace(person.uid, "stranger") if "trashedAt" in body else None)

    page.route("**/Listen/channel**", redirect)
    yield
    page.unroute("**/Listen/channel**", redirect)
