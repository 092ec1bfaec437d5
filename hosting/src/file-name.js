/** Names of files as they may be stored: any language, but nothing that could act. */

const LIMIT = 200;
// The rules keep `%` out too: some servers decode a name once more than they should.
const SEPARATORS = /[/\\%]/g;
// Control characters, and the marks that make text run backwards ("gnp.exe" shown as "exe.png").
const INVISIBLE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const FALLBACK = 'file';

/** A name of 1 to 200 UTF-16 units without separators or control characters; the extension survives. */
export function safeFileName(raw) {
  const name = raw.toWellFormed().normalize('NFC').replace(INVISIBLE, '').replace(SEPARATORS, '_').trim();
  return /^\.*$/.test(name) ? FALLBACK : shorten(name);
}

function shorten(name) {
  if (name.length <= LIMIT) return name;
  const extension = /\.[^.]{1,16}$/.exec(name)?.[0] ?? '';
  return cut(name, LIMIT - extension.length) + extension;
}

/** The first `length` units, without leaving half of a surrogate pair. */
function cut(text, length) {
  const whole = text.slice(0, length);
  return whole.isWellFormed() ? whole : whole.slice(0, -1);
}
