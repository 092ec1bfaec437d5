"""What a benchmark gives: figures, some of them with a bar to reach."""

from dataclasses import dataclass

from tools.terminal import Failure


class PeerMissing(Failure):
    """What a benchmark compares with is not there; run with all others it is left out."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result. `bar` is what it must not exceed, or with `at_least` must reach."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.bar is None:
            return True
        return self.value >= self.bar if self.at_least else self.value <= self.bar
