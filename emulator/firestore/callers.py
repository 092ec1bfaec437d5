"""Who is asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Caller:
    """`admin` skips rules; otherwise `uid` and `token` (the whole JWT payload) are what rules see, None
    for anonymous.
    """

    admin: bool = False
    uid: str | None = None
    token: Mapping[str, Any] | None = None


ADMIN = Caller(admin=True)
ANONYMOUS = Caller()
