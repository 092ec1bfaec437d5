"""Keyboard, screen readers, small screens, Korean."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import expect_no_finding
from tests.e2e.drop import Drop
from tests.e2e.pictures import LocalFile, drawing, note
from tests.integration.people import PASSWORD, People, Person, eventually

PHONE = {"width": 360, "height": 740}


def tab_to(page: Page, name: str, *, backwards: bool = False) -> None:
    """Presses Tab until the control with this accessible name has the focus."""
    target = page.get_by_role("button", name=name, exact=True).or_(page.get_by_label(name, exact=True))
    for _ in range(40):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if target.count() == 1 and target.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reached {name!r}")


def test_whole_way_by_keyboard_alone(drop: Drop, person: Person):
    page = drop.page
    # A listener from the beginning: the one of expect_file_chooser alone may come later than a quick key.
    page.on("filechooser", lambda chooser: None)
    tab_to(page, "Email")
    page.keyboard.type(person.email)
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    drop.expect_library()

    tab_to(page, "Choose files")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([note("by-hand.txt").payload])
    drop.expect_ready("by-hand.txt")

    tab_to(page, "Delete by-hand.txt")
    page.keyboard.press("Enter")
    expect(drop.row("by-hand.txt")).to_have_count(0)
    expect(page.get_by_role("heading", name="Your files")).to_be_focused()
    tab_to(page, "Undo")
    page.keyboard.press("Enter")
    drop.expect_ready("by-hand.txt")

    tab_to(page, f"{(person.profile() or {})['name']} account menu", backwards=True)
    page.keyboard.press("Enter")
    tab_to(page, "Sign out")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()


def test_skip_link_leads_past_the_header(library: Drop):
    library.page.keyboard.press("Tab")
    skip = library.page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    library.page.keyboard.press("Enter")
    tab_to(library.page, "Choose files")


def test_outcomes_are_said_to_screen_readers(library: Drop):
    said = library.page.locator("#announcer")
    expect(said).to_have_attribute("aria-live", "polite")

    library.pick(LocalFile("empty.txt", "text/plain", b""))
    expect(said).to_contain_text("empty.txt: The file is empty")

    library.pick(note("spoken.txt"))
    library.expect_ready("spoken.txt")
    expect(said).to_have_text("spoken.txt is ready.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_has_an_accessibility_finding(open_drop, person: Person, scheme):
    drop = open_drop(color_scheme=scheme, reduced_motion="reduce")
    expect(drop.page.get_by_role("button", name="Sign in as Alice")).to_be_visible()
    expect_no_finding(drop.page, "sign in")

    drop.page.get_by_role("button", name="Create an account").click()
    drop.page.get_by_role("button", name="Create account", exact=True).click()
    expect_no_finding(drop.page, "sign up, with errors")

    drop.page.get_by_role("button", name="Sign in instead").click()
    drop.sign_in(person.email, PASSWORD)
    drop.expect_library()
    expect_no_finding(drop.page, "empty library")

    drop.pick(drawing("green.png", (10, 120, 60)), LocalFile("empty.txt", "text/plain", b""))
    drop.expect_ready("green.png")
    expect(drop.row("green.png").locator("img")).to_be_visible()
    expect_no_finding(drop.page, "library with a picture and a problem")

    drop.account_menu.click()
    expect_no_finding(drop.page, "account menu")
    drop.page.get_by_role("link", name="Settings").click()
    expect(drop.page.get_by_role("heading", name="Your data")).to_be_visible()
    expect_no_finding(drop.page, "settings")
    drop.page.get_by_role("button", name="Change name").click()
    expect_no_finding(drop.page, "name")
    drop.page.keyboard.press("Escape")
    drop.page.go_back()
    drop.expect_library()

    drop.box("green.png").check()
    expect_no_finding(drop.page, "selection")
    drop.page.get_by_role("button", name="Clear selection").click()
    drop.page.get_by_role("button", name="Grid").click()
    expect_no_finding(drop.page, "grid")
    drop.page.get_by_role("button", name="More actions for green.png").click()
    expect_no_finding(drop.page, "menu of a file")
    drop.page.keyboard.press("Escape")
    drop.page.keyboard.press("?")
    expect_no_finding(drop.page, "keyboard shortcuts")
    drop.page.keyboard.press("Escape")
    drop.look_at("green.png")
    expect(drop.preview.get_by_role("img", name="Picture green.png")).to_be_visible()
    expect_no_finding(drop.page, "preview")
    drop.page.keyboard.press("Escape")
    drop.choose("green.png", "Rename")
    drop.page.get_by_label("New name").fill("")
    drop.page.keyboard.press("Enter")
    expect_no_finding(drop.page, "rename, with an error")
    drop.page.keyboard.press("Escape")

    drop.choose("green.png", "Move to trash")
    drop.open_trash()
    expect(drop.trashed_row("green.png")).to_be_visible()
    expect_no_finding(drop.page, "trash")
    drop.page.get_by_role("button", name="Empty trash").click()
    expect_no_finding(drop.page, "confirmation")


def test_phone_width_needs_no_sideways_scrolling(open_drop, person: Person):
    drop = open_drop(viewport=PHONE, has_touch=True)
    expect_no_sideways_scrolling(drop.page)

    drop.sign_in(person.email, PASSWORD)
    drop.expect_library()
    drop.pick(
        note("a-name-without-a-single-space-" * 5 + ".txt"), drawing("wide.png", (200, 180, 20), (640, 80))
    )
    drop.expect_ready("wide.png")
    expect_no_sideways_scrolling(drop.page)

    drop.account_menu.click()
    expect_no_sideways_scrolling(drop.page)
    drop.page.get_by_role("link", name="Settings").click()
    expect(drop.page.get_by_role("heading", name="Your data")).to_be_visible()
    expect_no_sideways_scrolling(drop.page)
    drop.page.get_by_role("button", name="Change name").click()
    expect(drop.page.get_by_role("dialog")).to_be_in_viewport(ratio=1)
    expect_no_sideways_scrolling(drop.page)


def test_korean_browser_gets_korean_from_sign_up_to_library(open_drop, people: People):
    page = open_drop(locale="ko-KR").page
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    page.get_by_role("button", name="계정 만들기").click()
    page.get_by_label("이메일").fill(email := people.new_email())
    page.get_by_label("비밀번호", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="계정 만들기").click()

    expect(page.get_by_role("heading", name="아직 파일이 없어요")).to_be_visible()
    expect(page.get_by_text("1GB 중 0바이트")).to_be_visible()
    new = people.sign_in(email)
    eventually(lambda: (new.profile() or {}).get("locale") == "ko", what="the profile knows the language")


def test_language_switch_is_kept_on_the_device_and_in_the_profile(library: Drop, person: Person):
    page = library.page
    page.get_by_label("Language").select_option("ko")

    expect(page.get_by_role("heading", name="내 파일")).to_be_visible()
    expect(page.get_by_label("언어")).to_be_focused()
    eventually(lambda: (person.profile() or {}).get("locale") == "ko", what="the profile knows the language")
    page.reload()
    expect(page.get_by_role("heading", name="내 파일")).to_be_visible()


def test_theme_follows_the_device_until_one_is_chosen_and_is_there_before_anything_is_drawn(open_drop):
    page = open_drop(color_scheme="dark").page
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert ground(page) == DARK_GROUND
    page.emulate_media(color_scheme="light")
    assert ground(page) == LIGHT_GROUND

    page.get_by_label("Appearance").select_option("Dark")
    assert ground(page) == DARK_GROUND
    assert page.evaluate(BROWSER_COLOR) == "#101614"
    # Before the scripts of the page have run, the body is empty and has its colour already.
    page.route("**/assets/index-*.js", lambda route: None)
    page.reload(wait_until="commit")
    page.wait_for_selector("#app", state="attached")
    page.wait_for_function(STYLED)
    assert ground(page) == DARK_GROUND
    page.unroute("**/assets/index-*.js")
    page.reload()

    page.get_by_label("Appearance").select_option("As the device")
    assert ground(page) == LIGHT_GROUND
    page.reload()
    expect(page.get_by_label("Appearance")).to_have_value("device")


def test_focus_is_seen_on_everything_that_takes_it(library: Drop):
    page = library.page
    library.pick(note("seen.txt"))
    library.expect_ready("seen.txt")
    page.evaluate("document.body.focus()")
    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUSED)
        if name is None:
            break
        seen.append(name)
        assert outline >= 2, f"{name} does not show that it has the focus"
    assert len(seen) > 5


LIGHT_GROUND, DARK_GROUND = "rgb(244, 245, 241)", "rgb(16, 22, 20)"
STYLED = "() => document.querySelector('link[rel=stylesheet]')?.sheet"
BROWSER_COLOR = """[...document.querySelectorAll('meta[name="theme-color"]')]
  .filter(({ media }) => matchMedia(media).matches).map(({ content }) => content).join()"""
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return [null, 0];
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return [element.outerHTML.slice(0, 120), outlineStyle === 'none' ? 0 : parseFloat(outlineWidth)];
}"""


def ground(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def expect_no_sideways_scrolling(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
