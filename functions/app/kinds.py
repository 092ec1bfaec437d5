"""The kinds of file that the page has a picture and a filter for."""

from __future__ import annotations

from enum import StrEnum

from app.file_types import AcceptedType, Family


class Kind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    PDF = "pdf"
    TEXT = "text"
    ARCHIVE = "archive"
    OTHER = "other"


_OF_FAMILY = {
    Family.IMAGE: Kind.IMAGE,
    Family.VIDEO: Kind.VIDEO,
    Family.AUDIO: Kind.AUDIO,
    Family.PDF: Kind.PDF,
    Family.ARCHIVE: Kind.ARCHIVE,
}
# Of the zip family office documents and books are no archives to a person, these are.
_ZIP_ARCHIVES = frozenset({"application/zip", "application/x-zip-compressed"})
_TEXTS = frozenset({"application/json", "application/yaml", "application/x-yaml", "application/toml"})


def kind_of(found: AcceptedType) -> Kind:
    """The kind of a file of this type and family."""
    if found.family is Family.ZIP:
        return Kind.ARCHIVE if found.content_type in _ZIP_ARCHIVES else Kind.OTHER
    if found.family is not None:
        return _OF_FAMILY.get(found.family, Kind.OTHER)
    is_text = found.content_type.startswith("text/") or found.content_type in _TEXTS
    return Kind.TEXT if is_text else Kind.OTHER
