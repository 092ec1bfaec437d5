"""What Hosting sends: headers, caching, and how much of it before the first screen."""

from __future__ import annotations

import gzip
import re

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.drop import Drop

FIRST_SCREEN_BYTES = 200_000
"""For the sign-in card, and for the library with pictures in it: 100 kB of that is Firestore."""


@pytest.fixture(scope="module")
def home(suite) -> requests.Response:
    return requests.get(suite.url("hosting"), timeout=10)


def test_page_carries_the_security_headers(home):
    policy = policy_of(home)
    assert policy["default-src"] == ["'none'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert "unsafe" not in home.headers["Content-Security-Policy"]
    assert home.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert home.headers["X-Content-Type-Options"] == "nosniff"
    assert home.headers["X-Frame-Options"] == "DENY"
    assert home.headers["Referrer-Policy"] == "no-referrer"
    assert home.headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert "camera=()" in home.headers["Permissions-Policy"]


def test_scripts_come_from_this_site_and_from_the_two_places_google_sign_in_needs(home):
    policy = policy_of(home)
    assert policy["script-src"] == [
        "'self'",
        "https://apis.google.com/js/api.js",
        "https://apis.google.com/_/scs/",
    ]
    assert policy["frame-src"] == ["blob:", "https://*.firebaseapp.com"]
    assert "https:" not in policy["connect-src"]
    assert "https://*.googleapis.com" not in policy["connect-src"]


def test_public_page_talks_to_its_own_site_alone_and_is_in_no_index(suite):
    page = requests.get(suite.url("hosting") + "/s/" + "a" * 22, timeout=10)
    assert page.ok
    assert '<meta name="robots" content="noindex' in page.text
    for directive in ("script-src", "style-src", "img-src", "connect-src"):
        assert policy_of(page)[directive] == ["'self'"]
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-cache"


def test_answers_of_the_api_are_kept_by_nobody(suite):
    answer = requests.get(suite.url("hosting") + "/api/health", timeout=30)
    assert answer.headers["Cache-Control"] == "no-store"
    assert policy_of(answer)["default-src"] == ["'none'"]


def test_page_is_never_cached_and_its_assets_for_a_year(home, suite):
    assert home.headers["Cache-Control"] == "no-cache"
    assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', home.text)
    assert {path.rpartition(".")[2] for path in assets} >= {"js", "css"}
    for path in assets:
        asset = requests.get(suite.url("hosting") + path, timeout=10)
        assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert re.search(r"-[\w-]{8}\.\w+$", path), "a cached name changes with its content"


@pytest.mark.parametrize("name", ["index-AbCd1234.js", "nothing.js", "deeper/main-AbCd1234.css"])
def test_asset_that_is_not_there_is_asked_for_each_time(suite, name):
    """A deployment that goes back brings names back: nobody may have kept that one was missing."""
    answer = requests.get(f"{suite.url('hosting')}/assets/{name}", timeout=10)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-cache"
    assert policy_of(answer)["default-src"] == ["'none'"]
    assert "There is nothing at this address" in answer.text


@pytest.mark.parametrize("path", ["/share.html", "/sw.js", "/manifest.webmanifest"])
def test_what_has_no_content_in_its_name_is_asked_for_each_time(suite, path):
    answer = requests.get(suite.url("hosting") + path, timeout=10)
    assert answer.ok
    assert answer.headers["Cache-Control"] == "no-cache"


def test_unknown_address_is_a_calm_page_in_both_languages(suite):
    answer = requests.get(suite.url("hosting") + "/no/such/page", timeout=10)
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.text
    assert "이 주소에는 아무것도 없습니다" in answer.text


def test_page_has_no_inline_script_or_style(home):
    assert re.findall(r"<script(?![^>]*\bsrc=)", home.text) == []
    assert re.findall(r"<style|\bstyle=|\bon\w+=", home.text) == []


def test_theme_is_set_before_the_first_style(home):
    head, _, _ = home.text.partition("</head>")
    first = re.search(r'<script src="/assets/first-[^"]+"', head)
    assert first
    assert first.start() < head.index('rel="stylesheet"')


def test_policy_stops_injected_script(drop: Drop):
    drop.watch.allow("Content Security Policy")
    drop.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = true' }))"
    )
    assert drop.page.evaluate("window.ran") is None


@pytest.mark.parametrize(
    ("host", "allowed"), [("127.0.0.1", True), ("drop.localhost", False)], ids=["own machine", "deployed"]
)
def test_only_a_page_on_its_own_machine_may_talk_to_emulators(browser, suite, host, allowed):
    """Every name below `localhost` leads to this machine, and the page takes only the usual ones for it."""
    page = browser.new_page()
    page.goto(suite.url("hosting").replace("127.0.0.1", host))
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert page.evaluate(TRY_TO_REACH, suite.url("firestore")) is allowed
    page.close()


TRY_TO_REACH = "(url) => fetch(url, { mode: 'no-cors' }).then(() => true, () => false)"


@pytest.mark.parametrize("signed_in", [False, True], ids=["sign-in card", "library"])
def test_scripts_of_the_first_screen_stay_within_the_budget(drop: Drop, signed_in):
    if signed_in:
        drop.page.get_by_role("button", name="Sign in as Alice").click()
        drop.expect_library()
    scripts: set[str] = set()
    drop.page.on(
        "request", lambda request: scripts.add(request.url) if request.resource_type == "script" else None
    )

    drop.page.reload()
    if signed_in:
        drop.expect_library()
        expect(drop.page.locator(".thumb img").first).to_be_visible()
    else:
        expect(drop.page.get_by_role("heading", name="Welcome back")).to_be_visible()

    sizes = {script: len(gzip.compress(requests.get(script, timeout=10).content)) for script in scripts}
    assert sizes
    assert sum(sizes.values()) < FIRST_SCREEN_BYTES, sizes


def policy_of(response: requests.Response) -> dict[str, list[str]]:
    """Directive to its sources."""
    parts = (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}
