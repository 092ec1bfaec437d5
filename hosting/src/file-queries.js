/** The questions that a list of files asks Firestore. firestore.indexes.json has an index for each. */
import { getDocs, limit, onSnapshot, orderBy, query, startAfter, where } from 'firebase/firestore';
import { filesCollection, toFile } from './files.js';
import { LISTED_STATES, sortOf } from './file-view.js';
import { indexedPrefix } from './search.js';

export const PAGE_SIZE = 60;

/** The questions about one user's files. A page is `{ files, cursor, isFull }`; a full one may not be the last. */
export const fileQueries = (db, uid) => ({
  /** The first page, live. `onPage` also hears which files left it. */
  watchFirst(view, onPage, onError) {
    const first = query(filesCollection(db, uid), ...constraints(view), limit(PAGE_SIZE));
    const deliver = (snapshot) => onPage({ ...toPage(snapshot), left: removedFrom(snapshot) });
    return onSnapshot(first, { includeMetadataChanges: true }, deliver, onError);
  },

  /** The page behind `cursor`, or the first, once. */
  async readPage(view, cursor = null) {
    const place = cursor ? [startAfter(cursor)] : [];
    return toPage(await getDocs(query(filesCollection(db, uid), ...constraints(view), ...place, limit(PAGE_SIZE))));
  },

  /**
   * Every file that changes from now on, wherever it stands in a list: `{ files, left }`.
   *
   * "Now" is the latest change that Firestore knows, since no clock of a device can be trusted.
   */
  watchChanges(onChanges, onError) {
    let stop = () => {};
    let isStopped = false;
    const begin = async () => {
      const latest = await getDocs(query(filesCollection(db, uid), orderBy('updatedAt', 'desc'), limit(1)));
      if (isStopped) return;
      const since = latest.docs[0]?.data({ serverTimestamps: 'previous' }).updatedAt ?? beginning(latest);
      const later = query(filesCollection(db, uid), where('updatedAt', '>', since), orderBy('updatedAt'));
      const deliver = (snapshot) => onChanges({ files: snapshot.docs.map(toFile), left: removedFrom(snapshot) });
      stop = onSnapshot(later, { includeMetadataChanges: true }, deliver, onError);
    };
    begin().catch(onError);
    return () => {
      isStopped = true;
      stop();
    };
  },
});

/** Without any file everything is news; without a connection who knows, and reading all of it would cost. */
const beginning = ({ metadata }) => (metadata.fromCache ? new Date() : new Date(0));

function constraints(view) {
  const { field, direction } = sortOf(view);
  return [...filters(view), orderBy(field, direction)];
}

/** Of kind and words only the words are asked for; with both, the kind is looked at here, which saves six indexes. */
function filters({ isTrash, kind, words }) {
  if (isTrash) return [where('state', '==', 'trashed')];
  const listed = where('state', 'in', LISTED_STATES);
  const prefix = indexedPrefix(words);
  if (prefix) return [listed, where('keywords', 'array-contains', prefix)];
  return kind ? [listed, where('kind', '==', kind)] : [listed];
}

function toPage(snapshot) {
  // A time that the server has not set yet can be no place to go on from.
  const settled = snapshot.docs.filter(({ metadata }) => !metadata.hasPendingWrites);
  return { files: snapshot.docs.map(toFile), cursor: settled.at(-1) ?? null, isFull: snapshot.size >= PAGE_SIZE };
}

const removedFrom = (snapshot) =>
  snapshot.docChanges().filter(({ type }) => type === 'removed').map((change) => toFile(change.doc));
