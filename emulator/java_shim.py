"""What the private `java` runs: tells from the arguments which program firebase-tools wanted, and becomes
it.

    java -Duser.language=en -Dfile.encoding=UTF-8 -version        the CLI's check for Java 21 or newer
    java -D... -jar PATH serve                                    the Storage rules runtime
    java -D... -jar PATH --host H --port P ...                    the Firestore emulator
    java -D... -jar PATH/firebase-database-emulator-... ...      Realtime Database: handed to a real Java
    java ... -classpath PATH ...                                  Pub/Sub: handed to a real Java

Runs as a script, so nothing of the project is imported before it is known what is wanted: the banner must be
quick. (Command lines as firebase-tools 15 sends them, `lib/emulator/downloadableEmulators.js` and
`commandUtils.js`.)
"""

import sys

BANNER = 'openjdk version "21.0.0" (Kindling stand-in, not Java)\n'
"""Answers the CLI's pattern `version "([1-9][0-9]*)`; it refuses a major version below 21."""


def main(arguments: list[str]) -> int:
    if "-version" in arguments:
        sys.stderr.write(BANNER)
        return 0
    if "-jar" not in arguments[:-1]:
        return _hand_on(arguments)
    jar, *own = arguments[arguments.index("-jar") + 1 :]
    if "firebase-database-emulator" in jar:
        return _hand_on(arguments)

    _end_with_parent()
    if own == ["serve"]:
        from emulator.storage_rules import main as program
    else:
        from emulator.__main__ import main as program

        own += _own_flags(own)
    return program(own)


def _hand_on(arguments: list[str]) -> int:
    """Become the real Java, for a program that has no stand-in; an exit code where there is no Java."""
    import os
    import shutil

    stand_ins = "/.kit/java/bin"  # of every tree, since two of them would call each other for ever
    folders = [f for f in os.environ.get("PATH", "").split(os.pathsep) if not f.endswith(stand_ins)]
    if java := shutil.which("java", path=os.pathsep.join(folders)):
        os.execv(java, [java, *arguments])  # noqa: S606 - as this process was called
    sys.stderr.write(
        "java: Kindling's stand-in for Java serves Firestore and the rules of Storage. The emulators of the "
        "Realtime Database and of Pub/Sub need Java 21 or newer, and there is none on PATH.\n"
    )
    return 127


def _own_flags(given: list[str]) -> list[str]:
    """What ./kit asks of the Firestore emulator beyond the CLI's command line (tools/java.py)."""
    import os

    flags = ["--export_everything"]
    if folder := os.environ.get("KINDLING_DATA_DIR"):
        flags += ["--data-dir", folder]
    named_rules, named_indexes = _files_of_firebase_json(given)
    for database, path in _files("KINDLING_RULES") or named_rules:
        flags += ["--rules", database + path]
    indexes = [
        database + path
        for database, path in _files("KINDLING_INDEX_FILE") or named_indexes
        if os.path.isfile(path)  # noqa: PTH113 - pathlib loads slowly
    ]
    for value in indexes:
        flags += ["--index_file", value]
    if indexes and os.environ.get("KINDLING_REQUIRE_INDEXES") == "1":
        flags.append("--require_indexes")
    return flags


def _files(variable: str) -> list[tuple[str, str]]:
    """`DATABASE=` and the path for each member of a JSON object; nothing and the path for a plain one."""
    import json
    import os

    text = os.environ.get(variable, "")
    if not text.startswith("{"):
        return [("", text)] if text else []
    try:
        return [(f"{database}=", str(path)) for database, path in json.loads(text).items()]
    except ValueError:
        sys.exit(f"{variable} is neither a path nor a JSON object of paths: {text}")


def _files_of_firebase_json(given: list[str]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The rules and the indexes that the firebase.json of KINDLING_FIREBASE_JSON names, as `_files` gives
    them. Exits where rules that it names are not there: the CLI would go on without any.
    """
    import os
    from pathlib import Path

    file = os.environ.get("KINDLING_FIREBASE_JSON")
    if not file:
        return [], []
    from emulator.wire import firebase_json
    from emulator.wire.commented_json import ConfigFileError

    project = given[given.index("--project_id") + 1] if "--project_id" in given else ""
    try:
        config = firebase_json.load_firebase_json(Path(file))
        targets = firebase_json.load_targets(
            config.folder, project, lambda warning: print(warning, file=sys.stderr)
        )
        files = firebase_json.firestore_files(config, targets)
        for rules in config.rules_files(targets):
            if rules.service == "firestore" and not rules.path.is_file():
                place = f"{config.path.name} names {rules.name} as the rules of {rules.scope}"
                sys.exit(f"{place}: there is no such file")
    except ConfigFileError as error:
        sys.exit(str(error))
    rules_by_database, indexes_by_database = (
        [(f"{database}=", str(path)) for database, path in named.items()]
        for named in (files.rules, files.indexes)
    )
    return rules_by_database, indexes_by_database


def _end_with_parent() -> None:
    """Interrupt this process when the CLI that started it is gone.

    firebase-tools starts the Firestore emulator in a process group of its own, so nothing else would end it
    when the CLI is killed: it would keep its port.
    """
    import os
    import signal
    import threading
    import time

    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(3)
        os._exit(130)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
