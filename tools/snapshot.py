"""A private copy of what the suite reads, so that a run is not changed by edits made meanwhile, nor writes
in the tree.

Copied: functions, the built page, rules and indexes. Shared: functions/venv, which no run writes to.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from emulator.wire.firebase_json import FirebaseJson

_SHARED: Final = ("venv", "node_modules")
"""What the functions run on is linked, not copied."""


def take(config: FirebaseJson, tree: Mapping[str, Any], folder: Path) -> Path:
    """Copy what `config` names into `folder`, beside a firebase.json that holds `tree`; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    root = config.folder
    for name in _files(config):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    for name in _folders(config):
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=_left_out, dirs_exist_ok=True)
    for name, _ in config.function_sources():
        for shared in _SHARED:
            link = folder / name / shared
            if (root / name / shared).is_dir() and not link.exists():
                link.symlink_to(root / name / shared)
    written = folder / "firebase.json"
    written.write_text(json.dumps(tree, indent=2), encoding="utf-8")
    return written


def _left_out(_folder: str, names: list[str]) -> set[str]:
    """What nothing reads, and what holds this very copy when the whole project is served."""
    unread = ("__pycache__", ".git", ".kit", ".venv", *_SHARED)
    return {name for name in names if name in unread or name.endswith(".log")}


def _files(config: FirebaseJson) -> Iterator[str]:
    for part in ("firestore", "storage"):
        for _, section in config.sections(part):
            yield from (section[key] for key in ("rules", "indexes") if isinstance(section.get(key), str))
    yield ".firebaserc"


def _folders(config: FirebaseJson) -> Iterator[str]:
    for source, section in config.function_sources():
        yield source
        if isinstance(section.get("configDir"), str):
            yield section["configDir"]
    yield from config.public_folders()
