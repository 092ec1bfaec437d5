"""Where things are in this tree, and its fixed names. Standard library only: kit uses it before anything is
installed.
"""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

PROJECT_ID: Final = "demo-kindling"
"""Projects whose id starts with demo- never touch the cloud and need no login."""

VENV: Final = ROOT / ".venv"
FUNCTIONS_VENV: Final = ROOT / "functions" / "venv"
NODE_MODULES: Final = ROOT / "node_modules"
FIREBASE_JSON: Final = ROOT / "firebase.json"
SEED: Final = ROOT / "emulator-data"

KIT: Final = ROOT / ".kit"
"""Everything ./kit makes for itself; never committed, safe to delete while nothing runs."""

SAVED_DATA: Final = KIT / "data"
RUNS: Final = KIT / "runs"
JAVA: Final = KIT / "java"

EMULATOR: Final = "kindling-emulator"
"""The emulator as a command, planted where Python and the Firebase CLI are found."""

_PRELOADS: Final = (
    "refuse_foreign_pages.cjs",
    "keep_serving.cjs",
    "compile_when_asked.cjs",
    "few_workers.cjs",
    "python_workers.cjs",
    "end_together.cjs",
    "emulators_only.cjs",
    "start_uncalled.cjs",
    "fresh_connections.cjs",
    "python_of_venv.cjs",
    "export_everything.cjs",
    "own_objects.cjs",
    "not_found_headers.cjs",
)


def venv_python() -> Path:
    return VENV / "bin" / "python"


def firebase_cli() -> list[str]:
    """The command of the installed firebase-tools, with what we load before it; each file says at its top
    what the CLI does without it.
    """
    program = NODE_MODULES / "firebase-tools" / "lib" / "bin" / "firebase.js"
    preloads = (ROOT / "tools" / name for name in _PRELOADS)
    return ["node", *(word for file in preloads for word in ("--require", str(file))), str(program)]
