"""./kit bench: what is measured is chosen by name, told in a table, and kept as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import bench
from tools.__main__ import main
from tools.figures import Figure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sample(monkeypatch):
    """Puts a benchmark `sample` in place of all others; gives how many rounds each run was asked for."""

    def make(*figures: Figure) -> list[int]:
        asked: list[int] = []
        module = SimpleNamespace(ROUNDS=4, figures=lambda rounds: asked.append(rounds) or iter(figures))
        monkeypatch.setitem(sys.modules, "bench.sample", module)
        monkeypatch.setattr(bench, "BENCHMARKS", {"sample": bench.Benchmark("sample", "what tests need")})
        return asked

    return make


def test_list_names_every_program_of_the_folder(capsys):
    assert main(["bench", "--list"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert listed == set(bench.BENCHMARKS)
    programs = {path.stem for path in (ROOT / "bench").glob("*.py")}
    assert {each.module for each in bench.BENCHMARKS.values()} == programs


def test_unknown_name_is_refused_before_anything_is_measured(sample, capsys):
    asked = sample(Figure("a", 1, "s"))
    assert main(["bench", "sample", "uplaod"]) == 2
    assert "there is no benchmark uplaod" in capsys.readouterr().err
    assert asked == []
    assert main(["bench", "sample"]) == 0
    assert asked == [4]


@pytest.mark.parametrize("rounds", ["0", "-1", "many"])
def test_number_of_rounds_is_at_least_one(sample, rounds, capsys):
    asked = sample(Figure("a", 1, "s"))
    with pytest.raises(SystemExit):
        main(["bench", "--rounds", rounds])
    assert "--rounds" in capsys.readouterr().err
    assert main(["bench", "--rounds", "1"]) == 0
    assert asked == [1]


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure("took", 0.8, "s", bar=0.8), "at most 0.8 met"),
        (Figure("took", 0.81, "s", bar=0.8), "at most 0.8 MISSED"),
        (Figure("rate", 20_000, "decisions/s", bar=20_000, at_least=True), "at least 20,000 met"),
        (Figure("rate", 19_999, "decisions/s", bar=20_000, at_least=True), "at least 20,000 MISSED"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_exit_code_and_table_tell_whether_the_bar_is_met(sample, capsys, figure, verdict):
    sample(Figure("another", 12_345.6, "s"), figure)
    assert main(["bench"]) == (1 if verdict.endswith("MISSED") else 0)
    other, judged = capsys.readouterr().out.splitlines()
    assert other.split() == ["another", "12,346", "s"]
    assert judged.endswith(verdict)


def test_benchmark_whose_package_is_missing_is_left_out_unless_it_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "celpy", None)
    monkeypatch.delitem(sys.modules, "bench.rules_peer", raising=False)
    monkeypatch.setattr(bench, "BENCHMARKS", {"rules-peer": bench.BENCHMARKS["rules-peer"]})
    for named, code in (([], 0), (["rules-peer"], 1)):
        assert main(["bench", *named]) == code
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "rules-peer needs the package celpy." in printed.err
        assert "pip install -r bench/requirements.txt" in printed.err


def test_benchmark_whose_peer_cannot_be_installed_is_left_out_unless_it_is_named(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr("bench.served.peer_server.FOLDER", tmp_path / "peer")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(bench, "BENCHMARKS", {"firestore": bench.BENCHMARKS["firestore"]})
    for named, code in (([], 0), (["firestore"], 1)):
        assert main(["bench", *named]) == code
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "node or npm is not on PATH" in printed.err
        assert "npm ci" in printed.err


def test_import_of_the_functions_is_measured_for_real_and_kept_as_json(tmp_path, capsys):
    file = tmp_path / "figures.json"
    code = main(["bench", "import", "--rounds", "1", "--json", str(file)])
    report = json.loads(file.read_text())
    assert set(report) == {"at", "commit", "machine", "benchmarks"}
    figures = {figure["name"]: figure for figure in report["benchmarks"]["import"]}
    clock, cpu = figures["on the clock, median"], figures["CPU, median"]
    assert clock["value"] > 0
    assert cpu["value"] > 0
    assert (clock["unit"], clock["bar"]) == ("s", 0.8)
    assert figures["modules loaded"]["value"] > 100
    assert code == (0 if clock["met"] and cpu["met"] else 1)
    assert "on the clock, median" in capsys.readouterr().out
