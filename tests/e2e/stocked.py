"""Libraries with files from the beginning: documents as functions leave them, with bytes in no bucket."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.people import Person
from tests.rest import FirestoreAs

NOW = datetime.now(UTC)
BATCH = 250

_KINDS = {"image": "image", "video": "video", "audio": "audio", "text": "text"}


def listed_file(name: str, *, minutes_old: float = 0, **more: Any) -> dict[str, Any]:
    """The document of a ready file; `more` replaces or adds fields."""
    at = NOW - timedelta(minutes=minutes_old)
    content_type = more.get("contentType", "text/plain")
    words = re.findall(r"[^\W_]+", name.lower())
    return {
        "name": name,
        "nameKey": name.lower(),
        "keywords": sorted({word[:length] for word in words for length in range(1, min(len(word), 12) + 1)}),
        "size": 1000,
        "contentType": content_type,
        "kind": _KINDS.get(content_type.partition("/")[0], "other"),
        "state": "ready",
        "createdAt": at,
        "updatedAt": at,
        **more,
    }


def stock(firestore: FirestoreAs, person: Person, files: Mapping[str, dict[str, Any]]) -> None:
    """Puts documents, by file id, into the library of `person`."""
    writes = [firestore.creation(person.file_path(file_id), file) for file_id, file in files.items()]
    for batch in _batches(writes):
        response = firestore.commit(*batch)
        assert response.ok, response.text


def _batches(writes: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    return (writes[start : start + BATCH] for start in range(0, len(writes), BATCH))
