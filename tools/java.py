"""The private `java` and the planted download cache that let firebase-tools run without Java and without its
bucket.

firebase-tools starts the Firestore emulator and the Storage rules runtime as `java -jar PATH ...`. Here
`java` is a launcher of the project's own (emulator/java_shim.py decides by the arguments), put first on PATH
for that one command, and PATH names an empty placeholder, since the CLI only checks that the file is there.
Versions are read from the installed firebase-tools, so an upgrade of it needs no change here.
"""

import json
import os
import shlex
import shutil
from pathlib import Path

from tools.project import EMULATOR, FIREBASE_JSON, JAVA, NODE_MODULES, ROOT, firebase_cli, venv_python

_DOWNLOADS = NODE_MODULES / "firebase-tools" / "lib" / "emulator" / "downloadableEmulatorInfo.json"
_CONSOLE = ROOT / "tools" / "console"


def plant() -> Path:
    """Make the launchers and the cache folder when they are not there; gives the folder, with `bin/` and
    `cache/` in it.
    """
    shim = [str(venv_python()), "-P", str(ROOT / "emulator" / "java_shim.py")]
    _replace_text(JAVA / "bin" / "java", _launcher("stands in for Java", shim), mode=0o755)
    _replace_text(JAVA / "bin" / "firebase", _launcher("runs the Firebase CLI", firebase_cli()), mode=0o755)
    itself = [str(venv_python()), "-P", "-m", "emulator"]
    _replace_text(JAVA / "bin" / EMULATOR, _launcher("runs the Firestore emulator", itself), mode=0o755)
    downloads = json.loads(_DOWNLOADS.read_text(encoding="utf-8"))
    cache = JAVA / "cache"
    for emulator in ("firestore", "storage"):
        _replace_text(cache / downloads[emulator]["downloadPathRelativeToCacheDir"], "")
    ui_server = cache / downloads["ui"]["main"]["binaryPathRelativeToCacheDir"]
    _replace_text(ui_server, "")
    _replace_text(cache / downloads["ui"]["main"]["downloadPathRelativeToCacheDir"], "")
    for page in _CONSOLE.iterdir():
        _replace_text(ui_server.parent.parent / "client" / page.name, page.read_text(encoding="utf-8"))
    return JAVA


def environment(path: str, folder: Path = JAVA, config: Path = FIREBASE_JSON) -> dict[str, str]:
    """What a process needs so that the Firebase CLI it starts finds our programs, and our Firestore emulator
    the rules and indexes of every database; `path` is the PATH to extend.
    """
    first = [str(folder / "bin"), str(NODE_MODULES / ".bin")]
    rest = [place for place in path.split(os.pathsep) if place and place not in first]
    return {
        "PATH": os.pathsep.join([*first, *rest]),
        "FIREBASE_EMULATORS_PATH": str(folder / "cache"),
        "KINDLING_FIREBASE_JSON": str(config),
    }


def official_java() -> str | None:
    """The user's own `java`, for `--official`."""
    path = os.pathsep.join(f for f in os.environ.get("PATH", "").split(os.pathsep) if f != str(JAVA / "bin"))
    return shutil.which("java", path=path)


def _launcher(purpose: str, command: list[str]) -> str:
    comment = f"# Made by ./kit: {purpose} in this project only."
    return f'#!/bin/sh\n{comment}\nunset PYTHONDONTWRITEBYTECODE\nexec {shlex.join(command)} "$@"\n'


def _replace_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write `text` unless it is there already, so that a reader never sees half of it."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(mode)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
