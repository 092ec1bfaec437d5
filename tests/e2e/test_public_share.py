"""What somebody without an account does with a link, on the page it leads to."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Request, Route, expect

from tests.e2e.accessibility import expect_no_finding
from tests.e2e.drop import Drop
from tests.e2e.links import Links, SharedFile, with_verified_email
from tests.e2e.pictures import note, photo
from tests.integration.people import People, Person
from tests.rest import FirestoreAs

MIB = 1024 * 1024
FEW_KB = 16 * 1024
CONTENT = "**/content?*"


@pytest.fixture(scope="session")
def links(suite) -> Links:
    return Links(suite)


@pytest.fixture(scope="session")
def owner(people: People, suite) -> Person:
    return with_verified_email(people, suite)


@pytest.fixture
def visit(open_drop) -> Callable[..., SharedFile]:
    """Opens a link in a context of its own, where nobody ever signed in."""

    def open_link(share_id: str, **options) -> SharedFile:
        drop: Drop = open_drop(**options)
        drop.watch.allow("status of 404")  # the browser's own line about a link that ended
        drop.page.goto(f"{drop.url}/s/{share_id}")
        return SharedFile(drop.page, drop.watch)

    return open_link


@pytest.fixture(scope="module")
def film(owner: Person) -> tuple[str, bytes]:
    """Id and bytes of a file that is read in three pieces."""
    data = os.urandom(9 * MIB)
    file_id = owner.upload("film.bin", data, "application/octet-stream")
    owner.until_ready(file_id)
    return file_id, data


def test_visitor_sees_and_gets_the_file_and_nothing_of_its_owner(owner: Person, links: Links, visit):
    picture = photo("바다 at dusk.jpg")
    file_id = owner.upload(picture.name, picture.data, picture.content_type)
    owner.until_ready(file_id)
    shared = visit(links.make(owner, file_id, hours=72, maxDownloads=2))

    shared.expect_name(picture.name)
    expect(shared.facts).to_contain_text("Picture")
    expect(shared.facts).to_contain_text("Link ends in 3 days")
    expect(shared.facts).to_contain_text("2 downloads left")
    image = shared.page.locator(".share-picture img")
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("(image) => image.offsetHeight <= image.parentElement.offsetHeight"), "all of it"
    expect(shared.page).to_have_title(f"{picture.name} · Drop")
    everything = shared.page.content()
    assert owner.uid not in everything
    assert owner.email not in everything
    assert (owner.profile() or {})["name"] not in everything

    assert shared.download(picture.name) == (picture.name, picture.data)
    expect(shared.page.get_by_text(f"{picture.name} was saved to your downloads.")).to_be_visible()
    expect(shared.facts).to_contain_text("1 download left")
    assert shared.download(picture.name) == (picture.name, picture.data)
    expect(shared.facts).to_contain_text("0 downloads left")
    expect(shared.button("Download")).to_have_count(0)
    shared.page.reload()
    shared.expect_ended()


def test_large_file_comes_in_pieces_and_a_lost_piece_comes_again(owner, links, film, visit):
    file_id, data = film
    shared = visit(links.make(owner, file_id))
    shared.watch.allow("ERR_FAILED")
    ranges: list[str] = []

    def lose_the_second(route: Route, request: Request) -> None:
        ranges.append(request.headers["range"])
        if len(ranges) == 2:
            route.abort()
        else:
            route.continue_()

    shared.page.route(CONTENT, lose_the_second)
    assert shared.download("film.bin") == ("film.bin", data)
    second = f"bytes={4 * MIB}-{8 * MIB - 1}"
    assert ranges == [f"bytes=0-{4 * MIB - 1}", second, second, f"bytes={8 * MIB}-{9 * MIB - 1}"]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en-US", "This file was downloaded so often today"), ("ko-KR", "오늘 이 파일의 다운로드 한도에")],
)
def test_link_that_gave_its_bytes_of_the_day_says_so(
    owner, links, film, visit, admin_firestore, language, sentence
):
    share_id = links.make(owner, film[0])
    spent = {"servedSince": datetime.now(UTC), "servedBytes": 5 * 1024**3}
    assert admin_firestore.update(f"shares/{share_id}", spent).ok
    shared = visit(share_id, locale=language)
    shared.watch.allow("status of 429")
    shared.page.locator(".share-controls button").click()
    expect(shared.page.locator(".share-download .error")).to_contain_text(sentence)


def test_download_that_stopped_goes_on_where_it_stopped_and_is_counted_once(owner, links, film, visit):
    file_id, data = film
    shared = visit(links.make(owner, file_id, maxDownloads=1))
    shared.watch.allow("status of 400")
    ranges: list[str] = []

    def refuse_the_second(route: Route, request: Request) -> None:
        ranges.append(request.headers["range"])
        if len(ranges) == 2:
            route.fulfill(status=400)
        else:
            route.continue_()

    shared.page.route(CONTENT, refuse_the_second)
    shared.button("Download film.bin").click()
    expect(shared.page.get_by_text("The download stopped.")).to_be_visible()
    expect(shared.button("Go on")).to_be_focused()
    with shared.page.expect_download() as download:
        shared.button("Go on").click()
    assert download.value.path().read_bytes() == data
    assert [int(wanted.removeprefix("bytes=").partition("-")[0]) // MIB for wanted in ranges] == [0, 4, 4, 8]
    expect(shared.facts).to_contain_text("0 downloads left")


def test_download_can_be_cancelled_and_begun_again(owner, links, film, visit):
    file_id, data = film
    shared = visit(links.make(owner, file_id))
    shared.page.route(CONTENT, lambda route: None)  # a piece that never comes
    with shared.page.expect_request(CONTENT):
        shared.button("Download film.bin").click()
    expect(shared.page.get_by_role("progressbar", name="Download of film.bin")).to_be_visible()
    shared.button("Cancel").click()
    expect(shared.page.get_by_text("The download was cancelled.")).to_be_visible()
    expect(shared.button("Download film.bin")).to_be_focused()

    shared.page.unroute(CONTENT)
    assert shared.download("film.bin") == ("film.bin", data)


def test_link_that_is_taken_back_ends_at_once_also_in_the_middle_of_a_download(owner, links, film, visit):
    file_id, _ = film
    share_id = links.make(owner, file_id)
    shared = visit(share_id)

    def take_back(route: Route, request: Request) -> None:
        if not request.headers["range"].startswith("bytes=0-"):
            links.end(owner, share_id)
        route.continue_()

    shared.page.route(CONTENT, take_back)
    shared.button("Download film.bin").click()
    shared.expect_ended()


def test_links_that_ended_and_links_that_never_were_look_the_same(
    owner, links, visit, admin_firestore: FirestoreAs
):
    file_id = owner.upload("secret plans.txt", note().data, "text/plain")
    owner.until_ready(file_id)
    revoked, expired, open_one = (links.make(owner, file_id) for _ in range(3))
    links.end(owner, revoked)
    over = {"expiresAt": datetime.now(UTC) - timedelta(minutes=1)}
    assert admin_firestore.update(f"shares/{expired}", over).ok

    visit(open_one).expect_name("secret plans.txt")
    screens = set()
    for share_id in (revoked, expired, "A" * 22, "not-an-id"):
        shared = visit(share_id)
        shared.expect_ended()
        screens.add((shared.page.title(), shared.page.get_by_role("main").inner_text()))
    assert len(screens) == 1


def test_page_is_a_few_kilobytes_from_one_place(owner, links, film, visit):
    file_id, _ = film
    shared = visit(links.make(owner, file_id))
    shared.expect_name("film.bin")
    responses: dict[str, str] = {}
    shared.page.on("response", lambda answer: responses.update({answer.url: answer.request.resource_type}))
    shared.page.reload()
    shared.expect_name("film.bin")

    assert {urlsplit(url).netloc for url in responses} == {urlsplit(shared.page.url).netloc}
    scripts = [url for url, kind in responses.items() if kind == "script"]
    size = sum(len(gzip.compress(requests.get(url, timeout=10).content)) for url in scripts)
    assert 0 < size < FEW_KB


def test_korean_visitor_on_a_phone_reads_korean_and_may_change_it(owner, links, film, visit):
    file_id, data = film
    shared = visit(links.make(owner, file_id), locale="ko-KR", viewport={"width": 360, "height": 740})
    page = shared.page
    expect(page.get_by_text("누군가 이 파일을 공유했습니다.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    with page.expect_download() as download:
        page.get_by_role("button", name="film.bin 다운로드").click()
    assert download.value.path().read_bytes() == data

    page.get_by_label("언어").select_option("en")
    expect(page.get_by_text("film.bin was saved to your downloads.")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_has_an_accessibility_finding(owner, links, film, visit, scheme):
    file_id, _ = film
    shared = visit(links.make(owner, file_id), color_scheme=scheme, reduced_motion="reduce")
    shared.watch.allow("status of 400")
    shared.expect_name("film.bin")
    expect_no_finding(shared.page, "shared file")
    shared.page.route(CONTENT, lambda route: None)
    shared.button("Download film.bin").click()
    expect(shared.button("Cancel")).to_be_visible()
    expect_no_finding(shared.page, "download")
    shared.button("Cancel").click()
    expect_no_finding(shared.page, "after the download")

    ended = visit("A" * 22, color_scheme=scheme, reduced_motion="reduce")
    ended.expect_ended()
    expect_no_finding(ended.page, "ended link")
