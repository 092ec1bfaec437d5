"""./kit rules coverage: the report of an emulator as a table."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.emulator.process import running_emulator
from tests.emulator.rules.asking import request
from tests.emulator.rules.asking import rules as compiled
from tools.__main__ import main

BODY = """match /notes/{id} {
  allow get: if request.auth != null
    && request.auth.uid == 'alice';
  allow update: if request.auth.uid == 'bob';
}"""


@pytest.fixture
def report():
    ruleset = compiled(BODY)
    for uid in ("alice", "alice", "bob"):
        ruleset.evaluate(request(uid=uid))
    return ruleset.coverage.report()


@pytest.fixture
def file(report, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    return str(path)


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(["rules", "coverage", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_table_counts_values_and_says_what_is_missing(file, capsys):
    code, out, err = run(capsys, file)
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["line", "expression", "count", "true", "false", "error", "missing"]
    assert out.splitlines()[1].split("  ")[-1] == "-"
    assert "request.auth != null && request.auth.uid == 'alice'" in out
    whole = next(line for line in out.splitlines() if "&&" in line)
    assert whole.split()[-4:] == ["3", "2", "1", "-"]
    half = next(line for line in out.splitlines() if line.strip().startswith("5    request.auth != null "))
    assert half.split()[-5:] == ["3", "3", "-", "-", "false"]
    never = next(line for line in out.splitlines() if "'bob'" in line)
    assert never.endswith("never evaluated")
    assert "expressions covered" in err


def test_json_lists_every_expression(file, capsys):
    _, out, _ = run(capsys, "--json", file)
    answer = json.loads(out)
    by_source = {each["source"]: each for each in answer["expressions"]}
    assert by_source["request.auth.uid == 'alice'"] == {
        "line": 6, "source": "request.auth.uid == 'alice'", "root": False, "count": 3,
        "true": 2, "false": 1, "errors": 0, "missing": None,
    }  # fmt: skip
    missing = [each for each in answer["expressions"] if each["missing"]]
    assert answer["percent"] == round(100 * (1 - len(missing) / len(answer["expressions"])), 1)


@pytest.mark.parametrize(("threshold", "code"), [("10", 0), ("99", 1)])
def test_coverage_below_the_threshold_fails(file, capsys, threshold, code):
    assert run(capsys, "--threshold", threshold, file)[0] == code


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "http://127.0.0.1:{}/", "http://127.0.0.1:{}{}"])
def test_report_is_fetched_from_an_emulator(report, capsys, form):
    asked = []

    class Emulator(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(report).encode())

        def log_message(self, *arguments):
            pass

    route = "/emulator/v1/projects/demo-kindling:ruleCoverage"
    with HTTPServer(("127.0.0.1", 0), Emulator) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        code, out, _ = run(capsys, form.format(server.server_port, route))
        thread.join()
    assert code == 0
    assert asked == [route]
    assert "never evaluated" in out


def test_each_database_has_a_report_of_its_own_rules(capsys, tmp_path):
    head = "rules_version = '2'; service cloud.firestore { match /databases/{database}/documents { "
    given = []
    for database, user in (("(default)", "alice"), ("second", "bob")):
        path = tmp_path / f"{user}.rules"
        path.write_text(f"{head} match /n/{{id}} {{ allow get: if request.auth.uid == '{user}'; }} }} }}")
        given += ["--rules", f"{database}={path}"]
    with running_emulator(*given) as emulator:
        for options, user in (([], "alice"), (["--database", "second"], "bob")):
            code, out, _ = run(capsys, emulator.host, *options)
            assert code == 0
            assert f"request.auth.uid == '{user}'" in out


def test_report_without_expressions_is_covered_whole(capsys, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(compiled("match /a/{b} { allow get: if true; }").coverage.report()))
    code, _, err = run(capsys, "--threshold", "100", str(path))
    assert code == 0
    assert "0 of 0 expressions covered (100.0 %)" in err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "holds no JSON"),
        ("{}", "this is no coverage report"),
        ('{"rules": {"files": []}}', "no coverage report"),
    ],
)
def test_file_that_is_no_report_is_refused_in_a_sentence(capsys, tmp_path, content, sentence):
    path = tmp_path / "report.json"
    path.write_text(content)
    code, out, err = run(capsys, str(path))
    assert (code, out) == (1, "")
    assert sentence in err


def test_emulator_that_does_not_answer_is_said_in_a_sentence(capsys):
    code, _, err = run(capsys, "127.0.0.1:1")
    assert code == 1
    assert "cannot read http://127.0.0.1:1/emulator/v1/projects/demo-kindling:ruleCoverage" in err
