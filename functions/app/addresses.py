"""What an e-mail address may do here: the rules of `accounts.py` with this project's parameters."""

from __future__ import annotations

from firebase_functions.params import StringParam

from app.accounts import EmailVerdict, InvalidEmail, ascii_lower, judge_email, normalize_email, parse_list
from app.refusals import Refusal

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
    description="E-mails that become administrators when they sign up in a way that proves the address. "
    "Exactly as Firebase Authentication shows them.",
)


def judge(email: str | None, verified: bool) -> EmailVerdict:
    """What the address of an account may do, as Authentication holds it now."""
    blocked, admins = parse_list(BLOCKED_EMAIL_DOMAINS.value), parse_list(ADMIN_EMAILS.value)
    return judge_email(email, verified, blocked, admins)


def admit(verdict: EmailVerdict) -> None:
    """Raises Refusal when the address may have no account."""
    if verdict.problem is not None:
        raise Refusal(verdict.problem, **({"domain": verdict.domain} if verdict.domain else {}))


def check_may_share(verdict: EmailVerdict) -> None:
    """Raises Refusal when an account with this address may not share."""
    admit(verdict)
    if not verdict.may_share:
        raise Refusal("email-not-verified")


def stored_email(text: str | None) -> str | None:
    """The address as profiles hold it: as Authentication does, which writes A to Z in lower case. One that
    the Admin SDK let in and sign-up would not is kept as it is.
    """
    try:
        return text and normalize_email(text) and ascii_lower(text)
    except InvalidEmail:
        return text
