"""The page as a person uses it: found by roles and names, as assistive technology finds things."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests.e2e.shelf import Shelf
from tests.e2e.tray import Bringing

LOOPBACK = {"127.0.0.1", "localhost"}
PROCESSED_MS = 60_000
"""The first file of a run meets workers that are only starting."""


class Watch:
    """What must not happen on any page: errors on the console, and requests that leave the machine."""

    def __init__(self, context: BrowserContext) -> None:
        self.problems: list[str] = []
        self._allowed: list[str] = []
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.problems.append(f"uncaught: {error.error}"))
        context.on("request", self._on_request)

    def allow(self, pattern: str) -> None:
        """A message this test provokes, such as the browser's own line about a refused request."""
        self._allowed.append(pattern)

    def unexpected(self) -> list[str]:
        return [
            text for text in self.problems if not any(re.search(allowed, text) for allowed in self._allowed)
        ]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https") and address.hostname not in LOOPBACK:
            self.problems.append(f"request to {address.hostname}")


class Drop(Bringing, Shelf):
    """One page of Drop in English. `page` is there for what has no method."""

    def __init__(self, page: Page, url: str, watch: Watch) -> None:
        self.page = page
        self.url = url
        self.watch = watch

    def open(self) -> Drop:
        self.page.goto(self.url)
        return self

    # Accounts

    def fill_credentials(self, email: str, password: str) -> None:
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)

    def sign_in(self, email: str, password: str) -> None:
        self.fill_credentials(email, password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def sign_up(self, email: str, password: str) -> None:
        self.page.get_by_role("button", name="Create an account").click()
        self.fill_credentials(email, password)
        self.page.get_by_role("button", name="Create account", exact=True).click()

    def sign_out(self) -> None:
        self.account_menu.click()
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("heading", name="Welcome back")).to_be_visible()

    def expect_library(self) -> None:
        """Signed in, with the profile there and the list loaded."""
        expect(self.page.get_by_role("heading", name="Your files")).to_be_visible()
        expect(self.usage).to_be_visible()
        expect(self.page.get_by_label("Loading…")).to_have_count(0)

    @property
    def account_menu(self) -> Locator:
        return self.page.get_by_role("button", name="account menu")

    # Files

    @property
    def usage(self) -> Locator:
        return self.page.get_by_role("meter", name="Storage used")

    def expect_ready(self, name: str) -> None:
        """In the list and checked: only such a file has more to do with it."""
        more = self.row(name).get_by_role("button", name=f"More actions for {name}")
        expect(more).to_be_visible(timeout=PROCESSED_MS)

    def download(self, name: str) -> tuple[str, bytes]:
        """The name the browser saves under, and the bytes."""
        with self.page.expect_download() as download:
            self.row(name).get_by_role("button", name=f"Download {name}").click()
        return download.value.suggested_filename, download.value.path().read_bytes()
