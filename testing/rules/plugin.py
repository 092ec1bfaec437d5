"""The pytest plugin: options, fixtures, and coverage of rules in the summary."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from emulator.rules import FIRESTORE, STORAGE, RulesCompileError
from testing.rules.backend import Backend
from testing.rules.conditions import FileCoverage, Tally, file_coverage
from testing.rules.environment import RulesTestEnvironment
from testing.rules.identities import Identity
from testing.rules.in_process import CompiledRules, InProcess
from testing.rules.rules_text import rules_text
from testing.rules.sources import RulesFiles, from_firebase_json
from testing.rules.wire import Addresses, Wire, fetched_coverage, is_official

BACKENDS: Final = ("engine", "emulator", "official")


class RulesSession:
    """What the tests of one run share: compiled rules, whose coverage adds up, and who ran where."""

    def __init__(self, firebase_json: Path) -> None:
        self._firebase_json = firebase_json
        self._project: RulesFiles | None = None
        self._compiled: dict[RulesFiles, CompiledRules] = {}
        self._reached: dict[str, Addresses] = {}
        self.outcomes: Counter[tuple[str, str]] = Counter()

    def project_files(self) -> RulesFiles:
        """The rules that firebase.json names."""
        if self._project is None:
            try:
                self._project = from_firebase_json(self._firebase_json)
            except FileNotFoundError as error:
                raise pytest.UsageError(
                    f"there is no {error.filename}: set rules_firebase_json, or override rules_files"
                ) from error
        return self._project

    def backend(self, name: str, files: RulesFiles) -> Backend:
        """A new backend. Skips the test where an emulator is not there, or has other rules loaded."""
        return InProcess(self._compile(files)) if name == "engine" else self._wire(name, files)

    def count(self, backend: str, outcome: str) -> None:
        """Note that a test ran on a backend: `passed`, `failed` or `skipped`."""
        self.outcomes[backend, outcome] += 1

    def coverage(self) -> list[FileCoverage]:
        """Of the project's own rules, as far as this run has asked them."""
        files = self._project
        if files is None:
            return []
        tallies = {FIRESTORE: Tally(), STORAGE: Tally()}
        compiled = self._compiled.get(files)
        for service, tally in tallies.items():
            counted = compiled.rulesets[service].coverage if compiled is not None else None
            if counted is not None:
                tally.add(counted.report())
        for addresses in self._reached.values():
            _add_fetched(tallies[FIRESTORE], addresses, files)
        found = [
            file_coverage(files.name(service), rules_text(text), tally)
            for service, tally in tallies.items()
            if (text := files.text(service)) is not None
        ]
        return [each for each in found if each.used]

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
        if name not in self._reached:
            self._reached[name] = _running(name, os.environ)
        return Wire(name, self._reached[name], files)


def _running(name: str, environment: Mapping[str, str]) -> Addresses:
    """The emulators that this process was told of. Skips the test when they are not the ones wanted."""
    firestore = environment.get("FIRESTORE_EMULATOR_HOST")
    if firestore is None:
        pytest.skip(f"the {name} backend needs a running suite: FIRESTORE_EMULATOR_HOST is not set")
    if is_official(firestore) != (name == "official"):
        other = "Google's" if name == "emulator" else "Kindling's"
        pytest.skip(f"the {name} backend is not there: the emulator at {firestore} is {other}")
    return Addresses(
        firestore,
        environment.get("FIREBASE_STORAGE_EMULATOR_HOST"),
        environment.get("GCLOUD_PROJECT", "demo-rules"),
    )


def _add_fetched(tally: Tally, addresses: Addresses, files: RulesFiles) -> None:
    """Count what an emulator has seen, if it is still there and its rules are the same text."""
    try:
        report = fetched_coverage(addresses)
    except requests.RequestException:
        return
    if report.get("rules", {}).get("files", [{}])[0].get("content") == files.firestore:
        tally.add(report)


_SESSION: Final = pytest.StashKey[RulesSession]()
_BACKEND: Final = pytest.StashKey[str]()
_ENVIRONMENT: Final = pytest.StashKey[RulesTestEnvironment]()


# ---- options


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("rules", "security rules")
    group.addoption(
        "--rules-backend",
        metavar="NAMES",
        help=f"where rules tests run, comma separated: {', '.join(BACKENDS)} (default: engine)",
    )
    group.addoption(
        "--rules-coverage-fail-under",
        type=float,
        metavar="PERCENT",
        help="fail when fewer conditions of a rules file were seen both true and false",
    )
    parser.addini("rules_backend", "what --rules-backend is when it is not given", default="engine")
    parser.addini("rules_firebase_json", "the firebase.json that names the rules", default="firebase.json")
    parser.addini(
        "rules_coverage_fail_under",
        "--rules-coverage-fail-under of runs without paths, -k and -m",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    unknown = [name for name in _backend_names(config) if name not in BACKENDS]
    if unknown:
        raise pytest.UsageError(f"--rules-backend: {', '.join(unknown)} is none of {', '.join(BACKENDS)}")
    config.stash[_SESSION] = RulesSession(config.rootpath / config.getini("rules_firebase_json"))


def _backend_names(config: pytest.Config) -> list[str]:
    given: str = config.getoption("--rules-backend") or config.getini("rules_backend")
    return [name.strip() for name in given.split(",")]


def _threshold(config: pytest.Config) -> float | None:
    """The option always counts; the setting only for a run of everything, since a part covers only a part."""
    given: float | None = config.getoption("--rules-coverage-fail-under")
    if given is not None:
        return given
    setting: str = config.getini("rules_coverage_fail_under")
    chosen = config.getoption("keyword") or config.getoption("markexpr") or config.getoption("collectonly")
    everything = config.args_source is not pytest.Config.ArgsSource.ARGS and not chosen
    return float(setting) if setting and everything else None


# ---- fixtures


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = _backend_names(metafunc.config)
    if "rules_backend_name" in metafunc.fixturenames and len(names) > 1:
        metafunc.parametrize("rules_backend_name", names)


@pytest.fixture
def rules_backend_name(pytestconfig: pytest.Config) -> str:
    """The backend of this test; with several, tests are run once on each."""
    return _backend_names(pytestconfig)[0]


@pytest.fixture(scope="session")
def rules_files(pytestconfig: pytest.Config) -> RulesFiles:
    """The rules to test. Override it to test texts of your own, in process."""
    return pytestconfig.stash[_SESSION].project_files()


@pytest.fixture
def new_rules_environment(
    request: pytest.FixtureRequest, rules_backend_name: str, rules_files: RulesFiles
) -> Callable[[], RulesTestEnvironment]:
    """Makes empty databases, for a test that needs several. Each is to be closed."""
    session = request.config.stash[_SESSION]
    request.node.stash[_BACKEND] = rules_backend_name
    return lambda: RulesTestEnvironment(session.backend(rules_backend_name, rules_files))


@pytest.fixture
def rules(
    request: pytest.FixtureRequest, new_rules_environment: Callable[[], RulesTestEnvironment]
) -> Iterator[RulesTestEnvironment]:
    """An empty database and bucket under the rules."""
    environment = new_rules_environment()
    request.node.stash[_ENVIRONMENT] = environment
    yield environment
    environment.close()


@pytest.fixture
def as_user(rules: RulesTestEnvironment) -> Callable[..., Identity]:
    """Of `rules`: `as_user("alice", role="admin")`."""
    return rules.as_user


@pytest.fixture
def as_guest(rules: RulesTestEnvironment) -> Callable[[], Identity]:
    """Of `rules`: `as_guest()`."""
    return rules.as_guest


@pytest.fixture
def bypassing_rules(rules: RulesTestEnvironment) -> Callable[[], Identity]:
    """Of `rules`: `bypassing_rules()`."""
    return rules.bypassing_rules


@pytest.fixture
def seed(rules: RulesTestEnvironment) -> Callable[..., None]:
    """Of `rules`: `seed({"users/alice": {...}})`."""
    return rules.seed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    result = yield
    environment = item.stash.get(_ENVIRONMENT, None)
    if environment is not None:
        environment.check_answers()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    backend = item.stash.get(_BACKEND, None)
    if backend is not None and (report.when == "call" or (report.when == "setup" and not report.passed)):
        item.config.stash[_SESSION].count(backend, report.outcome)
    return report


# ---- the summary


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    threshold = _threshold(session.config)
    if exitstatus == pytest.ExitCode.OK and threshold is not None:
        covered = session.config.stash[_SESSION].coverage()
        if any(file.percent < threshold for file in covered):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    session = config.stash[_SESSION]
    covered = session.coverage()
    if not covered:
        return
    terminalreporter.section("security rules")
    terminalreporter.write_line(f"backends: {_backend_counts(session)}")
    for file in covered:
        for line in file.lines():
            terminalreporter.write_line(line)
    threshold = _threshold(config)
    below = [file.name for file in covered if threshold is not None and file.percent < threshold]
    if below:
        terminalreporter.write_line(f"FAILED: {', '.join(below)} below {threshold:g} %", red=True, bold=True)


def _backend_counts(session: RulesSession) -> str:
    """`engine 120 passed; official 120 skipped`"""
    counts = {
        name: [
            f"{count} {outcome}" for (backend, outcome), count in session.outcomes.items() if backend == name
        ]
        for name in BACKENDS
    }
    return "; ".join(f"{name} {', '.join(found)}" for name, found in counts.items() if found)
