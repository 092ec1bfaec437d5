"""Signing out: whatever does not answer, the person is out in every tab and leaves nothing to the next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.drop import Drop, Watch
from tests.e2e.pictures import note
from tests.e2e.silence import CACHE, SESSION, can_fall_silent, silence
from tests.e2e.stocked import listed_file, stock
from tests.integration.people import PASSWORD, People, Person
from tests.rest import FirestoreAs

PROVOKED = "Another client might have garbage-collected our state|IndexedDB|IndexedDb|primary lease"
"""What the SDK says about a database that was taken from under it."""

FILES = ["a.txt", "b.txt", "c.txt"]


@pytest.fixture
def tabs(
    person: Person, admin_firestore: FirestoreAs, enter: Callable[..., Drop]
) -> Iterator[tuple[Drop, Drop]]:
    """Two tabs of one user, both with the list."""
    documents = {name[0]: listed_file(name, minutes_old=at) for at, name in enumerate(FILES)}
    stock(admin_firestore, person, documents)
    first = enter(person)
    first.watch.allow(PROVOKED)
    can_fall_silent(first.page.context)
    first.page.reload()
    second = tab_of(first)
    for tab in (first, second):
        expect(tab.names).to_have_text(FILES)
    yield first, second
    assert second.watch.unexpected() == []


def tab_of(drop: Drop) -> Drop:
    watch = Watch(drop.page.context)
    watch.allow(PROVOKED)
    return Drop(drop.page.context.new_page(), drop.url, watch).open()


def click_sign_out(drop: Drop) -> None:
    drop.account_menu.click()
    drop.page.get_by_role("button", name="Sign out").click()


def expect_out(*tabs: Drop) -> None:
    for tab in tabs:
        expect(tab.page.get_by_role("heading", name="Welcome back")).to_be_visible()
        expect(tab.rows).to_have_count(0)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        pytest.param(CACHE, CACHE, id="cache"),
        pytest.param(SESSION, None, id="session here"),
        pytest.param(None, SESSION, id="session there"),
        pytest.param(SESSION, SESSION, id="session"),
        pytest.param(".", ".", id="everything"),
    ],
)
def test_both_tabs_are_out_when_storage_does_not_answer(
    tabs: tuple[Drop, Drop], people: People, here: str | None, there: str | None
):
    first, second = tabs
    for tab, databases in ((first, here), (second, there)):
        if databases:
            silence(tab.page, databases)
    click_sign_out(first)
    expect_out(first, second)

    for tab in tabs:
        tab.page.reload()
        expect_out(tab)
    expect_nothing_for_the_next(first, people)


def test_both_tabs_are_out_when_they_do_not_hear_each_other(tabs: tuple[Drop, Drop]):
    first, second = tabs
    second.page.evaluate(
        "window.addEventListener('storage', (event) => event.stopImmediatePropagation(), { capture: true })"
    )
    click_sign_out(first)
    expect_out(first, second)


def test_tab_whose_session_is_renewed_while_another_signs_out_does_not_bring_it_back(tabs: tuple[Drop, Drop]):
    """A tab that comes to the front asks for the user anew and keeps the answer."""
    first, second = tabs
    held = hold("/accounts:lookup", second.page)
    with second.page.expect_request("**/accounts:lookup**"):
        second.page.evaluate("window.dispatchEvent(new Event('focus'))")
    second.page.evaluate(SDK_HEARS_NOTHING)
    click_sign_out(first)
    expect_out(first)
    held.release()
    expect_out(second, first)
    for tab in tabs:
        tab.page.reload()
        expect_out(tab)


SDK_HEARS_NOTHING = """() => {
  const { getAll } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.getAll = function (...given) {
    return this.name === 'firebaseLocalStorage' ? new EventTarget() : getAll.apply(this, given);
  };
}"""


def test_frozen_tab_keeps_nobody_from_coming_and_shows_nothing_when_it_wakes(
    tabs: tuple[Drop, Drop], people: People
):
    first, second = tabs
    freeze(second.page, "frozen")
    click_sign_out(first)
    expect_out(first)
    expect_nothing_for_the_next(first, people)

    freeze(second.page, "active")
    expect(second.names.filter(has_text="txt")).to_have_count(0)
    first.page.reload()
    expect(first.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_tab_that_crashed_keeps_nobody_from_leaving(tabs: tuple[Drop, Drop], people: People):
    first, second = tabs
    with pytest.raises(Exception, match="crash"):
        first.page.goto("chrome://crash")
    click_sign_out(second)
    expect_out(second)
    expect_nothing_for_the_next(second, people)


def test_change_on_its_way_is_waited_for_before_anything_is_asked(tabs: tuple[Drop, Drop], person: Person):
    first, second = tabs
    held = hold("/Write/channel", first.page, second.page)
    first.delete("a.txt")
    expect(second.names).to_have_text(["b.txt", "c.txt"])
    click_sign_out(first)
    held.release()
    expect_out(first, second)
    assert person.file("a")["state"] == "trashed"


def test_question_about_unsent_changes_is_over_once_they_are_sent(tabs: tuple[Drop, Drop], person: Person):
    first, second = tabs
    held = hold("/Write/channel", first.page, second.page)
    first.delete("a.txt")
    click_sign_out(first)
    expect(first.page.get_by_role("dialog", name="Sign out before changes are sent?")).to_be_visible()
    held.release()
    expect_out(first, second)
    assert person.file("a")["state"] == "trashed"


def test_library_opens_when_the_cache_does_not_answer(tabs: tuple[Drop, Drop]):
    first, _ = tabs
    first.page.context.add_init_script(f"silence({CACHE!r})")
    first.page.reload()
    expect(first.names).to_have_text(FILES)


def test_page_that_cannot_find_out_who_is_there_says_so(tabs: tuple[Drop, Drop]):
    first, _ = tabs
    first.page.context.add_init_script(f"silence({SESSION!r})")
    first.page.reload()
    expect(first.page.get_by_role("button", name="Try again")).to_be_visible()


def test_tab_that_leads_and_does_nothing_is_replaced(tabs: tuple[Drop, Drop], person: Person):
    """It has the lock of the uploads and answers nobody, as a frozen one."""
    first, second = tabs
    stuck = first.page.context.new_page()
    stuck.goto(f"{first.url}/robots.txt")
    stuck.evaluate(HOLD_LOCK, f"drop-uploads:{person.uid}")
    for tab in (first, second):
        tab.page.reload()
        expect(tab.names).to_have_text(FILES)
    second.pick(note("later.txt"))
    second.expect_ready("later.txt")
    first.expect_ready("later.txt")


HOLD_LOCK = """(name) => new Promise((held) => {
  navigator.locks.request(name, { steal: true }, () => (held(), new Promise(() => {}))).catch(() => {});
})"""


class Held:
    """Requests that wait on the way to the server."""

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._is_open = False

    def take(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self._routes.append(route)

    def release(self) -> None:
        self._is_open = True
        for route in self._routes:
            route.continue_()


def hold(address: str, *pages: Page) -> Held:
    """Holds requests to what has `address` in it."""
    held = Held()
    for page in pages:
        page.route(re.compile(re.escape(address)), held.take)
    return held


def freeze(page: Page, state: str) -> None:
    page.context.new_cdp_session(page).send("Page.setWebLifecycleState", {"state": state})


def expect_nothing_for_the_next(drop: Drop, people: People) -> None:
    other = people.sign_up()
    assert other.email
    drop.sign_in(other.email, PASSWORD)
    drop.expect_library()
    expect(drop.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    expect(drop.rows).to_have_count(0)
