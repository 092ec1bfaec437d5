"""Which ports the suite uses, who holds a taken one, and blocks of free ones for private copies."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

FIRST_PRIVATE: Final = 15_000
BLOCK: Final = 20
BLOCKS: Final = 200
"""Private copies take blocks between 15,000 and 19,000: below the range the kernel gives to outgoing
connections, so that no port is lost between choosing it here and the emulator binding it seconds later.
"""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError:
            return False
    return True


@contextmanager
def private_block(names: list[str]) -> Iterator[dict[str, int]]:
    """A free port for each name, from a block no other kit of this user takes until the context ends."""
    locks = lock_folder()
    for block in range(BLOCKS):
        first = FIRST_PRIVATE + block * BLOCK
        with open(locks / str(first), "w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            chosen = dict(zip(names, range(first, first + BLOCK), strict=False))
            if all(is_free(port) for port in chosen.values()):
                yield chosen
                return
    raise OSError(
        f"no block of {len(names)} free ports between {FIRST_PRIVATE} and {FIRST_PRIVATE + BLOCKS * BLOCK}"
    )


def lock_folder() -> Path:
    """Where all kits of this user, of any tree, keep the locks they share."""
    folder = Path(tempfile.gettempdir()) / f"kindling-locks-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    return folder


def taken(ports: Mapping[str, tuple[str, int]]) -> dict[str, tuple[int, str]]:
    """Of the named addresses those another process holds: name to port and holder (may be empty)."""
    return {name: (port, holder(port)) for name, (host, port) in ports.items() if not is_free(port, host)}


def holder(port: int) -> str:
    """The process that listens on `port` as `name (process N)`, or nothing where the system does not tell."""
    inodes = _listening_inodes(port)
    if not inodes:
        return ""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and inodes & _socket_inodes(entry):
            try:
                command = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                )
            except OSError:
                return ""
            return f"{command[:70]} (process {entry.name})"
    return ""


def _listening_inodes(port: int) -> set[str]:
    """Inodes of the sockets in state LISTEN (0A) on `port`, from the kernel's tables."""
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in (line.split() for line in lines):
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def _socket_inodes(process: Path) -> set[str]:
    found: set[str] = set()
    try:
        for descriptor in (process / "fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except OSError:
        pass
    return found
