"""How long after its last byte a photo of 3 MB is `ready`, with its thumbnail, in the eyes of a listener.

A person uploads with REST as the page does; a Firestore listener watches the document. The clock starts when
the last byte has been handed to the network. Each round starts a suite of its own. Its first upload is the
cold one, for which the functions' worker has to start; two are not counted; those that follow are warm.
"""

from __future__ import annotations

import http.client
import os
import secrets
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote

from google.cloud.firestore import Client
from PIL import Image

from tests.integration.people import People, Person
from tools.figures import Figure
from tools.private import private_suite
from tools.suite import Suite

ROUNDS = 3
WARM_UP, WARM = 2, 10
BAR_SECONDS = 1.0
PATIENCE_SECONDS = 60
TARGET_BYTES = 3_000_000


@dataclass(frozen=True, slots=True)
class Upload:
    """Seconds from the last byte: to the answer, to `ready` at the listener, to the thumbnail's bytes."""

    answered: float
    ready: float
    thumbnail: float


def photo(width: int = 4000, height: int = 3000) -> bytes:
    """A JPEG of twelve megapixels and about three megabytes, as a telephone makes them."""
    small = (width // 2, height // 2)
    grain = Image.effect_noise(small, 24).resize((width, height), Image.Resampling.BICUBIC)
    slope = Image.linear_gradient("L").resize((width, height))
    image = Image.merge("RGB", (Image.blend(slope, grain, 0.5), grain, slope))
    encoded = (_jpeg(image, quality) for quality in range(95, 20, -5))
    return next((data for data in encoded if len(data) <= TARGET_BYTES * 1.1), _jpeg(image, 20))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


@contextmanager
def listening(client: Client, path: str) -> Iterator[threading.Event]:
    """An event that is set as soon as a listener sees the document ready with its thumbnail."""
    seen, watching = threading.Event(), threading.Event()

    def look(snapshots: list[Any], _changes: Any, _time: Any) -> None:
        watching.set()
        fields = (snapshots[0].to_dict() if snapshots else None) or {}
        if fields.get("state") == "ready" and fields.get("thumbnails"):
            seen.set()
        assert fields.get("state") != "rejected", fields

    watch = client.document(path).on_snapshot(look)
    try:
        assert watching.wait(PATIENCE_SECONDS), "the listener saw nothing"
        yield seen
    finally:
        watch.unsubscribe()


def upload(suite: Suite, person: Person, client: Client, data: bytes) -> Upload:
    file_id = secrets.token_hex(10)
    person.announce("photo.jpg", len(data), "image/jpeg", file_id)
    with listening(client, person.file_path(file_id)) as ready:
        connection = http.client.HTTPConnection(*suite.addresses["storage"], timeout=PATIENCE_SECONDS)
        name = quote(person.original(file_id, "photo.jpg"), safe="")
        connection.putrequest("POST", f"/v0/b/{suite.bucket}/o?name={name}")
        connection.putheader("Authorization", f"Firebase {person.id_token}")
        connection.putheader("Content-Type", "image/jpeg")
        connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        started = time.monotonic()
        response = connection.getresponse()
        assert response.status == http.client.OK, response.read()
        response.read()
        answered = time.monotonic() - started
        assert ready.wait(PATIENCE_SECONDS), "the file did not become ready"
        seen = time.monotonic() - started
        connection.close()
    small = person.storage.download(f"derived/{person.uid}/{file_id}/small.webp")
    assert small.ok, small.text
    return Upload(answered, seen, time.monotonic() - started)


def percentile(values: Sequence[float], share: int) -> float:
    """The value that `share` percent of all do not exceed, between two of them where it falls there."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def uploads_of(suite: Suite, data: bytes) -> list[Upload]:
    """The uploads to a suite that has just become ready, the cold one first."""
    client = Client(project=suite.project_id)
    person = People(suite).sign_up()
    return [upload(suite, person, client, data) for _ in range(1 + WARM_UP + WARM)]


def figures(rounds: int) -> Iterator[Figure]:
    data, cold, warm = photo(), [], []
    for _ in range(rounds):
        with private_suite(seed=False) as running, emulators(running.plan.suite):
            first, *others = uploads_of(running.plan.suite, data)
        cold.append(first)
        warm += others[WARM_UP:]
    for state, taken, bar in (("cold", cold, None), ("warm", warm, BAR_SECONDS)):
        ready = [each.ready for each in taken]
        yield Figure(f"{state}: upload answered, p50", percentile([each.answered for each in taken], 50), "s")
        yield Figure(f"{state}: listener sees it ready, p50", percentile(ready, 50), "s", bar)
        yield Figure(f"{state}: listener sees it ready, p95", percentile(ready, 95), "s")
        yield Figure(
            f"{state}: thumbnail fetched, p50", percentile([each.thumbnail for each in taken], 50), "s"
        )
        yield Figure(f"{state}: uploads", len(taken), "uploads")


@contextmanager
def emulators(suite: Suite) -> Iterator[None]:
    """The variables by which Google's clients find the suite."""
    before = dict(os.environ)
    os.environ.update(suite.environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
