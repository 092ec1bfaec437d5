"""How a read is made: in which transaction, or as of which time."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.firestore.values import Timestamp


@dataclass(frozen=True, slots=True)
class TransactionOptions:
    """google.firestore.v1.TransactionOptions. `read_time` only with `read_only`."""

    read_only: bool = False
    read_time: Timestamp | None = None
    retry_transaction: bytes | None = None


@dataclass(frozen=True, slots=True)
class Consistency:
    """At most one is set: an open transaction, one to begin with this read, or a past time."""

    transaction: bytes | None = None
    new_transaction: TransactionOptions | None = None
    read_time: Timestamp | None = None


LATEST = Consistency()
