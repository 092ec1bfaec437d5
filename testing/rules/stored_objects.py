"""Storage objects in memory, and how rules see them: a map of exactly 14 keys."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import google_crc32c

from emulator.rules.types import Timestamp
from emulator.rules.types import Value as RulesValue
from testing.rules.operations import Upload

_CHANGEABLE: Final = {"content_type", "content_encoding", "content_disposition", "metadata"}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object. Times are in nanoseconds since the epoch, as rules count them."""

    bucket: str
    name: str
    size: int
    md5: str
    crc32c: str
    created: int
    updated: int
    generation: int
    metageneration: int = 1
    content_type: str = "application/octet-stream"
    content_encoding: str | None = None
    content_disposition: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def changed(self, changes: Mapping[str, Any], now: int) -> StoredObject:
        """With other metadata. Raises TypeError for what cannot be changed."""
        unknown = changes.keys() - _CHANGEABLE
        if unknown:
            raise TypeError(
                f"not changeable: {', '.join(sorted(unknown))}; it can be {', '.join(sorted(_CHANGEABLE))}"
            )
        return replace(self, **changes, updated=now, metageneration=self.metageneration + 1)

    def resource(self) -> dict[str, RulesValue]:
        """`resource` and `request.resource` of Storage rules."""
        metadata: dict[str, RulesValue] = dict(self.metadata)
        return {
            "name": self.name,
            "bucket": self.bucket,
            "generation": self.generation,
            "metageneration": self.metageneration,
            "size": self.size,
            "timeCreated": Timestamp(self.created),
            "updated": Timestamp(self.updated),
            "md5Hash": self.md5,
            "crc32c": self.crc32c,
            "etag": f"{self.generation}-{self.metageneration}",
            "contentDisposition": self.content_disposition,
            "contentEncoding": self.content_encoding,
            "contentType": self.content_type,
            "metadata": metadata,
        }

    def summary(self) -> dict[str, Any]:
        """What a client is told."""
        return {"name": self.name, "size": self.size, "content_type": self.content_type}


def stored_object(upload: Upload, bucket: str, now: int) -> StoredObject:
    md5, crc = _checksums(upload)
    return StoredObject(
        bucket,
        upload.name,
        upload.length,
        md5,
        crc,
        created=now,
        updated=now,
        generation=now // 1_000_000,
        content_type=upload.content_type,
        content_encoding=upload.content_encoding,
        metadata=dict(upload.metadata),
    )


def _checksums(upload: Upload) -> tuple[str, str]:
    """Where only the size was given there are no bytes, and the checksums are those of nothing."""
    content = upload.content if upload.size is None else b""
    md5 = hashlib.md5(content, usedforsecurity=False).digest()
    return base64.b64encode(md5).decode(), str(google_crc32c.value(content))
