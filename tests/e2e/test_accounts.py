"""Ways in: password, link by e-mail, Google, guest; and what the links in mails do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Route, expect

from tests.e2e.drop import Drop
from tests.e2e.mailbox import Mailbox
from tests.e2e.pictures import note
from tests.e2e.ways_in import ask_for_link, be_on_google, enter_as_guest, open_settings
from tests.integration.people import PASSWORD, People, Person, eventually
from tests.rest import FirestoreAs

REFUSED = "status of 400"
"""How the browser logs the answer to wrong credentials."""


@pytest.fixture
def mailbox(suite) -> Mailbox:
    return Mailbox(suite)


def test_sign_up_with_a_new_address_opens_an_empty_library(drop):
    drop.sign_up(People.new_email(), PASSWORD)

    drop.expect_library()
    expect(drop.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    expect(drop.page.get_by_text("0 bytes of 1 GB")).to_be_visible()


def test_profile_whose_event_was_lost_is_asked_for_and_said_so(
    drop, person: Person, admin_firestore: FirestoreAs
):
    assert admin_firestore.delete(person.profile_path).ok
    asked: list[Route] = []
    drop.page.route("**/refresh_profile", lambda route: asked.append(route))
    drop.sign_in(person.email, PASSWORD)
    expect(drop.page.get_by_text("Drop is asking for it again")).to_be_visible()
    eventually(lambda: drop.page.evaluate("1") and asked, what="the page asks")
    for route in asked:
        route.continue_()
    drop.expect_library()
    expect(drop.page.get_by_text("0 bytes of 1 GB")).to_be_visible()
    profile = person.profile()
    assert profile
    assert profile["email"] == person.email


def test_sign_in_stays_after_a_reload_and_ends_with_sign_out(drop, person: Person):
    drop.sign_in(person.email, PASSWORD)
    drop.expect_library()

    drop.page.reload()
    drop.expect_library()

    drop.sign_out()
    drop.page.reload()
    expect(drop.page.get_by_role("heading", name="Welcome back")).to_be_visible()


def test_wrong_password_is_told_in_plain_words_and_the_right_one_works_after_it(drop: Drop, person: Person):
    drop.watch.allow(REFUSED)
    drop.sign_in(person.email, "not my password")
    expect(drop.page.get_by_role("alert")).to_have_text(
        "That email and password do not match. Check both and try again."
    )

    drop.sign_in(person.email, PASSWORD)
    drop.expect_library()


def test_unknown_address_reads_the_same_as_a_wrong_password(drop: Drop):
    drop.watch.allow(REFUSED)
    drop.sign_in(People.new_email(), PASSWORD)
    expect(drop.page.get_by_role("alert")).to_contain_text("do not match")


@pytest.mark.parametrize(
    ("email", "password", "field", "sentence"),
    [
        ("", PASSWORD, "Email", "Enter your email address."),
        ("nobody", PASSWORD, "Email", "That does not look like an email address."),
        ("ada@example.com", "", "Password", "Enter your password."),
        ("ada@example.com", "12345", "Password", "Choose a password of at least 6 characters."),
    ],
    ids=["no address", "not an address", "no password", "short password"],
)
def test_sign_up_with_a_bad_field_says_so_beside_it_and_goes_there(
    drop: Drop, email, password, field, sentence
):
    drop.sign_up(email, password)

    wrong = drop.page.get_by_label(field, exact=True)
    expect(wrong).to_be_focused()
    expect(wrong).to_have_accessible_description(
        sentence if field == "Email" else f"{sentence} At least 6 characters."
    )


def test_sign_up_with_a_taken_address_points_to_signing_in(drop: Drop, person: Person):
    drop.watch.allow(REFUSED)
    drop.sign_up(person.email, PASSWORD)
    expect(drop.page.get_by_role("alert")).to_contain_text("already an account with this email")
    expect(drop.page.get_by_label("Email", exact=True)).to_be_focused()


def test_sign_up_with_a_blocked_domain_is_refused_in_plain_words(drop: Drop):
    drop.watch.allow(REFUSED)
    drop.sign_up(People.new_email("mailinator.com"), PASSWORD)
    expect(drop.page.get_by_role("alert")).to_have_text(
        "Accounts with this email domain are not accepted here. Use another address."
    )


def test_sign_in_of_a_suspended_user_is_refused_with_the_reason(drop: Drop, person: Person, admin_firestore):
    drop.watch.allow(REFUSED)
    suspend(admin_firestore, person, "Copyright complaint")

    drop.sign_in(person.email, PASSWORD)

    alert = drop.page.get_by_role("alert")
    expect(alert).to_contain_text("This account is suspended")
    expect(alert).to_contain_text("Reason: Copyright complaint")


def test_user_suspended_while_signed_in_is_told_with_the_reason(
    library: Drop, person: Person, admin_firestore
):
    suspend(admin_firestore, person, "Copyright complaint")

    notes = library.page.get_by_label("About your account")
    expect(notes).to_contain_text("Your account is suspended.")
    expect(notes).to_contain_text("Reason: Copyright complaint")


def test_new_address_is_confirmed_by_its_mail_and_the_note_goes_away_at_once(drop: Drop, mailbox: Mailbox):
    email = People.new_email()
    drop.sign_up(email, PASSWORD)
    drop.expect_library()
    notes = drop.page.get_by_label("About your account")
    expect(notes).to_contain_text(f"We sent a link to {email}")
    expect(notes.get_by_role("button", name="Send it again in")).to_be_disabled()

    other = drop.page.context.new_page()
    other.goto(mailbox.page_link(email, "VERIFY_EMAIL"))
    expect(other.get_by_role("heading", name="Your email is confirmed")).to_be_visible()
    assert "oobCode" not in other.url, "a code stays in no history"
    expect(notes).to_be_hidden()
    other.get_by_role("button", name="Go on to Drop").click()
    expect(other.get_by_role("heading", name="Your files")).to_be_visible()
    expect(other.get_by_label("About your account")).to_be_hidden()


def test_address_confirmed_elsewhere_is_noticed_when_the_page_gets_the_focus(drop: Drop, mailbox: Mailbox):
    email = People.new_email()
    drop.sign_up(email, PASSWORD)
    notes = drop.page.get_by_label("About your account")
    expect(notes).to_contain_text("Confirm your email")
    assert requests.get(mailbox.link(email, "VERIFY_EMAIL"), timeout=10).ok

    drop.page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(notes).to_be_hidden()


def test_reset_password_by_the_mail_signs_in_with_the_new_one(
    drop: Drop, person: Person, mailbox: Mailbox, people: People
):
    drop.page.get_by_role("button", name="Forgot password?").click()
    drop.page.get_by_label("Email", exact=True).fill(person.email)
    drop.page.get_by_role("button", name="Send reset link").click()
    expect(
        drop.page.get_by_role("status").filter(has_text=f"If {person.email} has an account")
    ).to_be_visible()

    link = mailbox.page_link(person.email, "PASSWORD_RESET")
    drop.page.goto(link)
    expect(drop.page.get_by_text(f"For the account {person.email}")).to_be_visible()
    password = drop.page.get_by_label("New password", exact=True)
    expect(password).to_have_attribute("autocomplete", "new-password")
    password.fill("12345")
    drop.page.get_by_role("button", name="Save and sign in").click()
    expect(password).to_have_accessible_description(
        "Choose a password of at least 6 characters. At least 6 characters."
    )
    password.fill("a new password")
    drop.page.get_by_role("button", name="Save and sign in").click()
    drop.expect_library()
    assert people.auth.sign_in(person.email, "a new password").ok

    drop.watch.allow(REFUSED)
    drop.page.goto(link)
    expect(drop.page.get_by_role("alert")).to_contain_text("too old or was used already")
    drop.page.get_by_role("button", name="Go on to Drop").click()
    drop.expect_library()


def test_reset_password_of_an_unknown_address_reads_the_same(drop: Drop):
    drop.watch.allow(REFUSED)
    email = People.new_email()
    drop.page.get_by_role("button", name="Forgot password?").click()
    drop.page.get_by_label("Email", exact=True).fill(email)
    drop.page.get_by_role("button", name="Send reset link").click()
    expect(drop.page.get_by_role("status").filter(has_text=f"If {email} has an account")).to_be_visible()


def test_sign_in_link_opened_in_the_same_browser_signs_in_at_once(drop: Drop, mailbox: Mailbox):
    email = People.new_email()
    ask_for_link(drop.page, email)

    drop.page.goto(mailbox.link(email, "EMAIL_SIGNIN"))

    drop.expect_library()
    drop.account_menu.click()
    expect(drop.page.get_by_text(email)).to_be_visible()
    expect(drop.page.get_by_label("About your account")).to_be_hidden()


def test_sign_in_link_opened_on_another_device_asks_for_the_address(
    drop: Drop, open_drop: Callable[..., Drop], mailbox: Mailbox
):
    email = People.new_email()
    ask_for_link(drop.page, email)
    other = open_drop()
    other.watch.allow(REFUSED)

    other.page.goto(mailbox.page_link(email, "EMAIL_SIGNIN"))

    expect(other.page.get_by_role("heading", name="Confirm your email")).to_be_visible()
    other.page.get_by_label("Email", exact=True).fill(email)
    other.page.get_by_role("button", name="Sign in", exact=True).click()
    other.expect_library()


def test_google_signs_up_and_in_again(drop: Drop, people: People):
    email = People.new_email()
    be_on_google(drop.page, email, "Grace Hopper")
    drop.expect_library()
    expect(drop.page.get_by_role("button", name="Grace Hopper account menu")).to_be_visible()
    expect(drop.page.get_by_label("About your account")).to_be_hidden()

    drop.sign_out()
    drop.page.get_by_role("button", name="Continue with Google").click()
    drop.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(drop.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    be_on_google(drop.page, email)
    drop.expect_library()
    expect(drop.page.get_by_role("button", name="Grace Hopper account menu")).to_be_visible()


def by_password(drop: Drop, email: str, _: Mailbox | None = None) -> None:
    drop.page.get_by_label("Email", exact=True).fill(email)
    drop.page.get_by_label("Password", exact=True).fill(PASSWORD)
    drop.page.get_by_role("button", name="Create account", exact=True).click()


def by_link(drop: Drop, email: str, mailbox: Mailbox) -> None:
    ask_for_link(drop.page, email)
    drop.page.goto(mailbox.link(email, "EMAIL_SIGNIN"))
    drop.expect_library()
    open_settings(drop.page)


def by_google(drop: Drop, email: str, _: Mailbox) -> None:
    be_on_google(drop.page, email)


@pytest.mark.parametrize("become", [by_password, by_link, by_google])
def test_guest_becomes_an_account_and_keeps_the_files(drop: Drop, mailbox: Mailbox, become):
    enter_as_guest(drop)
    drop.pick(note("kept.txt"))
    drop.expect_ready("kept.txt")
    open_settings(drop.page, "Create an account")
    email = People.new_email()

    become(drop, email, mailbox)

    expect(drop.page.get_by_role("region", name="Signing in")).to_contain_text(email)
    expect(drop.page.get_by_text("You are a guest")).to_have_count(0)
    drop.page.get_by_role("link", name="Your files").last.click()
    drop.expect_ready("kept.txt")
    # Functions bring the profile in step, so the menu no longer says "Guest".
    expect(drop.page.get_by_role("button", name="Guest account menu")).to_have_count(0)


def test_guest_whose_address_has_an_account_is_told_that_the_files_stay(drop: Drop, person: Person):
    drop.watch.allow(REFUSED)
    enter_as_guest(drop)
    open_settings(drop.page, "Create an account")

    by_password(drop, person.email)
    dialog = drop.page.get_by_role("dialog", name="There is already an account")
    expect(dialog).to_contain_text("belong to the guest and will not move over")
    dialog.get_by_role("button", name="Cancel").click()
    expect(drop.page.get_by_text("You are a guest")).to_be_visible()

    drop.page.get_by_role("button", name="Create account", exact=True).click()
    dialog.get_by_role("button", name="Leave and sign in").click()
    expect(drop.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    expect(drop.page.get_by_label("Email", exact=True)).to_have_value(person.email)
    drop.page.get_by_label("Password", exact=True).fill(PASSWORD)
    drop.page.get_by_role("button", name="Sign in", exact=True).click()
    drop.expect_library()


def test_guest_whose_link_belongs_to_an_account_can_stay_or_leave(
    drop: Drop, person: Person, mailbox: Mailbox
):
    drop.watch.allow(REFUSED)
    enter_as_guest(drop)
    open_settings(drop.page, "Create an account")
    ask_for_link(drop.page, person.email or "")

    drop.page.goto(mailbox.link(person.email or "", "EMAIL_SIGNIN"))

    expect(drop.page.get_by_role("heading", name="There is already an account")).to_be_visible()
    expect(drop.page.get_by_text("belong to the guest and will not move over")).to_be_visible()
    expect(drop.page.get_by_role("button", name="Stay here as a guest")).to_be_visible()
    drop.page.get_by_role("button", name="Leave and sign in").click()
    expect(drop.page.get_by_role("heading", name="Sign in without a password")).to_be_visible()
    expect(drop.page.get_by_label("Email", exact=True)).to_have_value(person.email or "")


def test_guest_whose_google_account_is_known_can_sign_in_to_it_instead(drop: Drop):
    drop.watch.allow(REFUSED)
    email = People.new_email()
    be_on_google(drop.page, email, "Grace Hopper")
    drop.expect_library()
    drop.sign_out()
    enter_as_guest(drop)
    open_settings(drop.page, "Create an account")

    be_on_google(drop.page, email)
    drop.page.get_by_role("dialog", name="There is already an account").get_by_role(
        "button", name="Leave and sign in"
    ).click()

    expect(drop.page.get_by_role("button", name="Grace Hopper account menu")).to_be_visible()


def test_guest_is_asked_before_the_files_are_out_of_reach(drop: Drop):
    enter_as_guest(drop)
    drop.account_menu.click()
    drop.page.get_by_role("button", name="Sign out").click()
    dialog = drop.page.get_by_role("dialog", name="Leave without an account?")
    expect(dialog).to_contain_text("Nobody can sign in as this guest again")
    dialog.get_by_role("button", name="Leave my files behind").click()
    expect(drop.page.get_by_role("heading", name="Welcome back")).to_be_visible()


@pytest.mark.parametrize("name", ["Alice", "Bob", "Admin"])
def test_seeded_user_signs_in_with_one_click(drop: Drop, name):
    drop.page.get_by_role("button", name=f"Sign in as {name}").click()

    drop.expect_library()
    drop.account_menu.click()
    expect(drop.page.get_by_text(f"{name.lower()}@example.com")).to_be_visible()


def suspend(admin_firestore: FirestoreAs, person: Person, reason: str) -> None:
    fields = {"state": "suspended", "suspendedReason": reason}
    assert admin_firestore.update(person.profile_path, fields).ok
