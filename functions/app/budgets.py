"""How many bytes may leave within a time: counted when a download begins, in the commit that begins it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Spent:
    """Not enough is left; `wait` is how many seconds until there is."""

    wait: int


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `bytes` in `window`, which begins with the first of them."""

    bytes: int
    window: timedelta

    def take(self, fields: Mapping[str, Any] | None, size: int, now: datetime) -> dict[str, Any] | Spent:
        """The fields that count `size` more bytes. `fields` are those of the document that counts."""
        since = (fields or {}).get("servedSince")
        if fields is None or since is None or since + self.window <= now:
            return {"servedSince": now, "servedBytes": size}
        if fields["servedBytes"] + size > self.bytes:
            return Spent(math.ceil((since + self.window - now).total_seconds()))
        return {"servedSince": since, "servedBytes": fields["servedBytes"] + size}


def budget_path(uid: str) -> str:
    """The document that counts what all links of a user gave."""
    return f"limits/downloads:{uid}"
