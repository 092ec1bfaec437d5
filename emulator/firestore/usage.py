"""What Firestore would bill: documents read, written and deleted, reads made by rules, and bytes sent.

Source: https://firebase.google.com/docs/firestore/pricing. A document that is asked for is a read, there or
not; a query is at least one, and pays for what its offset skips; an aggregation pays one for each 1,000 index
entries; a listener pays for what it is sent, not for what was deleted, and when it resumes after more than
half an hour, for everything it shows; rules pay once per request for each document they look at, also when
they refuse. Bytes are those of the stored documents, without the transport.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from emulator.firestore.documents import Document

ENTRIES_PER_READ = 1000

#: Microseconds for which a listener that was away pays only for what it has missed.
RESUMED_MICROS = 30 * 60 * 1_000_000


@dataclass(slots=True)
class Usage:
    """Counts since the start or the last reset."""

    reads: int = 0
    writes: int = 0
    deletes: int = 0
    rule_reads: int = 0
    bytes_sent: int = 0

    def reset(self) -> None:
        self.reads = self.writes = self.deletes = self.rule_reads = self.bytes_sent = 0

    def asked(self, count: int, sent: Iterable[Document]) -> None:
        """Documents asked for by name, `sent` being those that exist."""
        self.reads += count
        self.sent(sent)

    def queried(self, sent: Iterable[Document], skipped: int = 0) -> None:
        """A query, a page of a list, or the first answer to a listener."""
        self.reads += max(1, skipped + self.sent(sent))

    def resumed(self, missed: Iterable[Document], shown: int) -> None:
        """A listener that was away for long: billed like a query, though only what it missed is sent."""
        self.sent(missed)
        self.reads += max(1, shown)

    def aggregated(self, entries: int) -> None:
        self.reads += max(1, -(-entries // ENTRIES_PER_READ))

    def heard(self, document: Document, targets: int) -> None:
        """A document that came into, changed in, or left the results of listeners on one stream."""
        self.reads += targets
        self.bytes_sent += document.size

    def sent(self, documents: Iterable[Document]) -> int:
        """Counts the bytes; gives how many documents there were."""
        sizes = [document.size for document in documents]
        self.bytes_sent += sum(sizes)
        return len(sizes)


@dataclass(slots=True)
class Meter:
    """The usage of every project."""

    _projects: dict[str, Usage] = field(default_factory=dict)

    def of(self, project: str) -> Usage:
        """The one object of a project: open streams hold on to it."""
        found = self._projects.get(project)
        if found is None:
            found = self._projects[project] = Usage()
        return found
