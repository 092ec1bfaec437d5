"""Rules text and the positions in it."""

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Source:
    """One file. Offsets count Unicode scalars from 0; lines and columns count from 1."""

    text: str
    file_name: str
    line_starts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        starts = [0]
        starts.extend(offset + 1 for offset, char in enumerate(self.text) if char == "\n")
        object.__setattr__(self, "line_starts", tuple(starts))

    def line(self, offset: int) -> int:
        return bisect_right(self.line_starts, offset)

    def column(self, offset: int) -> int:
        return offset - self.line_starts[self.line(offset) - 1] + 1
