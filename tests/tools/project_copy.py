"""A copy of this project in which a test may change everything, with the installed packages of this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_LINKED = (".venv", "node_modules", "functions/venv")
_LEFT_OUT = (
    ".git",
    ".kit",
    ".venv",
    "node_modules",
    "venv",
    "dist",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
)


@dataclass(frozen=True, slots=True)
class ProjectCopy:
    """The copy in `folder`. `kit` runs its tools as ./kit does, without looking at what is installed."""

    folder: Path

    def kit(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-P", "-m", "tools", *arguments, **environment)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment(), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def environment(self) -> dict[str, str]:
        """That of this process without what names another suite, and with the copy's own modules first."""
        foreign = ("KINDLING_", "FIREBASE_", "FIRESTORE_", "CLOUD_", "STORAGE_")
        own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**own, "PYTHONPATH": str(self.folder), "NO_COLOR": "1"}

    def write(self, name: str, content: str | bytes | dict[str, Any]) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content) if isinstance(content, dict) else content
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def remove(self, *names: str) -> None:
        for name in names:
            path = self.folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


def copy_project(folder: Path) -> ProjectCopy:
    kept = ("tools", "emulator", "testing", "functions", "hosting", "emulator-data", "bench")
    for name in kept:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for path in ROOT.iterdir():
        if path.is_file() and path.name != ".git" and not path.match(".firebase-*.json"):
            shutil.copy2(path, folder / path.name)
    for name in _LINKED:
        (folder / name).symlink_to(ROOT / name)
    return ProjectCopy(folder)
