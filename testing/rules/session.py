"""What the tests of one run share: compiled rules, whose coverage adds up, and which backend ran what."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest
import requests

from emulator.rules import FIRESTORE, RulesCompileError
from emulator.wire.commented_json import ConfigFileError
from testing.rules.backend import Backend
from testing.rules.conditions import FileCoverage, Tally, file_coverage
from testing.rules.in_process import CompiledRules, InProcess
from testing.rules.presence import find
from testing.rules.rules_text import rules_text
from testing.rules.sources import Release, RulesFiles, from_firebase_json
from testing.rules.wire import Addresses, Wire, fetched_coverage

BACKENDS: Final = ("engine", "emulator", "official")


class RulesSession:
    """What the tests of one run share: compiled rules, whose coverage adds up, and who ran where."""

    def __init__(self, firebase_json: Path) -> None:
        self._firebase_json = firebase_json
        self._project: RulesFiles | None = None
        self._compiled: dict[RulesFiles, CompiledRules] = {}
        self._found: dict[str, Addresses | str] = {}
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._elsewhere: defaultdict[str, Tally] = defaultdict(Tally)

    def project_files(self) -> RulesFiles:
        """The rules that firebase.json names."""
        if self._project is None:
            try:
                self._project = from_firebase_json(self._firebase_json)
            except FileNotFoundError as error:
                raise pytest.UsageError(
                    f"there is no {error.filename}: set rules_firebase_json, or override rules_files"
                ) from error
            except ConfigFileError as error:
                raise pytest.UsageError(
                    f"{error}: correct it, set rules_firebase_json, or override rules_files"
                ) from error
        return self._project

    def backend(self, name: str, files: RulesFiles) -> Backend:
        """A new backend. Skips the test where an emulator is not there, or has other rules loaded."""
        return InProcess(self._compile(files)) if name == "engine" else self._wire(name, files)

    def count(self, backend: str, outcome: str) -> None:
        """Note that a test ran on a backend: `passed`, `failed` or `skipped`."""
        self._outcomes[backend, outcome] += 1

    def coverage(self) -> list[FileCoverage]:
        """Of the project's own rules, as far as this run has asked them."""
        files, tallies = self._project, self._tallies()
        if files is None:
            return []
        return [
            file_coverage(release.name, rules_text(release.text), tallies[release.key])
            for release in files.releases()
            if release.text is not None and not tallies[release.key].is_empty
        ]

    def outcomes(self) -> str:
        """`engine 120 passed; official 120 skipped`"""
        counts = {
            name: [f"{count} {what}" for (backend, what), count in self._outcomes.items() if backend == name]
            for name in BACKENDS
        }
        return "; ".join(f"{name} {', '.join(found)}" for name, found in counts.items() if found)

    def exported(self) -> str:
        """What this process counted, for the one that started it."""
        tallies = {key: tally.exported() for key, tally in self._tallies().items()}
        return json.dumps({"tallies": tallies, "outcomes": [[*key, n] for key, n in self._outcomes.items()]})

    def add(self, exported: str) -> None:
        """Add what another process counted."""
        self.project_files()
        counted = json.loads(exported)
        for key, rows in counted["tallies"].items():
            self._elsewhere[key].add_exported(rows)
        for backend, outcome, count in counted["outcomes"]:
            self._outcomes[backend, outcome] += count

    def _tallies(self) -> dict[str, Tally]:
        """By release, of the project's own rules: in this process, in others, and in emulators."""
        files = self._project
        if files is None:
            return {}
        compiled = self._compiled.get(files)
        reached = [found for found in self._found.values() if isinstance(found, Addresses)]
        tallies = {}
        for release in files.releases():
            tally = tallies[release.key] = Tally(self._elsewhere[release.key])
            counted = compiled.rulesets[release.key].coverage if compiled is not None else None
            if counted is not None:
                tally.add(counted.report())
            if release.service == FIRESTORE:
                _add_fetched(tally, reached, release)
        return tallies

    def _compile(self, files: RulesFiles) -> CompiledRules:
        if files not in self._compiled:
            try:
                self._compiled[files] = CompiledRules(files)
            except RulesCompileError as error:
                pytest.fail(f"the rules do not compile: {error}", pytrace=False)
        return self._compiled[files]

    def _wire(self, name: str, files: RulesFiles) -> Backend:
        if files != self.project_files():
            pytest.skip(f"the {name} backend has the project's rules loaded, and this test brings its own")
        if name not in self._found:
            self._found[name] = find(name, os.environ)
        found = self._found[name]
        if isinstance(found, str):
            pytest.skip(found)
        if name == "official" and (files.databases or not files.serves_all):
            pytest.skip("Google's emulator has one set of rules for all databases")
        return Wire(name, found, files)


def _add_fetched(tally: Tally, emulators: Iterable[Addresses], release: Release) -> None:
    """Count what emulators have seen, where one is still there and its rules are the same text."""
    for addresses in emulators:
        try:
            report = fetched_coverage(addresses, release.database)
        except requests.RequestException:
            continue
        if report.get("rules", {}).get("files", [{}])[0].get("content") == release.text:
            tally.add(report)
