"""Bringing files in, and the tray that shows how they come along."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, CDPSession, Locator, Page, Request, expect

from tests.e2e.pictures import LocalFile

_UNLIMITED = -1


class Chunks:
    """The pieces of files that pages of a context have sent since this was made."""

    def __init__(self, context: BrowserContext) -> None:
        self._requests: list[Request] = []
        context.on("request", self._note)

    @property
    def offsets(self) -> list[int]:
        """Where in their files the pieces begin, in the order of sending."""
        return [int(request.headers["x-goog-upload-offset"]) for request in self._requests]

    @property
    def pages(self) -> list[Page]:
        """Who sent them."""
        return [request.frame.page for request in self._requests]

    @property
    def bytes(self) -> int:
        """What arrived of them, and was answered."""
        answered = [request for request in self._requests if request.failure is None]
        return sum(request.sizes()["requestBodySize"] for request in answered)

    def _note(self, request: Request) -> None:
        if "x-goog-upload-offset" in request.headers and request.method == "POST":
            self._requests.append(request)


class Line:
    """The connection of one page to everything."""

    def __init__(self, session: CDPSession, upload: int) -> None:
        self._session = session
        self._upload = upload

    def cut(self) -> None:
        """Requests on their way fail, and the browser knows that it is offline."""
        self._set(upload=self._upload, offline=True)

    def mend(self) -> None:
        self._set(upload=self._upload)

    def widen(self) -> None:
        """No limit any more."""
        self._set(upload=_UNLIMITED)
        self._session.detach()

    def _set(self, *, upload: int, offline: bool = False) -> None:
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": _UNLIMITED}
        self._session.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": upload})


class Bringing:
    """What `Drop` does with files before they are in the library."""

    page: Page

    @property
    def tray(self) -> Locator:
        return self.page.get_by_role("region", name="Uploads", exact=True)

    @property
    def uploads(self) -> Locator:
        return self.tray.get_by_role("listitem")

    def upload(self, name: str) -> Locator:
        """The row of the tray for a file."""
        return self.uploads.filter(has=self.page.get_by_text(name, exact=True))

    def chunks(self) -> Chunks:
        return Chunks(self.page.context)

    def press(self, button: str) -> None:
        """A button of the tray, by its whole name."""
        self.tray.get_by_role("button", name=button, exact=True).click()

    def pick(self, *files: LocalFile) -> None:
        """Through the button, as a person does."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Choose files").click()
        chooser.value.set_files([file.payload for file in files])

    def pick_folder(self, folder: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Choose a folder").click()
        chooser.value.set_files(folder)

    def paste(self, *files: LocalFile) -> None:
        """A paste with the page itself in focus."""
        self.page.evaluate(_PASTE, _parts(files))

    def drag_over(self, *files: LocalFile) -> None:
        self._drag("dragover", files)

    def drop(self, *files: LocalFile) -> None:
        self._drag("drop", files)

    def drop_from_disk(self, *paths: Path) -> None:
        """A real drag out of a file manager: folders stay folders."""
        session = self._devtools()
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for event in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": event, "x": 300, "y": 300, "data": data})
        session.detach()

    def expect_share_sent(self, name: str, more_than: float = 0.0) -> None:
        """The bar of an upload shows that some of it has left, and not all."""
        bar = self.page.get_by_role("progressbar", name=f"Upload of {name}")
        expect(bar).to_be_visible()
        handle = bar.element_handle()
        self.page.wait_for_function(
            "([bar, least]) => bar.value > least && bar.value < 1", arg=[handle, more_than]
        )

    @contextmanager
    def slow_uplink(self, bytes_per_second: int) -> Iterator[Line]:
        """A connection on which an upload takes long enough to be seen."""
        line = Line(self._devtools(), bytes_per_second)
        line.mend()
        yield line
        if not self.page.is_closed():
            line.widen()

    def _drag(self, event: str, files: tuple[LocalFile, ...]) -> None:
        transfer = self.page.evaluate_handle(_DATA_TRANSFER, _parts(files))
        self.page.get_by_role("main").dispatch_event(event, {"dataTransfer": transfer})

    def _devtools(self) -> CDPSession:
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.enable")
        return session


def _parts(files: tuple[LocalFile, ...]) -> list[dict[str, str]]:
    return [
        {"name": file.name, "type": file.content_type, "base64": base64.b64encode(file.data).decode()}
        for file in files
    ]


_DATA_TRANSFER = """(parts) => {
  const transfer = new DataTransfer();
  for (const { name, type, base64 } of parts) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  return transfer;
}"""

_PASTE = f"""(parts) => {{
  const clipboardData = ({_DATA_TRANSFER})(parts);
  const options = {{ clipboardData, bubbles: true, cancelable: true }};
  document.body.dispatchEvent(new ClipboardEvent('paste', options));
}}"""
