"""What Hosting sends: headers, caching, and how much of it before the first screen."""

from __future__ import annotations

import gzip
import re

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.drop import Drop

FIRST_SCREEN_BYTES = 200 * 1024


@pytest.fixture(scope="module")
def home(suite) -> requests.Response:
    return requests.get(suite.url("hosting"), timeout=10)


def test_page_carries_the_security_headers(home):
    policy = {
        name: rest for name, _, rest in (part.strip().partition(" ") for part in policy_of(home).split(";"))
    }
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy_of(home)
    assert home.headers["X-Content-Type-Options"] == "nosniff"
    assert home.headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in home.headers["Permissions-Policy"]


def test_page_is_never_cached_and_its_assets_for_a_year(home, suite):
    assert home.headers["Cache-Control"] == "no-cache"
    assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', home.text)
    assert {path.rpartition(".")[2] for path in assets} >= {"js", "css"}
    for path in assets:
        asset = requests.get(suite.url("hosting") + path, timeout=10)
        assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert re.search(r"-[\w-]{8}\.\w+$", path), "a cached name changes with its content"


def test_page_has_no_inline_script_or_style(home):
    assert re.findall(r"<script(?![^>]*\bsrc=)", home.text) == []
    assert re.findall(r"<style|\bstyle=|\bon\w+=", home.text) == []


def test_policy_stops_injected_script(drop: Drop):
    drop.watch.allow("Content Security Policy")
    drop.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = true' }))"
    )
    assert drop.page.evaluate("window.ran") is None


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
    else:
        expect(drop.page.get_by_role("heading", name="Welcome back")).to_be_visible()

    sizes = {script: len(gzip.compress(requests.get(script, timeout=10).content)) for script in scripts}
    assert sizes
    assert sum(sizes.values()) < FIRST_SCREEN_BYTES, sizes


def policy_of(response: requests.Response) -> str:
    return response.headers["Content-Security-Policy"]
