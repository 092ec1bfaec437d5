"""Order, kinds and search: what of a library is shown, and in which order."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.drop import Drop
from tests.e2e.stocked import listed_file, stock
from tests.integration.people import Person
from tests.rest import FirestoreAs

FILES = {
    "a": listed_file("Zebra.jpg", minutes_old=1, size=300, contentType="image/jpeg"),
    "b": listed_file("apple pie.txt", minutes_old=2, size=100),
    "c": listed_file("바다 사진.jpg", minutes_old=3, size=500, contentType="image/jpeg"),
    "d": listed_file("Apple tree.mp4", minutes_old=4, size=200, contentType="video/mp4"),
    "e": listed_file("산 사진.png", minutes_old=5, size=400, contentType="image/png"),
}
BY_AGE = ["Zebra.jpg", "apple pie.txt", "바다 사진.jpg", "Apple tree.mp4", "산 사진.png"]
BY_NAME = ["apple pie.txt", "Apple tree.mp4", "Zebra.jpg", "바다 사진.jpg", "산 사진.png"]
BY_SIZE = ["apple pie.txt", "Apple tree.mp4", "Zebra.jpg", "산 사진.png", "바다 사진.jpg"]


@pytest.fixture
def shelf(person: Person, admin_firestore: FirestoreAs, enter) -> Drop:
    stock(admin_firestore, person, FILES)
    return enter(person)


def test_files_are_sorted_six_ways_and_the_last_choice_is_remembered(shelf: Drop):
    expect(shelf.names).to_have_text(BY_AGE)
    orders = {
        "Oldest first": BY_AGE[::-1],
        "Name, A to Z": BY_NAME,
        "Name, Z to A": BY_NAME[::-1],
        "Largest first": BY_SIZE[::-1],
        "Smallest first": BY_SIZE,
    }
    for order, names in orders.items():
        shelf.sort(order)
        expect(shelf.names).to_have_text(names)

    shelf.page.get_by_role("button", name="Grid").click()
    shelf.page.reload()
    expect(shelf.names).to_have_text(BY_SIZE)
    expect(shelf.page.get_by_role("button", name="Grid")).to_have_attribute("aria-pressed", "true")


def test_search_narrows_as_one_types_marks_what_fits_and_goes_with_kinds(shelf: Drop):
    shelf.page.keyboard.press("/")
    expect(shelf.search).to_be_focused()
    shelf.page.keyboard.type("app")
    expect(shelf.names).to_have_text(["apple pie.txt", "Apple tree.mp4"])
    expect(shelf.rows.locator("mark")).to_have_text(["app", "App"])
    expect(shelf.page.locator(".file-count")).to_have_text("2 files found")

    shelf.page.keyboard.type("le tr")
    expect(shelf.names).to_have_text(["Apple tree.mp4"])
    shelf.show_kind("Pictures")
    expect(shelf.page.get_by_role("heading", name="Nothing found")).to_be_visible()

    shelf.page.get_by_role("button", name="Show all files").click()
    expect(shelf.names).to_have_text(BY_AGE)
    shelf.show_kind("Pictures")
    expect(shelf.names).to_have_text(["Zebra.jpg", "바다 사진.jpg", "산 사진.png"])
    shelf.search.fill("사진")
    expect(shelf.names).to_have_text(["바다 사진.jpg", "산 사진.png"])
    shelf.page.keyboard.press("Escape")
    expect(shelf.search).to_have_value("")


def test_korean_is_found_while_its_syllables_are_typed(shelf: Drop):
    for typed in ("사", "사지", "사진"):
        shelf.search.fill(typed)
        expect(shelf.names).to_have_text(["바다 사진.jpg", "산 사진.png"])
    shelf.search.fill("바")
    expect(shelf.names).to_have_text(["바다 사진.jpg"])


def test_found_files_stay_live(shelf: Drop, person: Person, admin_firestore: FirestoreAs):
    shelf.search.fill("apple")
    expect(shelf.names).to_have_text(["apple pie.txt", "Apple tree.mp4"])

    stock(admin_firestore, person, {"new": listed_file("new apples.txt")})
    expect(shelf.names).to_have_text(["new apples.txt", "apple pie.txt", "Apple tree.mp4"])
    renamed = listed_file("pear.txt", minutes_old=2)
    changes = {key: renamed[key] for key in ("name", "nameKey", "keywords")} | {
        "updatedAt": listed_file("x")["createdAt"]
    }
    assert admin_firestore.update(person.file_path("b"), changes).ok
    expect(shelf.names).to_have_text(["new apples.txt", "Apple tree.mp4"])


def test_files_from_before_search_and_kinds_are_still_listed(
    person: Person, admin_firestore: FirestoreAs, enter
):
    old = listed_file("old.txt")
    stock(
        admin_firestore,
        person,
        {"old": {key: old[key] for key in old if key not in ("nameKey", "keywords", "kind")}},
    )
    expect(enter(person).names).to_have_text(["old.txt"])
