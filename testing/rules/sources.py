"""Which rules are tested: the files that firebase.json names, or texts of a test's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.rules import FIRESTORE, STORAGE
from emulator.wire.firebase_json import DEFAULT_DATABASE, load_firebase_json, load_targets


@dataclass(frozen=True, slots=True)
class DatabaseRules:
    """The rules of one database; `name` is what coverage and messages call them."""

    database: str
    text: str
    name: str


@dataclass(frozen=True, slots=True)
class RulesFiles:
    """The texts of the rules files; None where a project has none, which denies everything.

    `firestore` serves the default database, and unless `serves_all` is off every other one that `databases`
    gives no rules to; else such a database is closed. The names are those that coverage and messages show.
    """

    firestore: str | None = None
    storage: str | None = None
    firestore_name: str = "firestore.rules"
    storage_name: str = "storage.rules"
    databases: tuple[DatabaseRules, ...] = ()
    serves_all: bool = True

    def releases(self) -> Iterator[Release]:
        """Every set of rules. The first two are those of `firestore` and `storage`."""
        yield Release(FIRESTORE, FIRESTORE, self.firestore_name, self.firestore)
        yield Release(STORAGE, STORAGE, self.storage_name, self.storage)
        for each in self.databases:
            yield Release(f"{FIRESTORE}/{each.database}", FIRESTORE, each.name, each.text, each.database)

    def of_database(self, database: str) -> Release | None:
        """What judges the requests to a database; None where nothing does, and everything is denied."""
        first, _, *others = self.releases()
        named = next((release for release in others if release.database == database), None)
        return named or (first if database == DEFAULT_DATABASE or self.serves_all else None)


@dataclass(frozen=True, slots=True)
class Release:
    """One set of rules. `key` tells it from the others of a run."""

    key: str
    service: str
    name: str
    text: str | None
    database: str = DEFAULT_DATABASE


def from_firebase_json(path: Path) -> RulesFiles:
    """The rules of every database, and of the first bucket.

    Raises FileNotFoundError for a rules file that is not there, and ConfigFileError.
    """
    config = load_firebase_json(path)
    targets = load_targets(
        config.folder, os.environ.get("GCLOUD_PROJECT", "demo-rules"), lambda warning: None
    )
    default: dict[str, Any] = {"serves_all": not config.has_list_of_databases}
    others: list[DatabaseRules] = []
    for each in config.databases(targets):
        if each.rules is not None:
            text = config.file(f"{each.entry}.rules", each.rules).read_text(encoding="utf-8")
            if each.database == DEFAULT_DATABASE or not config.has_list_of_databases:
                default |= {"firestore": text, "firestore_name": each.rules}
            else:
                others.append(DatabaseRules(each.database, text, each.rules))
    for where, section in config.sections("storage")[:1]:
        name = config.text_of(where, section, "rules")
        if name is not None:
            text = config.file(f"{where}.rules", name).read_text(encoding="utf-8")
            default |= {"storage": text, "storage_name": name}
    return RulesFiles(**default, databases=tuple(others))
