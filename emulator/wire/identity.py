"""Who is asking, from the Authorization header (or metadata) of any transport.

| header | caller |
|---|---|
| none | anonymous |
| `Bearer owner`, `Bearer ya29.…` (case does not matter) | admin: rules are skipped |
| `Bearer <jwt>` | the user it names; nothing about the token is verified |
| `Bearer` and anything else | InvalidArgument `invalid jwt` |
| another scheme | Unknown, without a message |

Observed on the official emulator.
"""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from typing import Any

from emulator.errors import InvalidArgument, Unknown
from emulator.firestore.callers import ADMIN, ANONYMOUS, Caller

_BEARER = re.compile(r"bearer (.*)", re.IGNORECASE | re.DOTALL)
_ADMIN = re.compile(r"owner|ya29\..*", re.IGNORECASE | re.DOTALL)

#: The URL-safe alphabet, with any amount of padding.
_BASE64URL = re.compile(r"([A-Za-z0-9_-]*)=*", re.ASCII)


@lru_cache(maxsize=256)
def identify(authorization: str | None) -> Caller:
    """The caller a header value stands for. Tokens repeat with every request, so answers are kept."""
    if authorization is None or authorization.lower().startswith("bearer\t"):
        return ANONYMOUS
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise Unknown
    token = match[1]
    if _ADMIN.fullmatch(token):
        return ADMIN
    return _user(token)


def _user(token: str) -> Caller:
    segments = token.split(".")
    if len(segments) != 3:
        raise InvalidArgument("invalid jwt")
    header, payload, signature = segments
    _json_object(header)
    claims = _json_object(payload)
    _base64url(signature)
    uid = claims.get("sub")
    return Caller(uid=uid if isinstance(uid, str) else None, token=claims)


def _base64url(segment: str) -> bytes:
    match = _BASE64URL.fullmatch(segment)
    if match is None or len(match[1]) % 4 == 1:
        raise InvalidArgument("invalid jwt")
    return base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4))


def _json_object(segment: str) -> dict[str, Any]:
    """The JSON object at the start of a segment; what follows it is ignored."""
    try:
        value, _ = json.JSONDecoder().raw_decode(_base64url(segment).decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise InvalidArgument("invalid jwt") from None
    if not isinstance(value, dict):
        raise InvalidArgument("invalid jwt")
    return value
