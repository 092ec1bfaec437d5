"""What an edit of the functions shows while ./kit start runs: a real suite, over a copy of the tree."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import java, local_secrets, snapshot
from tools.configuration import configuration
from tools.ports import private_block
from tools.running import Plan, RunningSuite, running
from tools.start import Shown, follow
from tools.suite import DEFAULT_PORTS, Suite, with_ports
from tools.suite_log import LogLine

DEADLINE = 120


class Watching(Shown):
    """Keeps the lines that would be printed, and looks away once one of them has `until`."""

    def __init__(self, until: str) -> None:
        super().__init__(everything=False, official=False)
        self.until, self.lines = until, list[LogLine]()

    def _print(self, line: LogLine) -> None:
        self.lines.append(line)
        if self.until in line.text:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuite]:
    """Not in .kit/runs: the CLI does not watch folders whose name begins with a dot."""
    folder = tmp_path_factory.mktemp("editing")
    java.plant()
    project = configuration()
    local_secrets.ensure_all(project)
    with private_block(list(DEFAULT_PORTS)) as ports:
        config = snapshot.take(project, with_ports(project, ports), folder / "project")
        addresses = {name: ("127.0.0.1", port) for name, port in ports.items()}
        plan = Plan(Suite(addresses), config, folder, only="functions,firestore", temporary=folder)
        with running(plan) as started:
            started.wait_until_ready()
            yield started


def seen(suite: RunningSuite, until: str) -> list[str]:
    watching = Watching(until)
    give_up = threading.Timer(DEADLINE, suite.stop, ["kill"])
    give_up.start()
    try:
        assert follow(suite, watching, suite.log_read) == 130
    finally:
        give_up.cancel()
    suite.log_read = suite.plan.log.stat().st_size
    return [line.text for line in watching.lines]


def main_of(suite: RunningSuite) -> Path:
    return suite.plan.config.parent / "functions" / "main.py"


@pytest.mark.parametrize(
    ("added", "wanted"),
    [
        pytest.param("def broken(:", "SyntaxError: invalid syntax", id="syntax error"),
        pytest.param(
            "import no_such_module",
            "ModuleNotFoundError: No module named 'no_such_module'",
            id="missing module",
        ),
    ],
)
def test_error_of_an_edit_is_shown_with_its_file_and_line_and_so_is_its_end(
    suite: RunningSuite, added: str, wanted: str
):
    main = main_of(suite)
    good = main.read_text()
    line = good.count("\n") + 1
    main.write_text(f"{good}{added}\n")
    told = seen(suite, "Failed to load function definition")
    places = [at for at, text in enumerate(told) if text.startswith(f'  File "{main}", line {line}')]
    assert places, told
    assert told.index("Traceback (most recent call last):") < places[-1] < told.index(wanted)

    main.write_text(good)
    assert not [text for text in seen(suite, "Loaded functions definitions") if "rror" in text]
