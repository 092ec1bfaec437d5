"""Guests who have not been here for a month go, with everything that is theirs.

The profile of a guest says until when it is left alone. Then Firebase Authentication tells when the guest
was here last: an open page renews its session every hour. So a guest who comes back costs a look once a
month.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app import clients, departures
from app.optimistic import Changes, change
from app.profiles import GUEST_IDLE_AFTER, follow_account
from app.sweep_steps import Outcome, Step

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentSnapshot

    from app.user_events import UserRecord


def remove_idle(step: Step) -> Outcome:
    """Begins the removal of the guests who are idle."""
    from google.cloud.firestore import FieldFilter

    users = clients.firestore().collection("users")
    due = users.where(filter=FieldFilter("guestUntil", "<=", step.now))
    return step.each(due, "guestUntil", lambda profile: _look_at(profile, step.now))


def _look_at(profile: DocumentSnapshot[Any], now: datetime) -> bool:
    """Removes the guest if it is time; says whether it was."""
    uid, state = profile.id, (profile.to_dict() or {}).get("state")
    user = clients.find_user(uid)
    if user is not None and not user.is_guest:
        follow_account(user)
    elif user is not None and _last_seen(user) + GUEST_IDLE_AFTER > now:
        _leave_until(profile, _last_seen(user) + GUEST_IDLE_AFTER)
    elif state == "suspended":  # until the people who run the site have looked
        _leave_until(profile, now + GUEST_IDLE_AFTER)
    elif state != "deleting":
        departures.begin(uid, now)
        return True
    return False


def _last_seen(user: UserRecord) -> datetime:
    times = (user.created_at, user.last_sign_in_at, user.last_refresh_at)
    return max((each for each in times if each is not None), default=datetime.min.replace(tzinfo=UTC))


def _leave_until(profile: DocumentSnapshot[Any], time: datetime) -> None:
    path = profile.reference.path

    def decide(changes: Changes) -> None:
        (fields,) = changes.read(path)
        if "guestUntil" in (fields or {}):  # else it went, or became an account, in the same moment
            changes.update(path, {"guestUntil": time})

    change(decide)
