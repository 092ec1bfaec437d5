"""Two thousand files: what the page asks for and how large it gets, not how long it takes on this machine."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.drop import Drop
from tests.e2e.questions import Questions
from tests.e2e.stocked import listed_file, stock
from tests.integration.people import PASSWORD, People, Person
from tests.rest import FirestoreAs

FILES = 2000
PAGE = 60
MOST_ROWS = 5 * PAGE
MOST_ELEMENTS = 9000


@pytest.fixture(scope="module")
def owner(people: People, admin_firestore: FirestoreAs) -> Person:
    owner = people.sign_up()
    files = {
        f"f{at}": listed_file(
            f"file {at:04} {'even' if at % 2 == 0 else 'odd'}.txt", minutes_old=at, size=1000 + at
        )
        for at in range(FILES)
    }
    stock(admin_firestore, owner, files)
    return owner


@pytest.fixture
def asked(drop: Drop) -> Questions:
    return Questions(drop.page)


@pytest.fixture
def shelf(drop: Drop, asked: Questions, owner: Person) -> Drop:
    assert owner.email
    drop.sign_in(owner.email, PASSWORD)
    drop.expect_library()
    expect(drop.names).to_have_count(PAGE)
    return drop


def expect_small(page: Page) -> None:
    assert page.locator(".file").count() <= MOST_ROWS
    assert page.evaluate("document.querySelectorAll('*').length") <= MOST_ELEMENTS


def test_first_screen_reads_one_page(shelf: Drop, asked: Questions):
    expect(shelf.page.get_by_text("60 so far")).to_be_visible()
    expect(shelf.names).to_have_count(PAGE)
    assert [query["limit"] for query in asked.pages] == [PAGE]
    # What changes from now on is listened to, wherever it is: that reads nothing until something does.
    (changes,) = asked.wait_for_unlimited()
    assert changes["where"]["fieldFilter"]["op"] == "GREATER_THAN"


def test_scrolling_to_the_end_reads_every_file_once_and_keeps_the_page_small(shelf: Drop, asked: Questions):
    asked.clear()
    for page in range(2, FILES // PAGE + 2):
        shelf.page.keyboard.press("End")
        count = min(page * PAGE, FILES)
        expect(shelf.page.get_by_text(f"{count:,} {'files' if count == FILES else 'so far'}")).to_be_visible()
        expect_small(shelf.page)

    shelf.page.keyboard.press("End")
    last = shelf.box(f"file {FILES - 1:04} odd.txt")
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()
    assert [query["limit"] for query in asked.pages] == [PAGE] * (FILES // PAGE)
    assert all("startAt" in query for query in asked.pages)
    assert len(asked.unlimited) <= 1, "only what changes from now on"

    shelf.page.keyboard.press("Home")
    expect(shelf.box("file 0000 even.txt")).to_be_focused()
    expect_small(shelf.page)


def test_rows_deep_in_the_list_follow_what_happens_to_them(
    shelf: Drop, owner: Person, admin_firestore: FirestoreAs
):
    for count in (120, 180):
        shelf.page.keyboard.press("End")
        expect(shelf.page.get_by_text(f"{count} so far")).to_be_visible()
    deep = shelf.row("file 0130 even.txt")
    shelf.page.keyboard.press("ArrowDown")
    deep.scroll_into_view_if_needed()

    renamed = listed_file("another name.txt", updatedAt=datetime.now(UTC))
    changes = {key: renamed[key] for key in ("name", "nameKey", "keywords", "updatedAt")}
    assert admin_firestore.update(owner.file_path("f130"), changes).ok
    expect(shelf.row("another name.txt")).to_be_in_viewport()
    expect(deep).to_have_count(0)
    back = listed_file("file 0130 even.txt", updatedAt=datetime.now(UTC))
    assert admin_firestore.update(owner.file_path("f130"), {key: back[key] for key in changes}).ok
    expect(deep).to_be_in_viewport()


def test_search_and_order_ask_for_one_page_each(shelf: Drop, asked: Questions):
    asked.clear()
    shelf.search.fill("1234")
    expect(shelf.names).to_have_text(["file 1234 even.txt"])
    assert [query["limit"] for query in asked.pages] == [PAGE]
    shelf.search.fill("")
    expect(shelf.rows.first).to_contain_text("file 0000")

    asked.clear()
    shelf.sort("Largest first")
    expect(shelf.rows.first).to_contain_text(f"file {FILES - 1:04}")
    assert [query["limit"] for query in asked.pages] == [PAGE]
    shelf.page.get_by_role("heading", name="Your files").focus()
    shelf.page.keyboard.press("End")
    expect(shelf.page.get_by_text("120 so far")).to_be_visible()
    expect(shelf.row(f"file {FILES - 120:04} even.txt")).to_have_count(1)


def test_second_word_that_fits_nothing_does_not_read_the_whole_library(shelf: Drop, asked: Questions):
    asked.clear()
    shelf.search.fill("file nothing")
    more = shelf.page.get_by_role("button", name="Show more")
    expect(more).to_be_visible()
    expect(more).to_be_enabled()
    expect(shelf.names).to_have_count(0)
    assert len(asked.pages) <= 5


def test_everything_can_be_selected_also_what_was_not_read_yet(shelf: Drop):
    shelf.search.fill("odd")
    expect(shelf.rows.first).to_contain_text("file 0001 odd.txt")
    shelf.page.get_by_role("heading", name="Your files").focus()
    shelf.page.keyboard.press("Control+a")
    shelf.selection.get_by_role("button", name="Select all").click()
    expect(shelf.selection).to_contain_text(f"{FILES // 2:,} selected")
    expect_small(shelf.page)
