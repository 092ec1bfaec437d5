"""What the document of an export says: how far it is, which archives there are, whether it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.export_plan import Plan
from app.optimistic import Changes, change
from app.paths import exports_prefix, job_path

UNDER_WAY = ("queued", "running")

NEW_JOB: Mapping[str, Any] = {
    "kind": "export",
    "state": "queued",
    "done": 0,
    "total": 0,
    "bytesDone": 0,
    "bytesTotal": 0,
    "partCount": 0,
    "parts": [],
    "restarts": 0,
}

_SECONDS_BETWEEN_PROGRESS = 1.0


@dataclass(frozen=True, slots=True)
class ExportKey:
    """One export of one user."""

    uid: str
    job_id: str

    @property
    def document(self) -> str:
        return job_path(self.uid, self.job_id)

    @property
    def prefix(self) -> str:
        """The object prefix that holds the archives and the plan, with its trailing slash."""
        return f"{exports_prefix(self.uid)}{self.job_id}/"


class Ended(Exception):
    """The job is not under way any more: its account is being deleted, or it was given up."""


def read_under_way(changes: Changes, key: ExportKey) -> dict[str, Any]:
    """The fields of a job to be changed. Raises Ended."""
    (fields,) = changes.read(key.document)
    if fields is None or fields["state"] not in UNDER_WAY:
        raise Ended
    return fields


def missing(fields: Mapping[str, Any], plan: Plan) -> list[int]:
    """The numbers of the parts that are not recorded, in order."""
    recorded = {part["number"] for part in fields["parts"]}
    return [number for number in range(1, len(plan.parts) + 1) if number not in recorded]


class Progress:
    """Tells in the job how far it is, about once a second. It never goes back, also when a part is built
    again.
    """

    def __init__(
        self, key: ExportKey, plan: Plan, number: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._key = key
        self._plan = plan
        self._number = number
        self._clock = clock
        self._written_at = clock()
        self._files = 0
        self._bytes = 0

    def step(self, size: int) -> None:
        """One more file of this part is done. Raises Ended."""
        self._files += 1
        self._bytes += size
        if self._clock() - self._written_at >= _SECONDS_BETWEEN_PROGRESS:
            self._write()
            self._written_at = self._clock()

    def _write(self) -> None:
        from google.cloud.firestore import SERVER_TIMESTAMP

        def decide(changes: Changes) -> None:
            fields = read_under_way(changes, self._key)
            if self._number not in missing(fields, self._plan):
                return
            files, size = recorded_amount(fields["parts"], self._plan)
            far = {
                "done": max(fields["done"], files + self._files),
                "bytesDone": max(fields["bytesDone"], size + self._bytes),
            }
            changes.update(self._key.document, far | {"updatedAt": SERVER_TIMESTAMP})

        change(decide)


def recorded_amount(parts: list[dict[str, Any]], plan: Plan) -> tuple[int, int]:
    """How many files and bytes the recorded parts were planned to hold."""
    planned = [plan.part(part["number"]) for part in parts]
    return sum(len(part.files) for part in planned), sum(part.bytes for part in planned)
