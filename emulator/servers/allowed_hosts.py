"""Who may call over HTTP/1.1 and websockets: this machine's own pages and programs, and named hosts.

Every web page that a browser of this machine shows can send requests to 127.0.0.1. Two headers that a page
cannot set tell it from a program and from a page of this machine:

Origin  the page that asks. A browser sends it with everything that changes something, with every request
        whose answer the page may read, and with every websocket.
Host    the name by which the emulator was found. A foreign name that an attacker's DNS server points to
        127.0.0.1 makes the emulator same-origin with his page (DNS rebinding): there is no Origin then.

gRPC is not asked. A browser speaks HTTP/2 only over TLS, which is not served here, so no page can reach it;
and programs in other containers find the emulator by the name of its service.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

FLAG = "--allow_hosts"
VARIABLE = "KINDLING_ALLOW_HOSTS"

#: Refused callers that the log names; a page that goes on trying does not fill it.
_MOST_NAMED = 100

_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/?#@\s\\]+))(?::[0-9]*)?")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#\s]+)")
_NUMBERS = re.compile(r"[0-9A-Fa-fx.]+")

#: Names in lower case, as ASGI has them.
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """`names` are allowed besides loopback: names, addresses, `*.name` for all below one, `*` for everything,
    and `null` for pages that have no origin, such as a file that was opened.
    """

    names: frozenset[str] = frozenset()
    _said: set[str] = field(default_factory=set, compare=False)

    @classmethod
    def of(cls, values: Iterable[str]) -> AllowedHosts:
        """The names in comma-separated values. A scheme and a port are no part of a name."""
        parts = (part.strip() for value in values for part in value.split(","))
        return cls(frozenset(_name_of(part) for part in parts if part))

    def refusal(self, headers: Headers, own_address: str | None, method: str = "GET") -> str | None:
        """Why a request is refused; None when it is not.

        `own_address` is the one the client connected to, which only an emulator that was told to listen on it
        has. Without a Host there is no browser.
        """
        for host in _values(headers, b"host"):
            if host and not self._allows(_name(host), own_address):
                return self._refuse("the request is for the host", host, _name(host))
        origins = _values(headers, b"origin")
        for origin in origins:
            if not self._allows_origin(origin, headers, own_address):
                return self._refuse("the request is of the web page", origin, _name_of(origin))
        if not origins and _is_foreign_look(headers, method) and "*" not in self.names:
            return self._refuse("the request is of a web page of", "another site", "*")
        return None

    def _allows_origin(self, origin: str, headers: Headers, own_address: str | None) -> bool:
        if origin == "null":
            # A page with a strict Referrer-Policy hides its origin, though not from this other header.
            sites = _values(headers, b"sec-fetch-site")
            return bool(self.names & {"null", "*"}) or sites in (["same-origin"], ["same-site"])
        found = _ORIGIN.fullmatch(origin)
        return self._allows(_name(found[1]) if found else None, own_address)

    def _allows(self, name: str | None, own_address: str | None) -> bool:
        if "*" in self.names:
            return True
        if name is None:
            return False
        own = own_address and own_address.removeprefix("::ffff:")
        if _is_this_machine(name) or name in self.names or name == own:
            return True
        return any(each.startswith("*.") and name.endswith(each[1:]) for each in self.names)

    def _refuse(self, what: str, given: str, name: str | None) -> str:
        option = f"{FLAG} {name or '*'} (or {VARIABLE}={name or '*'})"
        reason = (
            f"Refused: {what} {given[:200]}, which is not this machine. If it is yours, start with {option}."
        )
        if given not in self._said and len(self._said) < _MOST_NAMED:
            self._said.add(given)
            logger.warning("%s", ascii(reason)[1:-1])
        return reason


LOOPBACK = AllowedHosts()


def _values(headers: Headers, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in headers if key == name]


def _name(authority: str) -> str | None:
    """The host of `host[:port]` in the form that is compared."""
    found = _AUTHORITY.fullmatch(authority)
    return None if found is None else (found[1] or found[2]).lower().removesuffix(".")


def _name_of(text: str) -> str:
    """The name in what somebody wrote to allow it: a name, an address, `host:port` or an origin."""
    found = _ORIGIN.fullmatch(text.rstrip("/"))
    authority = found[1] if found else text
    return _name(authority) or authority.lower()


def _is_this_machine(name: str) -> bool:
    """Loopback in every spelling, and 0.0.0.0, by which a system reaches itself."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        # 127.1 and the like, which curl and old libraries send as they were written.
        if _NUMBERS.fullmatch(name) is None:
            return False
        try:
            address = ipaddress.ip_address(socket.inet_aton(name))
        except OSError:
            return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


def _is_foreign_look(headers: Headers, method: str) -> bool:
    """Whether a page of another site asks for something it may not read, such as an image. A link may be
    followed.
    """
    if _values(headers, b"sec-fetch-site") != ["cross-site"]:
        return False
    followed = _values(headers, b"sec-fetch-mode") == ["navigate"]
    return not (
        followed and method in ("GET", "HEAD") and _values(headers, b"sec-fetch-dest") == ["document"]
    )
