"""The two doors of Firebase Authentication: before a user is created, before a user signs in.

Authentication calls these and waits, at most seven seconds in the cloud. It does not call them for guests,
for users made with the Admin SDK, or for custom tokens; the emulator does not either when a guest takes a
password, and calls only the second when a guest takes an e-mail link or a provider.

A refusal reaches the client inside the text of an error, as the JSON that the function answered:
`{"error": {"status", "message", "details": {"reason", "requestId", ...}}}`. The page looks for `reason`; the
message is for people.

A blocking function cannot change the e-mail: Authentication has lower-cased it already, and the profile
stores it normalised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from firebase_functions.identity_fn import AuthBlockingEvent, BeforeCreateResponse, BeforeSignInResponse
from firebase_functions.params import StringParam

from app import logs
from app.accounts import (
    InvalidEmail,
    blocked_domain,
    default_name,
    normalize_email,
    parse_list,
    role_at_creation,
)
from app.profiles import Profile, follow_account, is_deleted, not_active, read_profile, stored_email
from app.refusals import Refusal
from app.sentences import DEFAULT_LOCALE, Locale, known_locale
from app.user_events import UserProvider, UserRecord

BLOCKED_EMAIL_DOMAINS = StringParam(
    "BLOCKED_EMAIL_DOMAINS",
    default="mailinator.com, guerrillamail.com, 10minutemail.com, yopmail.com, trashmail.com",
    label="Blocked e-mail domains",
    description="Domains, subdomains included, that nobody may sign up with. Separated by commas.",
)
ADMIN_EMAILS = StringParam(
    "ADMIN_EMAILS",
    default="",
    label="Administrators",
    description="E-mails that become administrators when they sign up in a way that proves the address.",
)


def before_user_created(event: AuthBlockingEvent) -> BeforeCreateResponse | None:
    """Admits or refuses a new user; gives the admitted one a name and the `role` claim."""
    user = event.data
    with _explained(event, lambda: known_locale(event.locale)):
        email = admitted_email(user.email)
    role = role_at_creation(email, bool(user.email_verified), parse_list(ADMIN_EMAILS.value))
    logs.info("sign-up admitted", event_id=event.event_id, uid=user.uid, role=role)
    # Whatever claims came along from a provider are replaced: only this project says who is an administrator.
    return {"display_name": default_name(user.display_name, email), "custom_claims": {"role": role}}


def admitted_email(text: str | None) -> str | None:
    """The normalised address, None for a user without one. Raises Refusal when it may not have an account."""
    if not text:
        return None
    try:
        email = normalize_email(text)
    except InvalidEmail:
        raise Refusal("invalid-email") from None
    domain = blocked_domain(email, parse_list(BLOCKED_EMAIL_DOMAINS.value))
    if domain is not None:
        raise Refusal("blocked-domain", domain=domain)
    return email


def before_user_signed_in(event: AuthBlockingEvent) -> BeforeSignInResponse | None:
    """Refuses a user whose profile is not active, or whose account took an address that sign-up refuses.

    Without a profile, which a new user does not have yet, nothing is refused. The profile follows what
    changed in the account since: no event tells of that.
    """
    profile: Profile | None = None
    with _explained(event, lambda: known_locale(profile and profile.locale) or known_locale(event.locale)):
        profile = _read_profile(event)
        if profile is None:
            return None
        if profile.state != "active":
            raise not_active(profile)
        if stored_email(event.data.email) != profile.email:
            admitted_email(event.data.email)
            _follow(event)
    return None


def _read_profile(event: AuthBlockingEvent) -> Profile | None:
    """When the profile cannot be read nobody is let in, since a suspension must hold."""
    try:
        profile = read_profile(event.data.uid)
        gone = profile is None and is_deleted(event.data.uid)
    except Exception as error:
        logs.error(
            "profile not readable at sign-in", event_id=event.event_id, uid=event.data.uid, cause=repr(error)
        )
        raise Refusal("unavailable") from error
    if gone:  # the profile, which goes first; the account goes last
        raise Refusal("deleting")
    return profile


def _follow(event: AuthBlockingEvent) -> None:
    """A profile that cannot follow now does so at the next sign-in; that is no reason to keep anybody out."""
    user = event.data
    record = UserRecord(
        uid=user.uid,
        email=user.email,
        email_verified=bool(user.email_verified),
        display_name=user.display_name or _name_at_provider(event),
        phone_number=user.phone_number,
        custom_claims=user.custom_claims or {},
        providers=tuple(
            UserProvider(provider.provider_id, provider.uid, provider.email, provider.display_name)
            for provider in user.provider_data
        ),
    )
    try:
        changed = follow_account(record)
        logs.info("profile follows", event_id=event.event_id, uid=user.uid, fields=sorted(changed))
    except Exception as error:
        logs.error("profile cannot follow", event_id=event.event_id, uid=user.uid, cause=repr(error))


def _name_at_provider(event: AuthBlockingEvent) -> str | None:
    """What a provider that is just being linked calls the user; it is not among the user's providers yet."""
    profile = event.additional_user_info.profile if event.additional_user_info else None
    name = profile.get("name") if profile else None
    return name if isinstance(name, str) else None


@contextmanager
def _explained(event: AuthBlockingEvent, locale: Callable[[], Locale | None]) -> Iterator[None]:
    """Turns a Refusal into the error that Authentication hands on. `locale` is asked when it is needed."""
    try:
        yield
    except Refusal as refusal:
        logs.info(
            "refused",
            event_id=event.event_id,
            uid=event.data.uid,
            event_type=event.event_type,
            reason=refusal.reason,
        )
        raise refusal.as_https_error(locale() or DEFAULT_LOCALE, requestId=event.event_id) from refusal
