/**
 * What Firestore keeps on this device, seen from outside: whether it may be used, and how to remove it without loading the SDK.
 *
 * The SDK gives cached documents to whoever is signed in, so a cache must never outlast its user. It is removed on
 * sign-out, and here once more for a browser that was closed before that was done.
 */
import { noteOwner, readOwner } from './owner.js';
import { within } from './within.js';

const PREFIX = { database: 'firestore/', item: 'firestore_' };
/** A database that another tab still has open goes when that tab lets go of it, which a frozen one does not. */
const REMOVE_MS = 3000;
const OPEN_MS = 5000;

/** One tab at a time looks whose the cache is and removes it; one that is frozen in the middle of that is not waited for. */
const LOCK = 'drop-cache';
const LOCK_MS = 10_000;
const exclusively = (work) => navigator.locks.request(LOCK, { signal: AbortSignal.timeout(LOCK_MS) }, work);

/** The name that the SDK gives to the database of `app`. */
const databaseOf = ({ name, options }) => `${PREFIX.database}${name}/${options.projectId}/main`;

/**
 * Makes sure that the cache holds nothing of anybody but `uid`. Answers whether it may be used: one that could not be
 * removed, or does not answer, may not, and this visit then goes without.
 */
export async function keepCacheFor(app, uid) {
  const isOwn = () => readOwner().uid === uid && readOwner().isClean;
  const takeOver = async () => isOwn() || noteOwner(uid, { isClean: await removeAll(app) });
  if (!isOwn()) await exclusively(takeOver).catch(() => noteOwner(uid, { isClean: false }));
  return isOwn() && canBeOpened(databaseOf(app));
}

/** Whether somebody's is kept here: they are most likely signed in still. */
export function hasCache() {
  const { uid, hasLeft } = readOwner();
  return uid !== null && !hasLeft;
}

/**
 * Removes the cache of whoever left, after `close()`. Somebody who is in by now, perhaps in another tab, has seen to it.
 *
 * One tab after the other: the SDK ends by itself when another tab takes the database away, and would make it anew if it
 * was ending already.
 */
export async function forgetCache(app, close = async () => {}) {
  const isDeserted = () => readOwner().hasLeft || readOwner().uid === null;
  const work = async () => {
    await close();
    if (isDeserted()) await removeAll(app);
  };
  await exclusively(work).catch(close); // the next start removes it
}

/** Answers whether everything is gone. */
async function removeAll(app) {
  if (!globalThis.indexedDB) return true;
  const names = new Set([databaseOf(app), ...(await listed())]);
  const removed = await Promise.all([...names].map(remove));
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX.item));
    for (const key of keys) localStorage.removeItem(key);
  } catch {
    // storage can be forbidden; then nothing was kept
  }
  return removed.every(Boolean);
}

/** Databases of the SDK by whatever name, where the browser tells. */
async function listed() {
  try {
    const databases = await within(REMOVE_MS, indexedDB.databases());
    return databases.map(({ name }) => name).filter((name) => name.startsWith(PREFIX.database));
  } catch {
    return [];
  }
}

async function remove(name) {
  try {
    await within(REMOVE_MS, answer(indexedDB.deleteDatabase(name)));
    return true;
  } catch {
    return false;
  }
}

/** One that is not there yet is not made; that it would be is answer enough. */
async function canBeOpened(name) {
  try {
    const request = indexedDB.open(name);
    const isMissing = new Promise((resolve) => (request.onupgradeneeded = () => resolve(request.transaction.abort())));
    const opened = answer(request).then((database) => database.close());
    await within(OPEN_MS, Promise.any([opened, isMissing]));
    return true;
  } catch {
    return false;
  }
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      event.preventDefault(); // Firefox tells the window of it otherwise
      reject(request.error);
    };
  });
}
