"""Requests in words, for failures: `alice: update users/alice {name}`."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.wire.firebase_json import DEFAULT_DATABASE
from testing.rules.backend import Caller
from testing.rules.operations import AnyOf, Condition, Query, Upload, Write


def described_place(database: str) -> str:
    """Said of every database but the default one."""
    return "" if database == DEFAULT_DATABASE else f" in database {database}"


def described_write(write: Write) -> str:
    fields = f" {{{', '.join(write.data)}}}" if write.data else ""
    return f"{write.kind} {write.path}{fields}"


def described_commit(caller: Caller, writes: Sequence[Write], database: str) -> str:
    what = ", ".join(map(described_write, writes)) or "commit nothing"
    return f"{caller.name}: {what}{described_place(database)}"


def described_query(caller: Caller, query: Query, database: str) -> str:
    scope = "collection group " if query.group else ""
    where = "".join(f" where {_condition(condition)}" for condition in query.where)
    order = f" order by {', '.join(query.order_by)}" if query.order_by else ""
    limit = f" limit {query.limit}" if query.limit is not None else ""
    return f"{caller.name}: list {scope}{query.collection}{where}{order}{limit}{described_place(database)}"


def _condition(condition: Condition | AnyOf) -> str:
    if isinstance(condition, AnyOf):
        return " or ".join(map(_condition, condition.conditions))
    return "{} {} {!r}".format(*condition)


def described_upload(caller: Caller, upload: Upload) -> str:
    return f"{caller.name}: upload {upload.name} ({upload.length} bytes, {upload.content_type})"
