"""The settings: profile, ways to sign in, sessions, the archive of everything, and the end of the account."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
import requests
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e.accessibility import expect_no_finding
from tests.e2e.drop import Drop
from tests.e2e.mailbox import Mailbox
from tests.e2e.pictures import drawing, note
from tests.e2e.ways_in import ask_for_link, be_on_google, enter_as_guest, open_settings
from tests.integration.people import PASSWORD, People, Person, eventually
from tests.rest import ADMIN_TOKEN, FirestoreAs

REFUSED = "status of 400"
"""How the browser logs what Authentication refuses."""
WORK_MS = 60_000
"""Archives and deletions go through a task queue, whose workers may only be starting."""


@pytest.fixture
def mailbox(suite) -> Mailbox:
    return Mailbox(suite)


@pytest.fixture
def settings(library: Drop) -> Drop:
    """The settings of `person`."""
    open_settings(library.page)
    return library


def test_name_is_changed_and_shown_at_once(settings: Drop, person: Person):
    page = settings.page
    page.get_by_role("button", name="Change name").click()
    dialog = page.get_by_role("dialog", name="Change name")
    name = dialog.get_by_label("Name", exact=True)
    expect(name).to_be_focused()

    name.fill("   ")
    dialog.get_by_role("button", name="Save").click()
    expect(name).to_have_accessible_description("Enter a name of 1 to 80 characters.")

    name.fill("Ada <b>Lovelace</b>")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Ada <b>Lovelace</b> account menu")).to_be_visible()
    eventually(lambda: (person.profile() or {})["name"] == "Ada <b>Lovelace</b>", what="the stored name")


def test_picture_is_cut_shown_replaced_and_removed(settings: Drop, person: Person):
    first = choose_picture(settings.page, person, drawing("wide.png", (20, 90, 160), (640, 200)).payload)
    assert object_size(person, first) == (256, 256)

    second = choose_picture(settings.page, person, drawing("tall.png", (160, 90, 20), (200, 640)).payload)
    eventually(lambda: not person.storage.exists(first), what="the first picture is gone")
    assert object_size(person, second) == (256, 256)

    settings.page.get_by_role("button", name="Remove", exact=True).click()
    expect(settings.page.locator(".avatar img")).to_have_count(0)
    eventually(lambda: not person.storage.exists(second), what="the second picture is gone")


def test_file_that_is_no_picture_is_told(settings: Drop):
    settings.page.get_by_label("Choose a picture").set_input_files([note("notes.png").payload])
    expect(settings.page.get_by_role("alert")).to_contain_text("cannot be shown as a picture")


def test_password_change_asks_for_the_current_one(settings: Drop, person: Person, people: People):
    settings.watch.allow(REFUSED)
    page = settings.page
    page.get_by_role("button", name="Change password").click()
    dialog = page.get_by_role("dialog", name="Change password")
    current = dialog.get_by_label("Current password", exact=True)
    expect(current).to_have_attribute("autocomplete", "current-password")
    expect(dialog.get_by_label("New password", exact=True)).to_have_attribute("autocomplete", "new-password")

    current.fill("not my password")
    dialog.get_by_label("New password", exact=True).fill("a new password")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("That is not your current password.")
    expect(current).to_be_focused()

    current.fill(PASSWORD)
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Your new password is saved.")).to_be_visible()
    assert not people.auth.sign_in(person.email or "", PASSWORD).ok
    assert people.auth.sign_in(person.email or "", "a new password").ok


def test_who_signs_in_with_links_gets_one_to_set_a_password(drop: Drop, mailbox: Mailbox, people: People):
    email = People.new_email()
    ask_for_link(drop.page, email)
    drop.page.goto(mailbox.link(email, "EMAIL_SIGNIN"))
    drop.expect_library()
    open_settings(drop.page)

    drop.page.get_by_role("button", name="Change password").click()
    dialog = drop.page.get_by_role("dialog", name="Change password")
    known = len(mailbox.links(email, "EMAIL_SIGNIN"))
    dialog.get_by_role("button", name="No password, or forgotten? Get a link").click()
    eventually(lambda: len(mailbox.links(email, "EMAIL_SIGNIN")) > known, what="another link")
    other = drop.page.context.new_page()
    other.goto(mailbox.link(email, "EMAIL_SIGNIN"))
    expect(other.get_by_role("heading", name="Your files")).to_be_visible()
    other.close()

    dialog.get_by_label("New password", exact=True).fill("a new password")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert people.auth.sign_in(email, "a new password").ok


def test_address_changes_once_the_mail_to_the_new_one_is_opened(
    settings: Drop, person: Person, mailbox: Mailbox
):
    page = settings.page
    email = People.new_email()
    page.get_by_role("button", name="Change email").click()
    dialog = page.get_by_role("dialog", name="Change email")
    dialog.get_by_label("Current password", exact=True).fill(PASSWORD)
    dialog.get_by_label("New email", exact=True).fill(email)
    dialog.get_by_role("button", name="Send link").click()
    expect(page.get_by_role("status").filter(has_text=f"A link is on its way to {email}")).to_be_visible()
    expect(section(page, "Signing in")).to_contain_text(person.email or "")

    other = page.context.new_page()
    other.goto(mailbox.page_link(email, "VERIFY_AND_CHANGE_EMAIL"))
    expect(other.get_by_text(f"From now on you sign in with {email}")).to_be_visible()

    expect(section(page, "Signing in")).to_contain_text(f"{email} Confirmed")
    eventually(lambda: (person.profile() or {})["email"] == email, what="the address of the profile")


def test_change_of_address_is_taken_back_by_the_mail_to_the_old_one(
    drop: Drop, person: Person, mailbox: Mailbox
):
    change = {"idToken": person.id_token, "email": People.new_email(), "returnSecureToken": True}
    assert person.auth.call("update", change).ok

    drop.page.goto(mailbox.page_link(person.email or "", "RECOVER_EMAIL"))

    expect(drop.page.get_by_role("heading", name="Your old email is back")).to_be_visible()
    drop.page.get_by_role("button", name="Send reset link").click()
    expect(drop.page.get_by_role("status").filter(has_text="a link to reset the password")).to_be_visible()
    assert mailbox.link(person.email or "", "PASSWORD_RESET")


def test_google_is_connected_and_disconnected(settings: Drop):
    page = settings.page
    email = People.new_email()
    page.get_by_role("button", name="Connect", exact=True).click()
    dialog = page.get_by_role("dialog", name="Pretend to be on Google")
    dialog.get_by_label("Email", exact=True).fill(email)
    dialog.get_by_role("button", name="Continue").click()
    expect(page.get_by_text(f"Connected as {email}")).to_be_visible()

    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("Not connected")).to_be_visible()


def test_sign_out_everywhere_ends_every_page_at_once(
    settings: Drop, person: Person, enter: Callable[..., Drop]
):
    elsewhere = enter(person)
    # Tokens count in seconds: an end in the second of a sign-in does not end that one.
    signed_in_at = int(time.time())
    eventually(lambda: time.time() > signed_in_at + 1, what="the next second")
    settings.page.get_by_role("button", name="Sign out everywhere").click()
    settings.page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()

    for drop in (settings, elsewhere):
        expect(drop.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    expect(elsewhere.page.get_by_text("You were signed out on all devices.")).to_be_visible()
    elsewhere.sign_in(person.email or "", PASSWORD)
    elsewhere.expect_library()


def test_archive_is_made_live_and_its_parts_are_saved(settings: Drop, person: Person):
    page = settings.page
    person.upload("letter.txt", b"Dear reader.\n", "text/plain")
    data = section(page, "Your data")
    data.get_by_role("button", name="Make an archive").click()

    parts = data.get_by_role("list", name="Download everything").get_by_role("listitem")
    expect(parts).to_have_count(1, timeout=WORK_MS)
    expect(parts).to_contain_text("1 file")
    expect(data).to_contain_text("Removed tomorrow.")
    with page.expect_download() as download:
        parts.get_by_role("button").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert any(name.endswith("letter.txt") for name in archive.namelist())
    expect(data.get_by_role("button", name="Make a new one")).to_be_visible()


def test_archive_on_its_way_is_followed_and_started_again_when_it_failed(
    settings: Drop, person: Person, admin_firestore: FirestoreAs
):
    counts = {"done": 1, "total": 3, "bytesDone": 1024, "bytesTotal": 4096}
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    times = {"createdAt": long_ago, "updatedAt": long_ago}
    job = {"kind": "export", "state": "running", "parts": [], **counts, **times}
    path = f"{person.profile_path}/jobs/earlier"
    assert admin_firestore.create(path, job).ok

    data = section(settings.page, "Your data")
    expect(data).to_contain_text("1 of 3 files, 1 kB of 4 kB")
    expect(data.get_by_role("progressbar")).to_have_js_property("value", 0.25)
    expect(data.get_by_role("button", name="Make an archive")).to_be_hidden()

    assert admin_firestore.update(path, {"state": "failed", "error": "stalled"}).ok
    expect(data).to_contain_text("The archive could not be made.")
    data.get_by_role("button", name="Try again").click()
    expect(data.get_by_role("list", name="Download everything")).to_be_visible(timeout=WORK_MS)


def test_account_is_deleted_after_its_address_was_typed(
    settings: Drop, person: Person, enter: Callable[..., Drop]
):
    settings.watch.allow(REFUSED)
    elsewhere = enter(person)
    dialog = open_deletion(settings.page)
    dialog.get_by_label(f"Type {person.email} to confirm").fill("someone@example.com")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(dialog.get_by_label(f"Type {person.email} to confirm")).to_have_accessible_description(
        f"Type exactly {person.email}."
    )

    dialog.get_by_label(f"Type {person.email} to confirm").fill((person.email or "").upper())
    dialog.get_by_role("button", name="Delete for good").click()

    for drop in (settings, elsewhere):
        expect(drop.page.get_by_role("heading", name="Goodbye, and thank you")).to_be_visible()
    eventually(lambda: not person.auth.sign_in(person.email or "").ok, what="the account is closed")
    settings.page.get_by_role("button", name="Back to the start").click()
    expect(settings.page.get_by_role("heading", name="Welcome back")).to_be_visible()


def test_deletion_long_after_the_sign_in_asks_for_it_again_in_the_same_dialog(
    settings: Drop, person: Person, suite
):
    settings.watch.allow(REFUSED)
    age_sign_in(settings.page, suite, person)
    dialog = open_deletion(settings.page)
    dialog.get_by_label(f"Type {person.email} to confirm").fill(person.email or "")
    dialog.get_by_role("button", name="Delete for good").click()

    expect(dialog).to_contain_text("You signed in a while ago.")
    current = dialog.get_by_label("Current password", exact=True)
    expect(current).to_be_focused()
    current.fill("not my password")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(dialog.get_by_role("alert")).to_have_text("That is not your current password.")
    current.fill(PASSWORD)
    dialog.get_by_role("button", name="Delete for good").click()
    expect(settings.page.get_by_role("heading", name="Goodbye, and thank you")).to_be_visible()


def test_guest_can_take_everything_along_and_delete_it(drop: Drop):
    enter_as_guest(drop)
    open_settings(drop.page, "Create an account")
    data = section(drop.page, "Your data")
    data.get_by_role("button", name="Make an archive").click()
    expect(data.get_by_role("list", name="Download everything")).to_be_visible(timeout=WORK_MS)

    dialog = open_deletion(drop.page)
    dialog.get_by_label("Type DELETE to confirm").fill("DELETE")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(drop.page.get_by_role("heading", name="Goodbye, and thank you")).to_be_visible()


def test_google_account_without_a_password_is_deleted_too(drop: Drop):
    email = People.new_email()
    be_on_google(drop.page, email, "Grace Hopper")
    drop.expect_library()
    open_settings(drop.page)
    expect(section(drop.page, "Signing in")).to_contain_text("No password.")

    dialog = open_deletion(drop.page)
    dialog.get_by_label(f"Type {email} to confirm").fill(email)
    dialog.get_by_role("button", name="Delete for good").click()
    expect(drop.page.get_by_role("heading", name="Goodbye, and thank you")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_of_the_account_has_an_accessibility_finding(
    open_drop: Callable[..., Drop], mailbox: Mailbox, scheme
):
    drop = open_drop(color_scheme=scheme, reduced_motion="reduce")
    page = drop.page
    email = People.new_email()
    ask_for_link(page, email)
    expect_no_finding(page, "link sent")

    page.goto(mailbox.page_link(email, "EMAIL_SIGNIN").replace("oobCode=", "oobCode=x"))
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    drop.watch.allow(REFUSED)
    expect_no_finding(page, "link that does not work")
    page.get_by_role("button", name="Go on to Drop").click()

    enter_as_guest(drop)
    open_settings(page, "Create an account")
    expect_no_finding(page, "settings of a guest")
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account", exact=True).click()
    expect(section(page, "Signing in")).to_contain_text(email)
    expect_no_finding(page, "settings of an account")

    for opener in ("Change email", "Change password", "Sign out everywhere", "Delete my account"):
        page.get_by_role("button", name=opener).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        expect_no_finding(page, opener)
        page.keyboard.press("Escape")
    page.get_by_label("Choose a picture").set_input_files([drawing("a.png", (20, 90, 160)).payload])
    expect(page.get_by_role("dialog")).to_be_visible()
    expect_no_finding(page, "picture")


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def open_deletion(page: Page) -> Locator:
    page.get_by_role("button", name="Delete my account").click()
    dialog: Locator = page.get_by_role("dialog", name="Delete your account?")
    return dialog


def choose_picture(page: Page, person: Person, payload: Any) -> str:
    """Chooses a picture as it is first shown; answers its path."""
    before = (person.profile() or {}).get("picture")
    page.get_by_label("Choose a picture").set_input_files([payload])
    dialog = page.get_by_role("dialog", name="Choose the part to show")
    dialog.get_by_label("Zoom").fill("1.5")
    dialog.get_by_role("img").press("ArrowRight")
    dialog.get_by_role("button", name="Use this picture").click()
    expect(dialog).to_have_count(0)
    path = (person.profile() or {})["picture"]
    assert path != before
    expect(page.locator(".account .avatar img")).to_be_visible()
    return str(path)


def object_size(person: Person, path: str) -> tuple[int, int]:
    """Width and height of the picture at `path`, in the type that pictures are stored in."""
    response = person.storage.download(path)
    assert response.ok, response.text
    image = Image.open(BytesIO(response.content))
    assert image.format == "WEBP"
    return image.size


def age_sign_in(page: Page, suite, person: Person) -> None:
    """Makes the page's sign-in ten minutes old, on the server and in a new token of the page."""
    address = (
        f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{suite.project_id}/accounts:update"
    )
    old = str(int((time.time() - 600) * 1000))
    body = {"localId": person.uid, "lastLoginAt": old, "emailVerified": True}
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    assert requests.post(address, json=body, headers=headers, timeout=10).ok
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.get_by_label("About your account")).to_be_hidden()
