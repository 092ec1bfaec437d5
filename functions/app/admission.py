"""The two doors of Firebase Authentication: before a user is created, before a user signs in.

Authentication calls these and waits, at most seven seconds in the cloud. It does not call them for guests,
for users made with the Admin SDK, or for custom tokens. What an HttpsError says here reaches the person, so
its text is for people.

A blocking function cannot change the e-mail: Authentication has lower-cased it already, and the profile
stores it normalised.
"""

from __future__ import annotations

from typing import NoReturn

from firebase_functions import logger
from firebase_functions.https_fn import FunctionsErrorCode, HttpsError
from firebase_functions.identity_fn import AuthBlockingEvent, BeforeCreateResponse, BeforeSignInResponse
from firebase_functions.params import StringParam

from app.accounts import (
    InvalidEmail,
    blocked_domain,
    default_name,
    normalize_email,
    parse_list,
    role_at_creation,
)
from app.profiles import is_deleted, read_profile

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

_REFUSALS = {
    "suspended": "This account is suspended. Please write to the people who run this site.",
    "deleting": "This account is being deleted.",
}


def before_user_created(event: AuthBlockingEvent) -> BeforeCreateResponse | None:
    """Admits or refuses a new user; gives the admitted one a name and the `role` claim."""
    user = event.data
    email = _admitted_email(event, user.email)
    role = role_at_creation(email, bool(user.email_verified), parse_list(ADMIN_EMAILS.value))
    logger.info("sign-up admitted", event_id=event.event_id, uid=user.uid, role=role)
    # Whatever claims came along from a provider are replaced: only this project says who is an administrator.
    return {"display_name": default_name(user.display_name, email), "custom_claims": {"role": role}}


def _admitted_email(event: AuthBlockingEvent, text: str | None) -> str | None:
    """The normalised address, None for a user without one. Raises HttpsError when it is refused."""
    if not text:
        return None
    try:
        email = normalize_email(text)
    except InvalidEmail:
        _refuse(
            event, FunctionsErrorCode.INVALID_ARGUMENT, "This e-mail address is not valid.", "invalid e-mail"
        )
    domain = blocked_domain(email, parse_list(BLOCKED_EMAIL_DOMAINS.value))
    if domain is not None:
        message = f"Addresses at {domain} cannot be used here. Please sign up with another e-mail address."
        _refuse(event, FunctionsErrorCode.PERMISSION_DENIED, message, "blocked domain")
    return email


def before_user_signed_in(event: AuthBlockingEvent) -> BeforeSignInResponse | None:
    """Refuses a user whose profile is not active. Without a profile, which a new user does not have yet,
    nothing is refused.
    """
    message = _REFUSALS.get(_state(event))
    if message is not None:
        _refuse(event, FunctionsErrorCode.PERMISSION_DENIED, message, "not active")
    return None


def _state(event: AuthBlockingEvent) -> str:
    """The state of the profile. When it cannot be read nobody is let in, since a suspension must hold."""
    try:
        profile = read_profile(event.data.uid)
        if profile is None:  # new, or removed already while its account still goes
            return "deleting" if is_deleted(event.data.uid) else "active"
    except Exception as error:
        logger.error(
            "profile not readable at sign-in", event_id=event.event_id, uid=event.data.uid, cause=repr(error)
        )
        message = "Signing in is not possible right now. Please try again in a moment."
        raise HttpsError(FunctionsErrorCode.UNAVAILABLE, message) from error
    return profile.state


def _refuse(event: AuthBlockingEvent, code: FunctionsErrorCode, message: str, cause: str) -> NoReturn:
    logger.info(
        "refused", event_id=event.event_id, uid=event.data.uid, event_type=event.event_type, cause=cause
    )
    raise HttpsError(code, message)
