"""Where a user's things are: documents in Firestore, objects in the bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ORIGINAL = re.compile(r"users/([^/]+)/files/([^/]+)/[^/]+")
_PICTURE = re.compile(r"users/([^/]+)/picture/[^/]+")
_OWNED = re.compile(r"(?:users|exports)/([^/]+)/.+")
# Firestore refuses these as document ids (https://firebase.google.com/docs/firestore/quotas).
_RESERVED_ID = re.compile(r"\.\.?|__.*__", re.DOTALL)
# 128 random bits in the URL-safe alphabet.
_SHARE_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class FileKey:
    """One file of one user. Every path is derived from these two ids."""

    uid: str
    file_id: str

    @property
    def document(self) -> str:
        return f"users/{self.uid}/files/{self.file_id}"

    @property
    def profile(self) -> str:
        return profile_path(self.uid)

    @property
    def originals(self) -> str:
        """The object prefix that holds the original, with its trailing slash."""
        return f"users/{self.uid}/files/{self.file_id}/"

    @property
    def derived(self) -> str:
        """The object prefix that holds what functions made, with its trailing slash."""
        return f"derived/{self.uid}/{self.file_id}/"

    @property
    def small(self) -> str:
        """The thumbnail for lists."""
        return f"{self.derived}small.webp"

    @property
    def large(self) -> str:
        """The thumbnail for previews."""
        return f"{self.derived}large.webp"


def parse_original(object_name: str) -> FileKey | None:
    """The file whose original has this object name; None for every other object, thumbnails included."""
    match = _ORIGINAL.fullmatch(object_name)
    if match is None or any(_RESERVED_ID.fullmatch(part) for part in match.groups()):
        return None
    return FileKey(uid=match[1], file_id=match[2])


def is_derived(object_name: str) -> bool:
    """Whether functions made this object out of an original: a thumbnail."""
    return object_name.startswith("derived/")


def parse_picture(object_name: str) -> str | None:
    """Whose picture has this object name; None for every other object."""
    match = _PICTURE.fullmatch(object_name)
    return match[1] if match is not None and not _RESERVED_ID.fullmatch(match[1]) else None


def originals_prefix(uid: str) -> str:
    """The object prefix that holds all originals of a user, with its trailing slash."""
    return f"users/{uid}/files/"


def pictures_prefix(uid: str) -> str:
    return f"users/{uid}/picture/"


def is_share_id(text: str) -> bool:
    """Whether a text has the form of the id of a link, and Firestore takes it."""
    return bool(_SHARE_ID.fullmatch(text)) and not _RESERVED_ID.fullmatch(text)


def share_path(share_id: str) -> str:
    return f"shares/{share_id}"


def owner_of(object_name: str) -> str | None:
    """Whose original, picture or export has this object name; None for every other object.

    Thumbnails are other objects: who makes them removes them when their file is gone.
    """
    match = _OWNED.fullmatch(object_name)
    return match[1] if match is not None and not _RESERVED_ID.fullmatch(match[1]) else None


def profile_path(uid: str) -> str:
    return f"users/{uid}"


def job_path(uid: str, job_id: str) -> str:
    return f"{profile_path(uid)}/jobs/{job_id}"


def exports_prefix(uid: str) -> str:
    """The object prefix that holds what a user exported, with its trailing slash."""
    return f"exports/{uid}/"


def files_path(uid: str) -> str:
    """The collection of a user's file documents."""
    return f"users/{uid}/files"


def object_prefixes(uid: str) -> tuple[str, ...]:
    """The prefixes that hold everything of a user in the bucket."""
    return f"users/{uid}/", f"derived/{uid}/", exports_prefix(uid)
