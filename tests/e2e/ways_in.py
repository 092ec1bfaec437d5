"""Signing in without a password, and the way to the settings, as a person does it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.drop import Drop


def ask_for_link(page: Page, email: str) -> None:
    page.get_by_role("button", name="Email me a link instead").click()
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_role("button", name="Send sign-in link").click()
    expect(page.get_by_role("status").filter(has_text=f"is on its way to {email}")).to_be_visible()


def be_on_google(page: Page, email: str, name: str = "") -> None:
    page.get_by_role("button", name="Continue with Google").click()
    dialog = page.get_by_role("dialog", name="Pretend to be on Google")
    dialog.get_by_label("Email", exact=True).fill(email)
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_role("button", name="Continue", exact=True).click()
    expect(dialog).to_have_count(0)


def enter_as_guest(drop: Drop) -> None:
    drop.page.get_by_role("button", name="Continue as a guest").click()
    drop.expect_library()
    expect(drop.page.get_by_text("You are a guest")).to_be_visible()


def open_settings(page: Page, name: str = "Settings") -> None:
    page.get_by_role("button", name="account menu").click()
    page.get_by_role("navigation").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name="Settings")).to_be_focused()
