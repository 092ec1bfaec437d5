"""A private copy of what the suite reads, so that a run is not changed by edits made meanwhile, nor writes
in the tree.

Copied: functions, the built page, rules and indexes. Shared: functions/venv, which no run writes to.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.project import ROOT


def take(config: Mapping[str, Any], folder: Path) -> Path:
    """Copy what `config` names into `folder`, beside a firebase.json that holds `config`; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _files(config):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name in _folders(config):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=_left_out, dirs_exist_ok=True)
        environment = ROOT / name / "venv"
        if environment.is_dir():
            (folder / name / "venv").symlink_to(environment)
    written = folder / "firebase.json"
    written.write_text(json.dumps(config, indent=2), encoding="utf-8")
    return written


def _left_out(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in ("venv", "__pycache__") or name.endswith(".log")}


def _files(config: Mapping[str, Any]) -> Iterator[str]:
    for part in ("firestore", "storage"):
        for section in _sections(config, part):
            yield from (section[key] for key in ("rules", "indexes") if isinstance(section.get(key), str))
    yield ".firebaserc"


def _folders(config: Mapping[str, Any]) -> Iterator[str]:
    yield from (section["source"] for section in _sections(config, "functions") if "source" in section)
    yield from (section["public"] for section in _sections(config, "hosting") if "public" in section)


def _sections(config: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    """A part of firebase.json is one section or a list of them."""
    found = config.get(part, [])
    return list(found) if isinstance(found, list) else [found]
