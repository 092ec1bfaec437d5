"""Pictures of the main screens for docs/screenshots, taken from the running suite with its seed data.

./kit exec -- .venv/bin/python -m tests.e2e.screenshots
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Browser, expect, sync_playwright

from tests.chromium import chromium
from tests.e2e.conftest import DESKTOP
from tests.e2e.drop import Drop, Watch
from tests.e2e.links import with_verified_email
from tests.e2e.pictures import LocalFile, encoded, note
from tests.integration.people import PASSWORD, People
from tools.suite import from_environment

FOLDER = Path(__file__).parents[2] / "docs/screenshots"
PHONE = {"width": 390, "height": 780}
FILM = LocalFile("Birthday film.mp4", "video/mp4", b"\0\0\0\x18ftypmp42" + random.randbytes(2_000_000))


def main() -> None:
    suite = from_environment(os.environ)
    if suite is None:
        raise SystemExit("This needs the suite: ./kit exec -- .venv/bin/python -m tests.e2e.screenshots")
    FOLDER.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=30_000)
    email = f"sunny-{random.randrange(10**6)}@example.com"
    with_verified_email(People(suite), suite, email=email, displayName="Sunny Kim")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        url = suite.url("hosting")
        sign_in_card(open_page(browser, url))
        drop = open_page(browser, url)
        fill_library(drop, email)
        in_the_middle(drop)
        preview(drop)
        address = share(drop)
        grid(drop)
        settings(drop)
        public_page(open_page(browser, url, viewport=PHONE, device_scale_factor=2), address)
        dark(open_page(browser, url, color_scheme="dark"), email)
        phone(browser, url, email)
        browser.close()


def open_page(browser: Browser, url: str, **options: Any) -> Drop:
    settings: dict[str, Any] = {"viewport": DESKTOP, "locale": "en-US", "reduced_motion": "reduce"}
    context = browser.new_context(**settings | options)
    return Drop(context.new_page(), url, Watch(context)).open()


def sign_in_card(drop: Drop) -> None:
    expect(drop.page.get_by_role("button", name="Sign in as Alice")).to_be_visible()
    save(drop, "sign-in")


def fill_library(drop: Drop, email: str) -> None:
    """A library such as a person may have: pictures, documents, and one file that was not what it said."""
    drop.sign_in(email, PASSWORD)
    drop.expect_library()
    files = [
        landscape("Forest walk.jpg", ("#d6ecb0", "#7fb98a"), "#2c5f43"),
        LocalFile("Rental contract.pdf", "application/pdf", b"%PDF-1.7\n" + b"x" * 480_000),
        landscape("바다.jpg", ("#d3effa", "#7cc3df"), "#1c6b8f"),
        LocalFile("invoice.png", "image/png", b"%PDF-1.7\n" + b"x" * 60_000),
        note("Packing list.txt", "tent\nstove\n" * 90),
        landscape("Harbour at dusk.jpg", ("#f9b566", "#7a3f6d"), "#2f2356"),
    ]
    for file in files:
        drop.pick(file)
        if file.name == "invoice.png":
            expect(drop.row(file.name)).to_contain_text("Not accepted.")
        else:
            drop.expect_ready(file.name)
    see_library(drop, "Your files")


def see_library(drop: Drop, title: str) -> None:
    """The list with all its thumbnails."""
    expect(drop.page.get_by_role("heading", name=title)).to_be_visible()
    expect(drop.page.locator(".thumb img")).to_have_count(3)


def in_the_middle(drop: Drop) -> None:
    """An upload on its way, in the tray."""
    with drop.slow_uplink(300 * 1024):
        drop.pick(FILM)
        drop.expect_share_sent(FILM.name, more_than=0.3)
        save(drop, "library")
    drop.expect_ready(FILM.name)
    drop.delete(FILM.name)
    drop.page.reload()
    see_library(drop, "Your files")


def preview(drop: Drop) -> None:
    drop.look_at("Harbour at dusk.jpg")
    picture = drop.preview.get_by_role("img", name="Picture Harbour at dusk.jpg")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    save(drop, "preview")
    drop.page.keyboard.press("Escape")


def share(drop: Drop) -> str:
    """The address of a link to a picture."""
    drop.choose("Harbour at dusk.jpg", "Share")
    dialog = drop.page.get_by_role("dialog", name="Share “Harbour at dusk.jpg”")
    dialog.get_by_label("Most downloads").fill("10")
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog.get_by_role("button", name="Copy link to")).to_be_focused()
    address = dialog.get_by_label("Link", exact=True).input_value()
    save(drop, "share")
    drop.page.keyboard.press("Escape")
    return address


def grid(drop: Drop) -> None:
    drop.page.get_by_role("button", name="Grid").click()
    see_library(drop, "Your files")
    save(drop, "grid")


def settings(drop: Drop) -> None:
    drop.account_menu.click()
    drop.page.get_by_role("link", name="Settings").click()
    expect(drop.page.get_by_role("heading", name="Your data")).to_be_visible()
    save(drop, "settings")


def public_page(drop: Drop, address: str) -> None:
    drop.page.goto(address)
    expect(drop.page.locator(".share-picture img")).to_be_visible()
    save(drop, "public-page")


def dark(drop: Drop, email: str) -> None:
    drop.sign_in(email, PASSWORD)
    see_library(drop, "Your files")
    drop.page.get_by_role("button", name="Grid").click()
    see_library(drop, "Your files")
    save(drop, "dark")


def phone(browser: Browser, url: str, email: str) -> None:
    options = {"viewport": PHONE, "locale": "ko-KR", "device_scale_factor": 2}
    drop = open_page(browser, url, **options)
    drop.page.get_by_label("이메일").fill(email)
    drop.page.get_by_label("비밀번호", exact=True).fill(PASSWORD)
    drop.page.get_by_role("button", name="로그인", exact=True).click()
    see_library(drop, "내 파일")
    save(drop, "phone-korean")


def save(drop: Drop, name: str) -> None:
    path = FOLDER / f"{name}.png"
    drop.page.screenshot(path=path)
    Image.open(path).convert("RGB").save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1024} kB")


def landscape(name: str, sky: tuple[str, str], ground: str) -> LocalFile:
    """A picture with a sun over hills."""
    width, height = 1600, 1200
    image = Image.new("RGB", (1, 2))
    image.putpixel((0, 0), rgb(sky[0]))
    image.putpixel((0, 1), rgb(sky[1]))
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    draw.ellipse((1000, 230, 1240, 470), fill="#fff3cf")
    draw.ellipse((-500, 760, 1100, 2000), fill=ground)
    draw.ellipse((700, 860, 2300, 2200), fill=ground)
    image = image.filter(ImageFilter.GaussianBlur(1))
    return LocalFile(name, "image/jpeg", encoded(image, "JPEG"))


def rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


if __name__ == "__main__":
    main()
