"""Without a connection what was read stays readable and changes wait; the next person finds nothing of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.drop import Drop, Watch
from tests.e2e.pictures import note
from tests.e2e.stocked import listed_file, stock
from tests.e2e.ways_in import open_settings
from tests.integration.people import PASSWORD, People, Person, eventually
from tests.rest import FirestoreAs

# Without a connection the SDK asks for a picture of Google's to see if all is lost; the policy stops it.
PROVOKED = (
    "ERR_INTERNET_DISCONNECTED|ERR_FAILED|Could not reach|WebChannelConnection|www.google.com|Failed to fetch"
)


@pytest.fixture
def shelf(person: Person, admin_firestore: FirestoreAs, enter) -> Drop:
    stock(
        admin_firestore,
        person,
        {name: listed_file(f"{name}.txt", minutes_old=at) for at, name in enumerate("abc")},
    )
    shelf = enter(person)
    shelf.watch.allow(PROVOKED)
    expect(shelf.names).to_have_text(["a.txt", "b.txt", "c.txt"])
    return shelf


def go(shelf: Drop, *, offline: bool) -> None:
    shelf.page.context.set_offline(offline)
    expect(shelf.page.get_by_text("You are offline.")).to_have_count(1 if offline else 0)


def rename(shelf: Drop, name: str, new: str) -> None:
    shelf.choose(name, "Rename")
    shelf.page.get_by_label("New name").fill(new)
    shelf.page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(shelf.row(new)).to_be_visible()


def test_changes_of_both_sides_meet_when_the_connection_is_back(shelf: Drop, person: Person, enter):
    there = enter(person)
    go(shelf, offline=True)
    rename(shelf, "a.txt", "renamed.txt")
    expect(shelf.row("renamed.txt")).to_contain_text("not sent yet")
    shelf.delete("b.txt")
    expect(shelf.page.get_by_text("2 changes will be sent when the connection is back.")).to_be_visible()
    there.pick(note("meanwhile.txt"))
    there.expect_ready("meanwhile.txt")
    expect(shelf.row("meanwhile.txt")).to_have_count(0)
    assert person.file("a")["name"] == "a.txt"

    go(shelf, offline=False)
    for page in (shelf, there):
        expect(page.names).to_have_text(["meanwhile.txt", "renamed.txt", "c.txt"])
    expect(shelf.page.get_by_text("not sent yet")).to_have_count(0)
    eventually(lambda: person.file("a")["name"] == "renamed.txt" and person.file("b")["state"] == "trashed")


def test_list_and_unsent_changes_survive_a_reload_without_connection(shelf: Drop, person: Person):
    shelf.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    shelf.page.reload()
    expect(shelf.names).to_have_text(["a.txt", "b.txt", "c.txt"])
    go(shelf, offline=True)
    rename(shelf, "c.txt", "later.txt")
    shelf.page.reload()
    expect(shelf.names).to_have_text(["a.txt", "b.txt", "later.txt"])
    expect(shelf.page.get_by_text("1 change will be sent")).to_be_visible()
    shelf.search.fill("lat")
    expect(shelf.names).to_have_text(["later.txt"])

    go(shelf, offline=False)
    eventually(
        lambda: person.file("c")["name"] == "later.txt", what="the change of before the reload is sent"
    )


def test_leaving_with_unsent_changes_is_asked(shelf: Drop, person: Person):
    go(shelf, offline=True)
    rename(shelf, "a.txt", "lost.txt")
    shelf.account_menu.click()
    shelf.page.get_by_role("button", name="Sign out").click()
    question = shelf.page.get_by_role("dialog", name="Sign out before changes are sent?")
    expect(question).to_contain_text("1 change was made without a connection and would be lost.")
    question.get_by_role("button", name="Cancel").click()
    expect(shelf.row("lost.txt")).to_be_visible()


def test_name_changed_without_a_connection_is_kept_and_sent_later(shelf: Drop, person: Person):
    open_settings(shelf.page)
    shelf.page.context.set_offline(True)
    shelf.page.get_by_role("button", name="Change name").click()
    dialog = shelf.page.get_by_role("dialog", name="Change name")
    dialog.get_by_label("Name", exact=True).fill("Ada")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(shelf.page.get_by_text("It will be sent when the connection is back.")).to_be_visible()

    shelf.account_menu.click()
    shelf.page.get_by_role("button", name="Sign out", exact=True).click()
    question = shelf.page.get_by_role("dialog", name="Sign out before changes are sent?")
    expect(question).to_contain_text("1 change was made without a connection")
    question.get_by_role("button", name="Cancel").click()
    shelf.page.context.set_offline(False)
    eventually(lambda: (person.profile() or {}).get("name") == "Ada", what="the name is sent")


def test_next_person_on_the_device_finds_nothing_of_the_one_before(shelf: Drop, people: People):
    context = shelf.page.context
    assert [name for name in kept(shelf) if name.startswith("firestore/")]
    shelf.sign_out()
    eventually(
        lambda: not [name for name in kept(shelf) if name.startswith("firestore")], what="the cache is gone"
    )

    other = people.sign_up()
    assert other.email
    shelf.sign_in(other.email, PASSWORD)
    shelf.expect_library()
    expect(shelf.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    context.set_offline(True)
    expect(shelf.page.get_by_text("You are offline.")).to_be_visible()
    shelf.sort("Oldest first")
    expect(shelf.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    expect(shelf.rows).to_have_count(0)


def test_cache_left_by_a_closed_browser_is_not_there_for_somebody_else(shelf: Drop, people: People):
    """As when the session ends while the page is closed: nobody signs out on it."""
    shelf.page.evaluate(FORGET_SESSION)
    shelf.page.reload()
    expect(shelf.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    eventually(
        lambda: not [name for name in kept(shelf) if name.startswith("firestore")], what="the cache is gone"
    )


def test_two_tabs_share_the_cache_and_leave_together(shelf: Drop, person: Person):
    # The tab that leaves first clears what both had; the SDK of the other may hear of that before the end.
    shelf.watch.allow("Another client might have garbage-collected our state")
    second = tab(shelf.page.context, shelf)
    expect(second.names).to_have_text(["a.txt", "b.txt", "c.txt"])
    second.delete("b.txt")
    expect(shelf.names).to_have_text(["a.txt", "c.txt"])
    rename(shelf, "a.txt", "both.txt")
    expect(second.names).to_have_text(["both.txt", "c.txt"])

    shelf.sign_out()
    expect(second.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    eventually(
        lambda: not [name for name in kept(shelf) if name.startswith("firestore")], what="the cache is gone"
    )


def tab(context: BrowserContext, shelf: Drop) -> Drop:
    watch = Watch(context)
    watch.allow(PROVOKED)
    return Drop(context.new_page(), shelf.url, watch).open()


def kept(shelf: Drop) -> list[str]:
    """Names of the databases and items that this site has on the device."""
    return shelf.page.evaluate(KEPT)


KEPT = """async () => {
  const databases = (await indexedDB.databases()).map(({ name }) => name);
  return [...databases, ...Object.keys(localStorage)];
}"""

FORGET_SESSION = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('firebaseLocalStorageDb');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const clearing = opening.result.transaction('firebaseLocalStorage', 'readwrite');
    clearing.objectStore('firebaseLocalStorage').clear();
    clearing.oncomplete = () => (opening.result.close(), resolve());
  };
})"""
