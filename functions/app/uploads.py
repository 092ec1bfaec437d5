"""An upload has ended: look at the bytes, then accept the file and count it, or refuse it and remove it.

The document goes from `uploading` to `processing` to `ready` or `rejected`. Every step may be repeated, by
an event or a task that comes twice or by a process that starts where another one died: two that work on the
same object do the same, and only one commit makes the document ready.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app import logs, objects
from app.acceptance import Outcome, accept, reject, remove_objects
from app.attempts import MAX_ATTEMPTS, claimed_fields, failures
from app.examination import Refused, check_size, examine
from app.giving_up import give_up
from app.optimistic import Changes, change
from app.profiles import usage_of
from app.removals import forget_object
from app.standing import Standing, Upload, judge
from app.usage import LedgerEntry, ledger_path, release

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Claim:
    """How the document stands to the upload, and the content type it declares."""

    standing: Standing
    declared_type: str | None = None


def process(upload: Upload) -> str:
    """Brings the upload to its end and says in a word, for the log, what that was.

    Raises whatever the services raise: then it is to be tried again.
    """
    from google.api_core.exceptions import NotFound

    blob = objects.live_blob(upload.stored)
    if blob is None:
        return forget_object(upload.key, upload.stored)
    claim = _claim(upload, blob.size)
    if claim.standing is Standing.UNWANTED:
        remove_objects(upload)
    if claim.standing is Standing.STOWAWAY:
        objects.delete(upload.stored)
    if claim.standing is not Standing.OURS:
        return claim.standing
    refused = check_size(blob.size)
    if refused is not None:
        return _refuse(upload, refused, blob.size)
    try:
        with objects.local_copy(blob) as copy:
            verdict = examine(copy.path, claim.declared_type)
            if isinstance(verdict, Refused):
                return _refuse(upload, verdict, copy.size)
            if verdict.cause:
                logs.info("picture has no thumbnails", file=upload.key.document, cause=verdict.cause)
            return accept(upload, blob, copy, verdict)
    except NotFound:
        # The object's deleted event may have come before the document was claimed.
        forget_object(upload.key, upload.stored)
        return Outcome.GONE


def _claim(upload: Upload, size: int) -> Claim:
    """Marks the document as being processed from this upload, of this size."""

    def decide(changes: Changes) -> Claim:
        fields, entry = changes.read(upload.key.document, upload.ledger)
        counted = LedgerEntry.parse(upload.ledger, entry)
        standing = judge(fields, upload, counted.entry)
        if standing is not Standing.OURS or fields is None:
            return Claim(standing)
        if failures(fields, upload.stored) >= MAX_ATTEMPTS:
            is_kept = give_up(changes, upload, fields, counted)
            return Claim(Standing.GIVEN_UP if is_kept else Standing.UNWANTED)
        _release_replaced(changes, upload, fields)
        changes.update(upload.key.document, claimed_fields(fields, upload.stored, size))
        return Claim(standing, fields.get("contentType"))

    return change(decide)


def _release_replaced(changes: Changes, upload: Upload, fields: Mapping[str, Any]) -> None:
    """Takes the generation that this upload replaces, if any, from the usage."""
    replaced = fields.get("generation")
    if replaced is None or replaced == upload.stored.generation:
        return
    path = ledger_path(upload.key, replaced)
    profile, entry = changes.read(upload.key.profile, path)
    release(
        changes, upload.key, replaced, LedgerEntry.parse(path, entry), usage_of(profile), datetime.now(UTC)
    )


def _refuse(upload: Upload, refused: Refused, size: int) -> str:
    """Says why in the document, then removes the object: interrupted in between, it is removed next time."""

    def decide(changes: Changes) -> bool:
        fields, entry = changes.read(upload.key.document, upload.ledger)
        counted = LedgerEntry.parse(upload.ledger, entry)
        ours = judge(fields, upload, counted.entry).is_open
        if ours:
            reject(changes, upload, counted, refused.reason, size)
        return ours or fields is None

    if change(decide):
        remove_objects(upload)
    if refused.cause:
        logs.info("file refused", file=upload.key.document, reason=refused.reason, cause=refused.cause)
    return refused.reason
