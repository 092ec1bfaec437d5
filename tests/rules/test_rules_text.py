"""Both rules files: habits that keep a path from being opened by accident."""

import re

import pytest

FILES = ["firestore.rules", "storage.rules"]


@pytest.mark.parametrize("file", FILES)
def test_every_allow_has_a_condition_that_can_fail(rules_text, file):
    allows = [line.strip() for line in rules_text[file].splitlines() if line.strip().startswith("allow")]
    assert allows
    assert [line for line in allows if ": if " not in line or re.search(r"\btrue\b", line)] == []


@pytest.mark.parametrize("file", FILES)
def test_no_match_takes_a_whole_tree(rules_text, file):
    """`{name=**}` would cover every collection that is added later."""
    assert "=**}" not in rules_text[file]


def test_both_files_refuse_the_same_active_content(rules_text):
    """Rules files share no functions, so the list stands twice; Storage also sees parameters and capitals."""
    pattern = re.compile(r"contentType\.matches\('(.*)'\);")
    firestore, storage = (pattern.search(rules_text[file])[1] for file in FILES)
    assert storage == f"(?i)({firestore})( *;.*)?"
