"""What the compiler has to say about a rules file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from emulator.rules.source import Source

Severity = Literal["ERROR", "WARNING"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. `end_offset` is that of the last character, inclusive."""

    file_name: str
    line: int
    column: int
    current_offset: int
    end_offset: int
    description: str
    severity: Severity

    def __str__(self) -> str:
        return f"L{self.line}:{self.column} {self.description}"

    def to_json(self) -> dict[str, Any]:
        """The `google.firebase.rules.v1.Issue` message as the emulator's HTTP route sends it."""
        return {
            "sourcePosition": {
                "fileName": self.file_name,
                "line": self.line,
                "column": self.column,
                "currentOffset": self.current_offset,
                "endOffset": self.end_offset,
            },
            "description": self.description,
            "severity": self.severity,
        }


def issue_at(source: Source, start: int, end: int, description: str, severity: Severity = "ERROR") -> Issue:
    """An issue over the half-open range of offsets from `start` to `end`."""
    return Issue(
        file_name=source.file_name,
        line=source.line(start),
        column=source.column(start),
        current_offset=start,
        end_offset=max(start, end - 1),
        description=description,
        severity=severity,
    )


class RulesCompileError(ValueError):
    """The text is no ruleset. Its string is one `L{line}:{column} {description}` per line, errors only."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("\n".join(str(issue) for issue in self.issues if issue.severity == "ERROR"))
