"""A process that dies at a chosen moment, and a task queue that tries again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from app import clients, queues


class Killed(BaseException):
    """The process is gone. Nothing that handles errors sees it."""


class World:
    """Counts every change the functions make to what outlives them: documents, objects, Auth users, tasks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.changes = 0
        self.died = False
        self._at: int | None = None
        self._applied = False
        firestore_api = clients.firestore()._firestore_api
        storage_http = clients._storage()._http
        auth = clients.auth()
        for owner, name in (
            (firestore_api, "commit"),
            (auth, "delete_user"),
            (auth, "revoke_refresh_tokens"),
            (queues, "enqueue"),
        ):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))
        send = storage_http.request
        change = self._counted(send)

        def request(method: str, *arguments: Any, **options: Any) -> Any:
            return (send if method == "GET" else change)(method, *arguments, **options)

        monkeypatch.setattr(storage_http, "request", request)

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.changes += 1
            if self.changes == self._at and not self._applied:
                raise Killed
            result = call(*arguments, **options)
            if self.changes == self._at:
                raise Killed
            return result

        return counted

    @contextmanager
    def dying(self, at: int, *, applied: bool) -> Iterator[None]:
        """Dies at the change number `at` from here: before it, or when it was `applied` and before the answer
        came. When there are fewer changes nothing happens; `died` says which.
        """
        self.changes, self.died, self._at, self._applied = 0, False, at, applied
        try:
            yield
        except Killed:
            self.died = True
        finally:
            self._at = None


class Tasks:
    """The queues. A task that fails stays at the front, as it is tried again."""

    def __init__(self, handlers: Mapping[str, Callable[[Any], Any]]) -> None:
        self._handlers = handlers
        self._ids: set[str] = set()
        self.waiting: list[tuple[str, dict[str, Any]]] = []
        self.past: list[tuple[str, dict[str, Any]]] = []

    def enqueue(
        self,
        function_name: str,
        data: dict[str, Any],
        delay_seconds: int = 0,
        id: str | None = None,  # noqa: A002
    ) -> bool:
        if id in self._ids:
            return False
        if id is not None:
            self._ids.add(id)
        self.waiting.append((function_name, dict(data)))
        return True

    def run(self) -> None:
        """Runs the tasks, and those they enqueue, until there is none left or one fails."""
        while self.waiting:
            name, data = self.waiting[0]
            self._handlers[name](data)
            self.past.append(self.waiting.pop(0))
