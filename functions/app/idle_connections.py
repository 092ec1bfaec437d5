"""How long a worker in the emulator suite keeps a connection on which nothing happens.

gunicorn, which functions-framework serves with, ends it after 2 s; the CLI keeps it for the next request, for
5 s. A request sent while the other side hangs up fails with ECONNRESET: a sign-in fails, an event is lost.
(Observed with firebase-tools 15.34.2 on Node 20, about once in thirty requests that come 2 s after another.)
In the cloud nothing is changed.
"""

from __future__ import annotations

import os

LONGER_THAN_THE_CLI = 75


def outlast_the_cli() -> None:
    """To be called while the functions are loaded: gunicorn is set up after that."""
    if os.environ.get("FUNCTIONS_EMULATOR") == "true" and "FUNCTION_TARGET" in os.environ:
        from gunicorn.config import Keepalive

        Keepalive.default = LONGER_THAN_THE_CLI
