"""kit start: the whole suite with its data, until Ctrl-C."""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from emulator.wire.firebase_json import FirebaseJson
from tools import configuration, credentials, java, local_secrets, page, ports, saved_data
from tools.exec import REQUIRE_INDEXES
from tools.project import FIREBASE_JSON, JAVA, KIT, ROOT, SAVED_DATA, SEED
from tools.running import LogReader, Plan, RunningSuite, running
from tools.signals import Stopped, signals_raise
from tools.suite import AUXILIARY, TITLES, Suite, configured, ports_from, with_ports
from tools.suite_log import HEALTH_CHECK, LogLine, death, parse_firestore_line, parse_line
from tools.terminal import Failure, say, seconds, styled, table

HELP = "start the emulator suite with the page, and print where everything is"
EPILOG = """\
Data is saved when the suite stops and loaded when it starts; the first time it is the seed of emulator-data/.
Saved are the Firestore databases, accounts, tenants and files of every project, but no tasks that wait.
Ctrl-C stops everything; a second Ctrl-C does not wait. Edits of functions and rules are picked up meanwhile.
"""
_OF_RULES = ("Rules read again", "Error compiling rules", "The rules before stay in force")
OLDEST_JAVA = 21
"""For --official, and for the emulators that Kindling has no own program for."""
GRACE = 15.0
"""Seconds the CLI gets for its own orderly end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    data = parser.add_mutually_exclusive_group()
    data.add_argument("--fresh", action="store_true", help="start empty instead of with the saved data")
    data.add_argument("--seed", action="store_true", help="start with the seed of emulator-data/ again")
    parser.add_argument(
        "--official", action="store_true", help="use Google's Java emulators (needs Java 21 and network)"
    )
    parser.add_argument(
        "--ports",
        type=int,
        metavar="FIRST",
        help="use the ports from FIRST on instead of those of firebase.json",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=SAVED_DATA,
        metavar="FOLDER",
        help="keep the data there (default: .kit/data)",
    )
    parser.add_argument("--require-indexes", action="store_true", help=REQUIRE_INDEXES)
    parser.add_argument("--verbose", action="store_true", help="show every line the suite logs")


def run(arguments: argparse.Namespace) -> int:
    config = configuration.configuration()
    configuration.check(config, require_indexes=arguments.require_indexes)
    parts = configuration.started_parts(config)
    if "hosting" in parts:
        page.ensure_built(config)
    local_secrets.ensure_all(config)
    credentials.ensure()
    if arguments.official:
        _require_java()
        _require_rules_for_all(config)
    else:
        java.plant()
    data = arguments.data.absolute()
    with _configuration(config, arguments.ports) as (file, suite), signals_raise():
        _require_free_ports(suite, parts)
        source = _source(data, fresh=arguments.fresh, seed=arguments.seed)
        journal, ahead = saved_data.journal_of(data, wanted=not (arguments.fresh or arguments.seed))
        if arguments.official and ahead:
            raise _only_in_journal(journal)
        newer = "; Firestore from its journal, which has what was written after that was saved"
        say(f"Data: {_describe(source)}" + (newer if ahead else ""))
        folder = KIT / (f"start-{arguments.ports}" if arguments.ports else "start")
        plan = Plan(
            suite,
            file,
            folder,
            imported=source,
            only=None if _java_version() >= OLDEST_JAVA else configuration.only_without(config, None),
            java=None if arguments.official else JAVA,
            require_indexes=arguments.require_indexes,
            journal=journal,
            grace=GRACE,
        )
        try:
            with running(plan) as started:
                shown = Shown(
                    everything=arguments.verbose,
                    official=arguments.official,
                    rules=config.has_list_of_databases,
                )
                return _serve(started, data, shown)
        except Stopped as stopped:
            return stopped.code
        finally:
            saved_data.latest(data)  # an export that was cut short may have written until the suite was gone


def _serve(started: RunningSuite, data: Path, shown: "Shown") -> int:
    """Bring the suite up, follow its log, and save its data when asked to end."""
    try:
        took = started.wait_until_ready(shown.starting)
    except KeyboardInterrupt:
        say("Stopping.")
        return 130
    suite = started.plan.suite
    host, port = suite.addresses["hub"]
    others = _not_exported(started)
    will = [sys.executable, "-P", "-m", "tools.saved_data", host, str(port), str(data)]
    started.last_will([*will, str(others)] if others else will)
    parts = configuration.started_parts(configuration.configuration(started.plan.config))
    say(_addresses(suite, parts), sys.stdout)
    say(styled(f"Ready after {seconds(took)}. Ctrl-C stops everything. Log: {started.plan.log}", "dim"))
    say("Kindling is ready", sys.stdout)
    code = follow(started, shown, started.log_read)
    return code if save_data(started, data) else 1


def follow(started: RunningSuite, shown: "Shown", begin: int = 0) -> int:
    """Show the log from the byte `begin` on until a signal comes, and give its exit code; Failure when the
    suite ends by itself.
    """
    with (
        closing(LogReader(started.plan.log, begin)) as log,
        closing(LogReader(started.plan.firestore_log)) as firestore,
    ):
        try:
            while started.alive():
                for line in log.lines():
                    if died := death(line):
                        raise _ended(started, died)
                    shown.running(line)
                for line in firestore.lines():
                    shown.firestore(line)
                time.sleep(0.1)
        except KeyboardInterrupt:
            return 130
        except Stopped as stopped:
            return stopped.code
    what = started.what_ended()
    raise _ended(started, what if started.unattended() else f"{what} by itself")


def _ended(started: RunningSuite, what: str) -> Failure:
    """The suite cannot go on, and cannot be asked for its data; nothing is gained by an orderly end."""
    started.stop("kill")
    return started.failure(what, f"Run ./kit start again. {_kept(started)} ")


def save_data(started: RunningSuite, data: Path) -> bool:
    """Save the data; another signal gives that up, since what was saved before stays whole. Gives whether
    nothing failed.
    """
    try:
        say("\nSaving the data, then stopping (Ctrl-C again: stop at once).")
        begun = time.monotonic()
        saved_data.save(started.plan.suite.addresses["hub"], data, _not_exported(started))
        took = seconds(time.monotonic() - begun)
        say(f"{styled('✓', 'green')} Data saved to {_short(data)} ({took}): {saved_data.contents(data)}")
        for missing in _not_saved(started):
            say(f"  Not saved: {missing}.")
    except (KeyboardInterrupt, Stopped):
        say("Stopping at once; the data saved before is unchanged.")
        started.stop("kill")
    except Failure as failure:
        say(f"{styled('✗', 'red')} {failure.sentence}")
        say(f"  Make room or give kit the right to write in {data.parent}. {_kept(started)}")
        return False
    return True


def _not_saved(started: RunningSuite) -> list[str]:
    """What the suite holds and an export has no place for."""
    missing = []
    if started.plan.java is None:
        missing.append("what was written to Firestore databases other than (default) of this project")
    if waiting := saved_data.waiting_tasks(started.plan.suite.addresses["tasks"]):
        missing.append(f"{waiting} that wait in their queues, or for another try")
    return missing


def _not_exported(started: RunningSuite) -> Path | None:
    """What the suite began with, when it has databases that the running emulator does not know: Google's."""
    return started.plan.imported if started.plan.java is None else None


def _kept(started: RunningSuite) -> str:
    journaled = started.plan.journal is not None and started.plan.java is not None
    kept = "Firestore goes on from its journal; the rest" if journaled else "The data"
    return f"{kept} is as it was saved last."


def _only_in_journal(journal: Path) -> Failure:
    return Failure(
        "Firestore has data that the last run did not save, in a journal that Google's emulator cannot read.",
        "Run ./kit start without --official and stop it with Ctrl-C, which saves it; "
        "or leave it with --fresh or --seed.",
        f"The journal: {journal}",
    )


def _source(data: Path, *, fresh: bool, seed: bool) -> Path | None:
    """The export to begin with: what was saved, the first time the seed, or nothing."""
    saved = saved_data.latest(data)
    if fresh:
        return None
    if saved and not seed:
        return saved
    return SEED if saved_data.complete(SEED) else None


def _describe(source: Path | None) -> str:
    if source is None:
        return "none, an empty start"
    return f"{'the seed' if source == SEED else 'as saved last time'} ({_short(source)})"


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


@contextmanager
def _configuration(config: FirebaseJson, first_port: int | None) -> Iterator[tuple[Path, Suite]]:
    """firebase.json, or with other ports a copy beside it for the time of the run: the CLI resolves paths
    from there.
    """
    if first_port is None:
        yield FIREBASE_JSON, configured(config)
        return
    chosen = ports_from(first_port)
    copy = ROOT / f".firebase-{first_port}.json"
    copy.write_text(json.dumps(with_ports(config, chosen), indent=2) + "\n", encoding="utf-8")
    try:
        yield copy, Suite({name: ("127.0.0.1", port) for name, port in chosen.items()})
    finally:
        copy.unlink(missing_ok=True)


def _require_free_ports(suite: Suite, parts: set[str]) -> None:
    wanted = {*parts, *AUXILIARY} | ({"websocket"} if "firestore" in parts else set())
    taken = ports.taken({name: address for name, address in suite.addresses.items() if name in wanted})
    if not taken:
        return
    lines = [
        f"Port {port} of {TITLES[name]} is taken" + (f" by {holder}" if holder else "") + "."
        for name, (port, holder) in taken.items()
    ]
    raise Failure(
        f"{'a port is' if len(lines) == 1 else f'{len(lines)} ports are'} taken, so the suite cannot start.",
        "Stop what holds it (another ./kit start?), or use other ports: ./kit start --ports 20000",
        "\n".join(lines),
    )


def _require_rules_for_all(config: FirebaseJson) -> None:
    """Google's emulator has one set of rules, and the CLI gives it none where databases have their own."""
    if len(config.databases(configuration.project_targets(config))) > 1:
        raise Failure(
            "--official cannot serve several databases: Google's emulator would run without any rules.",
            "Leave --official out, which gives every database the rules that firebase.json names for it.",
        )


def _require_java() -> None:
    """`--official` needs a real Java."""
    version = _java_version()
    if version < OLDEST_JAVA:
        have = f"the one on PATH is version {version}" if version else "there is none on PATH"
        raise Failure(
            f"--official needs Java {OLDEST_JAVA} or newer, and {have}.",
            f"Install a JDK of version {OLDEST_JAVA}, or leave --official out: Kindling runs without Java.",
        )


def _java_version() -> int:
    """The version of the user's own Java; 0 where there is none."""
    program = java.official_java()
    if program is None:
        return 0
    asked = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "([1-9][0-9]*)', asked.stdout + asked.stderr)
    return int(found[1]) if found else 0


def _addresses(suite: Suite, parts: set[str]) -> str:
    shown = ["hosting", "ui", "auth", "firestore", "storage", "functions", "hub"]
    rows = [(TITLES[name], suite.url(name)) for name in shown if name in parts]
    return "\n" + table([(styled(title, "bold", stream=sys.stdout), url) for title, url in rows]) + "\n"


class Shown:
    """Which lines of the log a person sees, and how."""

    def __init__(self, *, everything: bool, official: bool, rules: bool = False) -> None:
        """`rules`: the emulator reads rules again, and tells of it, since the CLI does not."""
        self._everything, self._official, self._rules = everything, official, rules
        self._refused, self._checks = False, 0

    def starting(self, text: str) -> None:
        """While starting: warnings, errors, and what nobody knows."""
        line = parse_line(text)
        if line and (self._everything or line.serious or (line.part == "suite" and not line.chatter)):
            self._print(line)

    def running(self, text: str) -> None:
        line = parse_line(text)
        if line and (self._everything or not (line.chatter or self._is_health_check(line))):
            self._print(self._truth_about_rules(line))

    def firestore(self, text: str) -> None:
        """What the Firestore emulator itself says, such as a missing index."""
        line = parse_firestore_line(text, official=self._official)
        if line and line.text.startswith(_OF_RULES):
            line = replace(line, chatter=not self._rules, serious=not line.text.startswith(_OF_RULES[0]))
        if line and (self._everything or not line.chatter):
            self._print(line)

    def _is_health_check(self, line: LogLine) -> bool:
        """Whether a line is of the two; the second alone is an error of somebody's request."""
        asked, refused = HEALTH_CHECK
        if line.text == refused and self._checks:
            self._checks -= 1
            return True
        self._checks += line.text == asked
        return line.text == asked

    def _truth_about_rules(self, line: LogLine) -> LogLine:
        """The CLI says that rules were updated also after it showed why they cannot be."""
        if line.part == "suite" and line.serious:
            self._refused = self._refused or " - ERROR " in line.text
        elif (line.part, line.text) == ("firestore", "Rules updated."):
            refused, self._refused = self._refused, False
            if refused:
                return LogLine(
                    "firestore", "Rules not updated: those from before the edit decide.", serious=True
                )
        return line

    def _print(self, line: LogLine) -> None:
        part = styled(f"{line.part:<10}", "yellow" if line.serious else "cyan")
        say(f"{styled(time.strftime('%H:%M:%S'), 'dim')} {part} {line.text}")
