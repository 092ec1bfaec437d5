"""The trace `ledger/deleted-user:{uid}` of a deleted user: how far the removal is, and of which accounts.

The id of a user can be given out again, by the Admin SDK or a custom token. `createdUntil` tells the accounts
apart: one that was created later is another account, which the deletion does not concern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app import clients

# How long a late event of the user is recognised as such. Longer than any delivery again.
LIFETIME = timedelta(days=30)

REMOVING = "removing"
VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class Trace:
    """`removed` is what there was when the removal began, None before it did."""

    state: str | None
    created_until: datetime | None
    removed: dict[str, int] | None

    @classmethod
    def parse(cls, fields: Mapping[str, Any] | None) -> Trace | None:
        if fields is None:
            return None
        return cls(fields.get("state"), fields.get("createdUntil"), fields.get("removed"))

    def covers(self, created_at: datetime | None) -> bool:
        """Whether the account that was created then is deleted. A time that is not known is not later."""
        return created_at is None or self.created_until is None or created_at <= self.created_until

    def keeps_out(self, created_at: datetime | None) -> bool:
        """Whether the account has no profile: it is deleted, or what an earlier one left is still there."""
        return self.state == REMOVING or self.covers(created_at)


def deletion_path(uid: str) -> str:
    return f"ledger/deleted-user:{uid}"


def read_trace(uid: str) -> Trace | None:
    return Trace.parse(clients.firestore().document(deletion_path(uid)).get().to_dict())


def new_trace(uid: str, created_until: datetime, now: datetime) -> dict[str, Any]:
    """The fields of the trace of a deletion that begins."""
    return {
        "uid": uid,
        "state": REMOVING,
        "createdUntil": created_until,
        "updatedAt": now,
        "expiresAt": now + LIFETIME,
    }
