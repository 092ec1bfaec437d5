"""What the lines of the suite's log mean to a person."""

import re
from dataclasses import dataclass

_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_LABELLED = re.compile(r"^(?P<mark>[i✔⚠✖!])\s+(?P<label>[\w.-]+)(?:\[(?P<detail>[^\]]*)\])?:\s?(?P<text>.*)$")
_MARKED = re.compile(r"^(?P<mark>[i✔⚠✖!])\s+(?P<text>.+)$")
_PRINTED = re.compile(r"^>\s+(?P<text>.*)$")
_ACCESS = re.compile(r'^\S+ - - \[[^\]]+\] "(?P<verb>[A-Z]+) (?P<path>\S+) [^"]*" (?P<status>\d{3})')
_DIED = re.compile(r"^\s+(?P<who>[\w ]+ Emulator) has exited(?P<how>.*?),?\s*$")
_BOX = re.compile(r"^[\s│─┌┐└┘├┤┬┴┼]*$|^│")

_NEEDLESS = (
    "Unable to fetch the CLI MOTD",
    "Beginning execution of",
    "Detected demo project ID",
    "You are not currently authenticated",
)
"""Lines that say nothing a user of this kit can act on."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log: which part said it, what it said, and how much it matters.

    `chatter` is shown only when asked for; `serious` is a warning or an error.
    """

    part: str
    text: str
    serious: bool = False
    chatter: bool = False


def parse_line(raw: str) -> LogLine | None:
    """The meaning of a line as the CLI writes it; nothing for frames and empty lines."""
    line = _STYLE.sub("", raw).rstrip()
    if not line or _BOX.match(line):
        return None
    if printed := _PRINTED.match(line):
        return LogLine("functions", printed["text"])
    if labelled := _LABELLED.match(line):
        serious = labelled["mark"] in "⚠✖!"
        return _labelled(labelled["label"], labelled["detail"], labelled["text"], serious)
    if marked := _MARKED.match(line):
        serious = marked["mark"] in "⚠✖!"
        needless = marked["text"].startswith(_NEEDLESS)
        return LogLine("suite", marked["text"], serious=serious and not needless, chatter=needless)
    return LogLine("suite", line, chatter=True)


def death(raw: str) -> str | None:
    """What a line of the log says about a program of the suite whose end is fatal; nothing in all others."""
    died = _DIED.match(_STYLE.sub("", raw))
    return f"the {died['who']} has exited{died['how'].replace(': Error:', ':')}" if died else None


def _labelled(label: str, detail: str | None, text: str, serious: bool) -> LogLine:
    if access := _ACCESS.match(text):
        status = int(access["status"])
        return LogLine(
            "page", f"{access['verb']} {access['path']} {status}", status >= 500, chatter=status < 400
        )
    needless = text.startswith(_NEEDLESS)
    shown = f"{detail}: {text}" if detail and label == "functions" else text
    return LogLine(label, shown, serious=serious and not needless, chatter=needless)
