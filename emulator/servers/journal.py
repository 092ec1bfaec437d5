"""What `--data-dir` keeps: every commit is in a file before it is answered, so ending in any way loses none.

The file is a LevelDB log of `wire.journal_format` records, one per commit. It is written without a buffer,
which survives the end of this process; the machine's own crash may lose the last moments. Damage costs the
commits it hits: it is reported, the damaged file is kept beside, and all others are used.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from emulator.errors import Unavailable
from emulator.firestore.documents import Document, DocumentChange
from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId, PathKey
from emulator.servers.journal_file import NAME, Past, keep_damaged
from emulator.wire.journal_format import Left, encode_record
from emulator.wire.leveldb import LogWriter

logger = logging.getLogger(__name__)

#: Bytes from which on a journal is written anew when most of it is history.
COMPACTED_FROM = 64 * 1024 * 1024
_GROWTH = 4

#: Documents in one record at most, which are what one damaged byte may cost.
_STEP = 20


class JournalError(Exception):
    """The folder cannot be used; the message is for the person who named it."""


class Journal:
    """The open journal of one engine."""

    def __init__(self, folder: Path) -> None:
        """Raises JournalError when somebody else uses the folder, OSError when it cannot be written."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / NAME
        self._lock = _lock(folder)
        self._writer = LogWriter()
        self._file = -1
        self._size = 0
        self._compacted_size = 0
        self._broken = False

    def attach(self, engine: Engine) -> None:
        """Give the engine what the journal holds, and from now on record what it commits."""
        past = self._read()
        for database, documents in past.contents.items():
            engine.restore(database, documents.values())
        self._begin(past)
        engine.journal = lambda database, changes: self._record(engine, database, changes)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        os.close(self._lock)

    def repair(self) -> tuple[Past, Path | None]:
        """Write a damaged journal anew from what stands in it; where the damaged one is kept.

        Raises OSError.
        """
        past = Past.read(self._path.read_bytes())
        if not past.lost:
            return past, None
        kept = keep_damaged(self._path)
        self._rewrite(past.contents)
        return past, kept

    def _read(self) -> Past:
        try:
            past = Past.read(self._path.read_bytes())
        except FileNotFoundError:
            return Past()
        if past.lost:
            logger.warning(
                "%s is %s. The other %d are used, and the file is kept as %s.",
                self._path, past.damage, past.commits, keep_damaged(self._path).name,
            )  # fmt: skip
        return past

    def _begin(self, past: Past) -> None:
        """Write on where the journal ends, unless most of it is history or its end is no record's."""
        if past.whole and 0 < past.size <= _GROWTH * past.compacted_size:
            self._go_on(past)
            return
        try:
            self._rewrite(past.contents)
        except OSError as error:
            if not past.whole:
                raise
            self._stay_long(error)
            self._go_on(past)

    def _go_on(self, past: Past) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._writer, self._size, self._compacted_size = past.writer, past.size, past.compacted_size
        with suppress(OSError):
            self._path.with_suffix(".new").unlink()  # of an emulator that was killed while it wrote that

    def _rewrite(self, contents: Mapping[DatabaseId, Mapping[PathKey, Document]]) -> None:
        """A journal of the present alone takes the place of the old one, at once."""
        fresh = self._path.with_suffix(".new")
        writer, size = LogWriter(), 0
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
        try:
            for database, documents in contents.items():
                for left in _steps(documents.values()):
                    data = writer.add(encode_record(database, left))
                    _write_all(file, data)
                    size += len(data)
            os.fsync(file)
            fresh.replace(self._path)
        except BaseException:
            os.close(file)
            with suppress(OSError):
                fresh.unlink()
            raise
        # What was moved is written on: nothing is left that could fail after the move.
        if self._file >= 0:
            os.close(self._file)
        self._file = file
        self._writer, self._size, self._compacted_size = writer, size, size

    def _record(self, engine: Engine, database: DatabaseId, changes: tuple[DocumentChange, ...]) -> None:
        """Write one commit. Unavailable when that fails, and then the commit must not happen."""
        if self._broken:
            raise Unavailable(f"The journal {self._path} could not be written before; restart the emulator.")
        if self._size > COMPACTED_FROM and self._size > _GROWTH * self._compacted_size:
            self._compact(engine)
        room = self._writer.room
        records = _records(database, [(each.path, each.after) for each in changes])
        data = b"".join(map(self._writer.add, records))
        try:
            _write_all(self._file, data)
        except OSError as error:
            self._take_back(room)
            raise Unavailable(f"The journal cannot be written: {error.strerror}.") from error
        self._size += len(data)

    def _compact(self, engine: Engine) -> None:
        """Write the journal anew. When that fails, the long one goes on and the next try is far off."""
        try:
            self._rewrite({each: engine.contents(each) for each in engine.databases()})
        except OSError as error:
            self._stay_long(error)
            self._compacted_size = self._size

    def _stay_long(self, error: OSError) -> None:
        logger.warning("%s stays long: it cannot be written anew (%s)", self._path, error)

    def _take_back(self, room: int) -> None:
        """Half a record would hide every later one."""
        self._writer.room = room
        try:
            os.ftruncate(self._file, self._size)
        except OSError:
            self._broken = True


def is_in_use(folder: Path) -> bool:
    """Whether an emulator uses the folder; nothing is changed to find out."""
    try:
        lock = os.open(folder / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _lock(folder: Path) -> int:
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise JournalError(f"another emulator uses the data directory {folder}") from None
    return lock


def _records(database: DatabaseId, left: list[Left]) -> Iterator[bytes]:
    """A commit of many documents in parts, of which none counts before the last, a short one, is written."""
    if len(left) <= _STEP:
        yield encode_record(database, left)
        return
    for start in range(0, len(left), _STEP):
        yield encode_record(database, left[start : start + _STEP], goes_on=True)
    yield encode_record(database, ())


def _steps(documents: Iterable[Document]) -> Iterable[list[Left]]:
    """The begin of a database, then its documents in records of bearable size."""
    step: list[Left] = []
    yield []
    for document in documents:
        step.append((document.path, document))
        if len(step) == _STEP:
            yield step
            step = []
    if step:
        yield step


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
