"""How long after its last byte a photo of 3 MB is `ready`, with its thumbnail, in the eyes of a listener.

    ./kit exec -- .venv/bin/python -m bench.upload            a table
    ./kit exec -- .venv/bin/python -m bench.upload --json     the same as JSON
    ./kit exec -- .venv/bin/python -m bench.upload --rounds 30

A person uploads with REST as the page does; a Firestore listener watches the document. The clock starts when
the last byte has been handed to the network. Two uploads before the first round warm the workers.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import secrets
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote

from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client
from PIL import Image

from tests.integration.people import People, Person
from tools.suite import Suite, from_environment

WARM_UP = 2
PATIENCE_SECONDS = 60
TARGET_BYTES = 3_000_000


@dataclass(frozen=True, slots=True)
class Round:
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


def upload(suite: Suite, person: Person, client: Client, data: bytes) -> Round:
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
    return Round(answered, seen, time.monotonic() - started)


def percentile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def report(rounds: list[Round], size: int) -> dict[str, Any]:
    """Milliseconds by measure."""
    columns = {name: [asdict(each)[name] * 1000 for each in rounds] for name in asdict(rounds[0])}
    return {
        "bytes": size,
        "rounds": len(rounds),
        "milliseconds": {
            name: {
                "p50": round(percentile(values, 50)),
                "p95": round(percentile(values, 95)),
                "max": round(max(values)),
            }
            for name, values in columns.items()
        },
    }


def print_table(result: dict[str, Any]) -> None:
    print(f"{result['rounds']} uploads of {result['bytes']:,} bytes, workers warm; ms after the last byte")
    print(f"{'':<22}{'p50':>8}{'p95':>8}{'max':>8}")
    titles = {"answered": "upload answered", "ready": "listener sees ready", "thumbnail": "thumbnail fetched"}
    for name, row in result["milliseconds"].items():
        print(f"{titles[name]:<22}{row['p50']:>8}{row['p95']:>8}{row['max']:>8}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    suite = from_environment(os.environ)
    if suite is None:
        parser.exit(2, "no suite is running: use ./kit exec -- .venv/bin/python -m bench.upload\n")
    client = Client(project=suite.project_id, credentials=AnonymousCredentials())
    person = People(suite).sign_up()
    data = photo()
    rounds = [upload(suite, person, client, data) for _ in range(WARM_UP + arguments.rounds)][WARM_UP:]
    result = report(rounds, len(data))
    print(json.dumps(result, indent=2)) if arguments.json else print_table(result)


if __name__ == "__main__":
    main()
