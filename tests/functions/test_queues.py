"""Against the Tasks emulator: a queue of the test's own, whose tasks come to a server of its own."""

from __future__ import annotations

import json
import os
import queue
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
from app import logs, queues
from werkzeug.datastructures import Headers

SECONDS = 15


class Worker:
    """Takes the tasks of one queue. The first `failures` of them are answered with 500."""

    def __init__(self):
        self.tasks = queue.Queue()
        self.failures = 0
        worker = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                worker.failures -= 1
                worker.tasks.put((json.loads(body), self.headers))
                self.send_response(500 if worker.failures >= 0 else 200)
                self.end_headers()

            def log_message(self, *arguments):
                """Nothing: the test looks at what came."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/"

    def next(self):
        return self.tasks.get(timeout=SECONDS)


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.server.shutdown()
    worker.server.server_close()


@pytest.fixture
def function(worker, drop):
    """The name of a task function that `worker` stands for."""
    host = os.environ.get("CLOUD_TASKS_EMULATOR_HOST")
    if not host:
        pytest.skip("needs the Tasks emulator: ./kit exec -- pytest tests/functions")
    name = f"task-{uuid.uuid4().hex[:8]}"
    url = f"http://{host}/projects/{drop.project}/locations/us-central1/queues/{name}"
    made = requests.post(url, json={"defaultUri": worker.url, "retryConfig": {"minBackoffSeconds": 0}})
    assert made.ok, made.text
    return name


def test_task_comes_with_its_data(function, worker):
    assert queues.enqueue(function, {"uid": "ann", "count": 3}) is True
    assert worker.next()[0] == {"data": {"uid": "ann", "count": 3}}


def test_id_is_taken_once(function, worker):
    assert queues.enqueue(function, {"n": 1}, id="users/ann: file 1") is True
    assert queues.enqueue(function, {"n": 2}, id="users/ann: file 1") is False
    assert queues.enqueue(function, {"n": 3}, id="users/ann: file 2") is True
    assert {worker.next()[0]["data"]["n"] for _ in range(2)} == {1, 3}


def test_id_stays_taken_when_its_task_is_done(function, worker):
    assert queues.enqueue(function, {"n": 1}, id="once") is True
    worker.next()
    assert queues.enqueue(function, {"n": 1}, id="once") is False


def test_task_that_failed_comes_again(function, worker):
    worker.failures = 1
    queues.enqueue(function, {"n": 1})
    assert [worker.next()[0]["data"]["n"] for _ in range(2)] == [1, 1]


def test_task_carries_on_the_id_of_the_request(function, worker):
    with logs.of_request(Headers({logs.HEADER: "browser-12345"})):
        queues.enqueue(function, {})
    headers = worker.next()[1]
    with logs.of_request(Headers(headers.items())) as request_id:
        assert request_id == "browser-12345"


def test_unknown_queue_is_an_error(function):
    from firebase_admin.exceptions import NotFoundError

    with pytest.raises(NotFoundError):
        queues.enqueue("task-of-nobody", {})


def test_task_ids_are_hashes_that_any_text_may_be_made_to():
    assert queues.task_id("users/ann: 1") == queues.task_id("users/ann: 1")
    assert queues.task_id("users/ann: 1") != queues.task_id("users/ann: 2")
    assert queues.task_id("ü" * 5000).isalnum()
