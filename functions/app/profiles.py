"""The profile document of a user: made when the user is created, read by whoever counts or admits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from firebase_functions import logger

from app import clients
from app.accounts import default_name, normalize_email
from app.paths import profile_path
from app.usage import DEFAULT_QUOTA, NOTHING, Amount

if TYPE_CHECKING:
    from google.cloud.firestore import Client, Transaction

    from app.user_events import UserEvent, UserRecord

GUEST_NAME = "Guest"


@dataclass(frozen=True, slots=True)
class Profile:
    """What functions read of a profile."""

    state: str
    usage: Amount
    quota: Amount

    @classmethod
    def read(cls, client: Client, uid: str, transaction: Transaction | None = None) -> Profile | None:
        fields = client.document(profile_path(uid)).get(transaction=transaction).to_dict()
        if fields is None:
            return None
        return cls(
            state=fields.get("state", "active"),
            usage=Amount.parse(fields.get("usage"), NOTHING),
            quota=Amount.parse(fields.get("quota"), DEFAULT_QUOTA),
        )


def new_profile(user: UserRecord) -> dict[str, Any]:
    """The fields of a new user's profile, except the times."""
    return {
        "name": GUEST_NAME if user.is_guest else default_name(user.display_name, user.email),
        "locale": "en",
        "email": normalize_email(user.email) if user.email else None,
        "role": "admin" if user.custom_claims.get("role") == "admin" else "user",
        "state": "active",
        "quota": DEFAULT_QUOTA.to_fields(),
        "usage": NOTHING.to_fields(),
    }


def create_profile(user: UserRecord) -> bool:
    """Creates the profile unless there is one or the user is gone; says whether it did.

    A created event can come after the deleted event of the same user, so the trace that deletion leaves is
    read first.
    """
    from google.cloud.firestore import SERVER_TIMESTAMP

    client = clients.firestore()
    reference = client.document(profile_path(user.uid))

    def body(transaction: Transaction) -> bool:
        gone = client.document(deletion_path(user.uid)).get(transaction=transaction).exists
        if gone or reference.get(transaction=transaction).exists:
            return False
        times = {"createdAt": SERVER_TIMESTAMP, "updatedAt": SERVER_TIMESTAMP}
        transaction.create(reference, new_profile(user) | times)
        return True

    return clients.in_transaction(body)


def on_user_created(event: UserEvent) -> None:
    """Handles a new user, a guest included."""
    created = create_profile(event.data)
    logger.info("user created", event_id=event.id, uid=event.data.uid, profile_created=created)


def deletion_path(uid: str) -> str:
    """The ledger entry that says a user was deleted."""
    return f"ledger/deleted-user:{uid}"
