"""Who may have an account: e-mail addresses, blocked domains, roles and suspended users. Nothing here
knows Firebase.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

MAX_NAME_LENGTH = 80
# RFC 5321 section 4.5.3.1: a path of 256 octets, with its two angle brackets.
MAX_EMAIL_LENGTH = 254


class InvalidEmail(ValueError):
    """The text is not an address this product can write to."""


def normalize_email(text: str) -> str:
    """The one spelling of an address: no outer space, lower case, the domain in its ASCII form without a
    final dot.

    Raises InvalidEmail.
    """
    local, at, domain = unicodedata.normalize("NFC", text.strip()).lower().rpartition("@")
    domain = ascii_domain(domain)
    email = f"{local}@{domain}"
    broken = any(character.isspace() or not character.isprintable() for character in email)
    if not (local and at and "." in domain) or "@" in local or broken or len(email) > MAX_EMAIL_LENGTH:
        raise InvalidEmail(text)
    return email


def ascii_domain(domain: str) -> str:
    """A domain as DNS spells it: lower case, punycode, no final dot. Raises InvalidEmail."""
    try:
        return domain.strip().rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InvalidEmail(domain) from error


def parse_list(text: str) -> frozenset[str]:
    """The items of a parameter: separated by commas or white space, in lower case."""
    return frozenset(text.replace(",", " ").lower().split())


def blocked_domain(email: str, blocked: AbstractSet[str]) -> str | None:
    """The entry of `blocked` that the address falls under, itself or as a subdomain. `email` is
    normalised.
    """
    labels = email.rpartition("@")[2].split(".")
    suffixes = (".".join(labels[start:]) for start in range(len(labels)))
    return next((suffix for suffix in suffixes if suffix in blocked), None)


def default_name(display_name: str | None, email: str | None) -> str:
    """A name to show, 1 to 80 characters: the display name, else the e-mail's local part, else "User"."""
    local_part = email.partition("@")[0] if email else ""
    candidates = (_printable(display_name or ""), _printable(local_part), "User")
    return next(candidate for candidate in candidates if candidate)


def _printable(text: str) -> str:
    """The text on one line, without characters that do not show, cut to the length a name may have."""
    spaced = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(spaced.split())[:MAX_NAME_LENGTH].rstrip()


def role_at_creation(email: str | None, email_verified: bool, admins: Iterable[str]) -> str:
    """The role a new account starts with.

    An address makes an admin only when the way of signing in proved it at that very moment (an e-mail link,
    or a provider that vouches for it). Anyone can sign up with someone else's address and a password; a
    later click on a verification link proves who reads the mail, not who chose the password, so it never
    changes the role.
    """
    return "admin" if email is not None and email_verified and email in admins else "user"
