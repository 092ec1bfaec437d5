from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.drop import Drop
from tests.integration.people import PASSWORD, People, Person, eventually

REFUSED = "status of 400"
"""How the browser logs the answer to wrong credentials."""


def test_sign_up_with_a_new_address_opens_an_empty_library(drop):
    drop.sign_up(People.new_email(), PASSWORD)

    drop.expect_library()
    expect(drop.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    expect(drop.page.get_by_text("0 bytes of 1 GB")).to_be_visible()


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


def test_sign_up_with_a_blocked_domain_is_refused_in_plain_words(drop: Drop):
    drop.watch.allow(REFUSED)
    drop.sign_up(People.new_email("mailinator.com"), PASSWORD)
    expect(drop.page.get_by_role("alert")).to_have_text(
        "Accounts with this email domain are not accepted here. Use another address."
    )


def test_sign_in_of_a_suspended_user_is_refused_with_the_reason(drop: Drop, person: Person, admin_firestore):
    drop.watch.allow(REFUSED)
    assert admin_firestore.update(person.profile_path, {"state": "suspended"}).ok

    drop.sign_in(person.email, PASSWORD)

    expect(drop.page.get_by_role("alert")).to_contain_text("This account is suspended")


def test_reset_password_mails_a_link_with_which_the_new_password_works(drop: Drop, person: Person, suite):
    drop.page.get_by_role("button", name="Forgot password?").click()
    drop.page.get_by_label("Email").fill(person.email)
    drop.page.get_by_role("button", name="Send reset link").click()
    expect(
        drop.page.get_by_role("status").filter(has_text=f"If {person.email} has an account")
    ).to_be_visible()

    link = reset_link(suite, person.email)
    assert urlsplit(link).hostname == "127.0.0.1"
    assert requests.get(f"{link}&newPassword=a new password", timeout=10).ok

    drop.page.get_by_role("button", name="Back to sign in").click()
    drop.sign_in(person.email, "a new password")
    drop.expect_library()


def test_reset_password_of_an_unknown_address_reads_the_same(drop: Drop):
    drop.watch.allow(REFUSED)
    email = People.new_email()
    drop.page.get_by_role("button", name="Forgot password?").click()
    drop.page.get_by_label("Email").fill(email)
    drop.page.get_by_role("button", name="Send reset link").click()
    expect(drop.page.get_by_role("status").filter(has_text=f"If {email} has an account")).to_be_visible()


@pytest.mark.parametrize("name", ["Alice", "Bob", "Admin"])
def test_seeded_user_signs_in_with_one_click(drop: Drop, name):
    drop.page.get_by_role("button", name=f"Sign in as {name}").click()

    drop.expect_library()
    drop.account_menu.click()
    expect(drop.page.get_by_text(f"{name.lower()}@example.com")).to_be_visible()


def test_profile_name_is_changed_and_shown_at_once(library: Drop, person: Person):
    library.account_menu.click()
    library.page.get_by_role("button", name="Edit profile").click()
    dialog = library.page.get_by_role("dialog", name="Your profile")
    expect(dialog.get_by_label("Name")).to_be_focused()

    dialog.get_by_label("Name").fill("   ")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("Enter a name of 1 to 80 characters.")

    dialog.get_by_label("Name").fill("Ada <b>Lovelace</b>")
    dialog.get_by_role("button", name="Save").click()
    expect(library.page.get_by_role("button", name="Ada <b>Lovelace</b> account menu")).to_be_visible()
    eventually(lambda: (person.profile() or {})["name"] == "Ada <b>Lovelace</b>", what="the stored name")


def reset_link(suite, email: str) -> str:
    """The link the Auth emulator would have mailed."""
    codes = f"{suite.url('auth')}/emulator/v1/projects/{suite.project_id}/oobCodes"

    def link() -> str | None:
        mails = requests.get(codes, timeout=10).json()["oobCodes"]
        found = [
            mail["oobLink"]
            for mail in mails
            if mail["email"] == email and mail["requestType"] == "PASSWORD_RESET"
        ]
        return found[-1] if found else None

    found = eventually(link, what=f"a reset link for {email}")
    assert found
    return found
