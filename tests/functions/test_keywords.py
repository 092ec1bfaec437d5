"""The vectors in tests/keywords.json hold for the page as well (hosting/src/keywords.js)."""

import json
import unicodedata
from pathlib import Path

import pytest
from app.keywords import keywords, name_key

VECTORS = json.loads((Path(__file__).parents[1] / "keywords.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: ascii(vector["name"][:24]))
def test_keywords_are_those_of_the_vectors(vector):
    assert keywords(vector["name"]) == vector["keywords"]


def test_vectors_reach_every_limit():
    found = [vector["keywords"] for vector in VECTORS]
    assert max(map(len, found)) == 60
    assert max(len(word) for words in found for word in words) == 12
    assert any(not unicodedata.is_normalized("NFC", vector["name"]) for vector in VECTORS)


def test_name_key_is_the_name_without_capitals():
    assert name_key("Ärger IN Straße 7.PDF") == "ärger in straße 7.pdf"
