"""firebase.json as the Firebase CLI understands it: which rules, indexes, functions and pages it names.

A section may be an object, mostly also a list of them, or the name of a JSON file that holds it. A deploy
target stands for the databases, buckets or sites that .firebaserc lists for the project. (`lib/config.js`,
`lib/rc.js`, `lib/firestore/fsConfig.js` and `lib/emulator/controller.js` of firebase-tools 15.34.)

Standard library only: ./kit reads firebase.json before anything is installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from emulator.wire.commented_json import ConfigFileError, load, parse, place_of, read_text

Section: TypeAlias = Mapping[str, Any]

DEFAULT_DATABASE: Final = "(default)"
_SECTIONS: Final = ("emulators", "firestore", "functions", "hosting", "storage")
_DEFAULT_SOURCE: Final = "functions"


@dataclass(frozen=True, slots=True)
class DatabaseFiles:
    """What firebase.json names for one database; `entry` is where, as `firestore[1]`."""

    database: str
    rules: str | None
    indexes: str | None
    entry: str


@dataclass(frozen=True, slots=True)
class RulesFile:
    """A rules file that firebase.json names. `scope` says what for, as `database second`."""

    service: str
    scope: str
    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class FirebaseJson:
    """A firebase.json at `path`. `tree` is what it holds, with imported sections in their places."""

    path: Path
    tree: Mapping[str, Any]
    text: str = "{}"

    @property
    def folder(self) -> Path:
        """The project's folder, from which every path in the file counts."""
        return self.path.parent

    def error(self, where: str, reason: str) -> ConfigFileError:
        """An error about the value at `where`, as in `firestore[1].rules`."""
        return ConfigFileError(self.path.name, f"{where} {reason}", *place_of(self.text, where))

    def sections(self, part: str) -> list[tuple[str, Section]]:
        """The objects of a part, each with where it stands; none where the part is missing."""
        found = self.tree.get(part)
        if found is None:
            return []
        if not isinstance(found, list):
            return [(part, found)]
        for at, section in enumerate(found):
            if not isinstance(section, Mapping):
                raise self.error(f"{part}[{at}]", "must be an object")
        return [(f"{part}[{at}]", section) for at, section in enumerate(found)]

    def file(self, where: str, name: str) -> Path:
        """The path of a file or folder of the project; the CLI refuses one outside of it."""
        path = Path(os.path.normpath(self.folder / name))
        if not Path(name).is_absolute() and not path.is_relative_to(os.path.normpath(self.folder)):
            raise self.error(where, f"names {name}, which is outside of the project's folder")
        return path

    # ---- Firestore and Storage

    @property
    def has_list_of_databases(self) -> bool:
        """Whether each database has an entry, so that rules are of one database and not of all."""
        return isinstance(self.tree.get("firestore"), list)

    def databases(self, targets: Targets) -> list[DatabaseFiles]:
        """Every database with an entry, in the order of the file."""
        return [
            found
            for where, section in self.sections("firestore")
            for found in self._databases(where, section, targets)
        ]

    def _databases(self, where: str, section: Section, targets: Targets) -> Iterator[DatabaseFiles]:
        rules, indexes = self.text_of(where, section, "rules"), self.text_of(where, section, "indexes")
        name, target = self.text_of(where, section, "database"), self.text_of(where, section, "target")
        if not self.has_list_of_databases:
            yield DatabaseFiles(name or DEFAULT_DATABASE, rules, indexes, where)
        elif target is not None:
            for database in self._of_target(where, "firestore", target, targets):
                yield DatabaseFiles(database, rules, indexes, where)
        elif name is not None:
            yield DatabaseFiles(name, rules, indexes, where)
        else:
            raise self.error(where, 'names neither a "database" nor a "target"')

    def rules_files(self, targets: Targets) -> list[RulesFile]:
        """The rules of each database, then those of Storage. They may not be there."""
        found = []
        for each in self.databases(targets):
            if each.rules is not None:
                scope = f"database {each.database}" if self.has_list_of_databases else "Firestore"
                path = self.file(f"{each.entry}.rules", each.rules)
                found.append(RulesFile("firestore", scope, each.rules, path))
        for where, section in self.sections("storage"):
            rules = self.text_of(where, section, "rules")
            if rules is not None:
                target = self.text_of(where, section, "target")
                scope = f"Storage target {target}" if target else "Storage"
                found.append(RulesFile("storage", scope, rules, self.file(f"{where}.rules", rules)))
        return found

    def buckets(self, targets: Targets) -> list[tuple[str, str]]:
        """(bucket, rules file) of the entries that have a target. Raises ConfigFileError where .firebaserc
        gives a target no bucket: the CLI would then open every bucket of a demo project to everyone.
        """
        return [
            (bucket, str(section.get("rules")))
            for where, section in self.sections("storage")
            if (target := self.text_of(where, section, "target"))
            for bucket in self._of_target(where, "storage", target, targets)
        ]

    def _of_target(self, where: str, kind: str, target: str, targets: Targets) -> tuple[str, ...]:
        found = targets(kind, target)
        if not found:
            raise self.error(
                f"{where}.target",
                f"is {target}, and .firebaserc lists nothing for this {kind} target of the project",
            )
        return found

    # ---- functions and pages

    def function_sources(self) -> list[tuple[str, Section]]:
        """(folder, entry) of every codebase that lies in the project."""
        found = []
        for where, section in self.sections("functions"):
            source = self.text_of(where, section, "source")
            if source is None and "remoteSource" not in section and (self.folder / _DEFAULT_SOURCE).is_dir():
                source = _DEFAULT_SOURCE
            if source is not None:
                self.file(f"{where}.source", source)
                found.append((source, section))
        return found

    def public_folders(self) -> list[str]:
        """What Hosting serves."""
        found = []
        for where, section in self.sections("hosting"):
            public = self.text_of(where, section, "public")
            if public is not None:
                self.file(f"{where}.public", public)
                found.append(public)
        return found

    def sites(self, targets: Targets) -> list[str]:
        """The sites of the entries that have a target. Raises ConfigFileError where .firebaserc has none."""
        return [
            site
            for where, section in self.sections("hosting")
            if (target := self.text_of(where, section, "target"))
            for site in self._of_target(where, "hosting", target, targets)
        ]

    # ---- emulators

    def has(self, part: str) -> bool:
        """Whether the CLI counts a part among the emulators to start."""
        return self.tree.get(part) is not None or part in self._emulators()

    def emulator(self, part: str) -> Section:
        """The settings of an emulator; empty where there are none."""
        own = self._emulators().get(part)
        return own if isinstance(own, Mapping) else {}

    def port(self, part: str, key: str, default: int) -> int:
        """The port of an emulator, which may be written as text."""
        given = self.emulator(part).get(key) or default
        try:
            port = int(given)
        except (TypeError, ValueError):
            port = 0
        if not 0 < port < 65_536:
            raise self.error(f"emulators.{part}.{key}", f"is {given!r}, which is no port")
        return port

    def _emulators(self) -> Section:
        found = self.tree.get("emulators")
        return found if isinstance(found, Mapping) else {}

    def text_of(self, where: str, section: Section, key: str) -> str | None:
        """A text that may be missing, also as null or ""."""
        value = section.get(key) or None
        if value is not None and not isinstance(value, str):
            raise self.error(f"{where}.{key}", "must be a text")
        return value


Targets: TypeAlias = Callable[[str, str], tuple[str, ...]]
"""What .firebaserc lists for a target of a kind, as in `targets("storage", "main")`."""


def no_targets(kind: str, target: str) -> tuple[str, ...]:
    """A project without .firebaserc."""
    return ()


def load_firebase_json(path: Path) -> FirebaseJson:
    """Read a firebase.json. A file of no bytes is an empty configuration. Raises ConfigFileError."""
    text = read_text(path, path.name)
    tree = parse(text, path.name) if text else {}
    if not isinstance(tree, Mapping):
        raise ConfigFileError(path.name, "the file must hold an object", 1, 1)
    found = FirebaseJson(path, tree, text or "{}")
    whole = dict(tree)
    for part in _SECTIONS:
        if part in tree:
            whole[part] = _materialized(found, part)
    return FirebaseJson(path, {name: value for name, value in whole.items() if value is not None}, found.text)


def _materialized(config: FirebaseJson, part: str) -> Any:
    """A section itself, or what the file holds whose name stands in its place."""
    given = config.tree[part]
    if isinstance(given, str) and given:
        if not given.endswith(".json"):
            raise config.error(part, f"is {given}, and only a JSON file can be imported")
        imported = load(config.file(part, given), given)
        given = imported[part] if isinstance(imported, Mapping) and [*imported] == [part] else imported
    if not given and not isinstance(given, list | Mapping):
        return None
    allowed = Mapping if part == "emulators" else (list, Mapping)
    if not isinstance(given, allowed):
        raise config.error(part, "must be an object or the name of a JSON file")
    return given


def load_targets(folder: Path, project: str, warn: Callable[[str], None]) -> Targets:
    """The targets of a project in the .firebaserc of a folder. As for the CLI, one that cannot be read is
    worth a warning and counts as empty.
    """
    path = folder / ".firebaserc"
    listed: Any = {}
    if path.is_file():
        try:
            tree = load(path, path.name)
            listed = tree.get("targets", {}).get(project, {})
            listed = listed if isinstance(listed, Mapping) else {}
        except ConfigFileError as error:
            warn(f"{error}; the file counts as empty")
        except AttributeError:
            warn(f"{path.name}: it must hold an object; the file counts as empty")

    def targets(kind: str, target: str) -> tuple[str, ...]:
        found = listed.get(kind)
        names = found.get(target) if isinstance(found, Mapping) else None
        return tuple(names) if isinstance(names, list) else ()

    return targets


@dataclass(frozen=True, slots=True)
class FirestoreFiles:
    """Files of Firestore by database, as absolute paths. `rules` is empty where one file serves all."""

    rules: Mapping[str, Path]
    indexes: Mapping[str, Path]


def firestore_files(config: FirebaseJson, targets: Targets) -> FirestoreFiles:
    """What the emulator is to be given beside the command line of the CLI, which names rules only where
    firebase.json has one entry.
    """
    listed = config.databases(targets)
    rules = {
        each.database: config.file(f"{each.entry}.rules", each.rules)
        for each in listed
        if each.rules is not None and config.has_list_of_databases
    }
    indexes = {
        each.database: config.file(f"{each.entry}.indexes", each.indexes)
        for each in listed
        if each.indexes is not None
    }
    return FirestoreFiles(rules, indexes)
