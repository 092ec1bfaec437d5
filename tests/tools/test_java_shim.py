"""The stand-in for Java, called as firebase-tools calls it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND_UTILS = ROOT / "node_modules/firebase-tools/lib/emulator/commandUtils.js"


@pytest.fixture(scope="module")
def java() -> str:
    subprocess.run([ROOT / "kit", "env"], check=True, capture_output=True)
    return str(ROOT / ".kit/java/bin/java")


def version_pattern() -> re.Pattern[str]:
    """The pattern of the installed CLI, not a copy of it."""
    literal = re.search(r"JAVA_VERSION_REGEX = /(.+)/;", COMMAND_UTILS.read_text())
    assert literal
    return re.compile(literal[1])


def test_banner_passes_the_check_of_the_installed_cli(java: str):
    command = [java, "-Duser.language=en", "-Dfile.encoding=UTF-8", "-version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    found = version_pattern().search(done.stdout + "\n" + done.stderr)
    least = re.search(r"MIN_SUPPORTED_JAVA_MAJOR_VERSION = (\d+)", COMMAND_UTILS.read_text())
    assert found
    assert least
    assert int(found[1]) >= int(least[1])


def test_banner_loads_nothing_that_a_bare_interpreter_does_not(java: str):
    bare = imports([sys.executable, "-c", "pass"])
    assert "site" in bare
    assert imports([java, "-version"]) - bare == set()


def imports(command: list[str]) -> set[str]:
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    timed = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in timed}


NO_STAND_IN = [
    pytest.param(
        ["-Duser.language=en", "-jar", "/cache/firebase-database-emulator-v4.11.2.jar", "--port", "9000"],
        id="Realtime Database",
    ),
    pytest.param(["-classpath", "/cache/pubsub.jar", "com.google.Main", "--port=8085"], id="Pub/Sub"),
]


@pytest.fixture
def real_java(tmp_path: Path) -> Path:
    """A folder with a `java` that tells how it was called."""
    (tmp_path / "java").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "java").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("arguments", NO_STAND_IN)
def test_program_without_a_stand_in_is_handed_to_a_real_java(java, real_java, arguments):
    stand_ins = [str(Path(java).parent), "/another/tree/.kit/java/bin"]
    path = os.pathsep.join([*stand_ins, str(real_java), "/usr/bin", "/bin"])
    command = [java, *arguments]
    assert subprocess.check_output(command, text=True, env={"PATH": path}).splitlines() == arguments


@pytest.mark.parametrize("arguments", NO_STAND_IN)
def test_program_without_a_stand_in_is_refused_where_there_is_no_java(java, tmp_path, arguments):
    (tmp_path / "sh").symlink_to("/bin/sh")
    command = ["/bin/sh", java, *arguments]
    path = os.pathsep.join([str(Path(java).parent), str(tmp_path)])
    done = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert "Realtime Database and of Pub/Sub need Java 21" in done.stderr
