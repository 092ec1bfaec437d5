"""Which match statements a path belongs to, and what their wildcards take."""

from dataclasses import dataclass
from typing import TypeAlias

from emulator.rules import ast
from emulator.rules.types import Path, Value
from emulator.rules.types.unknown import Unknown

Token: TypeAlias = str | Unknown
"""A segment of the path of a request, known or not."""

UNKNOWN_DOCUMENT = Unknown("the document")
ANY_PARENTS = Unknown("the parent documents")
"""In a collection group query: zero or more segments."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The whole path of a match statement.

    `literals` and `wildcards` count segments from the front before the glob and, as negative numbers, from
    the back after it.
    """

    literals: tuple[tuple[int, str], ...]
    wildcards: tuple[int, ...]
    length: int
    glob: tuple[int, int, int] | None
    """Segments before the glob, segments after it, and its place among the captures."""
    version: int
    """Globs of version 1 take one segment or more, those of version 2 also none."""

    def fits(self, length: int) -> bool:
        if self.glob is None:
            return length == self.length
        return length >= self.length + (self.version == 1)

    def captures(self, path: tuple[Token, ...]) -> tuple[Value, ...] | None:
        """What the wildcards take of a path whose length fits, or None where a literal differs."""
        for index, literal in self.literals:
            if path[index] != literal:
                return None
        if self.glob is None:
            if ANY_PARENTS in path:
                return None
            return tuple([path[index] for index in self.wildcards])
        return self._captures_with_glob(path, *self.glob)

    def _captures_with_glob(
        self, path: tuple[Token, ...], before: int, after: int, place: int
    ) -> tuple[Value, ...] | None:
        end = len(path) - after
        is_group = ANY_PARENTS in path
        # Version 1 knows no collection group queries. Otherwise the glob must take the open part.
        if is_group and (self.version == 1 or not before <= path.index(ANY_PARENTS) < end):
            return None
        taken: list[Value] = [path[index] for index in self.wildcards]
        taken.insert(place, _rest(path[before:end]))
        return tuple(taken)


def pattern_of(segments: tuple[ast.Segment, ...], version: int) -> Pattern:
    glob_at = next((index for index, segment in enumerate(segments) if segment.is_glob), None)
    literals, wildcards = [], []
    for index, segment in enumerate(segments):
        place = index if glob_at is None or index < glob_at else index - len(segments)
        if not segment.is_capture:
            literals.append((place, segment.text))
        elif not segment.is_glob:
            wildcards.append(place)
    glob = None
    if glob_at is not None:
        earlier = sum(segment.is_capture for segment in segments[:glob_at])
        glob = (glob_at, len(segments) - glob_at - 1, earlier)
    return Pattern(
        # The last literals tell match statements apart soonest.
        literals=tuple(reversed(literals)),
        wildcards=tuple(wildcards),
        length=len(segments) - (glob_at is not None),
        glob=glob,
        version=version,
    )


def _rest(segments: tuple[Token, ...]) -> Value:
    unknown = next((segment for segment in segments if isinstance(segment, Unknown)), None)
    return unknown if unknown is not None else Path(tuple(map(str, segments)))
