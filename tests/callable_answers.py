"""What a callable function answers, whether asked in this process or over the suite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the result, or an error's code, reason, sentence and details."""

    status: int
    body: Any

    @property
    def result(self) -> Any:
        assert self.status == 200, self.body
        return self.body["result"]

    @property
    def error(self) -> dict[str, Any]:
        assert self.status != 200, self.body
        return self.body["error"]

    @property
    def details(self) -> dict[str, Any]:
        return self.error["details"]

    @property
    def refusal(self) -> tuple[str, str]:
        """Code and reason."""
        return self.error["status"], self.details["reason"]
