"""What ./kit loads before firebase-tools, in the Node and with the packages that it runs with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tools.project import NODE_MODULES, firebase_cli

ROOT = Path(__file__).parents[2]
EXEGESIS = NODE_MODULES / "exegesis" / "lib" / "options"
ASK = """
const { compileOptions } = require(process.argv[1]);
console.log(JSON.stringify(compileOptions(JSON.parse(process.argv[2])).lazyCompileValidationSchemas));
"""


def told(*node: str, given: object) -> object:
    command = ["node", *node, "-e", ASK, "--", str(EXEGESIS), json.dumps(given)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(
    ("given", "lazy"),
    [({}, True), ({"allErrors": True}, True), ({"lazyCompileValidationSchemas": False}, False)],
    ids=["nothing", "other options", "the contrary"],
)
def test_checks_of_requests_are_compiled_when_needed_unless_the_caller_wants_otherwise(given, lazy):
    assert told(given=given) is False
    assert told("--require", str(ROOT / "tools" / "compile_when_asked.cjs"), given=given) is lazy


def test_cli_is_started_with_every_preload_of_the_folder():
    command = firebase_cli()
    loaded = {command[at + 1] for at, word in enumerate(command) if word == "--require"}
    assert loaded == {str(path) for path in (ROOT / "tools").glob("*.cjs")}
    assert Path(command[-1]).name == "firebase.js"
