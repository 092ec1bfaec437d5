"""The file of a journal: what it holds, and how a damaged one is set aside.

Every record says what a commit left of the documents it changed, so each means the same whatever is missing
before it: documents of a lost commit are as the commits around it have them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from emulator.firestore.documents import Document
from emulator.firestore.paths import DatabaseId, PathKey
from emulator.wire.journal_format import Left, Record, RecordError, decode_record
from emulator.wire.leveldb import LogWriter, Lost, Standing, salvage_records

NAME = "firestore.journal"

Contents = dict[DatabaseId, dict[PathKey, Document]]


class Past:
    """What a journal holds: what its commits left, how many they and their changes were, where the last one
    ends, the bytes in which none stands, and how many stand before those. `whole` says that the commits are
    all there is in the file.
    """

    def __init__(self) -> None:
        self.contents: Contents = {}
        self.commits = 0
        self.size = 0
        self.writer = LogWriter()
        self.lost: list[Lost] = []
        self.before = 0
        self.whole = False
        self._changes = 0
        self._begun: Record | None = None
        self._begun_at = 0

    @classmethod
    def read(cls, log: bytes) -> Past:
        past = cls()
        for found in salvage_records(log):
            if isinstance(found, Lost) or not past._add(found):
                if not past.lost:
                    past.before = past.commits
                past.lost.append(Lost(found.start, found.end))
        if past._begun is not None:  # the process ended while it wrote a long commit, which has not happened
            past.lost = [lost for lost in past.lost if lost.start < past._begun_at]
            past.lost.append(Lost(past._begun_at, len(log)))
        past.whole = past.size == len(log) and past._begun is None
        return past

    @property
    def documents(self) -> int:
        return sum(map(len, self.contents.values()))

    @property
    def compacted_size(self) -> int:
        """Bytes of a journal of the present alone, about."""
        return self.size * self.documents // max(1, self._changes)

    @property
    def damage(self) -> str:
        """What is lost, for a person: what the journal is."""
        places = ", ".join(f"{lost.start} to {lost.end}" for lost in self.lost[:_PLACES_NAMED])
        more = len(self.lost) - _PLACES_NAMED
        end = f" and {more} other places" if more > 0 else ""
        return (
            f"damaged after {self.before} commits: at least {_count(len(self.lost), 'commit')} lost"
            f" (bytes {places}{end})"
        )

    def _add(self, found: Standing) -> bool:
        """Whether the record is one of a journal."""
        try:
            record = decode_record(found.data)
        except RecordError:
            return False
        self.size += self.writer.skip(len(found.data))
        self._changes += len(record.left)
        begun, self._begun = self._begun, None
        if begun is not None and begun.database == record.database:
            record = replace(record, left=(*begun.left, *record.left))
        elif begun is not None:  # its end was lost, and what follows shows that it was written
            self._apply(begun)
        if not record.goes_on:
            self._apply(record)
            return True
        if begun is None or begun.database != record.database:
            self._begun_at = found.start
        self._begun = record
        return True

    def _apply(self, record: Record) -> None:
        _apply(self.contents.setdefault(record.database, {}), record.left)
        self.commits += 1


#: Damaged places that a sentence names.
_PLACES_NAMED = 5


def keep_damaged(journal: Path) -> Path:
    """Keep a journal's bytes under a name of their own; the name. What has been kept before stays.

    A second name for the same file takes no room, so this works on a full disk too.
    """
    number = 1
    while True:
        kept = journal.with_suffix(".damaged" if number == 1 else f".damaged-{number}")
        with suppress(FileNotFoundError):
            if kept.samefile(journal):
                return kept
        try:
            _give_name(journal, kept)
            return kept
        except FileExistsError:
            number += 1


def _give_name(journal: Path, kept: Path) -> None:
    """Link, or copy where a file system has no links. Raises FileExistsError, and leaves no half."""
    try:
        os.link(journal, kept)
        return
    except FileExistsError:
        raise
    except OSError:
        target = kept.open("xb")
    with target:
        try:
            with journal.open("rb") as source:
                shutil.copyfileobj(source, target)
        except OSError:
            kept.unlink()
            raise


def _apply(documents: dict[PathKey, Document], left: Iterable[Left]) -> None:
    for path, document in left:
        if document is None:
            documents.pop(path.key, None)
        else:
            documents[path.key] = document


def _count(number: int, what: str) -> str:
    return f"{number} {what} is" if number == 1 else f"{number} {what}s are"
