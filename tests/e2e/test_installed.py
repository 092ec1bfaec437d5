"""Drop as an app on a device: installable, starting without a connection, changing to a new version."""

from __future__ import annotations

import io
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.drop import Drop, Watch

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "hosting/dist"
FAREWELL = ROOT / "hosting/src/offline/farewell.js"
NOTICE = "A new version of Drop is ready."
NO_CONNECTION = "ERR_INTERNET_DISCONNECTED"


def test_manifest_says_all_an_installation_needs(suite):
    manifest = fetch(suite.url("hosting") + "/manifest.webmanifest").json()
    assert {"name", "short_name", "id", "start_url", "display", "theme_color", "background_color"} <= set(
        manifest
    )
    drawn = {}
    for icon in manifest["icons"]:
        if icon["type"] == "image/png":
            image = Image.open(io.BytesIO(fetch(suite.url("hosting") + icon["src"]).content))
            drawn[icon["sizes"], icon.get("purpose", "any")] = f"{image.width}x{image.height}"
    assert drawn == {
        ("192x192", "any"): "192x192",
        ("512x512", "any"): "512x512",
        ("512x512", "maskable"): "512x512",
    }


def test_browser_finds_no_fault_with_the_manifest(drop: Drop):
    session = drop.page.context.new_cdp_session(drop.page)
    assert session.send("Page.getAppManifest")["errors"] == []
    problems = {
        error["errorId"] for error in session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    }
    assert problems <= {"in-incognito"}, "a context of a test is like a private window"


def test_page_starts_without_a_connection_and_keeps_nothing_of_anybody(library: Drop):
    page = library.page
    worker_is_ready(page)
    page.reload()
    library.expect_library()

    kept = page.evaluate(KEPT)
    assert "/" in kept
    assert {
        path
        for path in kept
        if not re.match(r"/(assets/|__/firebase/init\.js|(favicon|empty)\.svg$|$)", path)
    } == set()

    library.watch.allow(f"{NO_CONNECTION}|Could not reach|WebChannelConnection|www.google.com")
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", name="Your files")).to_be_visible()
    page.context.set_offline(False)


def test_public_page_is_not_kept(drop: Drop):
    worker_is_ready(drop.page)
    drop.watch.allow(NO_CONNECTION)
    drop.page.context.set_offline(True)
    with pytest.raises(Exception, match=NO_CONNECTION):
        drop.page.goto(f"{drop.url}/s/{'a' * 22}")
    drop.page.context.set_offline(False)


@dataclass(frozen=True, slots=True)
class Site:
    """A copy of the built page that can be published again."""

    folder: Path
    url: str
    server: SiteServer

    def stall(self, *paths: str) -> None:
        """Leave requests for these without an answer from now on."""
        self.server.stalled.update(paths)

    def publish(self, release: str) -> None:
        """The same page as another version. `release` is written on it."""
        page = (BUILT / "index.html").read_text(encoding="utf-8")
        version = re.search(r'name="drop-version" content="([^"]+)"', page)
        assert version
        worker = (BUILT / "sw.js").read_text(encoding="utf-8")
        marked = page.replace("<body>", f'<body data-release="{release}">')
        self.write("index.html", marked.replace(version[1], version[1] + release))
        self.write("sw.js", worker.replace(version[1], version[1] + release))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


class SiteServer(ThreadingHTTPServer):
    """Serves a folder; `stalled` paths are answered only when it ends."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
        self.stalled: set[str] = set()
        self.ending = threading.Event()


class _Files(SimpleHTTPRequestHandler):
    server: SiteServer

    def do_GET(self) -> None:
        if self.path.partition("?")[0] in self.server.stalled:
            self.server.ending.wait()
            self.close_connection = True
            return
        super().do_GET()

    def end_headers(self) -> None:
        is_asset = self.path.startswith("/assets/")
        self.send_header("Cache-Control", "max-age=31536000, immutable" if is_asset else "no-cache")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site(suite, tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    shutil.copytree(BUILT, folder)
    (folder / "__/firebase").mkdir(parents=True)
    for name, query in (("init.json", ""), ("init.js", "?useEmulator=true")):
        settings = fetch(f"{suite.url('hosting')}/__/firebase/{name}{query}").text
        (folder / "__/firebase" / name).write_text(settings, encoding="utf-8")
    server = SiteServer(folder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site = Site(folder, f"http://127.0.0.1:{server.server_port}", server)
    site.publish("one")
    yield site
    server.ending.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def visitor(browser, site: Site) -> Iterator[Page]:
    """The page of `site`, in English, with its worker in place."""
    context: BrowserContext = browser.new_context(locale="en-US")
    watch = Watch(context)
    watch.allow("status of 404")
    page = context.new_page()
    page.goto(site.url)
    worker_is_ready(page)
    page.reload()
    expect_release(page, "one")
    yield page
    context.close()
    assert watch.unexpected() == []


def test_new_version_waits_until_somebody_asks_for_it(site: Site, visitor: Page):
    page = visitor
    page.get_by_label("Email").fill("half-written")
    site.publish("two")
    page.evaluate("navigator.serviceWorker.getRegistration().then((registration) => registration.update())")

    expect(page.get_by_text(NOTICE)).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value("half-written")
    expect_release(page, "one")
    page.get_by_role("button", name="Reload").click()
    expect_release(page, "two")
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    expect(page.get_by_text(NOTICE)).to_have_count(0)


def test_new_version_comes_although_the_old_worker_does_not_end(site: Site, visitor: Page):
    page = visitor
    site.stall("/assets/never-AbCd1234.js")
    page.evaluate("void fetch('/assets/never-AbCd1234.js').catch(() => {})")
    site.publish("two")
    page.evaluate("navigator.serviceWorker.getRegistration().then((registration) => registration.update())")
    expect(page.get_by_text(NOTICE)).to_be_visible()
    page.get_by_role("button", name="Reload").click()
    expect_release(page, "two")


def test_page_starts_from_what_is_kept_when_the_network_lets_nothing_through(site: Site, visitor: Page):
    site.stall("/", "/__/firebase/init.json", "/__/firebase/init.js")
    visitor.reload()
    expect(visitor.get_by_role("heading", name="Welcome back")).to_be_visible()


def test_file_that_the_browser_remembers_as_missing_is_asked_for_again(site: Site, visitor: Page):
    """A deployment in its first seconds, or one that goes back, brings a name that was not there."""
    path = "/assets/late-AbCd1234.js"
    ask = f"fetch('{path}').then(({{ status }}) => status)"
    assert visitor.evaluate(ask) == 404
    assert path not in visitor.evaluate(KEPT)
    site.write(path.removeprefix("/"), "export {};")
    assert visitor.evaluate(ask) == 200


def test_page_is_never_older_than_what_is_published_and_does_not_offer_what_it_is(site: Site, visitor: Page):
    page = visitor
    site.publish("two")
    page.reload()
    expect_release(page, "two")
    page.wait_for_function("async () => Boolean((await navigator.serviceWorker.getRegistration()).waiting)")
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    expect(page.get_by_text(NOTICE)).to_have_count(0)


def test_worker_that_is_given_up_goes_with_everything_it_kept(site: Site, visitor: Page):
    site.write("sw.js", FAREWELL.read_text(encoding="utf-8"))
    visitor.reload()
    visitor.wait_for_function(
        """async () => {
          const caches = await window.caches.keys();
          const registration = await navigator.serviceWorker.getRegistration();
          return caches.length === 0 && !registration;
        }"""
    )
    expect(visitor.get_by_role("heading", name="Welcome back")).to_be_visible()


KEPT = """async () => {
  const names = await caches.keys();
  const opened = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return opened.flat().map(({ url }) => new URL(url).pathname);
}"""


def worker_is_ready(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")


def expect_release(page: Page, release: str) -> None:
    expect(page.locator("body")).to_have_attribute("data-release", release)


def fetch(url: str) -> requests.Response:
    answer = requests.get(url, timeout=10)
    assert answer.ok, f"{url}: {answer.status_code}"
    return answer
