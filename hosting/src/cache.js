/**
 * What Firestore keeps on this device, seen from outside: whose it is, and how to remove it without loading the SDK.
 *
 * The SDK gives cached documents to whoever is signed in, so a cache must never outlast its user. It is removed on
 * sign-out, and here once more for a browser that was closed before that was done.
 */
const OWNER_KEY = 'drop.cacheOwner';
const PREFIX = { database: 'firestore/', item: 'firestore_' };

/** Makes sure that the cache, if there is one, holds nothing of anybody else. */
export async function keepCacheFor(uid) {
  if (readOwner() !== uid) await forgetCache();
  try {
    localStorage.setItem(OWNER_KEY, uid);
  } catch {
    // without storage there is no cache either
  }
}

/** Whether somebody's is kept here: they are most likely signed in still. */
export const hasCache = () => readOwner() !== null;

/** Removes the cache. A database that another tab still has open goes when that tab lets go of it. */
export async function forgetCache() {
  const databases = (await globalThis.indexedDB?.databases?.()) ?? [];
  const names = databases.map(({ name }) => name).filter((name) => name.startsWith(PREFIX.database));
  await Promise.all(names.map(deleteDatabase));
  try {
    const keys = Object.keys(localStorage).filter((key) => key === OWNER_KEY || key.startsWith(PREFIX.item));
    for (const key of keys) localStorage.removeItem(key);
  } catch {
    // storage can be forbidden; then nothing was kept
  }
}

function deleteDatabase(name) {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = resolve;
    request.onerror = resolve;
    request.onblocked = resolve;
  });
}

function readOwner() {
  try {
    return localStorage.getItem(OWNER_KEY);
  } catch {
    return null;
  }
}
