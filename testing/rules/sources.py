"""Which rules are tested: the files that firebase.json names, or texts of a test's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.rules import FIRESTORE, STORAGE


@dataclass(frozen=True, slots=True)
class RulesFiles:
    """The texts of both rules files; None where a project has none, which denies everything.

    The names are those that coverage and messages show.
    """

    firestore: str | None = None
    storage: str | None = None
    firestore_name: str = "firestore.rules"
    storage_name: str = "storage.rules"

    def text(self, service: str) -> str | None:
        return {FIRESTORE: self.firestore, STORAGE: self.storage}[service]

    def name(self, service: str) -> str:
        return {FIRESTORE: self.firestore_name, STORAGE: self.storage_name}[service]


def from_firebase_json(path: Path) -> RulesFiles:
    """The rules of the default database and of the first bucket. Raises FileNotFoundError."""
    config = json.loads(path.read_text(encoding="utf-8"))
    texts: dict[str, str] = {}
    for service in ("firestore", "storage"):
        name = _rules_of(config.get(service))
        if name is not None:
            texts[service] = (path.parent / name).read_text(encoding="utf-8")
            texts[f"{service}_name"] = name
    return RulesFiles(**texts)


def _rules_of(part: Any) -> str | None:
    """A part of firebase.json is an object, or a list of them for several databases or buckets."""
    entries = part if isinstance(part, list) else [part or {}]
    chosen = next((each for each in entries if each.get("database", "(default)") == "(default)"), {})
    name = chosen.get("rules")
    return name if isinstance(name, str) else None
