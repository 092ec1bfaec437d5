from __future__ import annotations

from datetime import UTC, datetime

from playwright.sync_api import expect

from tests.e2e.drop import Drop
from tests.e2e.pictures import drawing, note, photo
from tests.e2e.stocked import listed_file, stock
from tests.integration.people import People, Person, eventually
from tests.rest import FirestoreAs, from_fields


def files_of(person: Person) -> list[dict]:
    listed = person.firestore.list(person.profile_path + "/files").json()
    return [from_fields(document) for document in listed.get("documents", [])]


def test_download_gives_the_bytes_that_were_uploaded_under_their_name(library: Drop):
    picture = photo("수달 사진.jpg")
    library.pick(picture)
    library.expect_ready(picture.name)

    assert library.download(picture.name) == (picture.name, picture.data)


def test_delete_moves_to_the_trash_and_can_be_undone(library: Drop, person: Person):
    library.pick(note("old.txt"))
    library.expect_ready("old.txt")

    library.delete("old.txt")
    notice = library.page.get_by_role("status").filter(has_text="old.txt moved to the trash.")
    file = eventually(lambda: [each for each in files_of(person) if each["state"] == "trashed"])[0]
    assert file["trashedAt"] == file["updatedAt"]
    assert person.usage() == (len(note().data), 1)

    notice.get_by_role("button", name="Undo").click()
    library.expect_ready("old.txt")
    eventually(lambda: files_of(person)[0]["state"] == "ready", what="the file is back")
    assert "trashedAt" not in files_of(person)[0]


def test_file_that_could_not_be_checked_is_tried_again_on_request(
    library: Drop, person: Person, admin_firestore: FirestoreAs
):
    library.pick(note("stuck.txt"))
    library.expect_ready("stuck.txt")
    give_up(admin_firestore, person)

    expect(library.row("stuck.txt")).to_contain_text("The file could not be checked.")
    library.row("stuck.txt").get_by_role("button", name="Try again").click()
    library.expect_ready("stuck.txt")
    assert "reason" not in files_of(person)[0]
    assert library.download("stuck.txt") == ("stuck.txt", note().data)
    assert person.usage() == (len(note().data), 1)


def give_up(firestore: FirestoreAs, person: Person) -> None:
    """Leaves the only file of `person` as functions that could not process it do: its bytes uncounted."""
    [document] = person.firestore.list(person.profile_path + "/files").json()["documents"]
    file_id = document["name"].rpartition("/")[2]
    generation = from_fields(document)["generation"]
    assert firestore.delete(f"ledger/usage:{person.uid}:{file_id}:{generation}").ok
    assert firestore.update(person.profile_path, {"usage": {"bytes": 0, "files": 0}}).ok
    gave_up = {"state": "rejected", "reason": "processing-failed", "updatedAt": datetime.now(UTC)}
    assert firestore.update(person.file_path(file_id), gave_up).ok


def test_usage_follows_what_is_added_and_deleted(library: Drop):
    expect(library.usage).to_have_js_property("value", 0)
    picture = photo("counted.jpg")
    library.pick(picture)
    expect(library.usage).to_have_js_property("value", len(picture.data), timeout=30_000)
    expect(library.page.get_by_text("1 of 5,000 files")).to_be_visible()

    library.delete("counted.jpg")
    library.open_trash()
    expect(library.usage).to_have_js_property("value", len(picture.data))
    library.page.get_by_role("button", name="Delete counted.jpg for good").click()
    library.page.get_by_role("dialog").get_by_role("button", name="Delete file").click()
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
    stock(admin_firestore, person, {"left": listed_file("left.bin", minutes_old=3000, state="uploading")})
    library = enter(person)

    expect(library.row("left.bin")).to_contain_text("This upload never finished.")
    library.delete("left.bin")
    eventually(lambda: person.file("left") is None, what="the document is gone")
