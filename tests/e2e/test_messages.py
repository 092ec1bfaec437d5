"""Both languages have a sentence for everything, and it is there when it is needed."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "hosting/src"
LIST_KEYS = """
const [folder, ...names] = process.argv.slice(1);
const kind = ([key, value]) => [key, typeof value];
const files = {};
for (const name of names) {
  const { default: sentences } = await import(`${folder}/${name}`);
  files[name.replace('.js', '')] = Object.fromEntries(Object.entries(sentences).map(kind));
}
console.log(JSON.stringify(files));
"""


@cache
def sentences(language: str) -> dict[str, dict[str, str]]:
    """The files of a language, each with its keys and whether one is a "string" or a "function"."""
    folder = SOURCES / "messages" / language
    names = sorted(path.name for path in folder.glob("*.js"))
    command = ["node", "--input-type=module", "--eval", LIST_KEYS, folder.as_uri(), *names]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(listed.stdout)


@cache
def sources() -> dict[Path, str]:
    paths = (path for path in SOURCES.rglob("*.js") if "messages" not in path.parts)
    return {path: path.read_text(encoding="utf-8") for path in paths}


def test_korean_and_english_have_the_same_sentences():
    assert sentences("en") == sentences("ko")


def test_every_sentence_is_used_and_every_used_one_exists():
    code = "\n".join(sources().values())
    quoted = set(re.findall(r"'(\w+)'", code))
    asked = set(re.findall(r"\bt\('(\w+)'", code))
    known = {key for keys in sentences("en").values() for key in keys}
    assert asked - known == set()
    assert known - quoted == set()


@pytest.mark.parametrize(
    ("entrance", "parts"),
    [
        ("main.js", {"start"}),
        ("visit.js", {"start"}),
        ("views/trash.js", {"start"}),
        ("views/preview.js", {"start"}),
        ("views/zip-download.js", {"start"}),
        ("views/share-dialog.js", {"start", "sharing"}),
        ("views/share-list.js", {"start", "sharing"}),
        ("views/sign-in.js", {"start", "entry"}),
        ("views/mail-link.js", {"start", "entry"}),
        ("views/goodbye.js", {"start", "entry"}),
        ("views/settings.js", {"start", "entry", "settings", "sharing"}),
        ("dev/development.js", {"start", "entry", "development"}),
    ],
)
def test_a_screen_asks_for_the_sentences_it_needs(entrance, parts):
    """Looks at all modules that come with the screen, not at what those load later."""
    files = sentences("en")
    later = {"entry", "settings", "sharing", "development", "public-share"}
    known = {key for name, keys in files.items() if name in parts or name not in later for key in keys}
    elsewhere = {key for keys in files.values() for key in keys} - known
    code = "\n".join(modules_of(SOURCES / entrance))
    asked = set(re.findall(r"\bt\('(\w+)'", code)) | set(re.findall(r"'([a-z]+[A-Z]\w*)'", code))
    assert asked & elsewhere == set()


def modules_of(entrance: Path) -> list[str]:
    """The text of a module and of all it imports, without what it imports on demand."""
    code = sources()
    found: dict[Path, str] = {}
    waiting = [entrance]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = code[path]
        imported = re.findall(r"^(?:import|export)\b[^;(]*?'(\.[^']+)'", code[path], re.M)
        waiting += [(path.parent / name).resolve() for name in imported]
    return list(found.values())
