"""How many requests a deployed function serves at once, on the server that it runs on."""

from __future__ import annotations

import os
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from app import server_threads
from app.server_threads import CONCURRENCY
from worker import worker

FUNCTIONS = Path(__file__).parents[2] / "functions"


def test_thread_for_each_request_unless_somebody_said_otherwise(monkeypatch):
    monkeypatch.delenv("THREADS", raising=False)
    server_threads.serve_at_once(20)
    assert os.environ["THREADS"] == "20"
    monkeypatch.setenv("THREADS", "7")
    server_threads.serve_at_once(20)
    assert os.environ["THREADS"] == "7"


def test_instance_serves_as_many_requests_at_once_as_cloud_run_sends_it(tmp_path, monkeypatch):
    """Each of them waits until all are there."""
    source = tmp_path / "meeting.py"
    source.write_text(
        textwrap.dedent(
            f"""
            import sys, threading
            sys.path.insert(0, {str(FUNCTIONS)!r})
            import main
            from app.server_threads import CONCURRENCY
            everybody = threading.Barrier(CONCURRENCY)
            def meet(request):
                everybody.wait(30)
                return "met"
            """
        )
    )
    monkeypatch.delenv("THREADS", raising=False)  # importing `main` has set it here
    with worker("meet", "http", {"FUNCTION_TARGET": "meet"}, str(source)) as running:
        url = f"http://127.0.0.1:{running.port}/"
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            answers = list(pool.map(lambda _: requests.get(url, timeout=60).text, range(CONCURRENCY)))
    assert answers == ["met"] * CONCURRENCY
