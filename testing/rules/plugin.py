"""The pytest plugin: options, fixtures, and coverage of rules in the summary."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

import pytest

from testing.rules.environment import RulesTestEnvironment
from testing.rules.identities import Identity
from testing.rules.session import BACKENDS, RulesSession
from testing.rules.sources import RulesFiles

_SESSION: Final = pytest.StashKey[RulesSession]()
_NARROWING: Final = (
    "keyword",
    "markexpr",
    "collectonly",
    "lf",
    "stepwise",
    "deselect",
    "ignore",
    "ignore_glob",
)
"""The options of pytest that leave tests out."""
_HANDED_OVER: Final = "rules"
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
    everything = config.args_source is not pytest.Config.ArgsSource.ARGS
    everything = everything and not any(config.getoption(name, None) for name in _NARROWING)
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
    config = session.config
    handed_over: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if handed_over is not None:
        handed_over[_HANDED_OVER] = config.stash[_SESSION].exported()
    elif exitstatus == pytest.ExitCode.OK and _below_threshold(config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """With pytest-xdist: a process is done, and this one adds up."""
    exported = getattr(node, "workeroutput", {}).get(_HANDED_OVER)
    if exported is not None:
        node.config.stash[_SESSION].add(exported)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    session = config.stash[_SESSION]
    covered = session.coverage()
    if not covered:
        return
    terminalreporter.section("security rules")
    terminalreporter.write_line(f"backends: {session.outcomes()}")
    for file in covered:
        for line in file.lines():
            terminalreporter.write_line(line)
    below = _below_threshold(config)
    if below:
        names = ", ".join(below)
        terminalreporter.write_line(f"FAILED: {names} below {_threshold(config):g} %", red=True, bold=True)


def _below_threshold(config: pytest.Config) -> list[str]:
    """The names of the rules files that were covered too little."""
    threshold = _threshold(config)
    if threshold is None:
        return []
    return [file.name for file in config.stash[_SESSION].coverage() if file.percent < threshold]
