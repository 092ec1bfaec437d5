"""Which declared paths lie within which others."""

from collections.abc import Sequence
from typing import TypeAlias

from emulator.rules import ast
from emulator.rules.scopes import FIRESTORE, STORAGE

Path: TypeAlias = Sequence[ast.Segment]


def covers(wide: Path, narrow: Path, version: int) -> bool:
    """Whether every path that `narrow` matches is matched by `wide` too."""
    for index, segment in enumerate(wide):
        if segment.is_glob:
            return _glob_covers(index, wide, narrow, version)
        if index >= len(narrow) or not _segment_covers(segment, narrow[index]):
            return False
    return len(wide) == len(narrow)


def _segment_covers(segment: ast.Segment, other: ast.Segment) -> bool:
    if other.is_capture:
        return segment.is_capture and not other.is_glob
    return segment.is_capture or segment.text == other.text


def _glob_covers(front: int, wide: Path, narrow: Path, version: int) -> bool:
    """The same where the `front` segments before the glob of `wide` are covered already."""
    least = 1 if version == 1 else 0
    back = len(wide) - front - 1
    taken = len(narrow) - front - back
    if taken < 0 or not all(map(_segment_covers, wide[front + 1 :], narrow[len(narrow) - back :])):
        return False
    narrow_glob = _glob(narrow)
    if narrow_glob is not None:
        # That glob must lie in what the wide one takes, and stands for as few segments as it may.
        if not front <= narrow_glob < len(narrow) - back:
            return False
        taken += least - 1
    return taken >= least


def shape(path: Path) -> tuple[str, ...]:
    """Equal for paths that match the same: their wildcards may have other names."""
    return tuple(
        segment.text if not segment.is_capture else "{**}" if segment.is_glob else "{}" for segment in path
    )


def _glob(path: Path) -> int | None:
    return next((index for index, segment in enumerate(path) if segment.is_glob), None)


def names_something(service: str, path: Path) -> bool:
    """Whether a request can have such a path: a document's, or an object's or a folder's in a bucket."""
    fixed = {FIRESTORE: {0: "databases", 2: "documents"}, STORAGE: {0: "b", 2: "o"}}.get(service, {})
    glob = _glob(path)
    for index, expected in fixed.items():
        if glob is not None and index >= glob:
            return True
        if index >= len(path) or not (path[index].is_capture or path[index].text == expected):
            return False
    return glob is not None or service != FIRESTORE or (len(path) >= 5 and len(path) % 2 == 1)
