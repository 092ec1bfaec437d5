"""A file that was given up: what its bytes cost while they are kept for another round of attempts.

They count like those of a file that is ready, in the same commit that gives it up, and go when there is no
room for them. Otherwise a user who makes eight attempts fail would store files outside the quota.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app import logs
from app.acceptance import reject, remove_objects
from app.attempts import given_up_fields
from app.profiles import Profile
from app.usage import Entry, LedgerEntry, count

if TYPE_CHECKING:
    from app.optimistic import Changes
    from app.standing import Upload


def give_up(changes: Changes, upload: Upload, fields: Mapping[str, Any], entry: LedgerEntry) -> bool:
    """Marks a document with these `fields` as given up and counts it, or refuses it for want of room; says
    whether the bytes are kept. The document and the ledger's `entry` must have been read.
    """
    (profile_fields,) = changes.read(upload.key.profile)
    size = fields.get("size", 0)
    # Without a profile there is nobody to count it for; the sweep does when there is one.
    if profile_fields is not None and entry.entry is Entry.NONE:
        profile = Profile.parse(profile_fields)
        if not profile.usage.with_file(size).fits(profile.quota):
            reject(changes, upload, entry, "quota", size)
            return False
        count(changes, upload.key, upload.stored.generation, profile.usage, size)
    changes.update(upload.key.document, given_up_fields(upload.stored))
    return True


def drop(upload: Upload) -> None:
    """Removes the objects of a file that there was no room for. What fails here the sweep does."""
    try:
        remove_objects(upload)
    except Exception as error:
        logs.error("refused file not removed", file=upload.key.document, cause=repr(error))
