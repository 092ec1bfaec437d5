"""What an event of a user that reached nobody should have done: made a profile, followed the account, removed
what is left.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app import clients, departures
from app.addresses import judge, stored_email
from app.paths import profile_path
from app.profiles import changed_fields, create_profile, follow_account
from app.sweep_steps import Outcome, Step
from app.walks import next_profiles

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentSnapshot

    from app.user_events import UserRecord

# Authentication lists as many in one request, and looks up as many.
_MOST_LISTED = 1000
_MOST_LOOKED_UP = 100
# A profile is made after its account, so a new one without an account is being removed already.
_SETTLED_AFTER = timedelta(hours=1)


class TooManyGone(Exception):
    """So many profiles have no account that something is wrong with Authentication; nothing is removed."""


def mend_profiles(step: Step) -> Outcome:
    """Looks at the next accounts of Authentication; makes profiles that are missing, and brings those up to
    date whose account changed since. Counts those.
    """
    accounts, token = _next_accounts(step)
    # Before the work: an account that nobody can deal with keeps no other from its turn.
    step.cursors.keep(step.name, token)
    client = clients.firestore()
    references = [client.document(profile_path(account.uid)) for account in accounts]
    profiles = {each.id: each.to_dict() for each in client.get_all(references)} if references else {}
    return Outcome(sum(_mend_profile(account, profiles[account.uid]) for account in accounts))


def _next_accounts(step: Step) -> tuple[list[UserRecord], str | None]:
    """The accounts, and with what to ask for those after them; None at the end."""
    from firebase_admin.exceptions import InvalidArgumentError

    token, limit = step.cursors.get(step.name), min(step.documents, _MOST_LISTED)
    try:
        page = clients.auth().list_users(page_token=token, max_results=limit)
    except InvalidArgumentError:
        if token is None:
            raise
        page = clients.auth().list_users(max_results=limit)  # tokens do not last for ever
    return [clients.record_of(user) for user in page.users], page.next_page_token or None


def _mend_profile(account: UserRecord, profile: dict[str, Any] | None) -> bool:
    if profile is None:
        return create_profile(account)
    if not changed_fields(profile, account):
        return False
    is_admitted = judge(account.email, account.email_verified).problem is None
    if stored_email(account.email) != profile.get("email") and not is_admitted:
        return False
    return bool(follow_account(account))


def remove_gone(step: Step) -> Outcome:
    """Looks at the next profiles; has everything of those removed whose account is gone. Counts those.

    Raises TooManyGone.
    """
    profiles = next_profiles(step, step.documents)
    gone = [each.id for each in _without_account(profiles) if _is_settled(each, step.now)]
    if len(gone) > max(3, len(profiles) // 10):
        raise TooManyGone(f"{len(gone)} of {len(profiles)} profiles; see Lost events in docs/accounts.md")
    for uid in gone:
        departures.begin_for_gone(uid, step.now)
    return Outcome(len(gone))


def _without_account(profiles: list[DocumentSnapshot[Any]]) -> list[DocumentSnapshot[Any]]:
    from firebase_admin.auth import UidIdentifier

    found: set[str] = set()
    for start in range(0, len(profiles), _MOST_LOOKED_UP):
        asked = [UidIdentifier(each.id) for each in profiles[start : start + _MOST_LOOKED_UP]]
        found.update(user.uid for user in clients.auth().get_users(asked).users)
    return [each for each in profiles if each.id not in found]


def _is_settled(profile: DocumentSnapshot[Any], now: datetime) -> bool:
    made_at = (profile.to_dict() or {}).get("createdAt")
    return made_at is not None and made_at <= now - _SETTLED_AFTER
