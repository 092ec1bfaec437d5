"""The mails of Firebase Authentication: the emulator sends none and lists the links that would be in them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from tests.integration.people import eventually
from tools.suite import Suite


@dataclass(frozen=True, slots=True)
class Mailbox:
    suite: Suite

    def links(self, email: str, kind: str) -> list[str]:
        """The links of all mails of `kind` to `email`, oldest first."""
        codes = f"{self.suite.url('auth')}/emulator/v1/projects/{self.suite.project_id}/oobCodes"
        mails = requests.get(codes, timeout=10).json()["oobCodes"]
        return [
            mail["oobLink"]
            for mail in mails
            if mail["requestType"] == kind and email.lower() in (mail["email"], mail.get("newEmail"))
        ]

    def link(self, email: str, kind: str) -> str:
        """The newest link of `kind`, as the emulator wrote it: its own page follows it."""
        found: list[str] = eventually(lambda: self.links(email, kind), what=f"a {kind} mail to {email}")
        assert urlsplit(found[-1]).hostname == "127.0.0.1"
        return found[-1]

    def page_link(self, email: str, kind: str) -> str:
        """The newest link of `kind` as it is in production, where the action URL is the page's own."""
        return f"{self.suite.url('hosting')}/?{urlsplit(self.link(email, kind)).query}"
