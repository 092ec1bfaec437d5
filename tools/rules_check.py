"""kit rules check: what is wrong with rules files, and what is most likely not meant."""

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from tools.configuration import configuration, rules_files
from tools.project import FIREBASE_JSON
from tools.terminal import Failure, say, styled

if TYPE_CHECKING:
    from emulator.rules import Issue

HELP = "say what is wrong with rules files and what is most likely not meant"
EPILOG = """\
Errors keep a file from being loaded, warnings do not; lint says what can be written but hardly be meant:
unreachable-allow, shadowed-match, shadowed-wildcard, ineffective-deny, unused-function, unused-variable,
allow-without-condition, request-resource-in-delete, unsatisfiable-list.
The exit code is 1 when there are errors; with --strict also when there are warnings or lint.
"""
_NOT_UTF_8: Final = re.compile("[\udc80-\udcff]")
STYLES: Final = {"error": "red", "warning": "yellow", "lint": "cyan"}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to say about a file. `rule` names the lint, or is "" for what the compiler says."""

    severity: Literal["error", "warning", "lint"]
    rule: str
    issue: "Issue"

    def to_json(self) -> dict[str, Any]:
        issue = self.issue
        return {
            "severity": self.severity,
            "rule": self.rule or None,
            "message": issue.description,
            "line": issue.line,
            "column": issue.column,
            "offset": issue.current_offset,
            "endOffset": issue.end_offset,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The remarks on one file in source order."""

    name: str
    text: str
    remarks: tuple[Remark, ...]

    def count(self, severity: str) -> int:
        return sum(remark.severity == severity for remark in self.remarks)

    def to_json(self) -> dict[str, Any]:
        lines = self.text.split("\n")
        return {
            "file": self.name,
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "lint": self.count("lint"),
            "remarks": [
                remark.to_json() | {"source": lines[remark.issue.line - 1]} for remark in self.remarks
            ],
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help="default: every rules file of firebase.json")
    parser.add_argument("--strict", action="store_true", help="exit with 1 on warnings and lint too")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    files = [Path(name) for name in arguments.files] or _named_files()
    reports = [report_on(path) for path in files]
    if arguments.json:
        print(json.dumps({"files": [report.to_json() for report in reports]}, indent=2, ensure_ascii=False))
    else:
        for report in reports:
            show(report)
    counted = ("error", "warning", "lint") if arguments.strict else ("error",)
    return int(any(report.count(severity) for report in reports for severity in counted))


def _named_files() -> list[Path]:
    """The rules of every database and bucket."""
    found = [file.path for file in rules_files(configuration(FIREBASE_JSON))]
    if not found:
        raise Failure("firebase.json names no rules.", "Name the files: ./kit rules check FILE...")
    return found


def report_on(path: Path) -> Report:
    """Read and inspect one file. Raises Failure when it cannot be read."""
    from emulator.rules import Issue, inspect_rules

    name = _shown_name(path)
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}.") from error
    inspection = inspect_rules(text, name)
    remarks = []
    if (foreign := _NOT_UTF_8.search(text)) is not None:
        at = foreign.start()
        place = (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), at, at)
        remarks.append(Remark("error", "", Issue(name, *place, "The text is not UTF-8.", "ERROR")))
    remarks += [
        Remark("error" if issue.severity == "ERROR" else "warning", _rule_of(issue.description), issue)
        for issue in inspection.issues
    ]
    remarks += [Remark("lint", finding.lint.value, finding.issue) for finding in inspection.findings]
    return Report(name, text, tuple(sorted(remarks, key=lambda each: each.issue.current_offset)))


def _shown_name(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _rule_of(description: str) -> str:
    """Two of the compiler's warnings are lint by name as well."""
    if description.startswith("Unused function"):
        return "unused-function"
    return "unused-variable" if description.startswith("Unused variable") else ""


# ---- for people


def show(report: Report) -> None:
    lines = report.text.split("\n")
    for remark in report.remarks:
        print("\n".join(_rendered(report.name, remark, lines)))
    counts = [
        f"{number} {severity if number == 1 or severity == 'lint' else severity + 's'}"
        for severity in STYLES
        if (number := report.count(severity))
    ]
    worst = next((severity for severity in STYLES if report.count(severity)), "")
    mark = styled("✓", "green") if not worst else styled("✗" if worst == "error" else "!", STYLES[worst])
    sys.stdout.flush()
    say(f"{mark} {report.name}: {', '.join(counts) or 'nothing to say'}")


def _rendered(name: str, remark: Remark, lines: list[str]) -> list[str]:
    """The remark, the line it is about and a caret under the place."""
    issue = remark.issue
    heading = styled(f"{remark.severity}:", STYLES[remark.severity], "bold", stream=sys.stdout)
    rule = f" [{remark.rule}]" if remark.rule else ""
    line = lines[issue.line - 1].rstrip("\r")
    gutter = f"{issue.line:>5} | "
    return [
        f"{name}:{issue.line}:{issue.column}: {heading} {_printable(issue.description)}{rule}",
        *_excerpt(gutter, _printable(line), issue, remark.severity),
    ]


WIDEST: Final = 110


def _excerpt(gutter: str, line: str, issue: "Issue", severity: str) -> list[str]:
    """The line, or of a long one the part around the place, and the carets below."""
    start = issue.column - 1
    cut = max(0, start - WIDEST // 2) if len(line) > WIDEST else 0
    shown = line[cut : cut + WIDEST]
    length = max(1, min(issue.end_offset - issue.current_offset + 1, len(shown) - (start - cut)))
    carets = styled("^" * length, STYLES[severity], stream=sys.stdout)
    blank = "".join("\t" if char == "\t" else " " * _columns(char) for char in shown[: start - cut])
    return [gutter + shown, " " * (len(gutter) - 2) + "| " + blank + carets]


def _columns(char: str) -> int:
    """How wide a terminal shows it."""
    from unicodedata import combining, east_asian_width

    return 0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1


def _printable(text: str) -> str:
    """The text without what would move the cursor or cannot be encoded."""
    return "".join(char if char == "\t" or (char.isprintable()) else "\ufffd" for char in text)
