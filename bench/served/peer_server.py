"""The peer: the npm package @firestore-emulator/server, in a folder of its own below .kit.

Its versions are those of the lock file beside `serve.cjs`. It is no dependency of the project.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.served.processes import Served, serving
from tools.figures import PeerMissing
from tools.ports import private_block
from tools.project import KIT
from tools.terminal import say

SOURCE = Path(__file__).parent / "peer"
FOLDER = KIT / "bench" / "firestore-peer"

_LISTS = ("package.json", "package-lock.json")
_NPM = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--progress=false")


def install() -> None:
    """Make the folder as the lock file says; nothing when it is. PeerMissing when it cannot be had."""
    if all(_same(FOLDER / "node_modules" / name, SOURCE / name) for name in _LISTS):
        return
    remedy = f"With Node and a package registry in reach: (cd {FOLDER} && {' '.join(_NPM)}), then again."
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in _LISTS:
        shutil.copy(SOURCE / name, FOLDER / name)
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise PeerMissing("the peer of firestore runs on Node, and node or npm is not on PATH.", remedy)
    say("Installing the peer of firestore.")
    done = subprocess.run(_NPM, cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PeerMissing("the peer of firestore could not be installed.", remedy, done.stderr)
    for name in _LISTS:
        shutil.copy(SOURCE / name, FOLDER / "node_modules" / name)


def _same(left: Path, right: Path) -> bool:
    return left.is_file() and left.read_bytes() == right.read_bytes()


@contextmanager
def peer() -> Iterator[Served]:
    """The peer on a free port."""
    install()
    with private_block(["peer"]) as ports:
        command = ["node", str(SOURCE / "serve.cjs"), str(FOLDER), str(ports["peer"])]
        with serving("@firestore-emulator/server", command) as served:
            yield served
