"""Atomic changes of documents that many write at once, without locks.

A transaction of a server SDK locks what it reads. Two that read the same profile wait for one another until
one is thrown out, so ten photos dropped at once would take turns of seconds. Here documents are read without
a lock and written in one commit, which is refused when one of them has changed since, as the Web SDK does
it; whoever is refused reads again, at once.

Only what is written is compared: a decision must write every document it depends on.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from app import clients

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.firestore import DocumentSnapshot, WriteBatch

T = TypeVar("T")

# Whoever is refused is refused for someone who got through, so this many can queue for one document.
MAX_ATTEMPTS = 60
_LONGEST_PAUSE = 0.4
# How long a read or a commit is tried again while Firestore is down. The client's own five minutes are more
# than a function has.
PATIENCE_SECONDS = 20.0


class Changes:
    """What was read and what is to be written, in one attempt."""

    def __init__(self) -> None:
        self._client = clients.firestore()
        self._read: dict[str, DocumentSnapshot[Any]] = {}
        self._batch: WriteBatch = self._client.batch()

    def read(self, *paths: str) -> tuple[dict[str, Any] | None, ...]:
        """The fields of each document in the order of `paths`, None for one that does not exist."""
        references = [self._client.document(path) for path in paths]
        for snapshot in self._client.get_all(references, retry=patience(), timeout=PATIENCE_SECONDS):
            self._read[snapshot.reference.path] = snapshot
        return tuple(self._read[path].to_dict() for path in paths)

    def create(self, path: str, fields: dict[str, Any]) -> None:
        """Writes a document that was read and did not exist."""
        assert not self._read[path].exists
        self._batch.create(self._client.document(path), fields)

    def update(self, path: str, fields: dict[str, Any]) -> None:
        """Changes fields of a document that was read and existed."""
        self._batch.update(self._client.document(path), fields, option=self._unchanged(path))

    def delete(self, path: str) -> None:
        """Deletes a document that was read and existed."""
        self._batch.delete(self._client.document(path), option=self._unchanged(path))

    def _unchanged(self, path: str) -> Any:
        return self._client.write_option(last_update_time=self._read[path].update_time)

    def commit(self) -> None:
        if len(self._batch):
            self._batch.commit(retry=patience(), timeout=PATIENCE_SECONDS)


@cache
def patience() -> Retry:
    """When a call is made again. One that did its work all the same is refused then, and decided anew."""
    from google.api_core import exceptions
    from google.api_core.retry import Retry, if_exception_type

    passing = (
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.ResourceExhausted,
        exceptions.ServiceUnavailable,
    )
    return Retry(if_exception_type(*passing), initial=0.1, maximum=5, timeout=PATIENCE_SECONDS)


def change(decide: Callable[[Changes], T]) -> T:
    """Runs `decide`, which reads and then writes, until its writes go through; gives what it returned."""
    from google.api_core.exceptions import Aborted, AlreadyExists, FailedPrecondition, NotFound

    for attempt in range(MAX_ATTEMPTS):
        changes = Changes()
        result = decide(changes)
        try:
            changes.commit()
            return result
        except (Aborted, AlreadyExists, FailedPrecondition, NotFound):
            if attempt == MAX_ATTEMPTS - 1:
                raise
        # A random pause lets those who queue come one after the other.
        time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.005 * 2**attempt)))
    raise AssertionError("unreachable")
