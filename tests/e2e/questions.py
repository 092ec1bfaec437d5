"""What a page asks of Firestore, read off the requests that carry its listeners and queries."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from playwright.sync_api import Page, Request


class Questions:
    """The queries for files that `page` has sent since this was made or last cleared."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._queries: list[dict[str, Any]] = []
        page.on("request", self._note)

    def clear(self) -> None:
        self._queries.clear()

    @property
    def pages(self) -> list[dict[str, Any]]:
        """Those that read a page of a list."""
        return [query for query in self._queries if query.get("limit", 0) > 1]

    @property
    def unlimited(self) -> list[dict[str, Any]]:
        """Those that may read any number of documents."""
        return [query for query in self._queries if "limit" not in query]

    def wait_for_unlimited(self) -> list[dict[str, Any]]:
        """Those, as soon as there is one."""
        if not self.unlimited:
            self._page.wait_for_event("request", lambda _: bool(self.unlimited))
        return self.unlimited

    def _note(self, request: Request) -> None:
        if "/Listen/channel" not in request.url or not request.post_data:
            return
        for key, value in parse_qsl(request.post_data):
            if key.endswith("___data__"):
                query = json.loads(value).get("addTarget", {}).get("query", {}).get("structuredQuery")
                if query and query["from"][0]["collectionId"] == "files":
                    self._queries.append(query)
