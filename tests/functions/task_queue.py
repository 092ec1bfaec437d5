"""The task queue as the tests see it: what was enqueued, and tasks dispatched as the platform does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Task:
    function: str
    data: Mapping[str, Any]
    delay_seconds: int


@dataclass
class TaskQueue:
    """Stands where the functions enqueue. With `broken` set the queue cannot be reached."""

    application: Callable[[str, str], Any]
    tasks: list[Task] = field(default_factory=list)
    broken: Exception | None = None

    def enqueue(
        self,
        function_name: str,
        data: Mapping[str, Any],
        delay_seconds: int = 0,
        id: str | None = None,  # noqa: A002 - as app.queues calls it
    ) -> bool:
        if self.broken is not None:
            raise self.broken
        self.tasks.append(Task(function_name, dict(data), delay_seconds))
        return True

    def dispatch(self, task: Task, retries: int = 0) -> int:
        """Sends one task to its function; gives the status."""
        client = self.application(task.function, "http").test_client()
        headers = {"X-CloudTasks-TaskRetryCount": str(retries)}
        return int(client.post("/", headers=headers, json={"data": dict(task.data)}).status_code)

    def run(self) -> None:
        """Dispatches everything that waits, once."""
        waiting, self.tasks = self.tasks, []
        for task in waiting:
            assert self.dispatch(task) == 200, task
