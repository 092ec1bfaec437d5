"""The Firestore emulator: `python -m emulator --host 127.0.0.1 --port 8080`, or `kindling-emulator` in the
place of `python -m emulator`. `journal check | repair FOLDER` looks at what `--data-dir` kept.
"""

from __future__ import annotations

import errno
import sys

from emulator.servers.listeners import open_listeners
from emulator.servers.options import parse_options
from emulator.servers.stop_signals import StopSignals


def main(arguments: list[str]) -> int:
    """Serve until told to stop; the exit code."""
    if arguments[:1] == ["journal"]:
        from emulator.servers.journal_command import main as journal

        return journal(arguments[1:])
    options = parse_options(arguments)
    signals = StopSignals()
    try:
        listeners = open_listeners(options.host, options.port)
    except OSError as error:
        reason = "address already in use" if error.errno == errno.EADDRINUSE else str(error)
        print(f"Cannot listen on {options.host}:{options.port}: {reason}", file=sys.stderr)
        return 1
    from emulator.servers.program import run  # everything heavy is imported after the port is open

    return run(options, listeners, signals)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
