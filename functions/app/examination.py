"""What an uploaded file really is, and whether it may stay. Works on a file on disk and knows no Firebase."""

from __future__ import annotations

from dataclasses import dataclass

from app import decoder
from app.file_types import HEAD_SIZE, AcceptedType, Family, RefusedType, resolve
from app.images import ImageBroken, ImageNotShown, ImageTooLarge, Picture
from app.kinds import Kind, kind_of

MAX_SIZE = 50 * 1024 * 1024

# A browser shows these as they are. Everything else is offered as a download, so that no stored file is
# ever a page.
_SHOWN_FAMILIES = frozenset({Family.IMAGE, Family.AUDIO, Family.VIDEO, Family.PDF})
_SHOWN_TYPES = frozenset({"text/plain"})


@dataclass(frozen=True, slots=True)
class Accepted:
    """The file may stay. `picture` is set for an image that could be decoded; `cause`, for the log alone,
    says why another was not.
    """

    content_type: str
    kind: Kind
    shown_inline: bool
    picture: Picture | None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The file must go. `reason` is one of docs/data-model.md; `cause` is for the log alone."""

    reason: str
    cause: str = ""


def check_size(size: int) -> Refused | None:
    """Judges by size alone, before a byte is fetched."""
    if size == 0:
        return Refused("empty")
    return Refused("too-large") if size > MAX_SIZE else None


def examine(path: str, declared_type: str | None) -> Accepted | Refused:
    """Reads the file at `path`, declared to be of `declared_type`."""
    with open(path, "rb") as file:
        found = resolve(declared_type, file.read(HEAD_SIZE))
    if isinstance(found, RefusedType):
        return Refused(found.reason)
    try:
        return _accepted(found, _picture_of(path, found.content_type))
    except ImageTooLarge as error:
        return Refused("image-too-large", str(error))
    except ImageBroken as error:
        return Refused("image-broken", str(error))
    except ImageNotShown as error:
        return _accepted(found, None, str(error))


def _picture_of(path: str, content_type: str) -> Picture | None:
    return decoder.read_picture(path, content_type) if decoder.can_decode(content_type) else None


def _accepted(found: AcceptedType, picture: Picture | None, cause: str = "") -> Accepted:
    inline = found.family in _SHOWN_FAMILIES or found.content_type in _SHOWN_TYPES
    return Accepted(found.content_type, kind_of(found), inline, picture, cause)
