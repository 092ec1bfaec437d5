"""Work for later, through Cloud Tasks: each task function of `main.py` has a queue of its name, which
therefore has no underscore.

What the emulator of firebase-tools 15 does otherwise than the cloud (read in its `taskQueue.js`):
a delay is ignored, and the task runs at once; a task id stays taken until the suite ends, where the cloud
frees it about an hour after the task; a task is tried once more than `max_attempts`; the first task after a
pause starts up to two seconds late; and a queue holds at most 10,000 tasks, of which the next is answered as
if its id were taken.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Any

from app import clients, logs

# Cloud Tasks waits so long for an answer, and then gives the task to another instance. The most it offers,
# since the function's own timeout is to end what takes too long.
_DISPATCH_DEADLINE_SECONDS = 1800


def enqueue(
    function_name: str,
    data: Mapping[str, Any],
    delay_seconds: int = 0,
    id: str | None = None,  # noqa: A002 - as Cloud Tasks calls it
) -> bool:
    """Has the task function called with `data`, at least once; says whether the task is new.

    `id`, any text, makes it once-only: a second task with the same id is not taken (False), also for about an
    hour after the first was done. Work that may have to be done again needs an id that says which time it is.
    Raises firebase_admin.exceptions.FirebaseError when the queue cannot be reached.
    """
    if "_" in function_name:
        raise ValueError(f"no queue can be called {function_name}: only letters, digits and hyphens")
    from firebase_admin.exceptions import AlreadyExistsError, ConflictError
    from firebase_admin.functions import TaskOptions

    headers = {logs.HEADER: request_id} if (request_id := logs.current_id()) else None
    options = TaskOptions(
        schedule_delay_seconds=delay_seconds or None,
        dispatch_deadline_seconds=_DISPATCH_DEADLINE_SECONDS,
        task_id=None if id is None else task_id(id),
        headers=headers,
    )
    try:
        clients.task_queue(function_name).enqueue({"data": dict(data)}, options)
    except (AlreadyExistsError, ConflictError):  # the cloud says which conflict it is, the emulator only that
        return False
    except ValueError:
        # firebase-admin 7.7.0 expects that the emulator puts a slash before the name of the task it took,
        # which it does only for names of its own.
        if id is None or "CLOUD_TASKS_EMULATOR_HOST" not in os.environ:
            raise
    logs.info("task enqueued", function=function_name, id=id, delay_seconds=delay_seconds)
    return True


def task_id(text: str) -> str:
    """An id Cloud Tasks takes. It is a hash since ids that begin alike make a queue slow
    (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create).
    """
    return hashlib.sha256(text.encode()).hexdigest()
