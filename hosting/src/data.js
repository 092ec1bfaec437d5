/** Firestore and Storage of the signed-in user; loaded only once there is one. */
import {
  connectFirestoreEmulator,
  initializeFirestore,
  persistentLocalCache,
  persistentMultipleTabManager,
  terminate,
} from 'firebase/firestore';
import { forgetCache, keepCacheFor } from './cache.js';

const RETRY_MS = 15_000;

let services = null;
let closing = Promise.resolve();

/**
 * `{ db, storage }` for this user, the same ones until they are closed. `storage()` answers a promise: the SDK is loaded on
 * first use.
 *
 * What Firestore knows is kept on the device, for all tabs, so that it can be read without a connection.
 */
export async function openData({ app, emulators }, uid) {
  await closing;
  await keepCacheFor(uid);
  services ??= { db: openFirestore(app, emulators), storage: once(() => openStorage(app, emulators)) };
  return services;
}

/** Ends the connection and removes from the device what the user had read and not yet sent. */
export function closeData() {
  const { db } = services ?? {};
  services = null;
  if (db) closing = close(db);
  return closing;
}

async function close(db) {
  await terminate(db).catch(() => {}); // another tab that leaves too may have taken the database from under it
  await forgetCache();
}

function openFirestore(app, emulators) {
  const localCache = persistentLocalCache({ tabManager: persistentMultipleTabManager() });
  const db = initializeFirestore(app, { localCache });
  if (emulators?.firestore) connectFirestoreEmulator(db, emulators.firestore.host, emulators.firestore.port);
  return db;
}

/** What the page does with the bucket: the SDK's functions, on objects that `at(path)` names. */
async function openStorage(app, emulators) {
  const { connectStorageEmulator, deleteObject, getBlob, getBytes, getDownloadURL, getStorage, ref, uploadBytes } = await import('firebase/storage');
  const storage = getStorage(app);
  storage.maxOperationRetryTime = RETRY_MS;
  if (emulators?.storage) connectStorageEmulator(storage, emulators.storage.host, emulators.storage.port);
  return { at: (path) => ref(storage, path), deleteObject, getBlob, getBytes, getDownloadURL, uploadBytes };
}

function once(make) {
  let made = null;
  return () => (made ??= make());
}
