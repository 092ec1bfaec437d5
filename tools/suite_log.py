"""What the lines of the suite's log mean to a person."""

import re
from dataclasses import dataclass
from typing import Final

_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_MARKS = "i✔⚠✖⬢!"
_SERIOUS = "⚠✖⬢!"
_LABELLED = re.compile(
    rf"^(?P<mark>[{_MARKS}])\s+(?P<label>[\w.-]+)(?:\[(?P<detail>[^\]]*)\])?:\s?(?P<text>.*)$"
)
_MARKED = re.compile(rf"^(?P<mark>[{_MARKS}])\s+(?P<text>.+)$")
_PRINTED = re.compile(r"^>(?: {1,2}(?P<text>.*))?$")
_ACCESS = re.compile(r'^\S+ - - \[[^\]]+\] "(?P<verb>[A-Z]+) (?P<path>\S+) [^"]*" (?P<status>\d{3})')
_BOX = re.compile(r"^[\s│─┌┐└┘├┤┬┴┼]*$|^│")
_WARNED = re.compile(r"^(?:WARNING|ERROR|CRITICAL|SEVERE):? (?P<text>.*)$")
_FIRESTORE_NOISE = re.compile(r"Firestore emulator is ready on |Exported to ")
_DIED = re.compile(r"^\s+(?P<who>[\w ]+ Emulator) has exited(?P<how>.*?),?\s*$")

_NEEDLESS = (
    "Unable to fetch the CLI MOTD",
    "Beginning execution of",
    "Detected demo project ID",
    "You are not currently authenticated",
    "Loaded environment variables from",
    "Cloud Firestore Emulator does not support multiple databases yet",
    "Did not find a Cloud Firestore rules file",
    "The emulator will default to allowing all reads and writes",
)
"""Marked lines that say nothing a user of this kit can act on. The last three are not true here: the emulator
has the rules of each database, and kit says itself where firebase.json names none.
"""

_NOISE: Final = {
    r"  (Emulator Hub host:|Other reserved ports:) ": "addresses, which kit prints itself",
    r"Issues\? Report them at ": "the foot of the CLI's first message",
    r" \* (Serving Flask app|Debug mode:|Running on http://127\.0\.0\.1:)": "what lists the functions",
    r"WARNING: This is a development server\. ": "that server's warning, which serves nobody but the CLI",
    r"Press CTRL\+C to quit$": "that server's advice",
    r'127\.0\.0\.1 - - \[[^\]]+\] "GET /__/(functions\.yaml|quitquitquit) HTTP': "its two requests",
    r"Terminated$": "the end of that server",
    r"\[hosting\] Rewriting /": "a request of which the next line tells how it ended",
}
"""Lines without a mark that everybody sees in a healthy suite, by how they begin. Every other line is shown:
a traceback, a warning of a library, whatever a later CLI may print.
"""
_IS_NOISE: Final = re.compile("|".join(f"(?:{begin})" for begin in _NOISE))


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log: which part said it, what it said, and how much it matters.

    `part` is "suite" where the line does not tell, as those of a traceback. `chatter` is shown only when
    asked for; `serious` is a warning or an error.
    """

    part: str
    text: str
    serious: bool = False
    chatter: bool = False


def parse_line(raw: str) -> LogLine | None:
    """The meaning of a line as the CLI writes it; nothing for empty lines and the CLI's tables."""
    line = _STYLE.sub("", raw).rstrip()
    if not line or _BOX.match(line):
        return None
    if printed := _PRINTED.match(line):
        return LogLine("functions", printed["text"]) if printed["text"] else None
    if labelled := _LABELLED.match(line):
        serious = labelled["mark"] in _SERIOUS
        return _labelled(labelled["label"], labelled["detail"], labelled["text"], serious)
    if marked := _MARKED.match(line):
        serious = marked["mark"] in _SERIOUS
        needless = marked["text"].startswith(_NEEDLESS)
        return LogLine("suite", marked["text"], serious=serious and not needless, chatter=needless)
    return LogLine("suite", line, chatter=bool(_IS_NOISE.match(line)))


def parse_firestore_line(raw: str, *, official: bool) -> LogLine | None:
    """The same for what the Firestore emulator prints, which the CLI keeps in a file of its own. Google's
    prints so much that only its warnings are shown.
    """
    line = raw.rstrip()
    if not line:
        return None
    if warned := _WARNED.match(line):
        return LogLine("firestore", warned["text"], serious=True)
    return LogLine("firestore", line, chatter=official or bool(_FIRESTORE_NOISE.match(line)))


HEALTH_CHECK: Final = (
    "WARNING:root:Request has invalid method. GET",
    "ERROR:root:Invalid request, unable to process.",
)
"""What a callable function says, in two lines, when the CLI asks its new worker whether it is there."""


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
