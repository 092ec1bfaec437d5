/**
 * Searching by name as somebody types.
 *
 * Firestore answers which names have a word that begins with the first word typed; the other words are looked for here,
 * in what it answered. Korean is written syllable by syllable, and a syllable changes while it is typed: "사지" is on the
 * way to "사진". So words are compared by their letters, and Firestore is not asked for an unfinished syllable.
 */
import { MAX_PREFIX, wordsOf } from './keywords.js';

const SYLLABLES = { first: 0xac00, last: 0xd7a3, perOpenSyllable: 28 };
const LETTER_ALONE = /^[\u1100-\u11ff\u3131-\u318e]$/;

const letters = (word) => word.normalize('NFKD');

/** The words of what was typed. */
export const searchWords = (typed) => wordsOf(typed);

/** What Firestore is asked for: the beginning of the first word. null when there is none yet that it could know. */
export function indexedPrefix([first]) {
  const characters = [...(first ?? '')];
  const isSyllable = characters.length === 1 && !LETTER_ALONE.test(characters[0]);
  const finished = isUnfinished(characters.at(-1)) && !isSyllable ? characters.slice(0, -1) : characters;
  return finished.slice(0, MAX_PREFIX).join('') || null;
}

/** A syllable without its last consonant, or a letter that is no syllable yet. */
function isUnfinished(character = '') {
  const code = character.codePointAt(0);
  if (code >= SYLLABLES.first && code <= SYLLABLES.last) return (code - SYLLABLES.first) % SYLLABLES.perOpenSyllable === 0;
  return LETTER_ALONE.test(character);
}

/** Every word typed begins some word of the name. */
export function matchesWords(name, words) {
  const known = wordsOf(name).map(letters);
  return words.map(letters).every((wanted) => known.some((word) => word.startsWith(wanted)));
}

/** The name in pieces, `{ text, isMatch }`, to show what was found in it. */
export function markMatches(name, words) {
  const wanted = words.map(letters);
  return name
    .normalize('NFC')
    .split(/([\p{L}\p{N}]+)/u)
    .flatMap((piece) => markPiece(piece, wanted))
    .filter(({ text }) => text);
}

function markPiece(piece, wanted) {
  const found = wanted.filter((word) => letters(piece.toLowerCase()).startsWith(word));
  if (found.length === 0) return [{ text: piece, isMatch: false }];
  const longest = Math.max(...found.map((word) => word.normalize('NFC').length));
  return [
    { text: piece.slice(0, longest), isMatch: true },
    { text: piece.slice(longest), isMatch: false },
  ];
}
