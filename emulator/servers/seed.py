"""Exports as the documents that databases begin with, or are given later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import is_
from pathlib import Path

from emulator.firestore.documents import Document
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.sizes import document_size
from emulator.firestore.values import Reference, Timestamp, Value
from emulator.servers.export_files import read_export, read_others
from emulator.wire.documents import encode_document
from emulator.wire.entity_proto import Entity


@dataclass(frozen=True, slots=True)
class Seed:
    """An export held in memory, to begin databases with. `encoded` documents are made ready for a journal.

    `others` are the databases beside the official part.
    """

    entities: tuple[Entity, ...]
    clock: Callable[[], Timestamp]
    encoded: bool = False
    others: Mapping[DatabaseId, tuple[Entity, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, overall: Path, clock: Callable[[], Timestamp], *, encoded: bool = False) -> Seed:
        """Read all of an export, given its overall metadata file. Raises FailedPrecondition."""
        return cls(tuple(read_export(overall)), clock, encoded, read_others(overall))

    @property
    def databases(self) -> tuple[DatabaseId, ...]:
        """Those it was exported from."""
        return tuple(dict.fromkeys((*(entity.path.database for entity in self.entities), *self.others)))

    def documents(self, database: DatabaseId) -> list[Document]:
        """What a database begins with: what was exported from it. A project of which nothing was exported
        begins with the databases of the official part's project.
        """
        home = next((entity.path.database.project for entity in self.entities), database.project)
        known = database.project in {each.project for each in self.others}
        origin = database if known else DatabaseId(home, database.database)
        entities = self.others.get(origin, self.entities)
        return documents_of(entities, database, self.clock(), encoded=self.encoded)

    async def documents_aside(self, database: DatabaseId) -> list[Document]:
        """The same, while the event loop goes on."""
        return await asyncio.to_thread(self.documents, database)


def documents_of(
    entities: Iterable[Entity], database: DatabaseId, time: Timestamp, *, encoded: bool
) -> list[Document]:
    """What was exported from a database of that id, as documents of this one, made and written at `time`.

    They are measured, and encoded when asked for, so that nothing but storing them is left to do.
    """
    documents = [
        _document(entity, database, time)
        for entity in entities
        if entity.path.database.database == database.database
    ]
    if encoded:
        for document in documents:
            encode_document(document)
    return documents


def _document(entity: Entity, database: DatabaseId, time: Timestamp) -> Document:
    origin = entity.path.database
    path, fields = DocumentPath(database, entity.path.segments), entity.fields
    if origin != database:
        fields = {name: _rehomed(value, origin, database) for name, value in fields.items()}
    return Document(path, fields, time, time, document_size(path, fields))


def _rehomed(value: Value, origin: DatabaseId, database: DatabaseId) -> Value:
    """References into the exported database follow it to its new project; others stay, and what holds none is
    shared by the projects that begin with it.
    """
    match value:
        case Reference() if value.path.database == origin:
            return Reference(DocumentPath(database, value.path.segments))
        case list():
            items = [_rehomed(item, origin, database) for item in value]
            return value if all(map(is_, items, value)) else items
        case dict():
            fields = {name: _rehomed(item, origin, database) for name, item in value.items()}
            return value if all(map(is_, fields.values(), value.values())) else fields
    return value
