"""Which rules decide about a database. A release is what production calls rules that are in force."""

from __future__ import annotations

from emulator.firestore.paths import DatabaseId
from emulator.rules import Ruleset


class Releases:
    """Rules that were put while the emulator runs come before those of the start, rules of one database
    before those of all. None allows everything.
    """

    def __init__(self, default: Ruleset | None = None) -> None:
        self._default = default
        self._of_database: dict[str, Ruleset] = {}
        self._put: dict[tuple[str, str | None], Ruleset] = {}

    def of(self, database: DatabaseId) -> Ruleset | None:
        project, name = database.project, database.database
        return (
            self._put.get((project, name))
            or self._put.get((project, None))
            or self._of_database.get(name)
            or self._default
        )

    def put(self, ruleset: Ruleset, project: str, database: str | None = None) -> None:
        """Release rules for one database of a project, or for all of them in place of what each had."""
        if database is None:
            for known in [known for known in self._put if known[0] == project]:
                del self._put[known]
        self._put[project, database] = ruleset

    def begin_with(self, ruleset: Ruleset, database: str | None = None, project: str | None = None) -> None:
        """Set what the databases of that id have in every project, or without an id all others.

        In `project` it also takes the place of what was put before: the file was edited later.
        """
        if database is None:
            self._default = ruleset
        else:
            self._of_database[database] = ruleset
        if project is not None and ((project, database) in self._put or (project, None) in self._put):
            self._put[project, database] = ruleset
