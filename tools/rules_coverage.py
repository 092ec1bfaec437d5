"""kit rules coverage: which expressions of the rules were evaluated, and to what, as a table.

It reads the report of a running emulator, ours or the official one, or a file that holds one.
"""

import argparse
import json
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from emulator.wire.firebase_json import DEFAULT_DATABASE
from tools.project import PROJECT_ID
from tools.terminal import Failure, say, styled

HELP = "show as a table which expressions of the rules were evaluated, and to what"
EPILOG = """\
SOURCE is a file with the JSON report, or the address of a running Firestore emulator (localhost:8080), or
of its report (http://localhost:8080/emulator/v1/projects/demo-kindling:ruleCoverage).
A condition is covered when it was seen both true and false; an error counts as neither.
"""
_ROUTE: Final = "/emulator/v1/projects/{}/databases/{}:ruleCoverage"
_ROUTE_OF_ALL: Final = "/emulator/v1/projects/{}:ruleCoverage"
SECONDS: Final = 10.0
WIDTH: Final = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One expression. `root` tells a condition, a let or a function's result from what it is made of."""

    line: int
    text: str
    root: bool
    total: int
    true: int
    false: int
    errors: int
    boolean: bool

    @property
    def missing(self) -> str:
        """What was not seen of it, "" when nothing is missing."""
        if not self.total:
            return "never evaluated"
        if not self.boolean:
            return "" if self.total > self.errors else "only errors"
        return " or ".join(name for name, count in (("true", self.true), ("false", self.false)) if not count)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a file with the report, or an emulator's address")
    parser.add_argument("--project", default=PROJECT_ID, metavar="ID", help=f"default: {PROJECT_ID}")
    parser.add_argument(
        "--database", default=DEFAULT_DATABASE, metavar="ID", help=f"default: {DEFAULT_DATABASE}"
    )
    parser.add_argument("--all", action="store_true", help="show every expression, not only what is missing")
    parser.add_argument("--threshold", type=float, metavar="PERCENT", help="exit with 1 below this coverage")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    found = rows(_report(arguments.source, arguments.project, arguments.database))
    percent = covered(found)
    if arguments.json:
        listed = [
            {"line": row.line, "source": row.text, "root": row.root, "count": row.total, "true": row.true,
             "false": row.false, "errors": row.errors, "missing": row.missing or None}
            for row in found
        ]  # fmt: skip
        print(json.dumps({"percent": percent, "expressions": listed}, indent=2, ensure_ascii=False))
    else:
        print(_table(found, everything=arguments.all))
        sys.stdout.flush()
        good = sum(not row.missing for row in found)
        say(f"{good} of {len(found)} expressions covered ({percent:.1f} %)")
    return int(arguments.threshold is not None and percent < arguments.threshold)


def covered(found: list[Row]) -> float:
    """How many percent of the expressions miss nothing; 100 when there are none."""
    return 100.0 if not found else round(100 * sum(not row.missing for row in found) / len(found), 1)


def rows(report: Any) -> list[Row]:
    """The expressions of a report in source order, each root before its parts. Raises Failure."""
    try:
        text = str(report["rules"]["files"][0]["content"])
        found = list(_rows(report.get("report", []), text))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise Failure("this is no coverage report.") from error
    return found


def _rows(nodes: list[Any], text: str) -> Iterator[Row]:
    pending = [(node, True) for node in reversed(nodes)]
    while pending:
        node, root = pending.pop()
        yield _row(node, text, root=root)
        pending.extend((child, False) for child in reversed(node.get("children", [])))


def _row(node: Any, text: str, *, root: bool) -> Row:
    place = node["sourcePosition"]
    start = int(place.get("currentOffset", 0))
    counts = {"true": 0, "false": 0, "error": 0, "other": 0}
    for seen in node.get("values", []):
        kind = _kind(seen.get("value") or {})
        if kind:
            counts[kind] += int(seen["count"])
    source = " ".join(text[start : int(place["endOffset"]) + 1].split())
    return Row(
        line=int(place["line"]),
        text=source,
        root=root,
        total=sum(counts.values()),
        true=counts["true"],
        false=counts["false"],
        errors=counts["error"],
        boolean=not counts["other"] and bool(counts["true"] or counts["false"] or root),
    )


def _kind(value: dict[str, Any]) -> str:
    """Nothing for an expression that was skipped."""
    if "boolValue" in value:
        return "true" if value["boolValue"] else "false"
    return "" if not value else "error" if "undefined" in value else "other"


def _report(source: str, project: str, database: str) -> Any:
    path = Path(source)
    if path.is_file():
        text = path.read_text(encoding="utf-8", errors="replace")
    else:
        text = _fetched(source, project, database)
    try:
        return json.loads(text)
    except ValueError as error:
        raise Failure(f"{source} holds no JSON: {error}.") from error


def _fetched(source: str, project: str, database: str) -> str:
    """The report of the rules of a database. The official emulator has one for all, and no database in its
    address.
    """
    address = source if "://" in source else f"http://{source}"
    if not urlsplit(address).scheme.startswith("http") or not urlsplit(address).netloc:
        raise Failure(f"{source} is neither a file nor an address.")
    if urlsplit(address).path in ("", "/"):
        route = _ROUTE_OF_ALL if database == DEFAULT_DATABASE else _ROUTE
        address = address.rstrip("/") + route.format(quote(project), quote(database))
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:
            return str(answer.read().decode("utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(
            f"cannot read {address}: {error}.",
            "Is the file missing, or is no emulator running there?",
        ) from error


_STYLES: Final = {"": "", "never evaluated": "red"}


def _table(found: list[Row], *, everything: bool) -> str:
    """Every root, and below it the parts that miss something (or all of them)."""
    heading = ("line", "expression", "count", "true", "false", "error", "missing")
    cells: list[tuple[str, ...]] = [heading]
    for row in found:
        if row.root or row.missing or everything:
            text = ("" if row.root else "  ") + row.text
            counts = (row.total, row.true, row.false, row.errors)
            shown = text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
            cells.append((str(row.line), shown, *(str(count or "-") for count in counts), row.missing))
    widths = [max(len(each[column]) for each in cells) for column in range(len(heading))]
    lines = []
    for index, cell_row in enumerate(cells):
        aligned = [
            cell.ljust(width) if column in (1, 6) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cell_row, widths, strict=True))
        ]
        style = "bold" if index == 0 else _STYLES.get(cell_row[6], "yellow")
        line = "  ".join(aligned).rstrip()
        lines.append(styled(line, style, stream=sys.stdout) if style else line)
    return "\n".join(lines)
