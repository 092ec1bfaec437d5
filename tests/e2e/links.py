"""Links to files without the dialog that makes them, and the page they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from playwright.sync_api import Locator, Page, expect

from tests.e2e.drop import Watch
from tests.integration.people import PASSWORD, People, Person
from tests.rest import ADMIN_TOKEN, DEADLINE_SECONDS
from tools.suite import Suite


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and ends links as their owner, over the protocol of callable functions."""

    suite: Suite

    def make(self, owner: Person, file_id: str, **wish: int) -> str:
        """The id of a new link."""
        answer = self.call(owner, "create_share", {"fileId": file_id} | wish)
        assert answer.ok, answer.text
        share_id: str = answer.json()["result"]["shareId"]
        return share_id

    def end(self, owner: Person, share_id: str) -> None:
        answer = self.call(owner, "revoke_share", {"shareId": share_id})
        assert answer.ok, answer.text

    def call(self, owner: Person, name: str, data: Mapping[str, Any]) -> requests.Response:
        address = f"{self.suite.url('functions')}/{self.suite.project_id}/us-central1/{name}"
        headers = {"Authorization": f"Bearer {owner.id_token}"}
        return requests.post(address, json={"data": data}, headers=headers, timeout=DEADLINE_SECONDS)


def with_verified_email(people: People, suite: Suite, **account: str) -> Person:
    """A new user who followed the link in the mail."""
    new = people.sign_up(**account)
    address = (
        f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{suite.project_id}/accounts:update"
    )
    answer = requests.post(
        address,
        json={"localId": new.uid, "emailVerified": True},
        headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
        timeout=DEADLINE_SECONDS,
    )
    assert answer.ok, answer.text
    assert new.email
    return people.sign_in(new.email, PASSWORD)


class SharedFile:
    """The public page of a shared file in English."""

    def __init__(self, page: Page, watch: Watch) -> None:
        self.page = page
        self.watch = watch

    def expect_name(self, name: str) -> None:
        expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()

    def expect_ended(self) -> None:
        expect(self.page.get_by_role("heading", name="This link leads nowhere")).to_be_visible()

    @property
    def facts(self) -> Locator:
        return self.page.get_by_role("main").get_by_role("list")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def download(self, name: str) -> tuple[str, bytes]:
        """The name the browser saves under, and the bytes."""
        with self.page.expect_download() as download:
            self.button(f"Download {name}").click()
        return download.value.suggested_filename, download.value.path().read_bytes()
