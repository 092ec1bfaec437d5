"""Once an hour: what time alone decides, and what went missing although everything is done twice.

Each run does a bounded amount of everything and leaves the rest to the next, which finds it again; the walk
over the users goes on where the last run stopped. A run that dies, or two at once, do no harm: every step can
be done again. What a run did is in `reports`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from app import clients, departures, exports, logs, overdue_files, unfinished
from app.drift import Drift, mend_usage
from app.paths import profile_path

if TYPE_CHECKING:
    from firebase_functions.scheduler_fn import ScheduledEvent

# Of each kind in one run. The slowest, a file with its objects, takes about a fifth of a second.
MOST_OF_A_KIND = 300
MOST_USERS = 100
# No step begins later than this; the function may take nine minutes.
TIME_FOR_STEPS = timedelta(minutes=6)
REPORT_LIFETIME = timedelta(days=90)

# Where the walk over the users goes on.
_CURSOR = "reports/sweep-cursor"


def remove_expired(collection: str, now: datetime, limit: int) -> int:
    """Deletes documents whose time is over. TTL policies do the same within a day, where there are any."""
    from google.cloud.firestore import FieldFilter

    client = clients.firestore()
    query = client.collection(collection).where(filter=FieldFilter("expiresAt", "<=", now))
    batch = client.batch()
    for snapshot in query.order_by("expiresAt").limit(limit).select([]).stream():
        batch.delete(snapshot.reference)
    count = len(batch)
    batch.commit()
    return count


# The names are those of the report.
FILE_STEPS: dict[str, Callable[..., int]] = {
    "purged": overdue_files.purge_trash,
    "abandoned": overdue_files.remove_abandoned,
    "givenUp": overdue_files.remove_given_up,
    "requeued": overdue_files.requeue_stuck,
    "unseen": overdue_files.process_unseen,
    "cleared": overdue_files.clear_refused,
}
STEPS: dict[str, Callable[..., int]] = {
    "expiredShares": partial(remove_expired, "shares"),
    "expiredExports": exports.remove_expired,
    "expiredLimits": partial(remove_expired, "limits"),
    "expiredLedger": partial(remove_expired, "ledger"),
    "expiredReports": partial(remove_expired, "reports"),
    "stalledExports": exports.requeue_stalled,
    "stalledRemovals": departures.requeue_stalled,
    "crowded": unfinished.recount_crowded,
}


@dataclass(slots=True)
class Report:
    """What a run did. `failed` names the steps that raised, `more` says that the next run has work left."""

    at: datetime
    counts: dict[str, int] = field(default_factory=dict)
    drift: list[Drift] = field(default_factory=list)
    users: int = 0
    failed: list[str] = field(default_factory=list)
    more: bool = False

    def to_fields(self) -> dict[str, Any]:
        return {
            "kind": "sweep",
            "at": self.at,
            "expiresAt": self.at + REPORT_LIFETIME,
            **self.counts,
            "drift": [drift.to_fields() for drift in self.drift],
            "users": self.users,
            "failed": self.failed,
            "more": self.more,
        }


def on_schedule(event: ScheduledEvent) -> None:
    """Handles the hour."""
    report = run(datetime.now(UTC))
    fields = report.to_fields()
    clients.firestore().collection("reports").add(fields)
    logs.info("swept", **fields | {"at": report.at.isoformat(), "expiresAt": fields["expiresAt"].isoformat()})


def run(now: datetime, *, most: int = MOST_OF_A_KIND, most_users: int = MOST_USERS) -> Report:
    """Does one run. Steps that fail are reported and keep no other from its turn."""
    report = Report(now)
    deadline = datetime.now(UTC) + TIME_FOR_STEPS
    for name, step in (FILE_STEPS | STEPS).items():
        if datetime.now(UTC) > deadline:
            report.more = True
            break
        _do(report, name, partial(step, now, most))
        report.more |= report.counts.get(name, 0) >= most
    _mend_some(report, most_users, deadline)
    return report


def sweep_user(uid: str, now: datetime) -> Report:
    """Does for one user alone what a run does for everybody's files and usage."""
    report = Report(now)
    for name, step in FILE_STEPS.items():
        _do(report, name, partial(step, now, MOST_OF_A_KIND, uid))
    _mend(report, uid)
    return report


def _do(report: Report, name: str, step: Callable[[], int]) -> None:
    try:
        report.counts[name] = step()
    except Exception as error:
        report.failed.append(name)
        logs.error("step of the sweep failed", step=name, cause=repr(error), trace=traceback.format_exc())


def _mend(report: Report, uid: str) -> None:
    report.users += 1
    try:
        drift = mend_usage(uid)
    except Exception as error:
        report.failed.append(f"usage of {uid}")
        logs.error("usage not mended", uid=uid, cause=repr(error), trace=traceback.format_exc())
        return
    if drift is not None:
        report.drift.append(drift)
        logs.error("usage mended", **drift.to_fields())


def _mend_some(report: Report, most: int, deadline: datetime) -> None:
    """Looks at the usage of the next users, in the order of their ids and from the first again at the end."""
    client = clients.firestore()
    cursor = client.document(_CURSOR)
    last = (cursor.get().to_dict() or {}).get("uid")
    query = client.collection("users").order_by("__name__").limit(most).select([])
    if last is not None:
        query = query.start_after({"__name__": client.document(profile_path(last))})
    uids = [snapshot.id for snapshot in query.stream()]
    seen = None
    for uid in uids:
        if datetime.now(UTC) > deadline:
            break
        _mend(report, uid)
        seen = uid
    at_the_end = len(uids) < most and (not uids or seen == uids[-1])
    cursor.set({"uid": None if at_the_end else seen or last})
