"""How many requests a worker serves at the same time: as many as Cloud Run sends it.

functions-framework takes four threads for each core. An instance with one core and `concurrency=20` would get
twenty requests and let sixteen of them wait, which Cloud Run does not see: it starts another instance when
the requests it sent are too many, not when they wait.
"""

from __future__ import annotations

import os

# The work is waiting for Firestore, which one core can do for this many at once.
CONCURRENCY = 20


def serve_at_once(requests: int) -> None:
    """To be called while the functions are loaded: gunicorn is set up after that. A value of `THREADS` in the
    environment stays. Threads are made as requests come, so a function that gets one at a time has one.
    """
    os.environ.setdefault("THREADS", str(requests))
