"""./kit rules check: what it prints and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.__main__ import main

GOOD = """rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents/notes/{id} {
    allow read: if request.auth.uid == id;
  }
}
"""


@pytest.fixture
def rules(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str | bytes) -> str:
        Path("my.rules").write_bytes(text if isinstance(text, bytes) else text.encode())
        return "my.rules"

    return write


def check(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(["rules", "check", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def as_json(capsys, *arguments: str) -> tuple[int, dict]:
    code, out, _ = check(capsys, "--json", *arguments)
    [file] = json.loads(out)["files"]
    return code, file


def test_good_file_has_nothing_to_say(rules, capsys):
    code, out, err = check(capsys, rules(GOOD))
    assert (code, out) == (0, "")
    assert err == "✓ my.rules: nothing to say\n"


def test_error_is_shown_with_its_line_and_a_caret(rules, capsys):
    code, out, err = check(capsys, rules(GOOD.replace("if request", "iff request")))
    assert code == 1
    assert out.splitlines()[:3] == [
        "my.rules:4:17: error: Unexpected 'iff'.",
        "    4 |     allow read: iff request.auth.uid == id;",
        "      |                 ^^^",
    ]
    assert "my.rules: 2 errors" in err


def test_caret_stands_below_wide_characters_and_tabs(rules, capsys):
    _, out, _ = check(capsys, rules("service a {\n\t/* 한글 */ oops }"))
    assert out.splitlines()[1:3] == ["    2 | \t/* 한글 */ oops }", "      | \t           ^^^^"]


def test_long_line_is_cut_around_the_place(rules, capsys):
    _, out, _ = check(capsys, rules("service a { /*" + "x" * 5000 + "*/ oops" + " " * 5000))
    line, caret = out.splitlines()[1:3]
    assert len(line) < 130
    assert line[caret.index("^") : caret.rindex("^") + 1] == "oops"


@pytest.mark.parametrize(("strict", "code"), [([], 0), (["--strict"], 1)])
def test_lint_and_warnings_fail_only_when_strict(rules, capsys, strict, code):
    text = GOOD.replace("allow read: if request.auth.uid == id", "allow get").replace(
        "service", "function f() { return true; }\nservice"
    )
    got, out, err = check(capsys, *strict, rules(text))
    assert got == code
    assert "my.rules:2:1: warning: Unused function: f. [unused-function]" in out
    assert "my.rules:5:5: lint: This allows get to everyone" in out
    assert "[allow-without-condition]" in out
    assert "my.rules: 1 warning, 1 lint" in err


def test_json_tells_the_place_and_the_line(rules, capsys):
    code, file = as_json(capsys, rules(GOOD.replace(": if request.auth.uid == id", "")))
    assert code == 0
    assert (file["file"], file["errors"], file["warnings"], file["lint"]) == ("my.rules", 0, 0, 1)
    assert file["remarks"] == [
        {
            "severity": "lint",
            "rule": "allow-without-condition",
            "message": "This allows read to everyone; if that is meant, say `if true`.",
            "line": 4,
            "column": 5,
            "offset": GOOD.index("allow"),
            "endOffset": GOOD.index("allow") + 9,
            "source": "    allow read;",
        }
    ]


def test_json_of_an_error_names_no_lint(rules, capsys):
    code, file = as_json(capsys, rules("service a {"))
    assert code == 1
    assert [(each["severity"], each["rule"], each["line"]) for each in file["remarks"]] == [
        ("error", None, 1)
    ] * 2


def test_file_that_is_not_utf_8_is_an_error_with_its_place(rules, capsys):
    code, out, _ = check(capsys, rules(GOOD.encode().replace(b"service", b"// \xff\xfe\nservice")))
    assert code == 1
    assert out.startswith("my.rules:2:4: error: The text is not UTF-8.\n")


@pytest.mark.parametrize("text", ["", "// nothing\n", "function f() { return true; }"])
def test_file_without_a_service_is_an_error(rules, capsys, text):
    code, out, _ = check(capsys, rules(text))
    assert code == 1
    assert "No service is declared" in out


def test_file_that_is_missing_is_said_in_a_sentence(capsys, tmp_path):
    code, out, err = check(capsys, str(tmp_path / "none.rules"))
    assert (code, out) == (1, "")
    assert "cannot read" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words", [["--help"], ["rules", "--help"], ["rules", "explain", "--help"]], ids=" ".join
)
def test_help_needs_nothing_installed(words):
    kit = Path(__file__).parents[2] / "kit"
    shown = subprocess.run(
        [sys.executable, "-S", "-E", str(kit), *words], capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "rules" in shown.stdout


def test_rules_of_this_project_are_checked_without_naming_them(capsys):
    code, out, err = check(capsys, "--strict")
    assert (code, out) == (0, "")
    assert "firestore.rules" in err
    assert "storage.rules" in err
