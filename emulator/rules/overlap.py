"""Which declared paths lie within which others."""

from collections.abc import Sequence
from typing import TypeAlias

from emulator.rules import ast
from emulator.rules.scopes import FIRESTORE, STORAGE

Path: TypeAlias = Sequence[ast.Segment]


def covers(wide: Path, narrow: Path, version: int) -> bool:
    """Whether every path that `narrow` matches is matched by `wide` too."""
    wide_glob, narrow_glob = _glob(wide), _glob(narrow)
    if wide_glob is None:
        return narrow_glob is None and len(wide) == len(narrow) and _each_covers(wide, narrow)
    least = 1 if version == 1 else 0
    front, back = wide[:wide_glob], wide[wide_glob + 1 :]
    taken = len(narrow) - len(front) - len(back)
    if narrow_glob is not None:
        if narrow_glob < len(front) or len(narrow) - narrow_glob - 1 < len(back):
            return False
        taken += least - 1
    return (
        taken >= least
        and _each_covers(front, narrow[: len(front)])
        and _each_covers(back, narrow[len(narrow) - len(back) :])
    )


def shape(path: Path) -> tuple[str, ...]:
    """Equal for paths that match the same: their wildcards may have other names."""
    return tuple(
        segment.text if not segment.is_capture else "{**}" if segment.is_glob else "{}" for segment in path
    )


def _each_covers(wide: Path, narrow: Path) -> bool:
    return all(
        segment.is_capture or (not other.is_capture and segment.text == other.text)
        for segment, other in zip(wide, narrow, strict=True)
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
