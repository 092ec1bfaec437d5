"""What a person sees: colours on a terminal only, steps with their time, one sentence when something fails.

Standard library only: kit uses it before anything is installed. Messages go to stderr, so that what a
command prints for other programs (`./kit env`) stays clean on stdout.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TextIO

from tools.programs import end_programs

SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
ERASE_LINE: Final = "\r\x1b[2K"
PLAIN_INTERVAL: Final = 10.0
"""Seconds between two progress lines where no line can be redrawn."""

_STYLES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}


class Failure(Exception):
    """Something the user can act on: `sentence` says what happened, `remedy` what to do, `detail` shows
    evidence.
    """

    def __init__(self, sentence: str, remedy: str = "", detail: str = "", code: int = 1) -> None:
        super().__init__(sentence)
        self.sentence, self.remedy, self.detail, self.code = sentence, remedy, detail, code


def colours(stream: TextIO) -> bool:
    """Whether `stream` takes colours: a terminal, not a dumb one, and NO_COLOR is not set (no-color.org)."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def styled(text: str, *styles: str, stream: TextIO | None = None) -> str:
    if not colours(stream or sys.stderr):
        return text
    return f"\x1b[{';'.join(_STYLES[style] for style in styles)}m{text}\x1b[0m"


def say(text: str = "", stream: TextIO | None = None) -> None:
    """Print a line, in place of the live line where one is drawn.

    That the terminal or the reader is gone must not keep kit from its work.
    """
    stream = stream or sys.stderr
    over = ERASE_LINE if _LiveLine.drawn and stream.isatty() else ""
    try:
        print(over + text, file=stream, flush=True)
    except OSError:
        pass


def report(failure: Failure) -> int:
    """Print a failure the way all of kit does; gives the exit code."""
    if failure.detail:
        say(styled("\n".join(f"  │ {line}" for line in failure.detail.rstrip().splitlines()), "dim"))
    say(f"{styled('kit:', 'red', 'bold')} {failure.sentence}")
    if failure.remedy:
        say(f"     {failure.remedy}")
    return failure.code


def seconds(elapsed: float) -> str:
    return f"{elapsed:.1f} s" if elapsed < 60 else f"{int(elapsed // 60)} min {int(elapsed % 60):02d} s"


def run_steps(steps: Mapping[str, Callable[[], None]], *, quiet_below: float = 0.0) -> None:
    """Run the steps at the same time, showing what runs and how long each took; the first failure is raised.

    On a terminal one line is redrawn; elsewhere a plain line tells every ten seconds that work goes on.
    Steps quicker than `quiet_below` seconds are not mentioned.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(steps))) as pool:
        started = time.monotonic()
        running: dict[Future[None], str] = {pool.submit(step): name for name, step in steps.items()}
        live = _LiveLine(started)
        failure: BaseException | None = None
        try:
            while running:
                live.show(list(running.values()))
                time.sleep(0.05)
                for future in [future for future in running if future.done()]:
                    name, error = running.pop(future), future.exception()
                    live.clear()
                    took = time.monotonic() - started
                    if error is not None:
                        failure = failure or error
                        say(f"{styled('✗', 'red')} {name} {styled(f'({seconds(took)})', 'dim')}")
                    elif took >= quiet_below:
                        say(f"{styled('✓', 'green')} {name} {styled(f'({seconds(took)})', 'dim')}")
        except BaseException:
            end_programs()  # the steps end with them, and the pool waits for the steps
            live.clear()
            raise
        if failure is not None:
            raise failure


def wait_with_progress(name: str, done: Callable[[], bool], *, interval: float = 0.05) -> float:
    """Poll `done` until it is true, showing that time passes; gives the seconds it took."""
    started = time.monotonic()
    live = _LiveLine(started)
    try:
        while not done():
            live.show([name])
            time.sleep(interval)
    finally:
        live.clear()
    return time.monotonic() - started


class _LiveLine:
    """One redrawn line on a terminal, a plain line every ten seconds elsewhere."""

    drawn = False
    """Whether one stands on the terminal now."""

    def __init__(self, started: float) -> None:
        self._started, self._terminal = started, sys.stderr.isatty()
        self._next_plain = started + PLAIN_INTERVAL
        self._frame = 0

    def show(self, names: list[str]) -> None:
        now = time.monotonic()
        if self._terminal:
            text = (
                f"{SPINNER[self._frame % len(SPINNER)]} {' · '.join(names)}  {seconds(now - self._started)}"
            )
            self._frame += 1
            width = os.get_terminal_size(sys.stderr.fileno()).columns or 80
            sys.stderr.write(f"{ERASE_LINE}{text[: width - 1]}")
            sys.stderr.flush()
            _LiveLine.drawn = True
        elif now >= self._next_plain:
            self._next_plain = now + PLAIN_INTERVAL
            say(f"  still working: {', '.join(names)} ({seconds(now - self._started)})")

    def clear(self) -> None:
        if self._terminal:
            sys.stderr.write(ERASE_LINE)
            sys.stderr.flush()
            _LiveLine.drawn = False


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows as aligned columns, without a trailing blank."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
