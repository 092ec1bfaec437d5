"""The two doors of Firebase Authentication: before a user is created, before a user signs in.

Authentication calls these and waits, at most seven seconds in the cloud. It does not call them for guests,
for users made with the Admin SDK, or for custom tokens; the emulator does not either when a guest takes a
password, and calls only the second when a guest takes an e-mail link or a provider.

A refusal reaches the client inside the text of an error, as the JSON that the function answered:
`{"error": {"status", "message", "details": {"reason", "requestId", ...}}}`. The page looks for `reason`; the
message is for people.

A blocking function cannot change the e-mail. What an address may do is decided in `accounts.py`, who may
not come back after a suspension in `suspensions.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from firebase_functions.identity_fn import AuthBlockingEvent, BeforeCreateResponse, BeforeSignInResponse

from app import logs, suspensions
from app.accounts import default_name
from app.addresses import admit, judge, stored_email
from app.deletion_trace import read_trace
from app.profiles import Profile, follow_account, not_active, read_profile
from app.refusals import Refusal
from app.sentences import DEFAULT_LOCALE, Locale, known_locale
from app.user_events import UserProvider, UserRecord


def before_user_created(event: AuthBlockingEvent) -> BeforeCreateResponse | None:
    """Admits or refuses a new user; gives the admitted one a name and the `role` claim."""
    user = event.data
    verdict = judge(user.email, bool(user.email_verified))
    with _explained(event, lambda: known_locale(event.locale)):
        admit(verdict)
        with _available(event):
            suspensions.check(_record(event))
    logs.info("sign-up admitted", event_id=event.event_id, uid=user.uid, role=verdict.role)
    # Whatever claims came along from a provider are replaced: only this project says who is an administrator.
    return {
        "display_name": default_name(user.display_name, verdict.email),
        "custom_claims": {"role": verdict.role},
    }


def before_user_signed_in(event: AuthBlockingEvent) -> BeforeSignInResponse | None:
    """Refuses a user whose profile is not active, or whose account took an address that sign-up refuses.

    The profile follows what changed in the account since: no event tells of that. Without a profile, which a
    new user does not have yet, only the account is judged.
    """
    user = event.data
    profile: Profile | None = None
    with _explained(event, lambda: known_locale(profile and profile.locale) or known_locale(event.locale)):
        with _available(event):
            profile = _read_profile(event)
        if profile is not None and profile.state != "active":
            raise not_active(profile)
        if profile is None or stored_email(user.email) != profile.email:
            admit(judge(user.email, bool(user.email_verified)))
            with _available(event):
                suspensions.check(_record(event))
        if profile is not None and stored_email(user.email) != profile.email:
            _follow(event)
    return None


def _read_profile(event: AuthBlockingEvent) -> Profile | None:
    """Raises Refusal when there is none because the account is being deleted."""
    profile = read_profile(event.data.uid)
    if profile is None:
        trace = read_trace(event.data.uid)
        created_at = event.data.metadata.creation_time if event.data.metadata else None
        if trace is not None and trace.keeps_out(created_at):
            raise Refusal("deleting")
    return profile


@contextmanager
def _available(event: AuthBlockingEvent) -> Iterator[None]:
    """When the database cannot be read nobody is let in, since a suspension must hold."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:
        logs.error(
            "profile not readable at sign-in", event_id=event.event_id, uid=event.data.uid, cause=repr(error)
        )
        raise Refusal("unavailable") from error


def _follow(event: AuthBlockingEvent) -> None:
    """A profile that cannot follow now does so at the next sign-in; that is no reason to keep anybody out."""
    uid = event.data.uid
    try:
        changed = follow_account(_record(event))
        logs.info("profile follows", event_id=event.event_id, uid=uid, fields=sorted(changed))
    except Exception as error:
        logs.error("profile cannot follow", event_id=event.event_id, uid=uid, cause=repr(error))


def _record(event: AuthBlockingEvent) -> UserRecord:
    """The account as it will be when this is admitted."""
    user = event.data
    return UserRecord(
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
