"""Paths of documents and objects."""

import re
from dataclasses import dataclass

from emulator.rules.errors import EvaluationError, out_of_bounds
from emulator.rules.types.registry import function, method

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Path:
    """`/databases/(default)/documents/users/alice` has five segments."""

    segments: tuple[str, ...]

    def __str__(self) -> str:
        return "/" + "/".join(self.segments)


def joined(parts: list[str | Path]) -> Path:
    """A path of segments and of whole paths."""
    segments: list[str] = []
    for part in parts:
        if isinstance(part, Path):
            segments.extend(part.segments)
        else:
            segments.append(part)
    return Path(tuple(segments))


@function("", "path", str)
def of_text(text: str) -> Path:
    return Path(tuple(segment for segment in text.split("/") if segment))


@method(Path, "bind", dict)
def bind(path: Path, values: dict[str, object]) -> Path:
    """Fill the `{name}` placeholders. A placeholder without a value, or a value without one, is an error."""
    names = {found[1] for segment in path.segments if (found := _PLACEHOLDER.fullmatch(segment))}
    if names != set(values) or not all(isinstance(value, str) for value in values.values()):
        raise EvaluationError(f"Invalid path binding. Path: [{path}].")
    return Path(tuple(_bound(segment, values) for segment in path.segments))


def _bound(segment: str, values: dict[str, object]) -> str:
    found = _PLACEHOLDER.fullmatch(segment)
    return str(values[found[1]]) if found else segment


def item(path: Path, index: int) -> str:
    if not 0 <= index < len(path.segments):
        raise out_of_bounds(index, len(path.segments))
    return path.segments[index]
