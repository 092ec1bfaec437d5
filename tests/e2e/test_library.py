from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.e2e.drop import Drop
from tests.e2e.pictures import drawing, note, photo
from tests.integration.people import People, Person, eventually
from tests.rest import FirestoreAs


def test_download_gives_the_bytes_that_were_uploaded_under_their_name(library: Drop):
    picture = photo("수달 사진.jpg")
    library.pick(picture)
    library.expect_ready(picture.name)

    assert library.download(picture.name) == (picture.name, picture.data)


def test_delete_asks_first_and_then_removes_the_file_everywhere(library: Drop, person: Person):
    library.pick(note("old.txt"))
    library.expect_ready("old.txt")
    opener = library.page.get_by_role("button", name="Delete old.txt")

    opener.click()
    dialog = library.page.get_by_role("dialog", name="Delete this file?")
    expect(dialog).to_have_accessible_description(
        "“old.txt” will be gone from all your devices. This cannot be undone."
    )
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(library.row("old.txt")).to_be_visible()

    library.delete("old.txt")
    expect(library.page.get_by_text("old.txt was deleted.")).to_be_visible()
    eventually(lambda: person.usage() == (0, 0), what="the usage is given back")


def test_usage_follows_what_is_added_and_deleted(library: Drop):
    expect(library.usage).to_have_js_property("value", 0)
    picture = photo("counted.jpg")
    library.pick(picture)
    expect(library.usage).to_have_js_property("value", len(picture.data), timeout=30_000)
    expect(library.page.get_by_text("1 of 5,000 files")).to_be_visible()

    library.delete("counted.jpg")
    expect(library.usage).to_have_js_property("value", 0, timeout=30_000)


def test_two_browsers_of_one_user_see_each_other_live_and_another_user_sees_nothing(
    people: People, person: Person, enter
):
    here, there, stranger = enter(person), enter(person), enter(people.sign_up())

    here.pick(drawing("shared.png", (30, 90, 200)))
    there.expect_ready("shared.png")
    expect(there.usage).not_to_have_js_property("value", 0)

    there.drop(note("reply.txt"))
    here.expect_ready("reply.txt")

    there.delete("shared.png")
    expect(here.row("shared.png")).to_have_count(0)

    expect(stranger.rows).to_have_count(0)
    expect(stranger.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_upload_of_another_browser_shows_as_such_until_it_is_there(person: Person, enter):
    here, there = enter(person), enter(person)
    with here.slow_uplink(100 * 1024):
        here.pick(photo("coming.jpg", size=(1024, 768)))
        expect(there.row("coming.jpg")).to_contain_text("Uploading from another place…")
    there.expect_ready("coming.jpg")


def test_upload_that_never_finished_can_be_removed(person: Person, admin_firestore: FirestoreAs, enter):
    left = listed_file("left.bin", datetime.now(UTC) - timedelta(days=2)) | {"state": "uploading"}
    assert admin_firestore.create(person.file_path("left"), left).ok
    library = enter(person)

    expect(library.row("left.bin")).to_contain_text("This upload never finished.")
    library.delete("left.bin")
    eventually(lambda: person.file("left") is None, what="the document is gone")


def test_long_list_shows_the_newest_and_more_on_request(person: Person, admin_firestore: FirestoreAs, enter):
    now = datetime.now(UTC)
    for number in range(35):
        file = listed_file(f"file-{number}.txt", now - timedelta(minutes=number))
        assert admin_firestore.create(person.file_path(f"f{number}"), file).ok
    library = enter(person)

    expect(library.rows).to_have_count(30)
    expect(library.rows.first).to_contain_text("file-0.txt")
    expect(library.page.get_by_text("the newest 30")).to_be_visible()
    library.page.get_by_role("button", name="Show more").click()
    expect(library.rows).to_have_count(35)
    expect(library.page.get_by_role("button", name="Show more")).to_have_count(0)


def test_offline_is_told_and_changes_of_that_time_arrive_after_it(person: Person, enter):
    here, there = enter(person), enter(person)
    # Without a connection the SDK asks for a picture of Google's to see if all is lost; the policy stops it.
    here.watch.allow("ERR_INTERNET_DISCONNECTED|Could not reach|WebChannelConnection")
    here.watch.allow("www.google.com")
    here.page.context.set_offline(True)
    expect(here.page.get_by_text("You are offline.")).to_be_visible()

    there.pick(note("meanwhile.txt"))
    there.expect_ready("meanwhile.txt")
    expect(here.row("meanwhile.txt")).to_have_count(0)

    here.page.context.set_offline(False)
    expect(here.page.get_by_text("You are offline.")).to_have_count(0)
    here.expect_ready("meanwhile.txt")


def listed_file(name: str, created_at: datetime) -> dict:
    """A document as functions leave it. Its bytes are in no bucket; the list does not need them."""
    return {
        "name": name,
        "size": 1000,
        "contentType": "text/plain",
        "state": "ready",
        "createdAt": created_at,
        "updatedAt": created_at,
    }
