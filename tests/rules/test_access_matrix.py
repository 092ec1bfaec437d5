"""docs/access-matrix.md says what the rules do, cell by cell."""

from pathlib import Path

import pytest

from testing.rules.matrix import difference, filled, rendered, without_reasons
from tests.rules.access_matrix import INTRODUCTION, MATRIX

PAGE = Path(__file__).parents[2] / "docs" / "access-matrix.md"


def test_page_says_what_the_rules_do(new_rules_environment, rules_backend_name):
    checked_in = PAGE.read_text(encoding="utf-8")
    page = rendered(MATRIX, filled(MATRIX, new_rules_environment), INTRODUCTION)
    if rules_backend_name != "engine":
        checked_in, page = without_reasons(checked_in), without_reasons(page)
    changes = difference(checked_in, page, "docs/access-matrix.md")
    if changes:
        pytest.fail(
            f"the rules changed who may do what; if it is meant: ./kit rules matrix --write\n{changes}",
            pytrace=False,
        )
