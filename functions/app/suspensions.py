"""Suspended users who deleted their account: they do not come back by signing up again.

Authentication lets everybody delete their own account, suspended or not. When that account is removed, each
way in which it could sign in is remembered for a year: the document `ledger/barred:{digest}` says nothing but
that and until when. The digest is slow and salted with the project's id, so the addresses cannot be read from
it and are costly to try.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app import clients
from app.accounts import folded_email
from app.optimistic import Changes, change
from app.paths import profile_path
from app.refusals import Refusal

if TYPE_CHECKING:
    from app.user_events import UserRecord

LIFETIME = timedelta(days=365)

# 4 MiB and about 10 ms each. An instance may do as many at once as it takes calls.
_COST: dict[str, int] = {"n": 2**12, "r": 8, "p": 1, "dklen": 16}
# Whose `uid` at the provider is the address or the number itself.
_OWN_PROVIDERS = ("password", "emailLink", "phone", "anonymous")


def bar_paths(user: UserRecord) -> list[str]:
    """The documents that would keep this user out, one for each way to sign in."""
    return [f"ledger/barred:{_digest(identity, _project())}" for identity in sorted(set(_identities(user)))]


def bar_fields(now: datetime) -> dict[str, Any]:
    """The fields of such a document: nothing of the user."""
    return {"state": "barred", "createdAt": now, "expiresAt": now + LIFETIME}


def is_barred(bar: dict[str, Any] | None, now: datetime) -> bool:
    return bar is not None and bar["expiresAt"] > now


def check(user: UserRecord) -> None:
    """Raises Refusal when the user signs in as somebody did who was suspended and left."""
    client = clients.firestore()
    references = [client.document(path) for path in bar_paths(user)]
    now = datetime.now(UTC)
    if references and any(is_barred(each.to_dict(), now) for each in client.get_all(references)):
        raise Refusal("suspended")


def suspend_again(user: UserRecord) -> None:
    """Suspend users who signed up in the same way before the documents that keep them out were there."""
    from firebase_admin.auth import EmailIdentifier, PhoneIdentifier, ProviderIdentifier

    asked: list[Any] = [EmailIdentifier(user.email)] if user.email else []
    asked += [PhoneIdentifier(user.phone_number)] if user.phone_number else []
    asked += [ProviderIdentifier(name, uid) for name, uid in _at_providers(user)]
    for found in clients.auth().get_users(asked).users if asked else ():
        _suspend(found.uid)


def _suspend(uid: str) -> None:
    from google.cloud.firestore import SERVER_TIMESTAMP

    def decide(changes: Changes) -> None:
        (profile,) = changes.read(profile_path(uid))
        if profile is not None and profile.get("state") == "active":
            changes.update(profile_path(uid), {"state": "suspended", "updatedAt": SERVER_TIMESTAMP})

    change(decide)


def _identities(user: UserRecord) -> Iterator[str]:
    if user.email:
        yield f"email:{folded_email(user.email)}"
    if user.phone_number:
        yield f"phone:{user.phone_number}"
    yield from (f"{provider}:{uid}" for provider, uid in _at_providers(user))


def _at_providers(user: UserRecord) -> Iterator[tuple[str, str]]:
    """Each provider that vouches for the user, with the user's id there."""
    for provider in user.providers:
        if provider.uid and provider.provider_id not in _OWN_PROVIDERS:
            yield provider.provider_id, provider.uid


@lru_cache(maxsize=256)
def _digest(identity: str, project: str) -> str:
    return hashlib.scrypt(identity.encode(), salt=project.encode(), **_COST).hex()


def _project() -> str:
    return os.environ.get("GCLOUD_PROJECT", "")
