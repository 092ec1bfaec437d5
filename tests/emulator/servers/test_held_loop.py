"""A step that does not end is told with the place where it stands, and a signal ends the process even so."""

from __future__ import annotations

import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator.servers import watchdog
from emulator.servers.stop_signals import EXIT_CODE
from tests.emulator.process import DEADLINE, Emulator, running_emulator

HELD = ("-m", "tests.emulator.held")
QUERY = "/v1/projects/p/databases/(default)/documents:runQuery"


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that lets a query of `computing` end."""
    file = tmp_path / "release"
    monkeypatch.setenv("KINDLING_RELEASE", str(file))
    return file


@pytest.fixture
def held(release: Path) -> Iterator[Emulator]:
    with running_emulator(launcher=HELD) as emulator:
        yield emulator


def ask(emulator: Emulator, collection: str) -> socket.socket:
    """The connection of a query whose answer nobody waits for."""
    body = b'{"structuredQuery": {"from": [{"collectionId": "%s"}]}}' % collection.encode()
    connection = socket.create_connection(("127.0.0.1", emulator.port), timeout=DEADLINE)
    head = f"POST {QUERY} HTTP/1.1\r\nHost: {emulator.host}\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def wait_for_log(emulator: Emulator, *texts: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not all(text in emulator.log for text in texts):
        assert time.monotonic() < deadline, emulator.log
        assert emulator.process.poll() is None, emulator.log
        time.sleep(0.01)


def test_loop_that_does_not_turn_is_told_once_with_its_stack_and_again_when_it_goes_on(
    held: Emulator, release: Path
) -> None:
    with ask(held, "computing") as asking:
        wait_for_log(held, "The event loop has not turned", "in compute_without_end")
        release.touch()
        wait_for_log(held, "The event loop goes on after")

        assert asking.recv(1_000).startswith(b"HTTP/1.1 200")
    assert held.log.count("has not turned") == 1
    assert held.http("GET", "/").status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("collection", "place"),
    [("computing", "in compute_without_end"), ("library", "in work_in_a_library_without_end")],
)
def test_signal_ends_it_while_a_query_holds_the_loop_and_says_where(
    held: Emulator, collection: str, place: str, number: signal.Signals
) -> None:
    with ask(held, collection):
        wait_for_log(held, "The event loop has not turned")
        held.process.send_signal(number)

        assert held.process.wait(DEADLINE) == EXIT_CODE
    told = held.log.partition(f"Told to stop by {number.name}")[2]
    assert place in told
    assert "without an export" in told


def test_signal_ends_it_though_nothing_of_the_interpreter_is_left_to_it(held: Emulator) -> None:
    with ask(held, "matching"):
        wait_for_log(held, "The loop is held.")
        held.process.send_signal(signal.SIGTERM)

        assert held.process.wait(DEADLINE) == -signal.SIGALRM


@pytest.mark.parametrize("collection", ["computing", "matching", "library"])
def test_second_signal_ends_it_at_once(held: Emulator, collection: str) -> None:
    with ask(held, collection):
        wait_for_log(held, "The loop is held.")
        held.process.send_signal(signal.SIGINT)
        held.process.send_signal(signal.SIGTERM)

        assert held.process.wait(DEADLINE) == EXIT_CODE
    assert "Told to stop" not in held.log


@pytest.mark.parametrize(
    ("signals", "code"), [([signal.SIGTERM], 0), ([signal.SIGTERM, signal.SIGTERM], EXIT_CODE)]
)
def test_export_on_exit_takes_its_time_unless_a_second_signal_ends_it(
    tmp_path: Path, signals: list[signal.Signals], code: int
) -> None:
    with running_emulator("--export-on-exit", str(tmp_path), launcher=HELD) as emulator:
        for number in signals:
            emulator.process.send_signal(number)
            wait_for_log(emulator, "The export is held.")

        assert emulator.process.wait(DEADLINE) == code
        assert ("Exported to" in emulator.log) is (code == 0)


class Ticks:
    """Stands for the event that ends a watchdog: lets it tick so often, with something in between."""

    def __init__(self, *between: Callable[[], None]) -> None:
        self._between = iter(between)

    def wait(self, seconds: float) -> bool:
        step = next(self._between, None)
        if step is not None:
            step()
        return step is None


class Loop:
    """Stands for an event loop that turns when it is told to."""

    def __init__(self) -> None:
        self.called: list[Callable[[], None]] = []

    def call_soon_threadsafe(self, call: Callable[[], None]) -> None:
        self.called.append(call)

    def turn(self) -> None:
        while self.called:
            self.called.pop()()


def stand() -> None:
    """A tick in which the loop does not turn."""


def said(caplog: pytest.LogCaptureFixture, *between: str) -> list[str]:
    """What a watchdog says of a loop that does this between the ticks: `turn`, `stand`."""
    loop = Loop()
    dog = watchdog._Watchdog(loop)  # type: ignore[arg-type]
    dog.ended = Ticks(*({"turn": loop.turn, "stand": stand}[each] for each in between))  # type: ignore[assignment]
    with caplog.at_level(logging.WARNING):
        dog.watch()
    return [" ".join(record.message.split()[:6]) for record in caplog.records]


def test_loop_that_turns_now_and_then_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    """One long tick, such as that of a process that was suspended, counts as one."""
    assert said(caplog, *["turn", *["stand"] * (watchdog.PATIENCE - 1)] * 3) == []


def test_loop_that_stands_is_reported_once_each_time(caplog: pytest.LogCaptureFixture) -> None:
    stall = ["turn", *["stand"] * (3 * watchdog.PATIENCE)]

    assert (
        said(caplog, *stall, *stall, "turn")
        == [
            "The event loop has not turned",
            "The event loop goes on after",
        ]
        * 2
    )
