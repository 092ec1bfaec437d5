"""The browser of the tests: the one that `./kit test` finds or installs."""

from __future__ import annotations

import os
from typing import Any

from tools.chromium import program


def chromium() -> dict[str, Any]:
    """How Playwright starts it. As root its sandbox cannot run."""
    return {"executable_path": program(), "args": ["--no-sandbox"] if os.geteuid() == 0 else []}
