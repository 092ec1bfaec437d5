"""A real browser on the running suite. Each test has contexts of its own, and each user is new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from tests.chromium import chromium
from tests.e2e.drop import Drop, Watch
from tests.integration.people import PASSWORD, People, Person
from tests.rest import ADMIN_TOKEN, FirestoreAs, StorageAs

DEADLINE_MS = 30_000
"""How long the page may take on a busy machine; what is there at once costs nothing."""

DESKTOP: ViewportSize = {"width": 1200, "height": 860}

OpenDrop = Callable[..., Drop]


# For one module: Playwright's event loop must be gone before tests elsewhere start loops of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=DEADLINE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        yield browser
        browser.close()


@pytest.fixture
def open_drop(browser: Browser, suite: Any) -> Iterator[OpenDrop]:
    """Opens the page in a context of its own; at the end no page may have misbehaved."""
    opened: list[Drop] = []

    def open_page(locale: str = "en-US", viewport: ViewportSize = DESKTOP, **options: Any) -> Drop:
        context = browser.new_context(locale=locale, viewport=viewport, **options)
        context.set_default_timeout(DEADLINE_MS)
        drop = Drop(context.new_page(), suite.url("hosting"), Watch(context))
        opened.append(drop)
        return drop.open()

    yield open_page
    for drop in opened:
        drop.page.context.close()
    assert [drop.watch.unexpected() for drop in opened] == [[] for _ in opened]


@pytest.fixture
def drop(open_drop: OpenDrop) -> Drop:
    """The page, nobody signed in."""
    return open_drop()


@pytest.fixture(scope="session")
def people(suite: Any) -> People:
    return People(suite)


@pytest.fixture
def person(people: People) -> Person:
    """A new user, with a profile."""
    return people.sign_up()


@pytest.fixture
def enter(open_drop: OpenDrop) -> Callable[..., Drop]:
    """Opens the page as a user, in a context of its own."""

    def enter_as(person: Person, **options: Any) -> Drop:
        drop = open_drop(**options)
        assert person.email
        drop.sign_in(person.email, PASSWORD)
        drop.expect_library()
        return drop

    return enter_as


@pytest.fixture
def library(person: Person, enter: Callable[..., Drop]) -> Drop:
    """The page with `person` signed in."""
    return enter(person)


@pytest.fixture(scope="session")
def admin_firestore(suite: Any) -> FirestoreAs:
    """Firestore as functions see it, without rules."""
    return FirestoreAs(
        suite.url("firestore"), f"projects/{suite.project_id}/databases/(default)", ADMIN_TOKEN
    )


@pytest.fixture(scope="session")
def admin_storage(suite: Any) -> StorageAs:
    """The bucket as functions see it, without rules."""
    return StorageAs(suite.url("storage"), suite.bucket, ADMIN_TOKEN)
