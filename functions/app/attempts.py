"""What a file document says about attempts to process it: how many failed, and when the next one comes.

`attempts` counts the attempts that failed. One that failed and could say so leaves `retryAt`; one whose
process died leaves nothing but the state `processing`, and is counted by the next one that comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.objects import StoredObject
from app.standing import GAVE_UP

MAX_ATTEMPTS = 8
"""The first and seven more, over about twenty minutes."""

# The wait before an attempt, as Cloud Tasks computes it from these three
# (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#retryconfig).
MIN_WAIT = timedelta(seconds=20)
MAX_WAIT = timedelta(minutes=10)
MAX_DOUBLINGS = 5


def wait_after(retries: int) -> timedelta:
    """How long a task that was tried again so many times waits for its next try."""
    doubled: int = 2 ** min(retries, MAX_DOUBLINGS)
    linear: int = max(0, retries - MAX_DOUBLINGS) * 2**MAX_DOUBLINGS
    return min(MAX_WAIT, MIN_WAIT * (doubled + linear))


def failures(fields: Mapping[str, Any], stored: StoredObject) -> int:
    """How many attempts on this object have failed when the next one begins. Those on an object that it
    replaces do not count.
    """
    if fields.get("generation") != stored.generation:
        return 0
    return int(fields.get("attempts", 0)) + _is_claimed(fields)


def failures_with_this(fields: Mapping[str, Any], stored: StoredObject) -> int:
    """The same when an attempt has just failed, whether or not it came to claim the document."""
    claimed = fields.get("generation") == stored.generation and _is_claimed(fields)
    return failures(fields, stored) + (not claimed)


def _is_claimed(fields: Mapping[str, Any]) -> bool:
    """Whether an attempt is being made, or died in the middle."""
    return fields.get("state") == "processing" and "retryAt" not in fields


def claimed_fields(fields: Mapping[str, Any], stored: StoredObject, size: int) -> dict[str, Any]:
    """What the document gets when an attempt on an object of this size begins."""
    from google.cloud.firestore import DELETE_FIELD

    claimed = {"size": size, "attempts": failures(fields, stored) or DELETE_FIELD, "retryAt": DELETE_FIELD}
    if fields.get("generation") != stored.generation:
        claimed["counted"] = DELETE_FIELD
    return _processing(stored) | claimed


def failed_fields(failed: int, stored: StoredObject, retry_at: datetime) -> dict[str, Any]:
    """What the document gets when so many attempts have failed and another one comes at `retry_at`."""
    return _processing(stored) | {"attempts": failed, "retryAt": retry_at}


def given_up_fields(stored: StoredObject) -> dict[str, Any]:
    """What the document gets when there is no further attempt and its bytes are kept, which then count."""
    from google.cloud.firestore import DELETE_FIELD

    fields = {"state": "rejected", "reason": GAVE_UP, "attempts": DELETE_FIELD, "retryAt": DELETE_FIELD}
    return _processing(stored) | fields | {"counted": True}


def asked_again_fields(now: datetime) -> dict[str, Any]:
    """What the document of a file that was given up gets when its owner wants another round."""
    from google.cloud.firestore import DELETE_FIELD, SERVER_TIMESTAMP

    fields = {"reason": DELETE_FIELD, "attempts": DELETE_FIELD}
    return {"state": "processing", "retryAt": now, "updatedAt": SERVER_TIMESTAMP} | fields


def _processing(stored: StoredObject) -> dict[str, Any]:
    from google.cloud.firestore import SERVER_TIMESTAMP

    return {
        "state": "processing",
        "generation": stored.generation,
        "path": stored.name,
        "updatedAt": SERVER_TIMESTAMP,
    }
