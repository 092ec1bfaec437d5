"""Rules text and the positions in it."""

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Source:
    """One file. Offsets count Unicode scalars from 0; lines and columns count from 1."""

    text: str
    file_name: str
    line_starts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        lengths = (len(line) + 1 for line in self.text.split("\n")[:-1])
        object.__setattr__(self, "line_starts", tuple(accumulate(lengths, initial=0)))

    def line(self, offset: int) -> int:
        return bisect_right(self.line_starts, offset)

    def column(self, offset: int) -> int:
        return offset - self.line_starts[self.line(offset) - 1] + 1
