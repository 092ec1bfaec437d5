"""What a person does with the files of the library: finding, selecting, looking at them, deleting."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


class Shelf:
    """What `Drop` does with files that are in the library."""

    page: Page

    @property
    def rows(self) -> Locator:
        return self.page.get_by_role("list", name="Your files").get_by_role("listitem")

    @property
    def names(self) -> Locator:
        """The names in the list, in its order."""
        return self.rows.locator(".file-name")

    def row(self, name: str) -> Locator:
        return self.rows.filter(has=self.page.get_by_text(name, exact=True))

    @property
    def search(self) -> Locator:
        return self.page.get_by_role("searchbox", name="Search by name")

    def sort(self, order: str) -> None:
        self.page.get_by_label("Order", exact=True).select_option(order)

    def show_kind(self, kind: str) -> None:
        self.page.get_by_label("Kind of file").select_option(kind)

    def box(self, name: str) -> Locator:
        return self.page.get_by_role("checkbox", name=f"Select {name}", exact=True)

    @property
    def selection(self) -> Locator:
        return self.page.get_by_role("region", name="Selected files")

    def choose(self, name: str, action: str) -> None:
        """Something from the menu of a row."""
        self.row(name).get_by_role("button", name=f"More actions for {name}").click()
        self.page.get_by_role("menuitem", name=action).click()

    def look_at(self, name: str) -> Locator:
        """The preview of a file."""
        self.row(name).get_by_role("button", name=name, exact=True).click()
        return self.preview

    @property
    def preview(self) -> Locator:
        return self.page.locator("dialog.preview-dialog")

    def delete(self, name: str) -> None:
        """Into the trash; what never became a file is gone at once."""
        self.row(name).get_by_role("button", name=f"Delete {name}").click()
        expect(self.row(name)).to_have_count(0)

    # The trash

    def open_trash(self) -> None:
        self.page.get_by_role("link", name="Trash").click()
        expect(self.page.get_by_role("heading", name="Trash", exact=True)).to_be_visible()

    def leave_trash(self) -> None:
        self.page.get_by_role("link", name="Your files").click()
        expect(self.page.get_by_role("heading", name="Your files")).to_be_visible()

    @property
    def trashed(self) -> Locator:
        return self.page.get_by_role("list", name="Trash").get_by_role("listitem")

    def trashed_row(self, name: str) -> Locator:
        return self.trashed.filter(has=self.page.get_by_text(name, exact=True))
