"""The profile document of a user: made when the user is created, read by whoever counts or admits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from firebase_functions import logger

from app import clients, suspensions
from app.accounts import default_name
from app.addresses import stored_email
from app.deletion_trace import Trace, deletion_path
from app.optimistic import Changes, change
from app.paths import profile_path
from app.refusals import Refusal
from app.usage import DEFAULT_QUOTA, GUEST_QUOTA, NOTHING, Amount

if TYPE_CHECKING:
    from google.cloud.firestore import Transaction

    from app.user_events import UserEvent, UserRecord

GUEST_NAME = "Guest"
# A guest's session is in one browser. Who has not come back with it for so long has lost it or forgotten it.
GUEST_IDLE_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Profile:
    """What functions read of a profile."""

    state: str
    usage: Amount
    quota: Amount
    locale: str | None = None
    sessions_ended_at: datetime | None = None
    suspended_reason: str | None = None
    email: str | None = None

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Profile:
        return cls(
            state=fields.get("state", "active"),
            usage=Amount.parse(fields.get("usage"), NOTHING),
            quota=Amount.parse(fields.get("quota"), DEFAULT_QUOTA),
            locale=fields.get("locale"),
            sessions_ended_at=fields.get("sessionsEndedAt"),
            suspended_reason=fields.get("suspendedReason"),
            email=fields.get("email"),
        )


def not_active(profile: Profile) -> Refusal:
    """Why the user of a profile that is not active is refused, with what the suspension said of its cause."""
    if profile.state == "deleting":
        return Refusal("deleting")
    cause = {"suspendedReason": profile.suspended_reason} if profile.suspended_reason else {}
    return Refusal("suspended", **cause)


def read_profile(uid: str) -> Profile | None:
    fields = clients.firestore().document(profile_path(uid)).get().to_dict()
    return None if fields is None else Profile.parse(fields)


def usage_of(profile_fields: Mapping[str, Any] | None) -> Amount | None:
    """The usage in a profile document; None when there is no such document."""
    return None if profile_fields is None else Profile.parse(profile_fields).usage


def new_profile(user: UserRecord) -> dict[str, Any]:
    """The fields of a new user's profile, except the times."""
    email = stored_email(user.email)
    quota = GUEST_QUOTA if user.is_guest else DEFAULT_QUOTA
    return {
        "name": GUEST_NAME if user.is_guest else _name_of(user),
        "locale": "en",
        "email": email,
        "emailVerified": user.email_verified,
        "role": "admin" if user.custom_claims.get("role") == "admin" else "user",
        "state": "active",
        "quota": quota.to_fields(),
        "usage": NOTHING.to_fields(),
    }


def changed_fields(profile: Mapping[str, Any], user: UserRecord) -> dict[str, Any]:
    """What of a profile no longer says what Firebase Authentication says of the user. A name that the user
    may have chosen stays; that of a guest who became an account does not, nor does a guest's quota.
    """
    current = new_profile(user)
    follow = {name: current[name] for name in ("email", "emailVerified", "role")}
    became_account = profile.get("name") == GUEST_NAME and profile.get("email") is None and not user.is_guest
    if became_account:
        follow["name"] = current["name"]
    if "guestUntil" in profile and not user.is_guest and profile.get("quota") == GUEST_QUOTA.to_fields():
        follow["quota"] = current["quota"]
    return {name: value for name, value in follow.items() if profile.get(name) != value}


def _name_of(user: UserRecord) -> str:
    given = (user.display_name, *(provider.display_name for provider in user.providers))
    return default_name(next((name for name in given if name), None), stored_email(user.email))


def follow_account(user: UserRecord) -> dict[str, Any]:
    """Brings the profile up to date with the account; gives the fields that changed. Without a profile there
    is nothing to do.
    """
    from google.cloud.firestore import DELETE_FIELD, SERVER_TIMESTAMP

    path = profile_path(user.uid)

    def decide(changes: Changes) -> dict[str, Any]:
        (profile,) = changes.read(path)
        changed = {} if profile is None else changed_fields(profile, user)
        if profile is not None and "guestUntil" in profile and not user.is_guest:
            changed["guestUntil"] = DELETE_FIELD
        if changed:
            changes.update(path, changed | {"updatedAt": SERVER_TIMESTAMP})
        return changed

    return change(decide)


def create_profile(user: UserRecord) -> bool:
    """Creates the profile unless there is one or the account is deleted; says whether it did.

    A created event can come after the deleted event of the same account, so the trace that deletion leaves is
    read first. An earlier account of the same id has its things removed before the new one gets a profile:
    the removal itself makes it then.
    """
    from google.cloud.firestore import SERVER_TIMESTAMP

    client = clients.firestore()
    reference = client.document(profile_path(user.uid))
    trace_at = client.document(deletion_path(user.uid))
    bars_at = [client.document(path) for path in suspensions.bar_paths(user)]

    def body(transaction: Transaction) -> bool:
        # One read each: the order of the answers of `get_all` is not that of the question.
        trace = Trace.parse(trace_at.get(transaction=transaction).to_dict())
        if trace is not None and trace.keeps_out(user.created_at):
            return False
        if reference.get(transaction=transaction).exists:
            return False
        now = datetime.now(UTC)
        bars = [bar.get(transaction=transaction).to_dict() for bar in bars_at]
        is_barred = any(suspensions.is_barred(bar, now) for bar in bars)
        own: dict[str, Any] = {"createdAt": SERVER_TIMESTAMP, "updatedAt": SERVER_TIMESTAMP}
        if is_barred:
            own["state"] = "suspended"
        if user.is_guest:
            own["guestUntil"] = now + GUEST_IDLE_AFTER
        transaction.create(reference, new_profile(user) | own)
        return True

    return clients.in_transaction(body)


def is_of_former_account(profile: Mapping[str, Any], account: UserRecord) -> bool:
    """Whether the profile was made before this account of the same id."""
    made_at = profile.get("createdAt")
    return made_at is not None and account.created_at is not None and made_at < account.created_at


def on_user_created(event: UserEvent) -> None:
    """Handles a new user, a guest included."""
    created = create_profile(event.data)
    logger.info("user created", event_id=event.id, uid=event.data.uid, profile_created=created)
