"""How a file document stands to an upload of its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.objects import StoredObject
from app.paths import FileKey
from app.usage import Entry, ledger_path

GAVE_UP = "processing-failed"
"""The reason of a file that could not be processed through no fault of its own; its bytes are kept."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One generation of one original."""

    key: FileKey
    stored: StoredObject

    @property
    def ledger(self) -> str:
        return ledger_path(self.key, self.stored.generation)


class Standing(StrEnum):
    """What the file document says about an upload."""

    OURS = "ours"
    """It waits for this upload, or is being filled from it."""
    GIVEN_UP = "given up"
    """It was being filled from this upload, which failed too often. Whoever gets there yet may finish."""
    DONE = "done"
    """It was filled from this upload."""
    UNWANTED = "unwanted"
    """There is no document, or it was refused: everything of the file must go."""
    STOWAWAY = "stowaway"
    """The document is about another object: this one must go."""
    GONE = "gone"
    """This object was deleted in the meantime."""

    @property
    def is_open(self) -> bool:
        """Whether this upload may still decide what becomes of the document."""
        return self in (Standing.OURS, Standing.GIVEN_UP)


def judge(fields: Mapping[str, Any] | None, upload: Upload, entry: Entry) -> Standing:
    """How a file document, None when there is none, stands to an upload whose ledger entry is `entry`."""
    if entry is Entry.RELEASED:
        return Standing.GONE
    if fields is None:
        return Standing.UNWANTED
    is_same = fields.get("generation") == upload.stored.generation
    if fields.get("state") == "rejected":
        return Standing.GIVEN_UP if is_same and fields.get("reason") == GAVE_UP else Standing.UNWANTED
    if is_same:
        return Standing.OURS if fields.get("state") == "processing" else Standing.DONE
    # Another generation under the same name is a replacement by an administrator; under another name it is
    # a stowaway.
    same_object = fields.get("generation") is None or fields.get("path") == upload.stored.name
    return Standing.OURS if same_object else Standing.STOWAWAY
