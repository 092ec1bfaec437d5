"""Where the gRPC server listens behind the shared port: a Unix socket in a folder of its own."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "kindling-firestore-"
_NAME = "grpc"

#: Seconds after which a folder whose socket nobody answers is none that is about to be served.
_SETTLED = 60.0


@contextmanager
def socket_folder() -> Iterator[str]:
    """The path of the socket to be. Its folder is gone afterwards, unless the process is killed."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        yield str(Path(folder) / _NAME)


def remove_abandoned() -> None:
    """Remove the folders of emulators that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            if time.time() - folder.stat().st_mtime > _SETTLED and not _is_served(folder / _NAME):
                shutil.rmtree(folder)


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)  # one that is too busy to accept raises as well, and is left alone
        try:
            client.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
    return True
