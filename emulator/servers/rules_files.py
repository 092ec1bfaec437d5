"""The rules files of the start: read, watched and read again when they change."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

from emulator.firestore.engine import Engine
from emulator.rules import RulesCompileError, Ruleset, compile_ruleset
from emulator.servers.database_files import DatabaseFiles, Stamp, stamp

#: Seconds between two looks at the files.
PAUSE = 1.0

_CLOSED = "rules_version = '2'; service cloud.firestore { match /databases/{database}/documents { } }"


@dataclass(slots=True)
class _Watched:
    """A file, and the state and the text of it that were read last. Without a `database` it serves all
    others.
    """

    database: str | None
    path: Path
    stamp: Stamp | None = None
    text: str = ""


class RulesFiles:
    """Gives an engine the rules that files hold.

    Where rules are named for some databases only, every other one is closed, as a database without a release
    is in production. `project` is the one whose rules an edit replaces though others were put before.
    """

    def __init__(self, files: DatabaseFiles, project: str | None) -> None:
        self._project = project
        self._closes_others = files.default is None and bool(files.of_database)
        self._files = [_Watched(database, path) for database, path in files.of_database.items()]
        if files.default is not None:
            self._files.append(_Watched(None, files.default))

    def load(self, engine: Engine) -> None:
        """Release what the files hold. Rules that do not compile deny everything until they are mended.

        Raises OSError and UnicodeError.
        """
        if self._closes_others:
            engine.set_first_rules(compile_ruleset(_CLOSED, file_name="no rules are named for this database"))
        for file in self._files:
            file.stamp = stamp(file.path)
            file.text = file.path.read_text(encoding="utf-8")
            try:
                ruleset = compile_ruleset(file.text, file_name=str(file.path))
            except RulesCompileError as error:
                _say(f"Error compiling rules: {error}", f"Everything is denied until {file.path} is mended.")
                ruleset = compile_ruleset(_CLOSED, file_name=str(file.path))
            engine.set_first_rules(ruleset, file.database)

    async def watch(self, engine: Engine) -> None:
        """Release what is written into the files from now on. Rules that do not compile change nothing."""
        while self._files:
            await asyncio.sleep(PAUSE)
            for file in self._files:
                ruleset = _changed(file)
                if ruleset is not None:
                    engine.set_first_rules(ruleset, file.database, self._project)
                    _say(f"Rules read again: {file.path}")


def _changed(file: _Watched) -> Ruleset | None:
    try:
        now = stamp(file.path)
        if now == file.stamp:
            return None
        file.stamp = now
        text = file.path.read_text(encoding="utf-8")
        if text == file.text:
            return None
        file.text = text
        return compile_ruleset(text, file_name=str(file.path))
    except RulesCompileError as error:
        _say(f"Error compiling rules: {error}", f"The rules before stay in force: {file.path}")
    except (OSError, UnicodeError) as error:
        if file.stamp is not None:  # said once
            _say(f"The rules before stay in force: {error}")
        file.stamp = None
    return None


def _say(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr, flush=True)
