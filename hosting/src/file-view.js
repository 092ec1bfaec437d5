/**
 * What a list of files shows and in which order: `{ sort, kind, words, isTrash }`. The same question is put to Firestore
 * (file-queries.js) and, for files that are here already, answered here; both must give one order.
 */
import { matchesWords } from './search.js';

export const LISTED_STATES = ['uploading', 'processing', 'ready', 'rejected'];
export const KINDS = ['image', 'video', 'audio', 'pdf', 'text', 'archive', 'other'];

/** The orders a person may choose, by name. */
export const SORTS = {
  newest: { field: 'createdAt', direction: 'desc' },
  oldest: { field: 'createdAt', direction: 'asc' },
  nameUp: { field: 'nameKey', direction: 'asc' },
  nameDown: { field: 'nameKey', direction: 'desc' },
  largest: { field: 'size', direction: 'desc' },
  smallest: { field: 'size', direction: 'asc' },
};
const TRASH_SORT = { field: 'trashedAt', direction: 'desc' };

export const ALL_FILES = { sort: 'newest', kind: null, words: [], isTrash: false };
export const TRASH = { sort: null, kind: null, words: [], isTrash: true };

export const sortOf = ({ sort, isTrash }) => (isTrash ? TRASH_SORT : SORTS[sort]);

/** Some files are left out by choice. */
export const isNarrowed = ({ kind, words }) => kind !== null || words.length > 0;

/** Whether a file is one of those that the view is about. */
export function belongs(file, { sort, kind, words, isTrash }) {
  if (isTrash) return file.state === 'trashed';
  const isSortable = file[SORTS[sort].field] !== undefined;
  return LISTED_STATES.includes(file.state) && isSortable && (kind === null || file.kind === kind) && matchesWords(file.name, words);
}

/** Compares two files as Firestore orders them, the id last. */
export function comparison(view) {
  const { field, direction } = sortOf(view);
  const sign = direction === 'desc' ? -1 : 1;
  const key = (file) => file.stamps[field] ?? file[field];
  return (one, other) => sign * (compare(key(one), key(other)) || compare(one.id, other.id));
}

function compare(one, other) {
  if (one === other) return 0;
  if (typeof one === 'string' && (hasPairs(one) || hasPairs(other))) return compareByCodePoint(one, other);
  return one < other ? -1 : 1;
}

const hasPairs = (text) => /[\ud800-\udfff]/.test(text);

/** Firestore orders text by UTF-8, which is the order of code points; JavaScript compares UTF-16. */
function compareByCodePoint(one, other) {
  const left = [...one];
  const right = [...other];
  const at = left.findIndex((character, index) => character !== right[index]);
  if (at === -1) return left.length - right.length;
  return at >= right.length || left[at].codePointAt(0) > right[at].codePointAt(0) ? 1 : -1;
}
