"""What the engine tells its observers."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.firestore.callers import Caller
from emulator.firestore.documents import DocumentChange, Write
from emulator.firestore.paths import DatabaseId
from emulator.firestore.values import Timestamp
from emulator.rules import Decision, Ruleset, RulesRequest


@dataclass(frozen=True, slots=True)
class CommitEvent:
    """One commit that changed something: at most one change per document, in the order they were first
    written.
    """

    database: DatabaseId
    commit_time: Timestamp
    changes: tuple[DocumentChange, ...]
    caller: Caller


@dataclass(frozen=True, slots=True)
class RulesEvaluation:
    """One decision about one operation, for the request monitor.

    `ruleset`, `request` and `decision` are None when an admin skipped the rules. `path` is relative to
    `documents`: a document's, `col/*` for a list, `**/col/*` for a collection group. `write` is what is to be
    written, when something is.
    """

    database: DatabaseId
    method: str
    path: str
    time: Timestamp
    caller: Caller
    ruleset: Ruleset | None
    request: RulesRequest | None
    decision: Decision | None
    write: Write | None = None
