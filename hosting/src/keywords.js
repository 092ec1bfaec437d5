/**
 * What a file is found by: the beginnings of the words of its name.
 *
 * Firestore has no search in text; `array-contains` over these is what finds a file as its owner types. The functions
 * make the same lists for files that come without (functions/app/keywords.py); tests/keywords.json holds both to it.
 */
const MAX_WORDS = 8;
const MAX_KEYWORDS = 60;
export const MAX_PREFIX = 12;

/** The fields that a file's document carries beside its `name`. */
export const searchFields = (name) => ({ nameKey: name.toLowerCase(), keywords: keywordsOf(name) });

/** The runs of letters and numbers, in lower case. What a Mac stores as letter and accent is one letter. */
export const wordsOf = (text) => text.toLowerCase().normalize('NFC').match(/[\p{L}\p{N}]+/gu) ?? [];

/** Every prefix of the first words, each once, word after word and short before long. */
export function keywordsOf(name) {
  const prefixes = wordsOf(name).slice(0, MAX_WORDS).flatMap(prefixesOf);
  return [...new Set(prefixes)].slice(0, MAX_KEYWORDS);
}

function prefixesOf(word) {
  const letters = [...word];
  return Array.from({ length: Math.min(letters.length, MAX_PREFIX) }, (_, index) => letters.slice(0, index + 1).join(''));
}
