"""What a file is found by: the beginnings of the words of its name, and the key its name is sorted by.

Firestore has no search in text; `array-contains` over these prefixes is what finds a file as its owner types.
The page makes the same lists (hosting/src/keywords.js) so that a file is found before it was processed;
tests/keywords.json holds both to one result.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby, islice

MAX_WORDS = 8
MAX_PREFIX = 12
MAX_KEYWORDS = 60


def name_key(name: str) -> str:
    """What names are sorted by, without regard to capitals."""
    return name.lower()


def keywords(name: str) -> list[str]:
    """Every prefix of the first words of `name`, each once, word after word and short before long."""
    prefixes = (
        word[:length]
        for word in islice(_words(name), MAX_WORDS)
        for length in range(1, min(len(word), MAX_PREFIX) + 1)
    )
    return list(islice(dict.fromkeys(prefixes), MAX_KEYWORDS))


def _words(name: str) -> list[str]:
    """The runs of letters and numbers, in lower case. A letter that a Mac stores in two parts is one."""
    text = unicodedata.normalize("NFC", name.lower())
    return ["".join(run) for is_word, run in groupby(text, _is_letter_or_number) if is_word]


def _is_letter_or_number(character: str) -> bool:
    # str.isalnum goes by other properties than the \p{L} and \p{N} of the page's regular expression.
    return unicodedata.category(character)[0] in "LN"
