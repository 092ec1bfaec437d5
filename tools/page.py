"""Builds the page with Vite when its sources changed since the last build."""

import fcntl
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Final

from emulator.wire.firebase_json import FirebaseJson
from tools.configuration import configuration, warn
from tools.programs import run_program
from tools.project import KIT, ROOT
from tools.terminal import Failure, run_steps

SOURCE: Final = ROOT / "hosting"
BUILT: Final = SOURCE / "dist"
_STAMP: Final = KIT / "page-built-from"


def ensure_built(config: FirebaseJson | None = None) -> None:
    """Leave a built page that matches its sources; another kit that builds at the same time is waited for.

    Nothing is built where Hosting serves another folder, or package.json has no `build`.
    """
    config = config or configuration()
    if not any(config.folder / public == BUILT for public in config.public_folders()) or not _has_build():
        return
    if not any(path.suffix == ".html" for path in _sources(SOURCE)):
        warn(f"there is no page: {SOURCE.relative_to(ROOT)}/ holds no .html file, so nothing is built")
        return
    if _current():
        return
    KIT.mkdir(exist_ok=True)
    with open(KIT / "page.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _current():
            run_steps({"Page built": _build})


def _has_build() -> bool:
    try:
        package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
        return bool(package.get("scripts", {}).get("build"))
    except (OSError, ValueError, AttributeError):
        return False


def _current() -> bool:
    return BUILT.is_dir() and _STAMP.exists() and _STAMP.read_text(encoding="utf-8") == _sources_digest()


def _build() -> None:
    """Build beside the page that is there, then change places: a reader sees the one or the other."""
    for left in KIT.glob("page-*"):  # of a kit that was killed
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
    digest = _sources_digest()
    fresh, old = KIT / f"page-{os.getpid()}", KIT / f"page-{os.getpid()}-old"
    command = [
        "npm",
        "run",
        "build",
        "--silent",
        "--",
        "--outDir",
        str(fresh),
        "--emptyOutDir",
        "--logLevel",
        "warn",
    ]
    code, printed = run_program(command, ROOT, os.environ)
    if code != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise Failure(
            "the page could not be built (npm run build).", "Mend the errors above.", printed[-4000:]
        )
    if BUILT.exists():
        BUILT.rename(old)
    fresh.rename(BUILT)
    shutil.rmtree(old, ignore_errors=True)
    _STAMP.write_text(digest, encoding="utf-8")


def _sources_digest() -> str:
    whole = hashlib.sha256()
    lists = [path for path in (ROOT / "package.json", ROOT / "package-lock.json") if path.exists()]
    for path in [*lists, *sorted(_sources(SOURCE))]:
        whole.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def _sources(folder: Path) -> list[Path]:
    found = []
    for directory, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("dist", "node_modules")]
        found += [Path(directory, name) for name in files]
    return found
