"""./kit rules matrix: compares and writes docs/access-matrix.md."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules import access_matrix
from tools import rules_matrix
from tools.__main__ import main


@pytest.fixture
def page(monkeypatch, tmp_path):
    """Takes the place of the page in docs/, with one subject on it."""
    path = tmp_path / "access-matrix.md"
    monkeypatch.setattr(rules_matrix, "PAGE", path)
    alone = replace(access_matrix.MATRIX, subjects=(access_matrix.UNFINISHED,))
    monkeypatch.setattr(access_matrix, "MATRIX", alone)
    return path


def test_matrix_is_written_when_asked_and_then_the_same(page, capsys):
    assert main(["rules", "matrix"]) == 1
    assert not page.exists()
    assert "+| get | ✓" in capsys.readouterr().out
    assert main(["rules", "matrix", "--write"]) == 0
    assert main(["rules", "matrix"]) == 0
    assert "says what the rules do" in capsys.readouterr().err


def test_matrix_that_differs_in_one_cell_is_shown_and_left_alone(page, capsys):
    main(["rules", "matrix", "--write"])
    written = page.read_text()
    changed = written.replace("| delete | ✓ |", "| delete | ✗ |", 1)
    assert changed != written
    page.write_text(changed)
    capsys.readouterr()
    assert main(["rules", "matrix"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line[:14] for line in lines if line.startswith(("+|", "-|"))] == [
        "-| delete | ✗ ",
        "+| delete | ✓ ",
    ]
    assert page.read_text() == changed
