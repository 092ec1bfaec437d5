"""Once an hour: what time alone decides, and what went missing although everything is done twice.

Each step does a bounded amount, of nobody more than their share, and goes on in the next run where it
stopped (`sweep_steps.py`); when the time is over, the next run begins with the step that had no turn. A run
that dies, or two at once, do no harm: everything can be done again. What a run did is in `reports`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from app import (
    clients,
    departures,
    exports,
    idle_guests,
    logs,
    lost_user_events,
    overdue_files,
    reports,
    strays,
    unfinished,
)
from app.drift import Drift, mend_usage
from app.paths import profile_path
from app.sweep_steps import Cursors, Outcome, Step

if TYPE_CHECKING:
    from firebase_functions.scheduler_fn import ScheduledEvent

MOST_USERS = 100
# No step begins later than this; the function may take nine minutes.
TIME_FOR_STEPS = timedelta(minutes=6)
# What one step may take of it, so that no flood of one kind costs all others their turn.
TIME_FOR_STEP = timedelta(seconds=90)
REPORT_LIFETIME = timedelta(days=90)

# Deleted in one commit, which takes well under a second.
_BATCH = 300
MAX_EXPIRED = 3000

# In the document of the cursors.
_FIRST_STEP = "first"
_LAST_USER = "uid"

_USAGE = "usage"

StepFunction = Callable[[Step], Outcome]


def remove_expired(collection: str, step: Step) -> Outcome:
    """Deletes documents whose time is over. TTL policies do the same within a day, where there are any."""
    from google.cloud.firestore import FieldFilter

    client = clients.firestore()
    query = client.collection(collection).where(filter=FieldFilter("expiresAt", "<=", step.now))
    expired = query.order_by("expiresAt").limit(_BATCH).select([])
    count = 0
    while count < MAX_EXPIRED and not step.is_over:
        batch = client.batch()
        for snapshot in expired.stream():
            batch.delete(snapshot.reference)
        count += len(batch)
        batch.commit()
        if len(batch) < _BATCH:
            return Outcome(count)
    return Outcome(count, more=True)


# The names are those of the report and of the cursors.
FILE_STEPS: dict[str, StepFunction] = {
    "purged": overdue_files.purge_trash,
    "abandoned": overdue_files.remove_abandoned,
    "givenUp": overdue_files.remove_given_up,
    "requeued": overdue_files.requeue_stuck,
    "unseen": overdue_files.process_unseen,
    "cleared": overdue_files.clear_refused,
}
STEPS: dict[str, StepFunction] = {
    "expiredShares": partial(remove_expired, "shares"),
    "expiredExports": exports.remove_expired,
    "expiredLimits": partial(remove_expired, "limits"),
    "expiredLedger": partial(remove_expired, "ledger"),
    "expiredReports": partial(remove_expired, "reports"),
    "stalledExports": exports.requeue_stalled,
    "stalledRemovals": departures.requeue_stalled,
    "crowded": unfinished.recount_crowded,
    "announcing": unfinished.recount_announcing,
    "profiles": lost_user_events.mend_profiles,
    "gone": lost_user_events.remove_gone,
    "strays": strays.mend_strays,
    "idleGuests": idle_guests.remove_idle,
}


@dataclass(slots=True)
class Report:
    """What a run did: how many documents each step dealt with, and which steps failed or left some for the
    next run.
    """

    at: datetime
    counts: dict[str, int] = field(default_factory=dict)
    drift: list[Drift] = field(default_factory=list)
    users: int = 0
    failed: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)

    @property
    def more(self) -> bool:
        return bool(self.unfinished)

    def add(self, name: str, outcome: Outcome) -> None:
        self.counts[name] = outcome.count
        if outcome.more:
            self.unfinished.append(name)
        if outcome.failed:
            self.failed.append(name)

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
            "unfinished": self.unfinished,
        }


def on_schedule(event: ScheduledEvent) -> None:
    """Handles the hour."""
    report = run(datetime.now(UTC))
    fields = report.to_fields()
    reports.store(fields)
    logs.info("swept", **fields | {"at": report.at.isoformat(), "expiresAt": fields["expiresAt"].isoformat()})


def run(now: datetime, *, most_users: int = MOST_USERS, **bounds: Any) -> Report:
    """Does one run. Steps that fail are reported and keep no other from its turn. `bounds` are those of
    every Step.
    """
    report = Report(now)
    cursors = Cursors.load()
    deadline = datetime.now(UTC) + TIME_FOR_STEPS
    names = [*FILE_STEPS, *STEPS, _USAGE]
    begin = names.index(cursors.get(_FIRST_STEP)) if cursors.get(_FIRST_STEP) in names else 0
    for number, name in enumerate(ordered := names[begin:] + names[:begin]):
        began = datetime.now(UTC)
        if began > deadline:
            report.unfinished += ordered[number:]
            cursors.keep(_FIRST_STEP, name)
            break
        step = Step(name, now, cursors=cursors, deadline=min(deadline, began + TIME_FOR_STEP), **bounds)
        if name == _USAGE:
            _mend_some(report, step, most_users)
        else:
            _do(report, step, (FILE_STEPS | STEPS)[name])
    return report


def sweep_user(uid: str, now: datetime) -> Report:
    """Does for one user alone what a run does for everybody's files and usage."""
    report = Report(now)
    for name, function in FILE_STEPS.items():
        _do(report, Step(name, now, uid), function)
    _mend(report, uid)
    return report


def _do(report: Report, step: Step, function: StepFunction) -> None:
    try:
        outcome = function(step)
    except Exception as error:
        outcome = Outcome(more=True, failed=1)
        logs.error(
            "step of the sweep failed", step=step.name, cause=repr(error), trace=traceback.format_exc()
        )
    report.add(step.name, outcome)


def _mend(report: Report, uid: str) -> None:
    report.users += 1
    try:
        drift = mend_usage(uid)
    except Exception as error:
        report.failed.append("usage")  # the log says whose; a report must not outlive its user
        logs.error("usage not mended", uid=uid, cause=repr(error), trace=traceback.format_exc())
        return
    if drift is not None:
        report.drift.append(drift)
        logs.error("usage mended", **drift.to_fields())


def _mend_some(report: Report, step: Step, most: int) -> None:
    """Looks at the usage of the next users, in the order of their ids and from the first again at the end."""
    client = clients.firestore()
    last = step.cursors.get(_LAST_USER)
    query = client.collection("users").order_by("__name__").limit(most).select([])
    if last is not None:
        query = query.start_after({"__name__": client.document(profile_path(last))})
    uids = [snapshot.id for snapshot in query.stream()]
    # Before the work: a user whose files end the process is not the first of the next run.
    step.cursors.keep(_LAST_USER, uids[-1] if len(uids) == most else None)
    for number, uid in enumerate(uids):
        if step.is_over:
            step.cursors.keep(_LAST_USER, uids[number - 1] if number else last)
            report.unfinished.append(step.name)
            break
        _mend(report, uid)
