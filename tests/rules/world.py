"""Kindling's data as functions and the page leave it, for tests of the rules in process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from testing.rules import SERVER_TIME

MEBIBYTE = 1024 * 1024


def profile(now: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Ada",
        "locale": "en",
        "email": "ada@example.com",
        "role": "user",
        "state": "active",
        "quota": {"bytes": 1024 * MEBIBYTE, "files": 5000},
        "usage": {"bytes": 0, "files": 0},
        "createdAt": now,
        "updatedAt": now,
        **changes,
    }


def stored_file(uid: str, file_id: str, now: datetime, **changes: Any) -> dict[str, Any]:
    """As functions leave it when it is ready."""
    return {
        "name": "photo.png",
        "size": 1000,
        "contentType": "image/png",
        "state": "ready",
        "createdAt": now,
        "updatedAt": now,
        "sha256": "0" * 64,
        "path": f"users/{uid}/files/{file_id}/photo.png",
        "generation": "1",
        "nameKey": "photo.png",
        "keywords": ["p", "ph", "pho", "phot", "photo", "pn", "png"],
        "kind": "image",
        "image": {"width": 4, "height": 3},
        "thumbnails": {size: f"derived/{uid}/{file_id}/{size}.webp" for size in ("small", "large")},
        **changes,
    }


def share(uid: str, file_id: str, now: datetime) -> dict[str, Any]:
    """A link as functions make it."""
    return {
        "uid": uid,
        "fileId": file_id,
        "name": "photo.png",
        "contentType": "image/png",
        "size": 1000,
        "kind": "image",
        "path": f"users/{uid}/files/{file_id}/photo.png",
        "generation": "1",
        "thumbnail": f"derived/{uid}/{file_id}/large.webp",
        "state": "active",
        "createdAt": now,
        "expiresAt": now + timedelta(days=7),
        "maxDownloads": None,
        "downloads": 0,
    }


def announcement(**changes: Any) -> dict[str, Any]:
    """What the page writes before it uploads."""
    return {
        "name": "photo.png",
        "size": 1000,
        "contentType": "image/png",
        "state": "uploading",
        "createdAt": SERVER_TIME,
        **changes,
    }


def without(data: Mapping[str, Any], *fields: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in fields}
