"""How often a user may do something: a count per action, user and window of time, kept in Firestore.

A call that is counted costs one write; one that is refused costs none. The count is written only when nobody
else wrote it in between, so a hundred calls at once get no more through than one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.refusals import Refusal

if TYPE_CHECKING:
    from app.optimistic import Changes


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` times in `window`, which begins with the first time."""

    count: int
    window: timedelta


def limit_path(action: str, uid: str) -> str:
    return f"limits/{action}:{uid}"


def count_call(
    changes: Changes, action: str, uid: str, fields: Mapping[str, Any] | None, limit: Limit, now: datetime
) -> None:
    """Counts one more time. `fields` are those of the document at `limit_path`, which must have been read.

    Raises Refusal, with the seconds to wait in `retryAfter`.
    """
    path = limit_path(action, uid)
    if fields is None or fields["windowStart"] + limit.window <= now:
        # The user's id is a field as well, so that deleting the account finds the document.
        started = {"uid": uid, "windowStart": now, "count": 1, "expiresAt": now + limit.window}
        if fields is None:
            changes.create(path, started)
        else:
            changes.update(path, started)
    elif fields["count"] < limit.count:
        changes.update(path, {"count": fields["count"] + 1})
    else:
        wait = fields["windowStart"] + limit.window - now
        raise Refusal("rate-limited", retryAfter=math.ceil(wait.total_seconds()))
