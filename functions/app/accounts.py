"""Who may have an account: e-mail addresses, blocked domains, roles and suspended users. Nothing here
knows Firebase.

Two spellings of an address can look alike or reach one mailbox. Someone who is kept out must not come in by
another spelling, so blocked domains are compared after folding everything that mail or a browser may fold.
An administrator must be exactly who is named, so their addresses are compared as Firebase Authentication
holds them, and nothing is folded.
"""

from __future__ import annotations

import re
import stringprep
import unicodedata
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Literal

MAX_NAME_LENGTH = 80
# RFC 5321 section 4.5.3.1: a path of 256 octets, with its two angle brackets.
MAX_EMAIL_LENGTH = 254


_ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_HOST_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
# IDNA takes each of these for a dot (RFC 3490 section 3.1).
_DOTS = re.compile("[.\u3002\uff0e\uff61]")


class InvalidEmail(ValueError):
    """The text is not an address this product can write to."""


@dataclass(frozen=True, slots=True)
class EmailVerdict:
    """What an address may do. `problem` is why it may have no account: a reason of `refusals.CODES`."""

    email: str | None
    is_verified: bool
    role: str
    problem: Literal["invalid-email", "blocked-domain"] | None = None
    domain: str | None = None
    """The entry of the blocked domains that the address falls under."""

    @property
    def may_share(self) -> bool:
        return self.email is not None and self.is_verified and self.problem is None


def judge_email(
    email: str | None, verified: bool, blocked: AbstractSet[str], admins: AbstractSet[str]
) -> EmailVerdict:
    """What the address of an account may do, None being an account without one.

    `email` and `verified` are as Authentication holds them now, `blocked` and `admins` as `parse_list` gives
    them. Asked at sign-up, at sign-in, when an account changed and before a share.
    """
    if not email:
        return EmailVerdict(None, False, "user")
    domain = blocked_domain(email, blocked)
    if domain is not None:
        return EmailVerdict(email, verified, "user", "blocked-domain", domain)
    try:
        normalize_email(email)
    except InvalidEmail:
        return EmailVerdict(email, verified, "user", "invalid-email")
    return EmailVerdict(email, verified, role_at_creation(email, verified, admins))


def ascii_lower(text: str) -> str:
    """The text with A to Z in lower case. Other letters stay: some of them would become one of a to z."""
    return text.translate(_ASCII_LOWER)


def normalize_email(text: str) -> str:
    """The one spelling of an address: no outer space, lower case, the domain in its ASCII form without a
    final dot. For comparing what a person typed; rights are decided by `judge_email`.

    Raises InvalidEmail.
    """
    text = unicodedata.normalize("NFC", text.strip())
    local, at, domain = text.lower().rpartition("@")
    domain = ascii_domain(domain)
    email = f"{local}@{domain}"
    broken = any(character.isspace() or not character.isprintable() for character in text)
    if not (local and at and _HOST_NAME.fullmatch(domain)) or "@" in local or broken:
        raise InvalidEmail(text)
    if len(email) > MAX_EMAIL_LENGTH:
        raise InvalidEmail(text)
    return email


def ascii_domain(domain: str) -> str:
    """A domain as DNS spells it: lower case, punycode, no final dot. Raises InvalidEmail."""
    try:
        return domain.strip().rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InvalidEmail(domain) from error


def parse_list(text: str) -> frozenset[str]:
    """The items of a parameter: separated by commas or white space, A to Z in lower case."""
    return frozenset(ascii_lower(text.replace(",", " ")).split())


def blocked_domain(email: str, blocked: AbstractSet[str]) -> str | None:
    """The entry of `blocked` that the address falls under, itself or as a subdomain, in whatever spelling."""
    labels = _folded_labels(_fold(email).rpartition("@")[2])
    entries = {_folded_labels(entry): entry for entry in (each.strip("@*.") for each in blocked) if entry}
    return next((entries[labels[n:]] for n in range(len(labels)) if labels[n:] in entries), None)


def folded_email(email: str) -> str:
    """The same text for every spelling of an address that may reach the same mailbox: also without the tag
    behind a plus sign. Too wide to give anybody a right.
    """
    local, _, domain = _fold(email).rpartition("@")
    return f"{local.partition('+')[0] or local}@{'.'.join(_folded_labels(domain))}"


def _folded_labels(domain: str) -> tuple[str, ...]:
    """The labels of a domain, alike for all spellings that IDNA 2003 or 2008 may take for the same."""
    decoded = ".".join(map(_decoded, _DOTS.split(_fold(domain))))
    return tuple(label for label in _DOTS.split(_fold(decoded)) if label)


def _decoded(label: str) -> str:
    """A label of punycode in letters; any other, and one that is broken, as it is."""
    try:
        return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _fold(text: str) -> str:
    """Compatibility forms and cases made one (also ß and ss), and what does not show taken out."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(character for character in folded if _shows(character))


def _shows(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ" and not stringprep.in_table_b1(character)


def default_name(display_name: str | None, email: str | None) -> str:
    """A name to show, 1 to 80 characters: the display name, else the e-mail's local part, else "User"."""
    local_part = email.partition("@")[0] if email else ""
    candidates = (_printable(display_name or ""), _printable(local_part), "User")
    return next(candidate for candidate in candidates if candidate)


def _printable(text: str) -> str:
    """The text on one line, without characters that do not show, cut to the length a name may have."""
    spaced = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(spaced.split())[:MAX_NAME_LENGTH].rstrip()


def role_at_creation(email: str | None, email_verified: bool, admins: AbstractSet[str]) -> str:
    """The role a new account starts with. `email` is the address as Authentication holds it.

    An address makes an admin only when the way of signing in proved it at that very moment (an e-mail link,
    or a provider that vouches for it). Anyone can sign up with someone else's address and a password; a
    later click on a verification link proves who reads the mail, not who chose the password, so it never
    changes the role.
    """
    return "admin" if email is not None and email_verified and ascii_lower(email) in admins else "user"
