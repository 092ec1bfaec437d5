/** Firestore and Storage of the signed-in user; loaded only once there is one. */
import {
  connectFirestoreEmulator,
  initializeFirestore,
  memoryLocalCache,
  persistentLocalCache,
  persistentMultipleTabManager,
  terminate,
} from 'firebase/firestore';
import { forgetCache, keepCacheFor } from './cache.js';
import { within } from './within.js';

const RETRY_MS = 15_000;
const UPLOAD_RETRY_MS = 60_000;
const TERMINATE_MS = 3000;

let open = null;
let changing = Promise.resolve();

/**
 * `{ db, storage }` for this user, until they are closed. `storage()` answers a promise: the SDK is loaded on first use.
 *
 * What Firestore knows is kept on the device, for all tabs, so that it can be read without a connection. Where the
 * device holds something of somebody else that cannot be removed, or does not answer, it is kept in memory alone.
 */
export function openData({ app, emulators }, uid) {
  return inTurn(async () => {
    await closeOpen();
    const isKept = await keepCacheFor(app, uid);
    open = { app, db: openFirestore(app, emulators, isKept), storage: once(() => openStorage(app, emulators)) };
    return open;
  });
}

/** Ends the connection and removes from the device what the user had read and not yet sent. Every step has a bound. */
export function closeData(services) {
  return inTurn(async () => {
    if (open === services) await closeOpen();
  });
}

async function closeOpen() {
  if (!open) return;
  const { app, db } = open;
  open = null;
  await forgetCache(app, () => end(db));
}

async function end(db) {
  try {
    await within(TERMINATE_MS, terminate(db));
  } catch {
    // another tab that leaves too may have taken the database from under it; what is still open does not keep the next from coming
  }
}

/** One user is gone before the next comes. */
function inTurn(work) {
  const done = changing.then(work);
  changing = done.catch(() => {});
  return done;
}

function openFirestore(app, emulators, isKept) {
  const localCache = isKept ? persistentLocalCache({ tabManager: persistentMultipleTabManager() }) : memoryLocalCache();
  const db = initializeFirestore(app, { localCache });
  if (emulators?.firestore) connectFirestoreEmulator(db, emulators.firestore.host, emulators.firestore.port);
  return db;
}

/** What the page does with the bucket: the SDK's functions, on objects that `at(path)` names. */
async function openStorage(app, emulators) {
  const { connectStorageEmulator, deleteObject, getBlob, getBytes, getDownloadURL, getStorage, ref, uploadBytes } = await import('firebase/storage');
  const storage = getStorage(app);
  storage.maxOperationRetryTime = RETRY_MS;
  storage.maxUploadRetryTime = UPLOAD_RETRY_MS;
  if (emulators?.storage) connectStorageEmulator(storage, emulators.storage.host, emulators.storage.port);
  return { at: (path) => ref(storage, path), deleteObject, getBlob, getBytes, getDownloadURL, uploadBytes };
}

function once(make) {
  let made = null;
  return () => (made ??= make());
}
