"""What firebase.json asks of a suite, read as the Firebase CLI reads it and checked before anything starts.

At the top the standard library only: kit reads firebase.json before anything is installed.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from emulator.wire.commented_json import ConfigFileError
from emulator.wire.firebase_json import (
    DEFAULT_DATABASE,
    FirebaseJson,
    RulesFile,
    Targets,
    load_firebase_json,
    load_targets,
)
from tools.project import FIREBASE_JSON, PROJECT_ID
from tools.terminal import Failure, say, styled

SERVICES: Final = ("auth", "firestore", "storage", "functions", "hosting")
"""What kit runs and waits for; the hub and the UI come with them."""

NEED_JAVA: Final = ("database", "pubsub")
"""Emulators of the CLI that are Java programs of Google's, for which Kindling has nothing."""

_OTHERS: Final = ("apphosting", "database", "dataconnect", "eventarc", "pubsub", "tasks")
_HAVE_A_PAGE_IN_THE_UI: Final = {"auth", "database", "firestore", "functions", "storage"}


def configuration(path: Path = FIREBASE_JSON) -> FirebaseJson:
    """The project's firebase.json. Raises ConfigFileError, which kit reports as a failure."""
    return load_firebase_json(path)


def project_targets(config: FirebaseJson) -> Targets:
    """The deploy targets of the suite's project, as .firebaserc lists them."""
    return load_targets(config.folder, PROJECT_ID, _warn_once)


def unusable(error: ConfigFileError) -> Failure:
    """The failure that a file stands for which the CLI could not use either."""
    return Failure(f"{error}.", f"Correct {error.name}, then run the same command again.")


def warn(text: str) -> None:
    say(f"{styled('!', 'yellow')} {text}.")


@cache
def _warn_once(text: str) -> None:
    """A file that is read several times is complained about once."""
    warn(text)


def rules_files(config: FirebaseJson) -> list[RulesFile]:
    """Every rules file that firebase.json names, once."""
    found = {file.path: file for file in reversed(config.rules_files(project_targets(config)))}
    return [*reversed(found.values())]


def rules_of(config: FirebaseJson, service: str, database: str = DEFAULT_DATABASE) -> RulesFile:
    """The rules of Storage, or those of a database of Firestore. Failure where there are none."""
    files = [file for file in config.rules_files(project_targets(config)) if file.service == service]
    if service == "firestore" and config.has_list_of_databases:
        files = [file for file in files if file.scope == f"database {database}"]
    if not files:
        whom = f"database {database}" if service == "firestore" else "Storage"
        raise Failure(
            f"{config.path.name} names no rules for {whom}.", "Name the file yourself: --rules FILE."
        )
    return files[0]


def can_require_indexes(config: FirebaseJson) -> bool:
    """Whether firebase.json names index files, and all of them can be used."""
    targets = project_targets(config)
    named = any(each.indexes for each in config.databases(targets))
    return named and not any(index_problems(config, targets))


# ---- which parts there are


def started_parts(config: FirebaseJson, only: str | None = None) -> set[str]:
    """Which parts the CLI starts for this configuration and `--only`, the hub and the UI included."""
    chosen = _chosen(config, only)
    parts = chosen & set(SERVICES)
    if not config.function_sources():
        parts.discard("functions")
    if config.tree.get("hosting") is None:
        parts.discard("hosting")
    if config.emulator("ui").get("enabled") is not False and chosen & _HAVE_A_PAGE_IN_THE_UI:
        parts.add("ui")
    return parts | {"hub"}


def only_without(config: FirebaseJson, only: str | None, *, private: bool = False) -> str | None:
    """What to say to the CLI as `--only`, so that it starts nothing that needs Google's Java programs.

    A `private` suite also leaves out what would listen on ports that are not its own.
    """
    left_out = set(_OTHERS) - {"eventarc", "tasks"} if private else set(NEED_JAVA)
    chosen = _chosen(config, only)
    if not chosen & left_out:
        return only
    told = ", ".join(sorted(chosen & left_out))
    warn(f"not started: {told}; Kindling has no emulator of its own for it")
    words = only.split(",") if only else [*sorted(chosen), "extensions"]
    return ",".join(word for word in words if word.partition(":")[0] not in left_out)


def _chosen(config: FirebaseJson, only: str | None) -> set[str]:
    named = {part for part in (*SERVICES, *_OTHERS) if config.has(part)}
    return named & {word.partition(":")[0] for word in only.split(",")} if only else named


# ---- what must be right before a suite starts


def check(config: FirebaseJson, only: str | None = None, *, require_indexes: bool = False) -> None:
    """Say what a suite of this configuration would do that nobody expects; Failure where it must not run.

    A suite never runs without the rules that its configuration names.
    """
    parts = started_parts(config, only)
    if only is None and not parts & set(SERVICES):
        raise Failure(
            f"{config.path.name} names nothing that a suite could start.",
            'Add a section, such as "firestore" or "hosting" (npx firebase init).',
        )
    targets = project_targets(config)
    _check_rules(config, targets, parts)
    if "firestore" in parts:
        _check_databases(config, targets)
        _check_indexes(config, targets, require_indexes=require_indexes)
    if "storage" in parts:
        _check_buckets(config, targets)
    if "hosting" in parts:
        _check_sites(config, targets)


def _check_rules(config: FirebaseJson, targets: Targets, parts: set[str]) -> None:
    from emulator.rules import RulesCompileError, compile_ruleset

    for file in config.rules_files(targets):
        if file.service not in parts:
            continue
        try:
            text = file.path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            raise Failure(
                f"{config.path.name} names {file.name} as the rules of {file.scope}: there is no such file.",
                f"Write the file, or correct {config.path.name}: no suite runs without the rules it names.",
            ) from None
        except (OSError, UnicodeError) as error:
            raise Failure(f"{file.name}, the rules of {file.scope}, cannot be read: {error}.") from error
        try:
            compile_ruleset(text, file.name, coverage=False)
        except RulesCompileError as error:
            place = error.issues[0]
            told = f"{file.name}:{place.line}:{place.column}: {place.description.rstrip('.')}"
            warn(f"{told}; until it is mended, every request of a client to {file.scope} is denied")


def _check_databases(config: FirebaseJson, targets: Targets) -> None:
    """Tell where rules are missing, and what is served as something else than it is."""
    databases = config.databases(targets)
    if not any(each.rules for each in databases):
        warn(f"{config.path.name} names no rules for Firestore, so every request is allowed")
        return
    for each in databases if config.has_list_of_databases else []:
        if each.rules is None:
            warn(f"{config.path.name} names no rules for database {each.database}, so its clients are denied")
    for where, section in config.sections("firestore") if config.has_list_of_databases else []:
        if str(section.get("edition", "standard")).lower() != "standard":
            name = section.get("database") or section.get("target")
            warn(f"{where} of {config.path.name}: database {name} is served as one of the standard edition")


def _check_indexes(config: FirebaseJson, targets: Targets, *, require_indexes: bool) -> None:
    """An index file that cannot be used is a failure only where queries are refused by it."""
    if not require_indexes:
        for name, problem in index_problems(config, targets):
            warn(f"{problem}; missing indexes of database {name} are not told")
        return
    for _, problem in index_problems(config, targets):
        raise Failure(f"{problem}.", "Mend it, or leave --require-indexes out.")
    if not can_require_indexes(config):
        raise Failure(
            f"--require-indexes: {config.path.name} names no index file for Firestore.",
            'Add "indexes": "firestore.indexes.json" to its "firestore" section.',
        )


def index_problems(config: FirebaseJson, targets: Targets) -> Iterator[tuple[str, str]]:
    """(database, what is wrong) of each index file that cannot be used."""
    from emulator.wire.commented_json import read_text
    from emulator.wire.index_config import IndexFileError, parse_catalog

    for each in config.databases(targets):
        if each.indexes is not None:
            try:
                path = config.file(f"{each.entry}.indexes", each.indexes)
                parse_catalog(read_text(path, each.indexes), each.indexes)
            except (ConfigFileError, IndexFileError) as error:
                yield each.database, str(error)


def _check_buckets(config: FirebaseJson, targets: Targets) -> None:
    """The CLI opens every bucket of a demo project when .firebaserc lacks a target of firebase.json."""
    sections = config.sections("storage")
    if not sections:
        warn(f"{config.path.name} names no rules for Storage, so every request is allowed")
    for where, section in sections:
        if isinstance(config.tree.get("storage"), list) and not section.get("target"):
            raise config.error(where, 'names no "target", which each entry of a list needs')
    try:
        config.buckets(targets)
    except ConfigFileError as error:
        raise _no_target(error, "Without it the CLI would allow every request.") from error


def _check_sites(config: FirebaseJson, targets: Targets) -> None:
    try:
        config.sites(targets)
    except ConfigFileError as error:
        raise _no_target(error, "The CLI serves no page without it.") from error


def _no_target(error: ConfigFileError, why: str) -> Failure:
    kind, _, _ = error.reason.partition("[")
    resource = f"{PROJECT_ID}.appspot.com" if kind == "storage" else PROJECT_ID
    command = f"npx firebase target:apply {kind.partition('.')[0]} TARGET {resource} --project {PROJECT_ID}"
    return Failure(f"{error}.", f"{why} To list one for the suite: {command}")
