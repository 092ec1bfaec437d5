"""Links as their owner makes, watches and ends them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.accessibility import expect_no_finding
from tests.e2e.drop import Drop
from tests.e2e.links import SharedFile, with_verified_email
from tests.e2e.pictures import note
from tests.integration.people import People, Person

CLIPBOARD = ["clipboard-read", "clipboard-write"]
NEEDS_CONFIRMATION = "Please confirm your e-mail address first."


@pytest.fixture
def sharer(people: People, suite) -> Person:
    return with_verified_email(people, suite)


def add_file(owner: Person, name: str = "plan.txt") -> str:
    file_id = owner.upload(name, note().data, "text/plain")
    owner.until_ready(file_id)
    return file_id


def share_dialog(drop: Drop, name: str) -> Locator:
    drop.choose(name, "Share")
    return drop.page.get_by_role("dialog", name=f"Share “{name}”")


def links_in(dialog: Locator) -> Locator:
    return dialog.get_by_role("list", name="Links to this file").get_by_role("listitem")


def test_link_is_made_copied_used_watched_and_ended(sharer: Person, enter, open_drop):
    add_file(sharer)
    drop = enter(sharer, permissions=CLIPBOARD)
    dialog = share_dialog(drop, "plan.txt")
    expect(dialog.get_by_text("There is no link to this file yet.")).to_be_visible()
    dialog.get_by_label("The link works for").select_option("30 days")
    dialog.get_by_label("Most downloads").fill("3")
    dialog.get_by_role("button", name="Create link").click()

    expect(dialog.get_by_text("The link is ready.")).to_be_visible()
    link = links_in(dialog)
    expect(link).to_contain_text("0 of 3 downloads")
    expect(link.get_by_role("button", name="Copy link to plan.txt")).to_be_focused()
    drop.page.keyboard.press("Enter")
    expect(dialog.get_by_text("Link copied.")).to_be_visible()
    address = drop.page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(re.escape(drop.url) + r"/s/[\w-]{22}", address)
    expect(dialog.get_by_label("Link", exact=True)).to_have_value(address)

    stranger = open_drop()
    stranger.watch.allow("status of 404")
    stranger.page.goto(address)
    assert SharedFile(stranger.page, stranger.watch).download("plan.txt") == ("plan.txt", note().data)
    expect(link).to_contain_text("1 of 3 downloads")

    link.get_by_role("button", name="End link to plan.txt").click()
    question = drop.page.get_by_role("dialog", name="End this link?")
    question.get_by_role("button", name="Cancel").click()
    expect(link).to_contain_text("1 of 3 downloads")
    link.get_by_role("button", name="End link to plan.txt").click()
    question.get_by_role("button", name="End link").click()
    expect(link).to_contain_text("Ended by you")
    expect(link.get_by_role("button")).to_have_count(0)
    stranger.page.reload()
    SharedFile(stranger.page, stranger.watch).expect_ended()

    drop.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_own_end_and_limit_are_checked_before_anything_is_sent(sharer: Person, enter):
    add_file(sharer)
    drop = enter(sharer, timezone_id="Asia/Seoul")
    dialog = share_dialog(drop, "plan.txt")
    create = dialog.get_by_role("button", name="Create link")
    until, limit = dialog.get_by_label("Until", exact=True), dialog.get_by_label("Most downloads")
    expect(until).to_be_hidden()
    dialog.get_by_label("The link works for").select_option("Until a date of your own…")
    expect(until).to_be_focused()

    until.fill("2020-01-01T10:00")
    limit.fill("0")
    create.click()
    expect(until).to_be_focused()
    expect(until).to_have_accessible_description("Choose a time from one hour to 30 days from now.")
    expect(limit).to_have_accessible_description("Enter a whole number from 1 to 1,000, or leave it empty.")
    expect(links_in(dialog)).to_have_count(0)

    in_two_days = datetime.now(UTC) + timedelta(hours=9 + 48, minutes=1)
    until.fill(in_two_days.strftime("%Y-%m-%dT%H:%M"))
    limit.fill("")
    create.click()
    expect(links_in(dialog)).to_contain_text("Ends in 2 days")
    expect(links_in(dialog)).to_contain_text("0 downloads")


def test_unconfirmed_address_is_told_and_where_to_confirm_it(person: Person, enter):
    add_file(person)
    drop = enter(person)
    drop.watch.allow("status of 400")
    dialog = share_dialog(drop, "plan.txt")
    dialog.get_by_role("button", name="Create link").click()

    expect(dialog.get_by_role("alert")).to_contain_text(NEEDS_CONFIRMATION)
    dialog.get_by_role("link", name="Confirm it in the settings").click()
    expect(dialog).to_have_count(0)
    expect(drop.page).to_have_url(f"{drop.url}/#/settings")


def test_share_sheet_of_the_device_is_used_where_there_is_one(sharer: Person, enter):
    add_file(sharer)
    drop = enter(sharer)
    drop.page.evaluate("navigator.share = async (what) => { window.handedOn = what; }")
    dialog = share_dialog(drop, "plan.txt")
    dialog.get_by_role("button", name="Create link").click()
    dialog.get_by_role("button", name="Send link to plan.txt").click()

    address = dialog.get_by_label("Link", exact=True).input_value()
    assert drop.page.evaluate("window.handedOn") == {"title": "plan.txt", "url": address}


def test_all_links_of_a_person_are_in_one_list_that_nobody_else_sees(
    people: People, sharer: Person, suite, enter
):
    for name in ("one.txt", "two.txt"):
        add_file(sharer, name)
    drop = enter(sharer)
    for name in ("one.txt", "two.txt"):
        dialog = share_dialog(drop, name)
        dialog.get_by_role("button", name="Create link").click()
        expect(links_in(dialog)).to_have_count(1)
        drop.page.keyboard.press("Escape")

    listed = all_links(drop).get_by_role("list", name="Shared links").get_by_role("listitem")
    expect(listed).to_have_count(2)
    expect(listed.first).to_contain_text("two.txt")
    expect(
        all_links(enter(people.sign_up())).get_by_text("You have not shared anything by link.")
    ).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_dialog_has_an_accessibility_finding(sharer: Person, enter, scheme):
    add_file(sharer)
    drop = enter(sharer, color_scheme=scheme, reduced_motion="reduce", viewport={"width": 360, "height": 740})
    dialog = share_dialog(drop, "plan.txt")
    dialog.get_by_label("Most downloads").fill("-1")
    dialog.get_by_role("button", name="Create link").click()
    expect_no_finding(drop.page, "share dialog with an error")
    dialog.get_by_label("Most downloads").fill("")
    dialog.get_by_role("button", name="Create link").click()
    expect(links_in(dialog)).to_have_count(1)
    expect_no_finding(drop.page, "share dialog with a link")
    assert drop.page.evaluate("document.documentElement.scrollWidth") <= 360
    drop.page.keyboard.press("Escape")
    dialog = all_links(drop)
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    expect_no_finding(drop.page, "all links")


def all_links(drop: Drop) -> Locator:
    drop.account_menu.click()
    drop.page.get_by_role("button", name="Shared links").click()
    return drop.page.get_by_role("dialog", name="Shared links")
