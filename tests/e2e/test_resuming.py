"""Uploads that go on: after a reload, a closed browser, a lost connection, and in another tab."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.chromium import chromium
from tests.e2e.conftest import DEADLINE_MS, DESKTOP
from tests.e2e.drop import Drop, Watch
from tests.e2e.pictures import LocalFile, note, photo
from tests.e2e.tray import Chunks
from tests.integration.people import PASSWORD, People, Person
from tests.rest import StorageAs

CHUNK = 256 * 1024
SLOW = 160 * 1024
"""Slow enough that nothing is over before the test has had its way, on a busy machine too."""
SESSIONS = "**/o?*upload_id=*"
KEPT_NOTHING = """() => new Promise((resolve) => {
  const opening = indexedDB.open('drop-uploads');
  opening.onsuccess = () => {
    const db = opening.result;
    const stores = [...db.objectStoreNames];
    const change = db.transaction(stores);
    const counts = stores.map((name) => change.objectStore(name).count());
    change.oncomplete = () => {
      db.close();
      resolve(stores.length === 2 && counts.every(({ result }) => result === 0));
    };
  };
})"""
WITHOUT_CONNECTION = "ERR_INTERNET_DISCONNECTED|Could not reach|WebChannelConnection|www.google.com"


@pytest.fixture
def picture() -> LocalFile:
    """Several pieces long, and small enough to be quick."""
    return photo("long.jpg", size=(1600, 1200))


@pytest.fixture
def expect_arrived(person: Person, admin_storage: StorageAs) -> Callable[[Drop, LocalFile], str]:
    """One document, whose object is the file; gives its id."""

    def check(drop: Drop, file: LocalFile) -> str:
        drop.expect_ready(file.name)
        [file_id] = file_ids(person)
        assert admin_storage.download(person.original(file_id, file.name)).content == file.data
        return file_id

    return check


def file_ids(person: Person) -> list[str]:
    response = person.firestore.list(f"users/{person.uid}/files")
    assert response.ok, response.text
    return [document["name"].rpartition("/")[2] for document in response.json().get("documents", [])]


def half_way(drop: Drop, file: LocalFile) -> None:
    """Adds a file and waits until the server has some of it for sure."""
    drop.pick(file)
    drop.expect_share_sent(file.name, more_than=(CHUNK + 1) / len(file.data))


def test_upload_goes_on_after_a_reload_from_what_the_server_has(library: Drop, picture, expect_arrived):
    with library.slow_uplink(SLOW):
        half_way(library, picture)
        chunks = library.chunks()
        library.page.reload()

    expect_arrived(library, picture)
    assert chunks.offsets[0] >= CHUNK
    assert chunks.bytes < len(picture.data)
    expect(library.upload(picture.name)).to_contain_text("In your library")
    library.page.wait_for_function(KEPT_NOTHING)


def test_upload_goes_on_when_the_browser_was_closed_and_opened_again(
    browser: Browser, suite, person: Person, picture, expect_arrived, tmp_path: Path
):
    def opened() -> tuple[Drop, Chunks]:
        context = browser.browser_type.launch_persistent_context(
            tmp_path, viewport=DESKTOP, locale="en-US", **chromium()
        )
        context.set_default_timeout(DEADLINE_MS)
        chunks = Chunks(context)
        return Drop(context.pages[0], suite.url("hosting"), Watch(context)).open(), chunks

    first, _ = opened()
    assert person.email
    first.sign_in(person.email, PASSWORD)
    first.expect_library()
    with first.slow_uplink(SLOW):
        half_way(first, picture)
        first.page.context.close()

    second, chunks = opened()
    expect_arrived(second, picture)
    assert chunks.offsets[0] >= CHUNK
    second.page.context.close()


def test_upload_waits_without_a_connection_and_goes_on_with_it(library: Drop, picture, expect_arrived):
    library.watch.allow(WITHOUT_CONNECTION)
    with library.slow_uplink(SLOW) as line:
        half_way(library, picture)
        line.cut()
        expect(library.upload(picture.name)).to_contain_text("No connection.")
        expect(library.tray.get_by_role("button", name="1 upload waiting for a connection")).to_be_visible()
        chunks = library.chunks()
        line.mend()

    expect_arrived(library, picture)
    assert chunks.offsets[0] >= CHUNK


def test_server_that_does_not_answer_is_asked_again_at_once_on_request(
    library: Drop, picture, expect_arrived
):
    library.watch.allow("status of 503")
    library.page.route(SESSIONS, lambda route: route.fulfill(status=503))
    library.pick(picture)
    patient = re.compile(r"The server does not answer. Trying again in ([3-9]|\d\d) sec")
    expect(library.upload(picture.name)).to_contain_text(patient)

    library.page.unroute(SESSIONS)
    library.press(f"Retry upload of {picture.name}")

    expect_arrived(library, picture)


def test_piece_whose_answer_is_lost_is_not_sent_twice(library: Drop, picture, expect_arrived):
    library.watch.allow("ERR_FAILED")
    lost: list[str] = []

    def swallow(route: Route) -> None:
        command = route.request.headers.get("x-goog-upload-command", "")
        if command in ("upload", "upload, finalize") and command not in lost:
            lost.append(command)
            route.fetch()
            route.abort()
        else:
            route.fallback()

    library.page.route(SESSIONS, swallow)
    chunks = library.chunks()
    library.pick(picture)

    expect_arrived(library, picture)
    assert lost == ["upload", "upload, finalize"]
    assert len(chunks.offsets) == len(set(chunks.offsets))


def test_upload_whose_file_was_removed_from_another_device_says_so(library: Drop, person: Person, picture):
    library.watch.allow("status of 403")
    with library.slow_uplink(SLOW):
        half_way(library, picture)
        library.press(f"Pause upload of {picture.name}")
    [announced] = file_ids(person)
    assert person.firestore.delete(person.file_path(announced)).ok

    library.press(f"Resume upload of {picture.name}")

    expect(library.upload(picture.name)).to_contain_text("The file was removed from another device")
    assert file_ids(person) == []


def test_upload_whose_session_expired_begins_again_under_its_document(
    library: Drop, person: Person, picture, expect_arrived
):
    library.watch.allow("status of 404")
    with library.slow_uplink(SLOW):
        half_way(library, picture)
        library.press(f"Pause upload of {picture.name}")
    [announced] = file_ids(person)

    def expired(route: Route) -> None:
        is_query = route.request.headers.get("x-goog-upload-command") == "query"
        route.fulfill(status=404) if is_query else route.fallback()

    library.page.route(SESSIONS, expired)
    chunks = library.chunks()
    library.press(f"Resume upload of {picture.name}")

    assert expect_arrived(library, picture) == announced
    assert chunks.offsets[0] == 0


def test_one_tab_drives_the_other_shows_it_live_and_takes_over(library: Drop, picture, expect_arrived):
    other = Drop(library.page.context.new_page(), library.url, library.watch).open()
    other.expect_library()
    chunks = library.chunks()
    with library.slow_uplink(SLOW):
        half_way(library, picture)
        other.expect_share_sent(picture.name)
        assert all(page == library.page for page in chunks.pages)

        other.press(f"Pause upload of {picture.name}")
        expect(library.upload(picture.name)).to_contain_text("Paused at ")
        other.press(f"Resume upload of {picture.name}")
        library.expect_share_sent(picture.name)
        with_first = len(chunks.offsets)
        library.page.close()

    expect_arrived(other, picture)
    assert chunks.offsets[with_first] >= CHUNK
    assert chunks.pages[-1] == other.page


def test_file_added_in_the_tab_that_does_not_drive_arrives_too(library: Drop, expect_arrived):
    other = Drop(library.page.context.new_page(), library.url, library.watch).open()
    other.expect_library()
    letter = note("from-the-second.txt")
    other.pick(letter)

    expect(library.upload(letter.name)).to_be_visible()
    expect_arrived(other, letter)


def test_another_user_of_the_device_sees_nothing_and_the_owner_finds_it_again(
    library: Drop, person: Person, people: People, picture, expect_arrived
):
    stranger = people.sign_up()
    with library.slow_uplink(SLOW):
        half_way(library, picture)
        library.press(f"Pause upload of {picture.name}")
        expect(library.upload(picture.name)).to_contain_text("Paused at ")
    library.sign_out()

    chunks = library.chunks()
    assert stranger.email
    library.sign_in(stranger.email, PASSWORD)
    library.expect_library()
    library.pick(note("mine.txt"))
    library.expect_ready("mine.txt")
    expect(library.uploads).to_have_count(1)
    assert len(file_ids(stranger)) == len(chunks.offsets) == 1
    library.sign_out()

    assert person.email
    library.sign_in(person.email, PASSWORD)
    expect(library.upload(picture.name)).to_contain_text(re.compile(r"Paused at [1-9]\d%"))
    library.press(f"Resume upload of {picture.name}")
    expect_arrived(library, picture)
    assert chunks.offsets[1] >= CHUNK


def test_device_that_keeps_nothing_uploads_all_the_same_and_asks_before_the_page_goes(
    library: Drop, picture, expect_arrived
):
    library.page.context.add_init_script(
        "const open = IDBFactory.prototype.open;"
        "IDBFactory.prototype.open = function (name, ...more) {"
        " if (name === 'drop-uploads') throw new DOMException('no', 'QuotaExceededError');"
        " return open.call(this, name, ...more); };"
    )
    library.page.reload()
    library.expect_library()
    with library.slow_uplink(SLOW):
        half_way(library, picture)
        with library.page.expect_event("dialog") as asked:
            library.page.close(run_before_unload=True)
        asked.value.dismiss()

    assert asked.value.type == "beforeunload"
    expect_arrived(library, picture)
