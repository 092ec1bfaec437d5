"""The page and the functions find files by the same words; what Korean needs beyond that."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/keywords.json").read_text(encoding="utf-8"))


def run(script: str, value: Any) -> Any:
    """What `script` prints as JSON, with `value` there as `input`."""
    source = f"const input = JSON.parse(process.argv[1]);\n{script}"
    command = ["node", "--input-type=module", "--eval", source, json.dumps(value)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_page_makes_the_keywords_of_the_shared_vectors():
    script = """
    import { keywordsOf } from './hosting/src/keywords.js';
    console.log(JSON.stringify(input.map(({ name }) => ({ name, keywords: keywordsOf(name) }))));
    """
    assert run(script, VECTORS) == VECTORS


SEARCHES = [
    # typed, name, prefix Firestore is asked for, found, marked
    pytest.param("rent", "Rental contract.pdf", "rent", True, ["Rent"], id="beginning of a word"),
    pytest.param("CON ren", "Rental contract.pdf", "con", True, ["Ren", "con"], id="words in any order"),
    pytest.param("tract", "Rental contract.pdf", "tract", False, [], id="middle of a word"),
    pytest.param("사진", "바다 사진.jpg", "사진", True, ["사진"], id="whole Korean word"),
    pytest.param("사지", "바다 사진.jpg", "사", True, ["사진"], id="Korean syllable on the way"),
    pytest.param("사ㅈ", "바다 사진.jpg", "사", True, ["사진"], id="Korean letter on the way"),
    pytest.param("ㅂ", "바다 사진.jpg", None, True, ["바"], id="first Korean letter"),
    pytest.param("사직", "바다 사진.jpg", "사직", False, [], id="another Korean syllable"),
    pytest.param("internationals", "internationals", "internationa", True, ["internationals"], id="long"),
    pytest.param("  - ", "a.txt", None, True, [], id="no word"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "name", "prefix", "found", "marked"), SEARCHES)
def test_search_asks_for_one_prefix_and_looks_for_every_word(typed, name, prefix, found, marked):
    script = """
    import { indexedPrefix, markMatches, matchesWords, searchWords } from './hosting/src/search.js';
    const words = searchWords(input.typed);
    const marked = markMatches(input.name, words).filter(({ isMatch }) => isMatch).map(({ text }) => text);
    console.log(JSON.stringify([indexedPrefix(words), matchesWords(input.name, words), marked]));
    """
    assert run(script, {"typed": typed, "name": name}) == [prefix, found, marked]


def test_files_are_ordered_as_firestore_orders_them():
    """By code points, which JavaScript's own comparison of UTF-16 is not, and then by id."""
    keys = ["z", "ﬃ", "𐐨", "a", "é", "가", "zz", "a"]
    script = """
    import { ALL_FILES, comparison } from './hosting/src/file-view.js';
    const files = input.map((nameKey, index) => ({ id: String(index), nameKey, stamps: {} }));
    files.sort(comparison({ ...ALL_FILES, sort: 'nameUp' }));
    console.log(JSON.stringify(files.map(({ nameKey, id }) => [nameKey, id])));
    """
    by_utf8 = sorted(
        ((key, str(index)) for index, key in enumerate(keys)), key=lambda pair: (pair[0].encode(), pair[1])
    )
    assert run(script, keys) == [list(pair) for pair in by_utf8]
