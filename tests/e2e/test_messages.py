"""Both languages have a sentence for everything."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "hosting/src"
LIST_KEYS = """
import enPage from './hosting/src/messages/en.js';
import koPage from './hosting/src/messages/ko.js';
import enPublic from './hosting/src/messages/en/public-share.js';
import koPublic from './hosting/src/messages/ko/public-share.js';
const en = { ...enPage, ...enPublic };
const ko = { ...koPage, ...koPublic };
const kind = ([key, value]) => [key, typeof value];
const kinds = (messages) => Object.fromEntries(Object.entries(messages).map(kind));
console.log(JSON.stringify({ en: kinds(en), ko: kinds(ko) }));
"""


def sentences() -> dict[str, dict[str, str]]:
    """Language to key to "string" or "function"."""
    command = ["node", "--input-type=module", "--eval", LIST_KEYS]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(listed.stdout)


def test_korean_and_english_have_the_same_sentences():
    languages = sentences()
    assert languages["en"] == languages["ko"]


def test_every_sentence_is_used_and_every_used_one_exists():
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.js") if "messages" not in path.parts
    )
    quoted = set(re.findall(r"'(\w+)'", code))
    asked = set(re.findall(r"\bt\('(\w+)'", code))
    known = set(sentences()["en"])
    assert asked - known == set()
    assert known - quoted == set()
